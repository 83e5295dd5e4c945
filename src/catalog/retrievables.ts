/** What a retrieval names, in the order of a query at instance level (PS3.4 C.4.2.2.1). A manifest of our own is among it only where its
 *  series or itself is named, or the caller wants them. */

import type { Row } from './columns.ts'
import type { Condition, Page, Retrievable, RetrieveKeys, StorageKey, Uid, View } from './contract.ts'
import { correctionsOf, type StudyCorrections } from './corrections.ts'
import { decodePosition, encodePosition, isPosition } from './position.ts'
import { planOf, type QueryPlan } from './query-plan.ts'
import { FIND_SQL } from './sql/find.ts'
import type { Statements } from './statements.ts'
import { instances, numberPosition, STUDY_ID, seriesUnder, studyPosition, walkOf } from './walk.ts'

export async function retrievables(
  statements: Statements,
  keys: RetrieveKeys,
  view: View,
  pageSize: number,
  after?: string,
): Promise<Page<Retrievable>> {
  const plan = retrievePlan(keys, view)
  if (plan === undefined) return { items: [] }
  const one =
    after === undefined && keys.patientId === undefined && keys.sopInstanceUids?.length === 1 ? keys.sopInstanceUids[0] : undefined
  if (one !== undefined) return { items: oneInstance(statements, plan, one, keys) }
  const items: Retrievable[] = []
  const position = after === undefined ? undefined : decodePosition(after, isPosition)
  let last: unknown
  const corrections = new Map<unknown, StudyCorrections | undefined>()
  for await (const { study, series, rows } of instances(
    walkOf(statements, plan),
    FIND_SQL.retrievables,
    position,
    () => pageSize + 1 - items.length,
  )) {
    const studyId = study[STUDY_ID] as number
    if (rows.length > 0 && !corrections.has(studyId)) corrections.set(studyId, correctionsOf(statements, studyId))
    for (const row of rows) {
      if (items.length === pageSize) return { items, next: encodePosition(last) }
      items.push(retrievable(study[2] as Uid, series[1] as Uid, row, corrections.get(studyId)))
      if (items.length === pageSize) last = { study: studyPosition(study), series: numberPosition(series), instance: numberPosition(row) }
    }
  }
  return { items }
}

/** A single name is looked up as it is: whatever is asked for on the web by its address, in one statement. */
function oneInstance(
  statements: Statements,
  { instances: { sql, parameters } }: QueryPlan,
  uid: Uid,
  { studyInstanceUids, seriesInstanceUids }: RetrieveKeys,
): Retrievable[] {
  const row = statements.row(FIND_SQL.oneRetrievable(sql), uid, ...parameters)
  if (row === undefined) return []
  const [study, series, studyId, isCorrected] = row.slice(10) as [Uid, Uid, number, number]
  if (studyInstanceUids?.includes(study) === false || seriesInstanceUids?.includes(series) === false) return []
  return [retrievable(study, series, row, isCorrected === 1 ? correctionsOf(statements, studyId) : undefined)]
}

export async function countRetrievables(statements: Statements, keys: RetrieveKeys, view: View): Promise<number> {
  const plan = retrievePlan(keys, view)
  if (plan === undefined) return 0
  const walk = walkOf(statements, plan)
  const { sql, parameters } = plan.instances
  let count = 0
  for await (const { series } of seriesUnder(walk)) {
    count += statements.value<number>(FIND_SQL.countInstances(sql), series[2]!, ...parameters)!
  }
  return count
}

/** @returns undefined where nothing is named: that retrieves nothing, not everything */
function retrievePlan(keys: RetrieveKeys, view: View): QueryPlan | undefined {
  const conditions: Condition[] = []
  if (keys.patientId) conditions.push({ keyword: 'PatientID', kind: 'value', value: keys.patientId })
  if (keys.studyInstanceUids) conditions.push({ keyword: 'StudyInstanceUID', kind: 'list', values: keys.studyInstanceUids })
  if (keys.seriesInstanceUids) conditions.push({ keyword: 'SeriesInstanceUID', kind: 'list', values: keys.seriesInstanceUids })
  if (keys.sopInstanceUids) conditions.push({ keyword: 'SOPInstanceUID', kind: 'list', values: keys.sopInstanceUids })
  if (conditions.length === 0) return undefined
  const named = keys.seriesInstanceUids !== undefined || keys.sopInstanceUids !== undefined
  return planOf({ level: 'IMAGE', conditions, levels: view.levels, includeManifests: view.includeManifests || named, values: [] })
}

function retrievable(studyInstanceUid: Uid, seriesInstanceUid: Uid, row: Row, corrections: StudyCorrections | undefined): Retrievable {
  const correction = row[9] === 'manifest' ? undefined : corrections?.get(row[8] as number)
  return {
    studyInstanceUid,
    seriesInstanceUid,
    sopInstanceUid: row[1] as Uid,
    storageKey: row[2] as StorageKey,
    transferSyntaxUid: row[3] as Uid,
    sopClassUid: row[4] as Uid,
    fileSizeBytes: row[5] as number,
    dataSetOffset: row[6] as number,
    sha256: row[7] as string,
    ...(correction === undefined ? {} : { correction }),
  }
}
