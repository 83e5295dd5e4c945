/** Which instances rejection notes hide (IHE RAD TF-3 4.66, Imaging Object Change Management), also where the note came first.
 *
 *  Rules: a note concerns instances of its own study only. Of several notes the one with the strongest reason counts (patient safety over
 *  quality, a wrong worklist entry over both). What was rejected stays so when it is sent again, unless it was rejected for the end of its
 *  retention (113039) alone: then it is given out again. Runs inside a transaction. */
import { type Confidentiality, levelBit } from '../dicom/confidentiality.ts'
import type { HiddenBy, InstanceFacts, Rejection } from './contract.ts'
import { changed } from './history.ts'
import { LIFECYCLE_SQL } from './sql/lifecycle.ts'
import type { Statements } from './statements.ts'

/** From weak to strong. */
const STRENGTH: readonly string[] = ['113039', '113001', '113037', '113038']
const RETENTION = '113039'

/** A note has been kept: what it names and is here disappears. */
export function applyNote(statements: Statements, note: InstanceFacts, rejection: Rejection, studyId: number): void {
  const { sopInstanceUid: noteUid, studyInstanceUid, source: actor, receivedAt: at } = note
  const { code, sopInstanceUids } = rejection
  statements.run(LIFECYCLE_SQL.reject, noteUid, studyInstanceUid, code, JSON.stringify(sopInstanceUids))
  statements.run(LIFECYCLE_SQL.applyNote, noteUid, studyId)
  const hidden = statements.run(LIFECYCLE_SQL.hideRejected, code, noteUid, code).changes
  const reason = `rejection note ${code}: ${hidden} of ${sopInstanceUids.length} instances hidden`
  changed(statements, { studyId, studyInstanceUid, at, reason, actor })
}

/** An instance arrives for the first time, or again after its row was lost.
 *  @returns why it is hidden from the beginning */
export function rejectionOnArrival(statements: Statements, studyInstanceUid: string, sopInstanceUid: string): HiddenBy | undefined {
  const rows = statements.all(LIFECYCLE_SQL.rejectionsOf, studyInstanceUid, sopInstanceUid)
  const inForce = rows.filter(([code, state]) => state === 'waiting' || (state === 'applied' && code !== RETENTION))
  if (rows.some(([code, state]) => state === 'applied' && code === RETENTION))
    statements.run(LIFECYCLE_SQL.liftRetention, studyInstanceUid, sopInstanceUid)
  if (inForce.length === 0) return undefined
  statements.run(LIFECYCLE_SQL.applyTo, studyInstanceUid, sopInstanceUid)
  const codes = inForce.map(([code]) => code as string)
  return STRENGTH.findLast((code) => codes.includes(code)) as HiddenBy | undefined
}

/** An instance that is here and hidden is sent again.
 *  @returns whether it is given out again */
export function liftOnArrival(
  statements: Statements,
  instance: {
    readonly id: number
    readonly studyInstanceUid: string
    readonly sopInstanceUid: string
    readonly confidentiality: Confidentiality
  },
): boolean {
  const { id, studyInstanceUid, sopInstanceUid, confidentiality } = instance
  const rows = statements.all(LIFECYCLE_SQL.rejectionsOf, studyInstanceUid, sopInstanceUid)
  if (rows.some(([code, state]) => code !== RETENTION && state !== 'lifted')) return false
  statements.run(LIFECYCLE_SQL.liftRetention, studyInstanceUid, sopInstanceUid)
  statements.run(LIFECYCLE_SQL.show, levelBit(confidentiality), id)
  return true
}
