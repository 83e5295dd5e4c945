/** What became of the manifests of a study, transition by transition: rows are added, never changed. */

import type { HistoryEntry, HistoryState, Page, Uid } from './contract.ts'
import { LIFECYCLE_SQL } from './sql/lifecycle.ts'
import type { Statements } from './statements.ts'

/** Runs inside a transaction. */
export function tell(statements: Statements, entry: HistoryEntry): void {
  const { studyInstanceUid, confidentiality, dialect, at, state, manifestUid, reason, actor } = entry
  const of = [studyInstanceUid, confidentiality ?? null, dialect ?? null]
  statements.run(LIFECYCLE_SQL.tell, ...of, at, state, manifestUid ?? null, reason, actor)
}

/** As {@link tell}, where the study was not told the same last: many instances may come for one reason. */
export function tellOnce(statements: Statements, entry: HistoryEntry): void {
  const last = statements.row(LIFECYCLE_SQL.lastTold, entry.studyInstanceUid)
  if (last?.[0] !== entry.state || last[1] !== entry.reason) tell(statements, entry)
}

/** Runs inside a transaction. Something else than an instance that arrived has changed what the manifest of a study has to say. One that is in
 *  force says what is not so any more: the study is then due without further waiting. */
export function changed(
  statements: Statements,
  { studyId, studyInstanceUid, ...what }: { studyId: number; studyInstanceUid: Uid; at: number; reason: string; actor: string },
): void {
  statements.run(LIFECYCLE_SQL.changed, what.at, studyId)
  tell(statements, { studyInstanceUid, state: 'changed', ...what })
}

/** By UID. */
export function everWithheld(statements: Statements, pageSize: number, after = ''): Page<Uid> {
  const uids = statements.column<Uid>(LIFECYCLE_SQL.everWithheld, after, pageSize + 1)
  return uids.length > pageSize ? { items: uids.slice(0, pageSize), next: uids[pageSize - 1]! } : { items: uids }
}

/** Oldest first. */
export function historyOf(statements: Statements, studyInstanceUid: string): HistoryEntry[] {
  return statements.all(LIFECYCLE_SQL.history, studyInstanceUid).map((row) => ({
    studyInstanceUid: row[0] as Uid,
    ...(row[1] === null ? {} : { confidentiality: row[1] as HistoryEntry['confidentiality'] }),
    ...(row[2] === null ? {} : { dialect: row[2] as string }),
    at: row[3] as number,
    state: row[4] as HistoryState,
    ...(row[5] === null ? {} : { manifestUid: row[5] as Uid }),
    reason: row[6] as string,
    actor: row[7] as string,
  }))
}
