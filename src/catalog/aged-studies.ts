/** Studies by their age, and where they come from, for rules about retention. Read in short statements. */

import { Breath } from './breath.ts'
import type { Page, Uid } from './contract.ts'
import type { AgedStudy } from './contract-deletions.ts'
import { decodePosition, encodePosition, isRowId } from './position.ts'
import { DELETION_SQL } from './sql/deletions.ts'
import { STUDY_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'

/** Studies looked at in one statement; a page ends with the first statement that has found some. */
const AT_ONCE = 500

export async function agedStudies(statements: Statements, lastReceivedBefore: number, after?: string): Promise<Page<AgedStudy>> {
  const breath = new Breath()
  const last = statements.value<number>(DELETION_SQL.lastStudy) ?? 0
  for (let from = after === undefined ? 0 : decodePosition(after, isRowId); from < last; from += AT_ONCE) {
    const rows = statements.all(DELETION_SQL.aged, from, from + AT_ONCE, lastReceivedBefore)
    const items = rows.map(([uid, at]) => ({ studyInstanceUid: uid as Uid, lastReceivedAt: at as number }))
    if (items.length > 0) return { items, ...(from + AT_ONCE < last ? { next: encodePosition(from + AT_ONCE) } : {}) }
    await breath.due()
  }
  return { items: [] }
}

export async function originsOf(
  statements: Statements,
  studyInstanceUid: Uid,
): Promise<{ readonly modalities: readonly string[]; readonly sources: readonly string[] }> {
  const breath = new Breath()
  const modalities = new Set<string>()
  const sources = new Set<string>()
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid) ?? 0
  for (const [series, modality] of statements.all(DELETION_SQL.seriesOf, studyId)) {
    if (statements.value(DELETION_SQL.isContent, series!) !== 1) continue
    modalities.add((modality ?? '') as string)
    for (const source of statements.column<string>(DELETION_SQL.sourcesOf, series!)) sources.add(source)
    await breath.due()
  }
  return { modalities: [...modalities], sources: [...sources] }
}
