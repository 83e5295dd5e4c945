/** Keeps the row of one instance and everything above it; runs inside a transaction of {@link GroupCommit}, never awaits.
 *
 *  Rules: SOP Instance UID is unique over everything; a series is its UID within its study; the first value of an attribute above the
 *  instance stays, later instances give what was missing. A manifest of our own (role `manifest`) changes nothing of its study:
 *  neither revision, nor time of last reception, nor patient, nor values; and no sender replaces it. */

import { levelBit } from '../dicom/confidentiality.ts'
import { rowOf, type Value } from './columns.ts'
import type { Confidentiality, IndexKeys, InstanceFacts, KeepOutcome } from './contract.ts'
import { giveWay } from './deletions.ts'
import { pruneIdentities } from './identity.ts'
import { findInstance } from './instance-rows.ts'
import { keepAbove } from './keep-above.ts'
import { broughtBy, type Place, type PlaceMemory } from './place-memory.ts'
import { applyNote, expiredBy, raiseNotesNaming, rejectionOnArrival, undoNote } from './rejections.ts'
import { DELETION_SQL } from './sql/deletions.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { LIFECYCLE_SQL } from './sql/lifecycle.ts'
import { REJECTION_SQL } from './sql/rejections.ts'
import type { Statements } from './statements.ts'

const DAY_MS = 86_400_000

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
  const brought = memory === undefined || facts.role === 'manifest' ? undefined : facts.confidentiality + broughtBy(keys)
  const known = brought === undefined ? undefined : memory?.find(facts.studyInstanceUid, brought)
  if (known !== undefined) return known
  const before = statements.writes
  const { studyInstanceUid, seriesInstanceUid } = facts
  const isOurs = facts.role === 'manifest'
  const level = isOurs ? undefined : statements.value<Confidentiality>(LIFECYCLE_SQL.decidedLevel, studyInstanceUid, seriesInstanceUid)
  const { studyId, seriesId, identity } = keepAbove(statements, { ...facts, confidentiality: level ?? facts.confidentiality }, keys)
  const place = {
    studyId,
    seriesId,
    identityId: identity.id,
    conflict: identity.conflict,
    level,
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
  const { studyId, identity } = keepAbove(statements, { ...facts, confidentiality }, keys)
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
