/** Deletions, as rows: begun, hidden, removed, ended. What each step promises is in contract-deletions.ts. Everything here runs in short
 *  statements, so that a study of any size holds up nobody. */

import { agedStudies, originsOf } from './aged-studies.ts'
import type { Row } from './columns.ts'
import type { ManifestRecord, StorageKey, Uid } from './contract.ts'
import type { Deletion, DeletionBegun, DeletionLimits, Deletions, DeletionUnderWay } from './contract-deletions.ts'
import { forgetStudy } from './forget.ts'
import { changed, tell } from './history.ts'
import { pruneIdentities } from './identity.ts'
import { findManifest } from './manifests.ts'
import { BEFORE_ALL_NUMBERS, decodePosition, encodePosition, isTuple } from './position.ts'
import { recomputeMixed } from './relevel.ts'
import { DELETION_SQL } from './sql/deletions.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { STUDY_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'

/** Rows looked at, or removed, in one transaction: a few milliseconds. */
const HIDE_AT_ONCE = 400
const REMOVE_AT_ONCE = 100

type Write = <T>(job: () => T) => Promise<T>
type Read = <T>(work: () => T | Promise<T>) => Promise<T>

export function deletionsOn(statements: Statements, write: Write, read: Read): Deletions {
  return {
    beginDeletion: (deletion, limits) => write(() => begin(statements, deletion, limits)),
    hideDeleted: (id, after) => write(() => hide(statements, id, after)),
    isDeletionSettled: (id) => read(() => isSettled(statements, id)),
    removeDeleted: (id) => write(() => remove(statements, id)),
    endDeletion: (id) => write(() => end(statements, id)),
    findDeletion: (id) => read(() => underWay(statements.row(DELETION_SQL.byId, id))?.deletion),
    deletionsUnderWay: () => read(() => statements.all(DELETION_SQL.all).map((row) => underWay(row)!.deletion)),
    filesToRemove: (limit) => read(() => statements.column<StorageKey>(DELETION_SQL.filesToRemove, limit)),
    isToBeRemoved: (key) => read(() => statements.value(DELETION_SQL.isToBeRemoved, key) === 1),
    filesRemoved: (keys) =>
      write(() => {
        for (const key of keys) statements.run(DELETION_SQL.removed, key)
      }),
    agedStudies: (before, after) => read(() => agedStudies(statements, before, after)),
    originsOf: (uid) => read(() => originsOf(statements, uid)),
    reviseStudy: (uid, reason, actor) => write(() => revise(statements, uid, reason, actor)),
  }
}

function begin(statements: Statements, deletion: Deletion, limits: DeletionLimits = {}): DeletionBegun {
  const { studyInstanceUid, seriesInstanceUid: series = '' } = deletion
  const other = underWay(statements.row(DELETION_SQL.ofStudy, studyInstanceUid))?.deletion
  if (other !== undefined) return other.id === deletion.id ? { kind: 'begun' } : { kind: 'another is under way', other }
  const [studyId, , , lastReceivedAt] = (statements.row(DELETION_SQL.study, studyInstanceUid) ?? []) as number[]
  if (studyId === undefined || lastReceivedAt! >= (limits.lastReceivedBefore ?? Number.POSITIVE_INFINITY))
    return { kind: 'nothing to delete' }
  // A clock may have been ahead once.
  const until = limits.receivedUntil ?? Math.max(deletion.at, lastReceivedAt!)
  if (statements.value(DELETION_SQL.isAnything, studyId, series, series, until) !== 1) return { kind: 'nothing to delete' }
  const by = deletion.withdraw ? [] : lockers(statements, studyId, deletion)
  if (by.length > 0) return { kind: 'locked', by }
  const { id, at, actor, reason, withdraw } = deletion
  const last = statements.value<number>(DELETION_SQL.lastId)!
  statements.run(DELETION_SQL.insert, id, at, actor, studyInstanceUid, series, reason, withdraw ? 1 : 0, last, until)
  return { kind: 'begun' }
}

/** Availability is a lock (CI-SIS, volet « Références d'objets d'imagerie », 4.1). */
function lockers(statements: Statements, studyId: number, { studyInstanceUid, seriesInstanceUid }: Deletion): ManifestRecord[] {
  const series = seriesInstanceUid ?? ''
  return statements
    .column<Uid>(DELETION_SQL.lockers, studyInstanceUid, studyId, series, series)
    .flatMap((uid) => findManifest(statements, uid) ?? [])
}

/** Series row, and the instance in it. */
type HidePlace = readonly [series: number, order: number, uid: string]

function hide(statements: Statements, id: string, after?: string): string | undefined {
  const found = underWay(statements.row(DELETION_SQL.byId, id))
  if (found === undefined || found.revision !== undefined) return undefined
  const { studyInstanceUid, seriesInstanceUid: wanted = '' } = found.deletion
  const [studyId] = (statements.row(DELETION_SQL.study, studyInstanceUid) ?? []) as number[]
  const [from, ...place] = after === undefined ? ([0, ...BEFORE_ALL_NUMBERS] as const) : decodePosition(after, isHidePlace)
  const series = studyId === undefined ? undefined : statements.value<number>(DELETION_SQL.nextSeries, studyId, from, wanted, wanted)
  if (series === undefined) return allHidden(statements, found, studyId)
  const rows = statements.all(DELETION_SQL.instancesOf, series, ...(series === from ? place : BEFORE_ALL_NUMBERS), HIDE_AT_ONCE)
  const concerned = rows.filter(
    ([, , row, role, at, by]) =>
      role !== 'manifest' && by !== 'deletion' && (row as number) <= found.lastId && (at as number) <= found.until,
  )
  for (const [, , row] of concerned) statements.run(DELETION_SQL.hide, row!)
  statements.run(DELETION_SQL.countHidden, concerned.length, id)
  const last = rows.at(-1)
  return encodePosition(rows.length < HIDE_AT_ONCE ? [series + 1, ...BEFORE_ALL_NUMBERS] : [series, last![0], last![1]])
}

function isHidePlace(value: unknown): value is HidePlace {
  return isTuple(value, ['number', 'number', 'string'])
}

/** The manifests are revised without what is hidden. */
function allHidden(statements: Statements, { deletion }: Found, studyId: number | undefined): undefined {
  const { studyInstanceUid, reason, actor } = deletion
  if (studyId !== undefined) changed(statements, { studyId, studyInstanceUid, at: Date.now(), reason, actor })
  const [, revision = 0] = (statements.row(DELETION_SQL.study, studyInstanceUid) ?? []) as number[]
  statements.run(DELETION_SQL.allHidden, revision, deletion.id)
}

function isSettled(statements: Statements, id: string): boolean {
  const found = underWay(statements.row(DELETION_SQL.byId, id))
  if (found === undefined) return true
  if (found.revision === undefined) return false
  const study = statements.row(DELETION_SQL.study, found.deletion.studyInstanceUid) as number[] | undefined
  return study === undefined || study[2]! >= found.revision || statements.row(DELETION_SQL.hidden, study[0]!, 1) === undefined
}

function remove(statements: Statements, id: string): number {
  const found = underWay(statements.row(DELETION_SQL.byId, id))
  const study = found && (statements.row(DELETION_SQL.study, found.deletion.studyInstanceUid) as number[] | undefined)
  if (study === undefined || !isSettled(statements, id)) return 0
  const [studyId] = study as [number]
  const rows = statements.all(DELETION_SQL.hidden, studyId, REMOVE_AT_ONCE)
  for (const [row, key, bytes] of rows) {
    removeRow(statements, row as number, key as string)
    statements.run(DELETION_SQL.countRemoved, bytes!, id)
  }
  for (const series of new Set(rows.map((row) => row[3]))) statements.run(KEEP_SQL.deleteEmptySeries, series!)
  if (rows.length > 0) prune(statements, studyId)
  return rows.length
}

/** The file is remembered until it is gone. */
function removeRow(statements: Statements, row: number, key: string): void {
  statements.run(KEEP_SQL.deleteInstance, row)
  statements.run(DELETION_SQL.toRemove, key)
}

function prune(statements: Statements, studyId: number): void {
  if (statements.value(KEEP_SQL.studyIsEmpty, studyId) === 1) forgetStudy(statements, studyId)
  else {
    pruneIdentities(statements, studyId)
    recomputeMixed(statements, studyId)
  }
}

/** An instance arrives under the UID of one that is being deleted: that one is gone, this one is new. Runs inside of the transaction that keeps it.
 *  @param present  KEEP_SQL.placeOfInstance
 *  @param isSamePlace  the new one goes into the same series of the same study */
export function giveWay(statements: Statements, present: Row, isSamePlace: boolean): void {
  const [row, , , series, , , , studyId, key] = present as number[]
  removeRow(statements, row!, key as unknown as string)
  if (isSamePlace) return
  statements.run(KEEP_SQL.deleteEmptySeries, series!)
  prune(statements, studyId!)
}

function end(statements: Statements, id: string): DeletionUnderWay | undefined {
  const found = underWay(statements.row(DELETION_SQL.byId, id))
  if (found === undefined) return undefined
  statements.run(DELETION_SQL.end, id)
  const { studyInstanceUid, reason, actor, instances, bytes } = found.deletion
  const what = `${reason}: ${instances} instances (${bytes} bytes) are removed`
  tell(statements, { studyInstanceUid, at: Date.now(), state: 'deleted', reason: what, actor })
  return found.deletion
}

function revise(statements: Statements, studyInstanceUid: Uid, reason: string, actor: string): boolean {
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid)
  if (studyId === undefined) return false
  changed(statements, { studyId, studyInstanceUid, at: Date.now(), reason, actor })
  return true
}

interface Found {
  readonly deletion: DeletionUnderWay
  /** Of the study when everything was hidden. */
  readonly revision: number | undefined
  readonly lastId: number
  readonly until: number
}

function underWay(row: Row | undefined): Found | undefined {
  if (row === undefined) return undefined
  const deletion: DeletionUnderWay = {
    id: row[0] as string,
    at: row[1] as number,
    actor: row[2] as string,
    studyInstanceUid: row[3] as Uid,
    ...(row[4] === '' ? {} : { seriesInstanceUid: row[4] as Uid }),
    reason: row[5] as string,
    withdraw: row[6] === 1,
    hidden: row[7] as number,
    instances: row[8] as number,
    bytes: row[9] as number,
  }
  return { deletion, revision: (row[10] ?? undefined) as number | undefined, lastId: row[11] as number, until: row[12] as number }
}
