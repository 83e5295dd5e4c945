/** `/api/studies/:study`: all that is known of one study, as far as the caller may see; and whether it may decide about it. */
import type {
  CatalogQuery,
  Condition,
  FirstInstance,
  HistoryEntry,
  ManifestRecord,
  Match,
  StudyIdentity,
  Uid,
} from '../../catalog/contract.ts'
import { EVERY_LEVEL, type LevelSet } from '../../dicom/confidentiality.ts'
import { type WebCaller, WebRefusal } from '../../dicomweb/web-service.ts'
import { waitingStudy } from '../../manifest/waiting-study.ts'
import type { StatusParts } from '../status/status-parts.ts'
import type { WebRoute } from '../web/web-route.ts'
import { STUDY, type StudyDetails, type StudyRow } from './api-contract.ts'
import { rowOf, SEARCH } from './api-studies.ts'
import { jsonRoute, uidOf } from './json-route.ts'
import { iso } from './now.ts'
import { isSeen } from './seen-levels.ts'

const MOST_SERIES = 2_000

export function studyRoute(parts: StatusParts): WebRoute {
  return jsonRoute({
    method: 'GET',
    path: '/api/studies/:study',
    right: 'status',
    also: 'find',
    summary: 'A study: its series, its manifests, what became of them, and the patient identities under which it came',
    answer: STUDY,
    serve: (request) => studyOf(parts, uidOf(request, 'study'), request.caller.levels),
  })
}

/** @throws WebRefusal 404 where there is none that the caller may see */
async function visibleStudy({ catalog }: StatusParts, study: Uid, levels: LevelSet): Promise<Match> {
  const conditions: readonly Condition[] = [{ keyword: 'StudyInstanceUID', kind: 'value', value: study }]
  const [match] = (await catalog.find({ ...SEARCH, conditions, levels }, 1)).items
  if (match === undefined) throw new WebRefusal(404, 'no such study here')
  return match
}

/** Whoever decides about a study must see all of it: else a decision could show what is hidden from it.
 *  @throws WebRefusal 404, 403 */
export async function studyToActOn(parts: StatusParts, study: Uid, caller: WebCaller): Promise<void> {
  await visibleStudy(parts, study, caller.levels)
  if (!(await seesAllOf(parts, study, caller.levels)))
    throw new WebRefusal(403, 'not allowed: this study is of a confidentiality level, in part, that you may not see')
}

async function seesAllOf({ catalog }: StatusParts, study: Uid, levels: LevelSet): Promise<boolean> {
  const keys = { studyInstanceUids: [study] }
  const count = (seen: LevelSet): Promise<number> => catalog.countRetrievables(keys, { levels: seen, includeManifests: false })
  const [shown, all] = await Promise.all([count(levels), count(EVERY_LEVEL)])
  return shown === all
}

/** A manifest as its caller is told of it; undefined where it is not there for that caller. */
export async function manifestSeen(parts: StatusParts, record: ManifestRecord, levels: LevelSet): Promise<ManifestRow | undefined> {
  const { studyInstanceUid } = record
  const [records, history] = await Promise.all([parts.catalog.manifestsOf(studyInstanceUid), parts.catalog.historyOf(studyInstanceUid)])
  const isWhole = await seesWhole(parts, studyInstanceUid, levels, [...records, ...history])
  return isShown(record, levels, isWhole) ? toldWhy(manifestRowOf(record), isWhole) : undefined
}

/** A former version may name what has been raised to a level that the caller may not see. */
const isShown = ({ confidentiality, state }: ManifestRecord, levels: LevelSet, isWhole: boolean): boolean =>
  isSeen(confidentiality, levels) && (state === 'in force' || isWhole)

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
  const row = rowOf(match, standings.get(uid))
  const isWhole = await seesWhole(parts, uid, levels, [...records, ...history])
  const seen = history.filter(({ confidentiality }) => (confidentiality === undefined ? isWhole : isSeen(confidentiality, levels)))
  const withheldWhy =
    row.state === 'withheld' && isWhole ? (study?.withheld ?? seen.findLast(({ state }) => state === 'withheld')?.reason) : undefined
  return {
    ...row,
    seriesList,
    manifests: records.filter((record) => isShown(record, levels, isWhole)).map((record) => toldWhy(manifestRowOf(record), isWhole)),
    history: seen.map((entry) => toldWhy(historyRowOf(entry), isWhole)),
    identities: identitiesSeen(identities, row, levels, isWhole).map(identityRowOf),
    ...(withheldWhy === undefined ? {} : { withheldWhy }),
    ...(pending === undefined ? {} : { waitsFor: (await waitingStudy(catalog, pending, config().manifest, now())).waitsFor }),
  }
}

export type ManifestRow = ReturnType<typeof manifestRowOf>

const manifestRowOf = (record: ManifestRecord) => ({
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
  const [{ items }, first] = await Promise.all([catalog.find(query, MOST_SERIES), catalog.firstInstancesOf(study, levels)])
  return items.map((series) => {
    const firstInstance = first.get(series.SeriesInstanceUID ?? '')
    return {
      seriesInstanceUid: series.SeriesInstanceUID ?? '',
      seriesNumber: series.SeriesNumber ?? '',
      modality: series.Modality ?? '',
      seriesDescription: series.SeriesDescription ?? '',
      bodyPart: series.BodyPartExamined ?? '',
      instances: Number(series.NumberOfSeriesRelatedInstances ?? 0),
      ...(firstInstance === undefined ? {} : { firstInstance: firstRowOf(firstInstance) }),
    }
  })
}

function firstRowOf(first: FirstInstance): StudyDetails['seriesList'][number]['firstInstance'] {
  const { sopInstanceUid, sopClassUid, numberOfFrames, rows, columns } = first
  const isImage = Number(rows ?? 0) > 0 && Number(columns ?? 0) > 0
  const frames = Math.max(isImage ? 1 : 0, Math.trunc(Number(numberOfFrames ?? 0)) || 0)
  return { sopInstanceUid, sopClassUid, frames, isImage }
}

/** What the study's own row tells: once an operator has decided who the patient is, to all. */
function isTold({ inForce, patientId, patientName }: StudyIdentity, row: StudyRow): boolean {
  return inForce && patientId === row.patientId && patientName === row.patientName
}

/** Whether nothing of the study is, or was, hidden from the caller. Else it is not told what a hidden part has brought about: arrivals, decisions, and the
 *  reasons of what it may see itself, which can be about what it may not.
 *  @param told  its manifests and its history */
async function seesWhole(parts: StatusParts, study: Uid, levels: LevelSet, told: readonly Levelled[]): Promise<boolean> {
  const isShown = told.every(({ confidentiality }) => confidentiality === undefined || isSeen(confidentiality, levels))
  return isShown && (await seesAllOf(parts, study, levels))
}

const toldWhy = <Told extends { readonly reason: string }>(one: Told, isWhole: boolean): Told => (isWhole ? one : { ...one, reason: '' })

type Levelled = Pick<HistoryEntry, 'confidentiality'>

/** To whom a part of the study is hidden, an identity that only the hidden part has brought is not told, nor how much is hidden. */
function identitiesSeen(identities: readonly StudyIdentity[], row: StudyRow, levels: LevelSet, isWhole: boolean): readonly StudyIdentity[] {
  if (isWhole) return identities
  return identities
    .filter((one) => (one.level & levels) !== 0 || isTold(one, row))
    .map((one) => ({ ...one, instances: Math.min(one.instances, row.instances) }))
}

function identityRowOf(one: StudyIdentity): StudyDetails['identities'][number] {
  const {
    number,
    patientId,
    issuerOfPatientId: issuer,
    patientName,
    patientBirthDate: birthDate,
    patientSex: sex,
    instances,
    inForce,
  } = one
  return { number, patientId, issuer, patientName, birthDate, sex, instances, inForce }
}
