/** The manifests of a study, all versions of them, newest first. */
import type { Done, StudyDetails } from '../../endpoints/api/api-contract.ts'
import { post } from '../api.ts'
import { Act } from '../parts/act.tsx'
import { useWords } from '../parts/language.tsx'
import { Moment, Nothing, Panel, Said, State, Table } from '../parts/pieces.tsx'
import { useRight } from '../parts/session.tsx'
import { addressOf } from '../route.ts'
import { ManifestActions } from './manifest-actions.tsx'

export function StudyManifests({ study, again }: { study: StudyDetails; again(): void }) {
  const { say, number } = useWords()
  const head = (
    [
      'field.version',
      'field.state',
      'field.dialect',
      'field.confidentiality',
      'field.instances',
      'field.made',
      'field.reason',
      'field.actions',
    ] as const
  ).map((key) => say(key))
  return (
    <Panel title={say('manifests.title')} wide aside={<Confidentiality study={study} again={again} />}>
      {study.manifests.length === 0 ? (
        <Nothing>{say('manifests.none')}</Nothing>
      ) : (
        <Table caption={say('manifests.title')} head={head}>
          {study.manifests.map((one) => (
            <tr key={one.sopInstanceUid}>
              <th scope="row">
                <a href={addressOf(['manifests', one.sopInstanceUid])}>{say('manifests.version', { version: String(one.version) })}</a>
              </th>
              <td>
                <State state={one.state} />
              </td>
              <td>{one.dialect}</td>
              <td>{one.confidentiality}</td>
              <td class="number">{number(one.instances)}</td>
              <td>
                <Moment at={one.createdAt} />
              </td>
              <td class="long">
                <Said>{one.reason}</Said>
              </td>
              <td>
                <ManifestActions manifest={one.sopInstanceUid} about={say('manifests.version', { version: String(one.version) })} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

const LEVELS = ['N', 'R', 'V', 'MASQUE_PS', 'INVISIBLE_PATIENT', 'MASQUE_PS+INVISIBLE_PATIENT'] as const

function Confidentiality({ study, again }: { study: StudyDetails; again(): void }) {
  const { say } = useWords()
  if (!useRight('operate')) return null
  const set = async (level: string): Promise<string> =>
    (await post<Done>(`api/studies/${encodeURIComponent(study.studyInstanceUid)}/confidentiality`, { level })).done
  const choices = [['rules', say('confidentiality.rules')] as const, ...LEVELS.map((level) => [level, level] as const)]
  return (
    <Act
      label={say('confidentiality.set')}
      question={say('confidentiality.hint')}
      choices={{ label: say('confidentiality.level'), of: choices }}
      run={set}
      after={again}
    />
  )
}
