/** Removal of a row whose file is lost, and of what becomes empty above it. Manifest records stay for ever. */

import type { Uid } from './contract.ts'
import { changed } from './history.ts'
import { pruneIdentities } from './identity.ts'
import { findManifest } from './manifests.ts'
import { recomputeMixed } from './relevel.ts'
import { KEEP_SQL } from './sql/keep.ts'
import type { Statements } from './statements.ts'

/** What a study holds has changed, so its revision rises; the time of last reception does not. Of a manifest of our own that counts only while it is
 *  in force: another version has to take its place.
 *  @param storageKey  the row stays where it names another file
 *  @returns whether there was such a row */
export function forgetInstance(statements: Statements, sopInstanceUid: string, storageKey?: string, why?: string): boolean {
  const present = statements.row(KEEP_SQL.placeOfInstance, sopInstanceUid)
  if (present === undefined || (storageKey !== undefined && present[8] !== storageKey)) return false
  const [id, , role, seriesId, , , studyInstanceUid, studyId] = present as number[]
  statements.run(KEEP_SQL.deleteInstance, id!)
  statements.run(KEEP_SQL.deleteEmptySeries, seriesId!)
  if (statements.value(KEEP_SQL.studyIsEmpty, studyId!) === 1) {
    forgetStudy(statements, studyId!)
    return true
  }
  pruneIdentities(statements, studyId!)
  recomputeMixed(statements, studyId!)
  if ((role as unknown) === 'manifest' && findManifest(statements, sopInstanceUid)?.state !== 'in force') return true
  const what = { studyId: studyId!, studyInstanceUid: studyInstanceUid as unknown as Uid, at: Date.now(), actor: 'ariane' }
  changed(statements, { ...what, reason: why ?? 'an instance was given up' })
  return true
}

/** Runs inside a transaction. */
export function forgetStudy(statements: Statements, studyId: number): void {
  const patientId = statements.value<number>(KEEP_SQL.patientOfStudy, studyId)!
  statements.run(KEEP_SQL.deleteAllIdentities, studyId)
  statements.run(KEEP_SQL.deleteStudy, studyId)
  statements.run(KEEP_SQL.deleteEmptyPatient, patientId)
}
