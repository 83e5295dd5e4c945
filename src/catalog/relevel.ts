/** The rows above the instance where a study has more than one confidentiality level: their values come from its lowest level alone, so that whoever may see
 *  that, and no higher one, reads nothing in them that only a higher one brought (CI-SIS, volet « Références d'objets d'imagerie », 4.3).
 *
 *  Promises: the outcome does not depend on the order in which instances came; what an operator has corrected stays; values of the other levels are kept for
 *  their own manifests ({@link valuesAt}). A patient has the values of the lowest level that any of their studies has. Runs inside a transaction.
 *  Does not: change the level of an instance. */
import { type Confidentiality, levelBit } from '../dicom/confidentiality.ts'
import { type Brought, broughtIn, filled, put, setApart } from './brought-values.ts'
import { COLUMNS, keysOf, type Row, rowOf, type Value } from './columns.ts'
import type { IndexKeys, IndexKeyword, Level, LevelValues, Uid } from './contract.ts'
import { type Decided, IDENTIFIERS, KNOWN, parsed } from './corrections.ts'
import { CORRECTION_SQL } from './sql/corrections.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { LEVEL_SQL } from './sql/levels.ts'
import { STUDY_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'

/** The lowest bit of several. */
const lowestOf = (levels: Iterable<number>): number => Math.min(...levels)

/** All values together, those that came first going before. */
const together = (some: readonly IndexKeys[]): IndexKeys => some.reduce(filled, {})

/** From now on each series tells what it brought by itself. */
export function beginMixture(statements: Statements, studyId: number, level: number): void {
  setApart(statements, studyId, level, '')
  statements.run(LEVEL_SQL.setStudy, level, 1, studyId)
}

/** Instances that are here have this level now: what they brought follows them. What others brought, who may be gone, stays where it is.
 *  @param seriesInstanceUid  of which series they are; '': of any */
export function relevel(statements: Statements, studyId: number, target: Confidentiality, seriesInstanceUid: Uid | ''): void {
  const study = statements.row(LEVEL_SQL.study, studyId)
  if (study === undefined) return
  const present = levelsOf(statements, studyId)
  const all = new Set([...present.values()].flatMap((levels) => [...levels]))
  if (all.size === 0) return
  const [, level, isMixed] = study as number[]
  if (isMixed === 0 && all.size === 1) {
    relevelWhole(statements, study, [...all][0]!)
    return
  }
  if (isMixed === 0) beginMixture(statements, studyId, level!)
  const to = levelBit(target)
  const concerned = seriesInstanceUid === '' ? undefined : statements.value<number>(LEVEL_SQL.seriesByUid, studyId, seriesInstanceUid)
  for (const brought of broughtIn(statements, studyId)) {
    if (brought.level === to || (concerned !== undefined && brought.seriesId !== concerned)) continue
    // Where some of that level have kept it, nobody can say who brought what: nothing of a higher level is told at a lower one.
    const isLeft = present.get(brought.seriesId)?.has(brought.level) === true
    if (!isLeft || brought.level < to) follow(statements, brought, to, isLeft)
  }
  recompute(statements, studyId)
}

function levelsOf(statements: Statements, studyId: number): Map<number, Set<number>> {
  const found = new Map<number, Set<number>>()
  for (const [series, level] of statements.all(LEVEL_SQL.levelsOfSeries, studyId)) {
    const levels = found.get(series as number) ?? new Set()
    found.set(series as number, levels.add(levelBit(level as Confidentiality)))
  }
  return found
}

/** One level before, one level now: who brought what is as it was. */
function relevelWhole(statements: Statements, study: Row, to: number): void {
  const [studyId, from, , , , patientId] = study as number[]
  if (from === to) return
  for (const brought of broughtIn(statements, studyId!)) follow(statements, brought, to, false)
  statements.run(LEVEL_SQL.setStudy, to, 0, studyId!)
  statements.run(LEVEL_SQL.setIdentitiesOfStudy, to, studyId!)
  for (const [series, level] of statements.all(LEVEL_SQL.series, studyId!))
    if (level === from) statements.run(LEVEL_SQL.setSeries, to, series!)
  settlePatient(statements, patientId!)
}

function follow(statements: Statements, brought: Brought, to: number, isLeft: boolean): void {
  const { seriesId, level, identityId } = brought
  const ofSeries = brought.ofSeries ?? (isLeft ? keysOf('SERIES', statements.row(LEVEL_SQL.seriesById, seriesId)!) : undefined)
  if (ofSeries !== undefined) statements.run(LEVEL_SQL.setOfSeries, JSON.stringify(ofSeries), seriesId)
  put(statements, { ...brought, level: to, ofSeries })
  if (!isLeft) statements.run(LEVEL_SQL.remove, seriesId, level, identityId)
}

/** Every row above the instances of a study anew, from what its series brought. */
export function recompute(statements: Statements, studyId: number): void {
  const all = broughtIn(statements, studyId)
  const study = statements.row(LEVEL_SQL.study, studyId)
  if (study === undefined || all.length === 0) return
  const lowest = lowestOf(all.map(({ level }) => level))
  const values = together(all.filter(({ level }) => level === lowest).map(({ above }) => above))
  const decided = study[4] ?? null
  statements.run(CORRECTION_SQL.overwriteStudy, decided, ...rowFrom('STUDY', values, keysOf('STUDY', study, 6), decided), studyId)
  statements.run(LEVEL_SQL.setStudy, lowest, all.some(({ level }) => level !== lowest) ? 1 : 0, studyId)
  for (const [seriesId, ofIt] of Map.groupBy(all, (brought) => brought.seriesId)) recomputeSeries(statements, seriesId, ofIt)
  for (const identity of statements.all(LEVEL_SQL.identities, studyId)) {
    recomputeIdentity(statements, identity, { all, lowest, isDecided: study[3] === 0 })
  }
  settlePatient(statements, study[5] as number)
}

function rowFrom(level: Level, values: IndexKeys, present: IndexKeys, decided: Value): Value[] {
  const kept: IndexKeys = {}
  for (const keyword of parsed<Decided>(decided)?.keywords ?? []) kept[keyword] = present[keyword] ?? ''
  return rowOf(level, { ...values, ...kept })
}

function recomputeSeries(statements: Statements, seriesId: number, all: readonly Brought[]): void {
  const lowest = lowestOf(all.map(({ level }) => level))
  const values = all.flatMap(({ level, ofSeries }) => (level === lowest && ofSeries !== undefined ? [ofSeries] : []))
  if (values.length > 0) statements.run(KEEP_SQL.overwriteSeries, ...rowOf('SERIES', together(values)), seriesId)
  statements.run(LEVEL_SQL.setSeries, lowest, seriesId)
}

interface OfStudy {
  readonly all: readonly Brought[]
  readonly lowest: number
  readonly isDecided: boolean
}

/** Who the patient is is told to all once somebody has decided it; what else a higher level knows of them is not. */
function recomputeIdentity(statements: Statements, identity: Row, { all, lowest, isDecided }: OfStudy): void {
  const [id, , inForce, key, decided, ...row] = identity
  const own = all.filter(({ identityId }) => identityId === id)
  const ownLowest = own.length === 0 ? undefined : lowestOf(own.map(({ level }) => level))
  const values = ownLowest === undefined ? keysOf('PATIENT', row) : together(own.filter((one) => one.level === ownLowest).map(patientOf))
  const isForAll = inForce === 1 && isDecided
  const shown = isForAll && ownLowest !== lowest ? whoItIs(values) : values
  statements.run(KEEP_SQL.overwriteIdentity, key!, ...rowFrom('PATIENT', shown, keysOf('PATIENT', row), decided ?? null), id!)
  statements.run(LEVEL_SQL.setIdentity, isForAll ? lowest : (ownLowest ?? lowest), id!)
}

function patientOf({ above }: Brought): IndexKeys {
  return picked(above, COLUMNS.PATIENT.keywords)
}

/** What an operator decides about when there are two. */
export const whoItIs = (values: IndexKeys): IndexKeys => picked(values, [...IDENTIFIERS, ...KNOWN])

function picked(values: IndexKeys, keywords: readonly IndexKeyword[]): IndexKeys {
  return Object.fromEntries(keywords.flatMap((keyword) => (values[keyword] === undefined ? [] : [[keyword, values[keyword]]])))
}

/** A patient is what their studies of the lowest level say. */
export function settlePatient(statements: Statements, patientId: number): void {
  const patient = statements.row(LEVEL_SQL.patient, patientId)
  const identities = statements.all(LEVEL_SQL.identitiesOfPatient, patientId)
  if (patient === undefined || identities.length === 0) return
  const lowest = lowestOf(identities.map(([level]) => level as number))
  const values = together(identities.filter(([level]) => level === lowest).map((row) => keysOf('PATIENT', row, 1)))
  statements.run(CORRECTION_SQL.overwritePatient, patient[2]!, ...rowOf('PATIENT', values), patientId)
  statements.run(LEVEL_SQL.setPatient, lowest, patientId)
}

/** Something else has changed above the instances, or what became empty has taken along what it brought. */
export function recomputeMixed(statements: Statements, studyId: number): void {
  if (statements.value(LEVEL_SQL.isMixed, studyId) !== 1) return
  forgetLevelsGone(statements, studyId)
  recompute(statements, studyId)
}

/** What instances of a level brought that has none in its series any more: it would stand before what those brought that are here. */
function forgetLevelsGone(statements: Statements, studyId: number): void {
  const present = levelsOf(statements, studyId)
  const [here, gone] = [true, false].map((isHere) =>
    broughtIn(statements, studyId).filter(({ seriesId, level }) => (present.get(seriesId)?.has(level) === true) === isHere),
  )
  if (here!.length === 0) return
  for (const { seriesId, level, identityId } of gone!) statements.run(LEVEL_SQL.remove, seriesId, level, identityId)
}

/** What the instances of one level say of their study, where the rows say what a lower one does.
 *  @returns undefined where the rows say it */
export function valuesAt(statements: Statements, studyInstanceUid: string, confidentiality: Confidentiality): LevelValues | undefined {
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid)
  const study = studyId === undefined ? undefined : statements.row(LEVEL_SQL.study, studyId)
  const level = levelBit(confidentiality)
  if (study === undefined || study[2] !== 1 || study[1] === level) return undefined
  const own = broughtIn(statements, studyId!).filter((one) => one.level === level)
  if (own.length === 0) return undefined
  const [identityId, , , , decided, ...row] = statements.all(LEVEL_SQL.identities, studyId!).find(([, , inForce]) => inForce === 1)!
  const ofIdentity = own.filter((one) => one.identityId === identityId).map(patientOf)
  const present = keysOf('PATIENT', row)
  const patient = rowFrom('PATIENT', ofIdentity.length === 0 ? present : together(ofIdentity), present, decided ?? null)
  const ofStudy = rowFrom('STUDY', together(own.map(({ above }) => above)), keysOf('STUDY', study, 6), study[4] ?? null)
  return { keys: { ...keysOf('PATIENT', patient), ...keysOf('STUDY', ofStudy) }, series: seriesAt(statements, studyId!, own) }
}

function seriesAt(statements: Statements, studyId: number, own: readonly Brought[]): ReadonlyMap<Uid, IndexKeys> {
  const bySeries = Map.groupBy(own, ({ seriesId }) => seriesId)
  const found = new Map<Uid, IndexKeys>()
  for (const [id, , uid] of statements.all(LEVEL_SQL.series, studyId)) {
    const values = (bySeries.get(id as number) ?? []).flatMap(({ ofSeries }) => (ofSeries === undefined ? [] : [ofSeries]))
    if (values.length > 0) found.set(uid as Uid, together(values))
  }
  return found
}
