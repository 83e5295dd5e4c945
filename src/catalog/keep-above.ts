/** Rows of patient, study and series of an instance that arrives: found, made, or completed. Runs inside a transaction.
 *
 *  Rules: the first value of an attribute stays, later instances give what was missing; among instances of one confidentiality level, that is: where a
 *  study has several, the rows say what the lowest one does (relevel.ts). A manifest of our own changes nothing; nor does a rejection note in a study that has
 *  other levels than its own: it can repeat what it read in an instance of a higher one. */
import { levelBit } from '../dicom/confidentiality.ts'
import { aboveOf, noteDifference, put, setApart } from './brought-values.ts'
import { COLUMNS, canFill, keysOf, type Row, rowOf, type Value } from './columns.ts'
import type { IndexKeys, InstanceFacts } from './contract.ts'
import { beginIdentity, type IdentityOfStudy, identityKey, keepIdentity, keepPatient } from './identity.ts'
import { ruledIdentity, studyRuleOf } from './identity-rules.ts'
import { beginMixture, recompute } from './relevel.ts'
import { mergeRequestItems } from './request-items.ts'
import { CORRECTION_SQL } from './sql/corrections.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { LEVEL_SQL } from './sql/levels.ts'
import type { Statements } from './statements.ts'
import { stepsOfNewStudy } from './steps.ts'

export interface Above {
  readonly studyId: number
  readonly seriesId: number
  readonly identity: IdentityOfStudy
}

interface Arriving {
  readonly facts: InstanceFacts
  readonly keys: IndexKeys
  /** Bit of its confidentiality level. */
  readonly level: number
  readonly patient: Value[]
  readonly study: Value[]
  readonly series: Value[]
}

/** In a row of KEEP_SQL.studyByUid, behind id, conflict and patient. */
const VALUES = 3
const LEVEL = VALUES + COLUMNS.STUDY.keywords.length
const IS_MIXED = LEVEL + 1

/** @param facts  with the level that it has in the end */
export function keepAbove(statements: Statements, facts: InstanceFacts, keys: IndexKeys): Above {
  const arriving: Arriving = {
    facts,
    keys,
    level: levelBit(facts.confidentiality),
    patient: rowOf('PATIENT', keys),
    study: rowOf('STUDY', keys),
    series: rowOf('SERIES', keys),
  }
  const present = statements.row(KEEP_SQL.studyByUid, facts.studyInstanceUid)
  if (present === undefined) return newStudy(statements, arriving)
  if (facts.role === 'manifest') return underStudy(statements, present, arriving)
  const isMixed = present[IS_MIXED] === 1 || present[LEVEL] !== arriving.level
  return isMixed ? intoMixture(statements, present, arriving) : intoStudy(statements, present, arriving)
}

function newStudy(statements: Statements, { facts, keys, level, patient, study, series }: Arriving): Above {
  const { studyInstanceUid } = facts
  const key = identityKey(patient, studyInstanceUid)
  const ruled = ruledIdentity(statements, key, patient)
  const patientId = keepPatient(statements, ruled?.key ?? key, ruled?.row ?? patient, level)
  const studyId = statements.run(KEEP_SQL.insertStudy, patientId, 0, 0, facts.receivedAt, 0, level, ...study).id
  stepsOfNewStudy(statements, studyInstanceUid)
  applyStudyRule(statements, studyId, studyInstanceUid, keys)
  const id = beginIdentity(statements, { studyId, key, level }, patient, ruled)
  const seriesId = statements.run(KEEP_SQL.insertSeries, studyId, level, ...series).id
  return { studyId, seriesId, identity: { id, conflict: false } }
}

function applyStudyRule(statements: Statements, studyId: number, studyInstanceUid: string, keys: IndexKeys): void {
  const rule = studyRuleOf(statements, studyInstanceUid)
  if (rule === undefined) return
  statements.run(CORRECTION_SQL.overwriteStudy, JSON.stringify(rule.corrected), ...rowOf('STUDY', { ...keys, ...rule.values }), studyId)
  statements.run(CORRECTION_SQL.setIsCorrected, studyId)
}

/** A manifest of our own. */
function underStudy(statements: Statements, present: Row, arriving: Arriving): Above {
  const [studyId, inConflict] = present as number[]
  const id = statements.value<number>(KEEP_SQL.identityInForce, studyId!)!
  const held = statements.row(KEEP_SQL.seriesByUid, arriving.facts.seriesInstanceUid, studyId!)
  return { studyId: studyId!, seriesId: placeIn(statements, studyId!, arriving, held), identity: { id, conflict: inConflict === 1 } }
}

/** A study of one level, which is that of the instance. */
function intoStudy(statements: Statements, present: Row, arriving: Arriving): Above {
  const { facts, level, study } = arriving
  const studyId = present[0] as number
  const beforeFill = (): void => setApart(statements, studyId, level, facts.seriesInstanceUid)
  const held = present.slice(VALUES, LEVEL)
  const isFilling = canFill('STUDY', held, study)
  if (isFilling) {
    beforeFill()
    statements.run(KEEP_SQL.fillStudy, ...study, studyId)
  }
  const { row: patient, ...identity } = keepIdentity(...identityOf(statements, present, arriving, false), beforeFill)
  const { seriesId, isNewSeries } = keepSeries(statements, studyId, arriving)
  const rows = { patient, study: isFilling ? held.map((value, at) => value ?? study[at]!) : held }
  if (gives(facts)) noteDifference(statements, { seriesId, isNewSeries, level, identityId: identity.id }, arriving, rows)
  return { studyId, seriesId, identity }
}

function identityOf(statements: Statements, present: Row, { facts, level, patient }: Arriving, isMixed: boolean) {
  const [id, inConflict, patientId] = present as number[]
  const { studyInstanceUid } = facts
  const study = { id: id!, inConflict: inConflict === 1, patientId: patientId!, studyInstanceUid, level, isMixed }
  return [statements, study, identityKey(patient, studyInstanceUid), patient] as const
}

/** A study that has, or has from now on, several levels. */
function intoMixture(statements: Statements, present: Row, arriving: Arriving): Above {
  const { facts, level } = arriving
  const studyId = present[0] as number
  if (present[IS_MIXED] === 0) beginMixture(statements, studyId, present[LEVEL] as number)
  const { row: _, ...identity } = keepIdentity(...identityOf(statements, present, arriving, true), () => undefined)
  const held = statements.row(KEEP_SQL.seriesByUid, facts.seriesInstanceUid, studyId)
  const seriesId = placeIn(statements, studyId, arriving, held)
  if (gives(facts)) {
    if (held !== undefined) statements.run(LEVEL_SQL.setOfSeries, JSON.stringify(keysOf('SERIES', held, 1)), seriesId)
    const ofSeries = keysOf('SERIES', arriving.series)
    put(statements, { seriesId, level, identityId: identity.id, above: aboveOf(arriving), ofSeries })
  }
  recompute(statements, studyId)
  return { studyId, seriesId, identity }
}

const gives = ({ role }: InstanceFacts): boolean => role !== 'rejection-note'

/** @param held  the row of its series, where there is one */
function placeIn(statements: Statements, studyId: number, { level, series }: Arriving, held: Row | undefined): number {
  return held === undefined ? statements.run(KEEP_SQL.insertSeries, studyId, level, ...series).id : (held[0] as number)
}

const REQUESTS = COLUMNS.SERIES.keywords.indexOf('RequestAttributesSequence')

function keepSeries(statements: Statements, studyId: number, arriving: Arriving): { seriesId: number; isNewSeries: boolean } {
  const { facts, level, series } = arriving
  const present = statements.row(KEEP_SQL.seriesByUid, facts.seriesInstanceUid, studyId)
  if (present === undefined) return { seriesId: statements.run(KEEP_SQL.insertSeries, studyId, level, ...series).id, isNewSeries: true }
  const seriesId = present[0] as number
  const [held, brought] = [present[1 + REQUESTS], series[REQUESTS]]
  if (canFill('SERIES', present.slice(1), series)) statements.run(KEEP_SQL.fillSeries, ...series, seriesId)
  if (typeof held === 'string' && typeof brought === 'string') {
    const merged = mergeRequestItems(held, brought)
    if (merged !== undefined) statements.run(KEEP_SQL.setRequests, merged, seriesId)
  }
  return { seriesId, isNewSeries: false }
}
