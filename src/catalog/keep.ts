/** Keeps the row of one instance and everything above it; runs inside a transaction of {@link GroupCommit}, never awaits.
 *
 *  Rules: SOP Instance UID is unique over everything; a series is its UID within its study; the first value of an attribute above the
 *  instance stays, later instances give what was missing. A manifest of our own (role `manifest`) changes nothing of its study:
 *  neither revision, nor time of last reception, nor patient, nor values; and no sender replaces it. */

import { levelBit } from '../dicom/confidentiality.ts'
import { COLUMNS, canFill, rowOf, type Value } from './columns.ts'
import type { Confidentiality, IndexKeys, InstanceFacts, KeepOutcome } from './contract.ts'
import { giveWay } from './deletions.ts'
import { beginIdentity, type IdentityOfStudy, identityKey, keepIdentity, keepPatient, pruneIdentities } from './identity.ts'
import { ruledIdentity, studyRuleOf } from './identity-rules.ts'
import { findInstance } from './instance-rows.ts'
import { broughtBy, type Place, type PlaceMemory } from './place-memory.ts'
import { applyNote, expiredBy, raiseNotesNaming, rejectionOnArrival, undoNote } from './rejections.ts'
import { mergeRequestItems } from './request-items.ts'
import { CORRECTION_SQL } from './sql/corrections.ts'
import { DELETION_SQL } from './sql/deletions.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { LIFECYCLE_SQL } from './sql/lifecycle.ts'
import { REJECTION_SQL } from './sql/rejections.ts'
import type { Statements } from './statements.ts'
import { stepsOfNewStudy } from './steps.ts'

const DAY_MS = 86_400_000

interface StudyPlace {
  readonly studyId: number
  readonly identity: IdentityOfStudy
}

export function keepInstance(statements: Statements, facts: InstanceFacts, replace: boolean, memory?: PlaceMemory): KeepOutcome {
  const present = statements.row(KEEP_SQL.placeOfInstance, facts.sopInstanceUid)
  if (present !== undefined && present[10] === 'deletion' && !isLocked(statements, facts, present)) {
    giveWay(statements, present, present[5] === facts.seriesInstanceUid && present[6] === facts.studyInstanceUid)
    memory?.forgetAll()
  } else if (present !== undefined) {
    const outcome = keepAgain(statements, facts, replace, present)
    if (outcome.kind === 'replaced') memory?.forgetStudy(facts.studyInstanceUid)
    return outcome
  }
  const keys = keysOf(facts)
  const place = findPlace(statements, facts, keys, memory)
  const { studyId, seriesId, identityId, conflict } = place
  const judged = { ...facts, confidentiality: place.level ?? facts.confidentiality }
  const { hiddenBy, ...expired } = place.isRejecting ? rejectionOnArrival(statements, judged) : {}
  statements.run(KEEP_SQL.insertInstance, seriesId, identityId, ...fileOf({ ...judged, hiddenBy }), ...rowOf('IMAGE', keys))
  if (facts.rejection !== undefined) {
    applyNote(statements, facts, facts.rejection, studyId)
    memory?.forgetStudy(facts.studyInstanceUid)
  }
  if (facts.role !== 'manifest') statements.run(KEEP_SQL.studyChanged, facts.receivedAt, facts.receivedAt, studyId)
  return { kind: 'kept', conflict, ...expired }
}

/** Other bytes than those that a manifest in force refers to, under the same name: the availability of an instance is a lock (CI-SIS, volet
 *  « Références d'objets d'imagerie », 4.1). */
function isLocked(statements: Statements, facts: InstanceFacts, present: readonly Value[]): boolean {
  const [, sha256, , , , , studyInstanceUid, , , confidentiality, , receivedAt] = present
  if (sha256 === facts.sha256) return false
  return statements.row(LIFECYCLE_SQL.lockedBy, studyInstanceUid!, confidentiality!, receivedAt!) !== undefined
}

/** Rows of patient, study and series: those that an instance before it was given, where this one brings the same for them. */
function findPlace(statements: Statements, facts: InstanceFacts, keys: IndexKeys, memory: PlaceMemory | undefined): Place {
  const brought = memory === undefined || facts.role === 'manifest' ? undefined : broughtBy(keys)
  const known = brought === undefined ? undefined : memory?.find(facts.studyInstanceUid, brought)
  if (known !== undefined) return known
  const before = statements.writes
  const { studyId, identity } = keepStudy(statements, facts, keys)
  const { studyInstanceUid, seriesInstanceUid } = facts
  const isOurs = facts.role === 'manifest'
  const place = {
    studyId,
    seriesId: keepSeries(statements, studyId, facts, keys),
    identityId: identity.id,
    conflict: identity.conflict,
    level: isOurs ? undefined : statements.value<Confidentiality>(LIFECYCLE_SQL.decidedLevel, studyInstanceUid, seriesInstanceUid),
    isRejecting: !isOurs && statements.value(REJECTION_SQL.isRejecting, studyInstanceUid) === 1,
  }
  if (statements.writes !== before) memory?.forgetStudy(facts.studyInstanceUid)
  if (brought !== undefined) memory?.remember(facts.studyInstanceUid, brought, place)
  return place
}

/** The SOP Instance UID is here already. */
function keepAgain(statements: Statements, facts: InstanceFacts, replace: boolean, present: readonly Value[]): KeepOutcome {
  const [id, sha256, role, , , seriesInstanceUid, studyInstanceUid, , , , , receivedAt] = present
  const existing = findInstance(statements, facts.sopInstanceUid)!
  if (seriesInstanceUid !== facts.seriesInstanceUid || studyInstanceUid !== facts.studyInstanceUid) return { kind: 'different', existing }
  const expired = expiredBy(statements, existing)
  const again = expired === undefined ? {} : { expiredBy: expired }
  if (sha256 === facts.sha256) {
    // Whoever sends it again wants it kept: the age of the study begins anew.
    if (facts.receivedAt - (receivedAt as number) > DAY_MS) statements.run(DELETION_SQL.received, facts.receivedAt, present[7]!)
    return { kind: 'identical', existing, ...again }
  }
  if (!replace || role === 'manifest') return { kind: 'different', existing }
  if (existing.hiddenBy === undefined && isLocked(statements, facts, present)) return { kind: 'different', existing }
  replaceInstance(statements, facts, existing, id as number)
  return { kind: 'replaced', former: existing, ...again }
}

/** Other bytes are judged anew: what they say, not what the former ones said, tells who may see them. */
function replaceInstance(statements: Statements, facts: InstanceFacts, existing: InstanceFacts, id: number): void {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = facts
  const decided = statements.value<Confidentiality>(LIFECYCLE_SQL.decidedLevel, studyInstanceUid, seriesInstanceUid)
  const confidentiality = decided ?? facts.confidentiality
  const keys = keysOf(facts)
  const { studyId, identity } = keepStudy(statements, facts, keys)
  keepSeries(statements, studyId, facts, keys)
  statements.run(
    KEEP_SQL.replaceInstance,
    identity.id,
    ...fileOf({ ...facts, confidentiality, hiddenBy: existing.hiddenBy }),
    ...rowOf('IMAGE', keys),
    id,
  )
  statements.run(KEEP_SQL.studyChanged, facts.receivedAt, facts.receivedAt, studyId)
  pruneIdentities(statements, studyId)
  undoNote(statements, sopInstanceUid, studyInstanceUid, studyId)
  if (facts.rejection !== undefined) applyNote(statements, facts, facts.rejection, studyId)
  raiseNotesNaming(statements, studyInstanceUid, sopInstanceUid, confidentiality)
}

function keepStudy(statements: Statements, facts: InstanceFacts, keys: IndexKeys): StudyPlace {
  const patient = rowOf('PATIENT', keys)
  const key = identityKey(patient, facts.studyInstanceUid)
  const study = rowOf('STUDY', keys)
  const present = statements.row(KEEP_SQL.studyByUid, facts.studyInstanceUid)
  if (present === undefined) {
    const ruled = ruledIdentity(statements, key, patient)
    const patientId = keepPatient(statements, ruled?.key ?? key, ruled?.row ?? patient)
    const studyId = statements.run(KEEP_SQL.insertStudy, patientId, 0, 0, facts.receivedAt, 0, ...study).id
    stepsOfNewStudy(statements, facts.studyInstanceUid)
    applyStudyRule(statements, studyId, facts.studyInstanceUid, keys)
    return { studyId, identity: { id: beginIdentity(statements, studyId, key, patient, ruled), conflict: false } }
  }
  const studyId = present[0] as number
  const inConflict = present[1] === 1
  if (facts.role === 'manifest') {
    return { studyId, identity: { id: statements.value<number>(KEEP_SQL.identityInForce, studyId)!, conflict: inConflict } }
  }
  if (canFill('STUDY', present.slice(3), study)) statements.run(KEEP_SQL.fillStudy, ...study, studyId)
  const of = { id: studyId, inConflict, patientId: present[2] as number, studyInstanceUid: facts.studyInstanceUid }
  return { studyId, identity: keepIdentity(statements, of, key, patient) }
}

function applyStudyRule(statements: Statements, studyId: number, studyInstanceUid: string, keys: IndexKeys): void {
  const rule = studyRuleOf(statements, studyInstanceUid)
  if (rule === undefined) return
  statements.run(CORRECTION_SQL.overwriteStudy, JSON.stringify(rule.corrected), ...rowOf('STUDY', { ...keys, ...rule.values }), studyId)
  statements.run(CORRECTION_SQL.setIsCorrected, studyId)
}

const REQUESTS = COLUMNS.SERIES.keywords.indexOf('RequestAttributesSequence')

function keepSeries(statements: Statements, studyId: number, facts: InstanceFacts, keys: IndexKeys): number {
  const series = rowOf('SERIES', keys)
  const present = statements.row(KEEP_SQL.seriesByUid, facts.seriesInstanceUid, studyId)
  if (present === undefined) return statements.run(KEEP_SQL.insertSeries, studyId, ...series).id
  const id = present[0] as number
  const [held, brought] = [present[1 + REQUESTS], series[REQUESTS]]
  if (canFill('SERIES', present.slice(1), series)) statements.run(KEEP_SQL.fillSeries, ...series, id)
  if (typeof held === 'string' && typeof brought === 'string') {
    const merged = mergeRequestItems(held, brought)
    if (merged !== undefined) statements.run(KEEP_SQL.setRequests, merged, id)
  }
  return id
}

function fileOf(facts: InstanceFacts): Value[] {
  const { role, transferSyntaxUid, storageKey, fileSizeBytes, dataSetOffset, sha256, source, receivedAt, confidentiality, hiddenBy } = facts
  const file = [role, transferSyntaxUid, storageKey, fileSizeBytes, dataSetOffset, sha256, source, receivedAt]
  return [...file, confidentiality, hiddenBy ?? null, hiddenBy === undefined ? levelBit(confidentiality) : 0]
}

/** The UIDs that were checked count, whatever the header values say. */
function keysOf(facts: InstanceFacts): IndexKeys {
  return {
    ...facts.keys,
    StudyInstanceUID: facts.studyInstanceUid,
    SeriesInstanceUID: facts.seriesInstanceUid,
    SOPInstanceUID: facts.sopInstanceUid,
    SOPClassUID: facts.sopClassUid,
  }
}
