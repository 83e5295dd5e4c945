/** Rows of an instance as {@link InstanceFacts}: by SOP Instance UID, by storage key, all in order. */

import { addKeys, COLUMNS, type Row, type Value } from './columns.ts'
import type { Confidentiality, HiddenBy, IndexKeys, InstanceFacts, Page, StorageKey, Uid } from './contract.ts'
import { decodePosition, encodePosition, isTuple } from './position.ts'
import { INSTANCE_SQL } from './sql/instances.ts'
import type { Statements } from './statements.ts'

/** Columns before the attribute values, in the order of sql/instances.ts. */
const FILE_COLUMNS = 14

/** With the values of all four levels, the patient's as this instance gave them. */
export function findInstance(statements: Statements, sopInstanceUid: string): InstanceFacts | undefined {
  return whole(statements.row(INSTANCE_SQL.byUid, sopInstanceUid))
}

export function findByStorageKey(statements: Statements, key: StorageKey): InstanceFacts | undefined {
  return whole(statements.row(INSTANCE_SQL.byStorageKey, key))
}

/** Every row in storage key order, or those since a time in the order of reception; keys of the IMAGE level only. */
export function files(statements: Statements, pageSize: number, after?: string, since?: number): Page<InstanceFacts> {
  const rows =
    since === undefined
      ? statements.all(INSTANCE_SQL.files, after ?? '', pageSize + 1)
      : statements.all(INSTANCE_SQL.filesSince, ...placeAfter(after, since), pageSize + 1)
  const items = rows.slice(0, pageSize).map(image)
  if (rows.length <= pageSize) return { items }
  const last = rows[pageSize - 1]!
  return { items, next: since === undefined ? items.at(-1)!.storageKey : encodePosition([items.at(-1)!.receivedAt, last.at(-1)]) }
}

/** Time of reception and row id of what goes before. */
type Place = readonly [receivedAt: number, id: number]

/** @returns the parameters of INSTANCE_SQL.filesSince */
function placeAfter(after: string | undefined, since: number): readonly [number, number, number] {
  const [receivedAt, id] = after === undefined ? [since, 0] : decodePosition(after, isPlace)
  return [receivedAt, receivedAt, id]
}

function isPlace(value: unknown): value is Place {
  return isTuple(value, ['number', 'number'])
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
  const [role, storageKey, fileSizeBytes, dataSetOffset, sha256, source, receivedAt, confidentiality, hiddenBy] = row.slice(
    5,
    FILE_COLUMNS,
  ) as Value[]
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
    confidentiality: confidentiality as Confidentiality,
    ...(hiddenBy === null ? {} : { hiddenBy: hiddenBy as HiddenBy }),
    keys,
  }
}
