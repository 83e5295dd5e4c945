/** Rows of an instance as {@link InstanceFacts}: by SOP Instance UID, by storage key, all in order. */

import { Breath, Window } from './breath.ts'
import { addKeys, COLUMNS, type Row, type Value } from './columns.ts'
import type { IndexKeys, InstanceFacts, Page, StorageKey, Uid } from './contract.ts'
import { INSTANCE_SQL } from './sql/instances.ts'
import type { Statements } from './statements.ts'

/** Columns before the attribute values, in the order of sql/instances.ts. */
const FILE_COLUMNS = 12

/** With the values of all four levels, the patient's as this instance gave them. */
export function findInstance(statements: Statements, sopInstanceUid: string): InstanceFacts | undefined {
  return whole(statements.row(INSTANCE_SQL.byUid, sopInstanceUid))
}

export function findByStorageKey(statements: Statements, key: StorageKey): InstanceFacts | undefined {
  return whole(statements.row(INSTANCE_SQL.byStorageKey, key))
}

/** Every row in storage key order; keys of the IMAGE level only. */
export async function files(statements: Statements, pageSize: number, after = '', since?: number): Promise<Page<InstanceFacts>> {
  const rows =
    since === undefined ? statements.all(INSTANCE_SQL.files, after, pageSize + 1) : await filesSince(statements, pageSize + 1, after, since)
  const items = rows.slice(0, pageSize).map(image)
  return rows.length > pageSize ? { items, next: items.at(-1)!.storageKey } : { items }
}

/** Up to this many rows it pays to look where the first of them lies: keys begin with a date, so the recent ones are at the end. */
const FEW = 5000
/** Rows that the first statement looks at. */
const FIRST_WINDOW = 512
const LAST_KEY = '\u{10ffff}'

async function filesSince(statements: Statements, wanted: number, after: string, since: number): Promise<Row[]> {
  const breath = new Breath()
  const window = new Window(FIRST_WINDOW)
  const found: Row[] = []
  let from = after === '' ? beginningSince(statements, since) : after
  while (found.length < wanted) {
    const end = statements.value<string>(INSTANCE_SQL.endOfKeys, from, window.rows - 1) ?? LAST_KEY
    found.push(...window.measure(() => statements.all(INSTANCE_SQL.filesSince, from, end, since, wanted - found.length)))
    if (end === LAST_KEY) break
    from = end
    await breath.due()
  }
  return found
}

function beginningSince(statements: Statements, since: number): string {
  const count = statements.value<number>(INSTANCE_SQL.countSince, since, FEW + 1)!
  const lowest = count > FEW ? undefined : statements.value<string | null>(INSTANCE_SQL.lowestKeySince, since)
  return lowest?.slice(0, -1) ?? ''
}

function whole(row: Row | undefined): InstanceFacts | undefined {
  if (row === undefined) return undefined
  const keys: IndexKeys = {}
  let start = FILE_COLUMNS
  for (const level of ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'] as const) {
    addKeys(level, row, start, keys)
    start += COLUMNS[level].keywords.length
  }
  return factsOf(row, keys)
}

function image(row: Row): InstanceFacts {
  const keys: IndexKeys = {}
  addKeys('IMAGE', row, FILE_COLUMNS, keys)
  return factsOf(row, keys)
}

function factsOf(row: Row, keys: IndexKeys): InstanceFacts {
  const [sopInstanceUid, sopClassUid, seriesInstanceUid, studyInstanceUid, transferSyntaxUid] = row as Uid[]
  const [role, storageKey, fileSizeBytes, dataSetOffset, sha256, source, receivedAt] = row.slice(5, FILE_COLUMNS) as Value[]
  return {
    sopInstanceUid: sopInstanceUid!,
    sopClassUid: sopClassUid!,
    seriesInstanceUid: seriesInstanceUid!,
    studyInstanceUid: studyInstanceUid!,
    transferSyntaxUid: transferSyntaxUid!,
    role: role as InstanceFacts['role'],
    storageKey: storageKey as StorageKey,
    fileSizeBytes: fileSizeBytes as number,
    dataSetOffset: dataSetOffset as number,
    sha256: sha256 as string,
    source: source as string,
    receivedAt: receivedAt as number,
    keys,
  }
}
