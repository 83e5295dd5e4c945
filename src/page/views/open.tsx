/** Open a manifest, of anybody: what it refers to, what of it is here, and what is missing. */
import { useState } from 'preact/hooks'
import type { Opened } from '../../endpoints/api/api-contract.ts'
import { post } from '../api.ts'
import { useWords } from '../parts/language.tsx'
import { useNotices } from '../parts/notices.tsx'
import { Facts, Name, Panel, Table, Title, Uid } from '../parts/pieces.tsx'
import { useRight } from '../parts/session.tsx'
import { addressOf } from '../route.ts'
import { FindingList } from './manifest-actions.tsx'
import { keepOpened, opened } from './opened.ts'

type Series = Opened['studies'][number]['series'][number]

export function OpenView() {
  const { say } = useWords()
  const notices = useNotices()
  const [shown, setShown] = useState(opened)
  const [busy, setBusy] = useState(false)
  const open = (file: File | undefined): void => {
    if (file === undefined) return
    setBusy(true)
    post<Opened>('api/open', file)
      .then((manifest) => {
        keepOpened(file.name, manifest)
        setShown(opened())
      }, notices.failed)
      .finally(() => setBusy(false))
  }
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    open(event.dataTransfer?.files[0])
  }
  return (
    <>
      <Title>{say('open.title')}</Title>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the field inside is the first */}
      <div class="panel drop" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
        <label>
          {say('open.file')}
          <input
            type="file"
            accept=".dcm,application/dicom"
            disabled={busy}
            onChange={(event) => {
              open(event.currentTarget.files?.[0])
              event.currentTarget.value = ''
            }}
          />
        </label>
        <p class="hint">{say('open.hint')}</p>
      </div>
      <div role="status">{busy ? say('loading') : shown && <span class="unseen">{say('open.opened', { name: shown.name })}</span>}</div>
      {shown !== undefined && <Manifest name={shown.name} manifest={shown.manifest} />}
    </>
  )
}

function Manifest({ name, manifest }: { name: string; manifest: Opened }) {
  const { say, date, number } = useWords()
  const instances = manifest.studies.flatMap(({ series }) => series.flatMap((one) => one.instances))
  const missing = instances.filter(({ here }) => !here).length
  return (
    <>
      <Panel title={name} wide>
        <Facts>
          {[
            [say('field.patient'), <Name key="name">{manifest.patientName}</Name>],
            [say('field.patientId'), manifest.patientId || '–'],
            [say('field.birthDate'), manifest.birthDate === '' ? '–' : date(manifest.birthDate)],
            [say('field.title'), manifest.title],
            [say('field.instances'), number(instances.length)],
            [
              say('open.missing'),
              <strong key="missing" class={missing > 0 ? 'bad-text' : 'good-text'}>
                {missing > 0 ? number(missing) : say('open.allHere')}
              </strong>,
            ],
          ]}
        </Facts>
      </Panel>
      {manifest.studies.map((study) => (
        <Panel key={study.studyInstanceUid} title={say('open.study')} aside={<Uid>{study.studyInstanceUid}</Uid>} wide>
          <SeriesTable study={study.studyInstanceUid} series={study.series} />
        </Panel>
      ))}
      <Panel title={say('findings.title')} wide>
        <FindingList findings={manifest.findings} />
      </Panel>
    </>
  )
}

function SeriesTable({ study, series }: { study: string; series: readonly Series[] }) {
  const { say, number } = useWords()
  const canSee = useRight('get') && useRight('find')
  return (
    <Table
      caption={say('series.title')}
      head={[say('field.series'), say('field.instances'), say('field.here'), say('field.missing'), say('field.whereElse')]}
    >
      {series.map((one) => {
        const here = one.instances.filter((instance) => instance.here).length
        return (
          <tr key={one.seriesInstanceUid}>
            <th scope="row">
              {canSee ? (
                <a href={`${addressOf(['view', study, one.seriesInstanceUid])}?opened`}>
                  <Uid>{one.seriesInstanceUid}</Uid>
                </a>
              ) : (
                <Uid>{one.seriesInstanceUid}</Uid>
              )}
            </th>
            <td class="number">{number(one.instances.length)}</td>
            <td class="number">{number(here)}</td>
            <td class={here < one.instances.length ? 'number bad-text' : 'number'}>{number(one.instances.length - here)}</td>
            <td class="long">{[one.retrieveUrl, one.aeTitle].filter(Boolean).join(' · ')}</td>
          </tr>
        )
      })}
    </Table>
  )
}
