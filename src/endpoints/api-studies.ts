/** `/api/studies`: search as C-FIND does, by the same query model and with the caller's levels, and all that is known of one study.
 *
 *  Promises: what a caller may not see is not there (404, not listed); a page costs what the page costs. */

import type { z } from 'zod'
import type { CatalogQuery, Condition, HistoryEntry, IndexKeyword, ManifestRecord, Match, Standing, Uid } from '../catalog/contract.ts'
import { isConfidentiality, type LevelSet, levelBit, levelOfBit } from '../dicom/confidentiality.ts'
import { conditionOf } from '../dicom/query-conditions.ts'
import { type WebCaller, WebRefusal } from '../dicomweb/web-service.ts'
import { NodeError } from '../errors.ts'
import { waitingStudy } from '../manifest/waiting-study.ts'
import { STUDIES, STUDIES_QUERY, STUDY, type Studies, type StudyDetails, type StudyRow } from './api-contract.ts'
import { jsonRoute, uidOf } from './json-route.ts'
import { iso } from './now.ts'
import type { StatusParts } from './status-parts.ts'
import type { WebRoute } from './web-route.ts'

const USUAL_PAGE = 50
const MOST_SERIES = 2_000

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
    jsonRoute({
      method: 'GET',
      path: '/api/studies/:study',
      right: 'status',
      also: 'find',
      summary: 'A study: its series, its manifests, what became of them, and the patient identities under which it came',
      answer: STUDY,
      serve: (request) => studyOf(parts, uidOf(request, 'study'), request.caller.levels),
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

const SEARCH = {
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

function rowOf(match: Match, standing: Standing | undefined): StudyRow {
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

// --- one study

/** @throws WebRefusal 404 where there is none that the caller may see */
export async function visibleStudy({ catalog }: StatusParts, study: Uid, levels: LevelSet): Promise<Match> {
  const conditions: readonly Condition[] = [{ keyword: 'StudyInstanceUID', kind: 'value', value: study }]
  const [match] = (await catalog.find({ ...SEARCH, conditions, levels }, 1)).items
  if (match === undefined) throw new WebRefusal(404, 'no such study here')
  return match
}

/** Whoever decides about a study must see all of it: else a decision could show what is hidden from it.
 *  @throws WebRefusal 404, 403 */
export async function studyToActOn(parts: StatusParts, study: Uid, caller: WebCaller): Promise<void> {
  await visibleStudy(parts, study, caller.levels)
  for (const { instances } of await parts.catalog.evidence(study))
    if (instances.some(({ confidentiality }) => (levelBit(confidentiality) & caller.levels) === 0))
      throw new WebRefusal(403, 'not allowed: this study is of a confidentiality level, in part, that you may not see')
}

async function studyOf(parts: StatusParts, uid: Uid, levels: LevelSet): Promise<StudyDetails> {
  const { catalog, config, now } = parts
  const match = await visibleStudy(parts, uid, levels)
  const [standings, study, seriesList, records, history, identities, pending] = await Promise.all([
    catalog.standingsOf([uid], levels),
    catalog.findStudy(uid),
    seriesOf(parts, uid, levels),
    catalog.manifestsOf(uid),
    catalog.historyOf(uid),
    catalog.identitiesOf(uid),
    catalog.pendingStudy(uid),
  ])
  const seen = history.filter(({ confidentiality }) => confidentiality === undefined || isSeen(confidentiality, levels))
  const row = rowOf(match, standings.get(uid))
  const withheldWhy = row.state === 'withheld' ? (study?.withheld ?? seen.findLast(({ state }) => state === 'withheld')?.reason) : undefined
  return {
    ...row,
    seriesList,
    manifests: records.filter(({ confidentiality }) => isSeen(confidentiality, levels)).map(manifestRowOf),
    history: seen.map(historyRowOf),
    identities: identities.map(({ patientBirthDate: birthDate, patientSex: sex, issuerOfPatientId: issuer, ...one }) => ({
      number: one.number,
      patientId: one.patientId,
      issuer,
      patientName: one.patientName,
      birthDate,
      sex,
      instances: one.instances,
      inForce: one.inForce,
    })),
    ...(withheldWhy === undefined ? {} : { withheldWhy }),
    ...(pending === undefined ? {} : { waitsFor: (await waitingStudy(catalog, pending, config().manifest, now())).waitsFor }),
  }
}

export const isSeen = (confidentiality: string, levels: LevelSet): boolean =>
  isConfidentiality(confidentiality) && (levelBit(confidentiality) & levels) !== 0

/** Names of the levels of a set. */
export const levelNames = (levels: LevelSet) =>
  Array.from({ length: 31 }, (_, at) => levels & (1 << at)).flatMap((bit) => (bit === 0 ? [] : (levelOfBit(bit) ?? [])))

export const manifestRowOf = (record: ManifestRecord) => ({
  sopInstanceUid: record.sopInstanceUid,
  dialect: record.dialect,
  confidentiality: record.confidentiality,
  version: record.version,
  state: record.state,
  instances: record.instanceCount,
  createdAt: iso(record.createdAt),
  reason: record.reason,
})

function historyRowOf({ at, state, reason, actor, manifestUid, dialect, confidentiality }: HistoryEntry): StudyDetails['history'][number] {
  return {
    at: iso(at),
    state,
    reason,
    actor,
    ...(manifestUid === undefined ? {} : { manifestUid }),
    ...(dialect === undefined ? {} : { dialect }),
    ...(confidentiality === undefined ? {} : { confidentiality }),
  }
}

async function seriesOf({ catalog }: StatusParts, study: Uid, levels: LevelSet): Promise<StudyDetails['seriesList']> {
  const conditions: readonly Condition[] = [{ keyword: 'StudyInstanceUID', kind: 'value', value: study }]
  const query: CatalogQuery = {
    level: 'SERIES',
    conditions,
    derived: ['NumberOfSeriesRelatedInstances'],
    values: ['SeriesInstanceUID', 'SeriesNumber', 'Modality', 'SeriesDescription', 'BodyPartExamined'],
    includeManifests: false,
    levels,
  }
  const { items } = await catalog.find(query, MOST_SERIES)
  const rows: StudyDetails['seriesList'] = []
  for (const series of items) {
    const first = await firstInstanceOf(catalog, conditions, series.SeriesInstanceUID!, levels)
    rows.push({
      seriesInstanceUid: series.SeriesInstanceUID ?? '',
      seriesNumber: series.SeriesNumber ?? '',
      modality: series.Modality ?? '',
      seriesDescription: series.SeriesDescription ?? '',
      bodyPart: series.BodyPartExamined ?? '',
      instances: Number(series.NumberOfSeriesRelatedInstances ?? 0),
      ...(first === undefined ? {} : { firstInstance: first }),
    })
  }
  return rows
}

async function firstInstanceOf(
  catalog: StatusParts['catalog'],
  ofStudy: readonly Condition[],
  series: string,
  levels: LevelSet,
): Promise<StudyDetails['seriesList'][number]['firstInstance']> {
  const conditions: readonly Condition[] = [...ofStudy, { keyword: 'SeriesInstanceUID', kind: 'value', value: series }]
  const values: readonly IndexKeyword[] = ['SOPInstanceUID', 'SOPClassUID', 'NumberOfFrames', 'Rows', 'Columns']
  const [first] = (await catalog.find({ level: 'IMAGE', conditions, derived: [], values, includeManifests: false, levels }, 1)).items
  if (first === undefined) return undefined
  const isImage = Number(first.Rows ?? 0) > 0 && Number(first.Columns ?? 0) > 0
  const frames = Math.max(isImage ? 1 : 0, Math.trunc(Number(first.NumberOfFrames ?? 0)) || 0)
  return { sopInstanceUid: first.SOPInstanceUID ?? '', sopClassUid: first.SOPClassUID ?? '', frames, isImage }
}
