/** The series of a study, each with a small picture of its first image where it has one. */
import { useState } from 'preact/hooks'
import type { StudyDetails } from '../../endpoints/api/api-contract.ts'
import { useWords } from '../parts/language.tsx'
import { Panel } from '../parts/pieces.tsx'
import { useRight } from '../parts/session.tsx'
import { addressOf } from '../route.ts'

type Series = StudyDetails['seriesList'][number]

export function StudySeries({ study }: { study: StudyDetails }) {
  const { say } = useWords()
  return (
    <Panel title={say('series.title')} wide>
      <ul class="cards">
        {study.seriesList.map((series) => (
          <li key={series.seriesInstanceUid}>
            <SeriesCard study={study.studyInstanceUid} series={series} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function SeriesCard({ study, series }: { study: string; series: Series }) {
  const { say } = useWords()
  const canSee = useRight('get') && useRight('find')
  const { firstInstance } = series
  const isImage = firstInstance?.isImage === true
  const name = series.seriesDescription || say('series.unnamed')
  const body = (
    <>
      <Thumbnail of={isImage && canSee ? thumbnailOf(study, series.seriesInstanceUid) : undefined} modality={series.modality} />
      <span class="card-name">{name}</span>
      <span class="faint">
        {[series.modality, series.bodyPart, series.seriesNumber && say('series.number', { number: series.seriesNumber })]
          .filter(Boolean)
          .join(' · ')}
      </span>
      <span class="faint">
        {say('series.instances', { n: series.instances })}
        {firstInstance !== undefined && firstInstance.frames > 1 && ` · ${say('series.frames', { n: firstInstance.frames })}`}
      </span>
    </>
  )
  if (!isImage || !canSee) return <div class="card">{body}</div>
  return (
    <a class="card" href={addressOf(['view', study, series.seriesInstanceUid])}>
      {body}
    </a>
  )
}

const thumbnailOf = (study: string, series: string): string =>
  `dicom-web/studies/${encodeURIComponent(study)}/series/${encodeURIComponent(series)}/thumbnail?viewport=160,160`

function Thumbnail({ of, modality }: { of?: string; modality: string }) {
  const [failed, setFailed] = useState(false)
  if (of === undefined || failed) return <span class="thumbnail">{modality}</span>
  return <img class="thumbnail" src={of} alt="" loading="lazy" onError={() => setFailed(true)} />
}
