/** `/api/studies`: search as C-FIND does, by the same query model and with the caller's levels.
 *
 *  Promises: what a caller may not see is not listed; a page costs what the page costs. */

import type { z } from 'zod'
import type { CatalogQuery, Condition, IndexKeyword, Match, Standing, Uid } from '../../catalog/contract.ts'
import type { LevelSet } from '../../dicom/confidentiality.ts'
import { conditionOf } from '../../dicom/query-conditions.ts'
import { WebRefusal } from '../../dicomweb/web-service.ts'
import { NodeError } from '../../errors.ts'
import type { StatusParts } from '../status/status-parts.ts'
import type { WebRoute } from '../web/web-route.ts'
import { STUDIES, STUDIES_QUERY, type Studies, type StudyRow } from './api-contract.ts'
import { jsonRoute } from './json-route.ts'

const USUAL_PAGE = 50

export function studyRoutes(parts: StatusParts): WebRoute[] {
  return [
    jsonRoute({
      method: 'GET',
      path: '/api/studies',
      right: 'status',
      also: 'find',
      summary: 'Studies, newest first',
      query: STUDIES_QUERY,
      answer: STUDIES,
      serve: ({ caller }, { query }) => searched(parts, query, caller.levels),
    }),
  ]
}

const VALUES = [
  'StudyInstanceUID',
  'PatientID',
  'PatientName',
  'PatientBirthDate',
  'PatientSex',
  'AccessionNumber',
  'StudyDate',
  'StudyTime',
  'StudyDescription',
] as const satisfies readonly IndexKeyword[]

/** What is told of a study wherever it is. */
export const SEARCH = {
  level: 'STUDY',
  derived: ['ModalitiesInStudy', 'NumberOfStudyRelatedSeries', 'NumberOfStudyRelatedInstances'],
  values: VALUES,
  includeManifests: false,
} as const satisfies Partial<CatalogQuery>

type Wanted = z.output<typeof STUDIES_QUERY>

async function searched(parts: StatusParts, wanted: Wanted, levels: LevelSet): Promise<Studies> {
  const query = { ...SEARCH, conditions: conditionsOf(wanted), standing: wanted.state, levels }
  const { items, next } = await parts.catalog.find(query, wanted.limit ?? USUAL_PAGE, wanted.after).catch(refuseAfter)
  const standings = await parts.catalog.standingsOf(
    items.map((match) => match.StudyInstanceUID as Uid),
    levels,
  )
  return {
    items: items.map((match) => rowOf(match, standings.get(match.StudyInstanceUID!))),
    ...(next === undefined ? {} : { next }),
  }
}

/** @throws WebRefusal 400 where the page position is none of ours */
export function refuseAfter(error: unknown): never {
  if (error instanceof NodeError && error.code === 'INVALID_ARGUMENT') throw new WebRefusal(400, 'after: expected what `next` said')
  throw error
}

function conditionsOf({ patientId, patientName, accessionNumber, from, to, modality }: Wanted): readonly Condition[] {
  const days = from === undefined && to === undefined ? undefined : `${dayOf('from', from)}-${dayOf('to', to)}`
  return [
    conditionOn('PatientID', 'LO', patientId),
    conditionOn('PatientName', 'PN', patientName),
    conditionOn('AccessionNumber', 'SH', accessionNumber),
    conditionOn('StudyDate', 'DA', days),
    modalityCondition(modality),
  ].filter((condition) => condition !== undefined)
}

/** A name also finds those that begin with it, as people expect of a search field. */
function conditionOn(keyword: IndexKeyword, vr: string, text: string | undefined): Condition | undefined {
  return text === undefined ? undefined : conditionOf({ keyword, vr } as Parameters<typeof conditionOf>[0], text, true)
}

const modalityCondition = (modality: string | undefined): Condition | undefined =>
  modality === undefined ? undefined : { keyword: 'ModalitiesInStudy', kind: 'value', value: modality.toUpperCase() }

function dayOf(name: string, text = ''): string {
  const day = text.replaceAll('-', '')
  if (day === '' || /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/.test(day)) return day
  throw new WebRefusal(400, `${name}: expected a date, YYYYMMDD or YYYY-MM-DD`)
}

export function rowOf(match: Match, standing: Standing | undefined): StudyRow {
  const { state = 'none', manifestVersion } = standing ?? {}
  return {
    studyInstanceUid: match.StudyInstanceUID ?? '',
    patientId: match.PatientID ?? '',
    patientName: match.PatientName ?? '',
    birthDate: match.PatientBirthDate ?? '',
    sex: match.PatientSex ?? '',
    accessionNumber: match.AccessionNumber ?? '',
    studyDate: match.StudyDate ?? '',
    studyTime: match.StudyTime ?? '',
    studyDescription: match.StudyDescription ?? '',
    modalities: (match.ModalitiesInStudy ?? '').split('\\').filter((modality) => modality !== ''),
    series: Number(match.NumberOfStudyRelatedSeries ?? 0),
    instances: Number(match.NumberOfStudyRelatedInstances ?? 0),
    state,
    ...(manifestVersion === undefined ? {} : { manifestVersion }),
  }
}
