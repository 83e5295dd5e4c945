/** A study: what it holds, what became of its manifest and why, and what can be done about it. */
import type { Done, StudyDetails } from '../../endpoints/api/api-contract.ts'
import { post } from '../api.ts'
import { dicomTime, personName } from '../format.ts'
import { Act } from '../parts/act.tsx'
import { useWords } from '../parts/language.tsx'
import { useLoaded } from '../parts/loaded.ts'
import { Facts, Failure, Said, State, Title, Uid, Waiting } from '../parts/pieces.tsx'
import { useRight } from '../parts/session.tsx'
import { StudyHistory } from './study-history.tsx'
import { StudyIdentities } from './study-identities.tsx'
import { StudyManifests } from './study-manifests.tsx'
import { StudySeries } from './study-series.tsx'

export function StudyView({ study }: { study: string }) {
  const { say } = useWords()
  const { value, failure, again } = useLoaded<StudyDetails>(`api/studies/${encodeURIComponent(study)}`)
  return (
    <>
      <nav aria-label={say('nav.back')} class="back">
        <a href="#/studies">{say('studies.title')}</a>
      </nav>
      <Title aside={value && <State state={value.state} />}>{(value && personName(value.patientName)) || say('study.title')}</Title>
      {failure !== undefined && <Failure failure={failure} again={again} />}
      {value === undefined && failure === undefined && <Waiting />}
      {value !== undefined && (
        <>
          <Summary study={value} />
          <StudyActions study={value} again={again} />
          <StudyIdentities study={value} again={again} />
          <StudySeries study={value} />
          <StudyManifests study={value} again={again} />
          <StudyHistory study={value} />
        </>
      )}
    </>
  )
}

function Summary({ study }: { study: StudyDetails }) {
  const { say, date, number } = useWords()
  return (
    <div class="panel wide">
      <Facts>
        {[
          [say('field.patientId'), study.patientId || '–'],
          [say('field.birthDate'), study.birthDate === '' ? '–' : date(study.birthDate)],
          study.sex !== '' && [say('field.sex'), study.sex],
          [say('field.date'), `${date(study.studyDate)} ${dicomTime(study.studyTime)}`],
          [say('field.description'), study.studyDescription || '–'],
          [say('field.accession'), study.accessionNumber || '–'],
          [say('field.images'), `${number(study.instances)} · ${say('studies.inSeries', { n: study.series })}`],
          [say('field.studyUid'), <Uid key="uid">{study.studyInstanceUid}</Uid>],
          study.waitsFor !== undefined && [say('field.waitsFor'), <Said key="waits">{study.waitsFor}</Said>],
          study.withheldWhy !== undefined && [say('field.withheldWhy'), <Said key="why">{study.withheldWhy}</Said>],
        ]}
      </Facts>
    </div>
  )
}

function StudyActions({ study, again }: { study: StudyDetails; again(): void }) {
  const { say } = useWords()
  const may = useRight('operate')
  const act = (name: string, body?: object) => async (): Promise<string> =>
    (await post<Done>(`api/studies/${encodeURIComponent(study.studyInstanceUid)}/${name}`, body)).done
  const published = study.manifests.some(({ state }) => state === 'in force')
  if (!may) return <p class="hint">{say('right.operate')}</p>
  return (
    <section class="buttons" aria-label={say('study.actions')}>
      <Act label={say('action.build')} question={say('ask.build')} run={act('build')} after={again} />
      {published && <Act label={say('action.publish')} question={say('ask.publish')} run={act('publish')} after={again} />}
      {study.state === 'withheld' && <Act label={say('action.allow')} question={say('ask.allow')} run={act('allow')} after={again} />}
      {published && (
        <Act
          label={say('action.withdraw')}
          question={say('ask.withdraw')}
          reason={say('ask.withdrawReason')}
          danger
          run={(reason) => act('withdraw', { reason })()}
          after={again}
        />
      )}
    </section>
  )
}
