/** Records of the manifests that this node made: one in force per study, the former ones superseded, none ever removed. */

import type { Row } from './columns.ts'
import type { ManifestRecord, ManifestState, Page, RestoredManifest, Uid } from './contract.ts'
import { identityNamed, leaveUndecided, resolveStudy } from './identity.ts'
import { decodePosition, encodePosition } from './position.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { DELIVERY_SQL, MANIFEST_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'

/** Runs inside a transaction. The former manifest is superseded, one delivery per target waits from the time of creation. */
export function addManifest(statements: Statements, record: ManifestRecord, targets: readonly string[]): void {
  const { sopInstanceUid, studyInstanceUid, seriesInstanceUid, version, contentDigest, state, supersededBy } = record
  statements.run(MANIFEST_SQL.supersede, sopInstanceUid, studyInstanceUid)
  statements.run(
    MANIFEST_SQL.insert,
    ...[sopInstanceUid, studyInstanceUid, seriesInstanceUid, version, contentDigest, state, supersededBy ?? null],
    ...[record.instanceCount, record.createdAt, record.reason],
  )
  for (const target of targets) statements.run(DELIVERY_SQL.insert, target, sopInstanceUid, record.createdAt)
}

/** Runs inside a transaction. */
export function ensureDeliveries(statements: Statements, manifestUid: string, targets: readonly string[], at: number): void {
  for (const target of targets) statements.run(DELIVERY_SQL.ensure, target, manifestUid, at)
}

/** Runs inside a transaction, after the loss of rows. In one study the records form one chain again, whatever the order in which they come. */
export function restoreManifest(statements: Statements, record: RestoredManifest): void {
  const { sopInstanceUid, studyInstanceUid, seriesInstanceUid, version, contentDigest } = record
  const { instanceCount, createdAt, reason } = record
  const ids = [sopInstanceUid, studyInstanceUid, seriesInstanceUid]
  const { changes } = statements.run(MANIFEST_SQL.restore, ...ids, version, contentDigest, instanceCount, createdAt, reason)
  statements.run(MANIFEST_SQL.chain, studyInstanceUid)
  if (changes === 0 || findManifest(statements, sopInstanceUid)?.state !== 'in force') return
  restoreDecision(statements, record)
  // It may have been made without a change of its study (asked by an operator): the manifest stage sees to its deliveries.
  statements.run(MANIFEST_SQL.due, studyInstanceUid)
}

/** A study under several identities has a manifest only once somebody has decided between them: the manifest in force says how. Older ones of the
 *  same rebuild may have decided before it; it takes their word back where it cannot be followed itself. */
function restoreDecision(statements: Statements, record: RestoredManifest): void {
  const { studyInstanceUid, sopInstanceUid, patient } = record
  const studyId = statements.value<number>(MANIFEST_SQL.undecided, studyInstanceUid)
  if (studyId === undefined || patient === undefined) return
  if (statements.value<number>(KEEP_SQL.countIdentities, studyId)! < 2) return
  const identity = knewOfAll(statements, studyId, record) ? identityNamed(statements, studyId, patient) : undefined
  if (identity === undefined) leaveUndecided(statements, studyId)
  else {
    resolveStudy(statements, studyInstanceUid, identity.number)
    statements.run(KEEP_SQL.assignInstance, identity.id, sopInstanceUid)
  }
}

/** Whether nothing came behind the back of a manifest. The count finds an instance whose file is older than the manifest, its row younger. */
function knewOfAll(statements: Statements, studyId: number, { createdAt, instanceCount }: RestoredManifest): boolean {
  if (statements.value(MANIFEST_SQL.identityAfter, studyId, createdAt) === 1) return false
  return statements.value<number>(MANIFEST_SQL.contentUntil, studyId, createdAt)! <= instanceCount
}

/** Newest first. */
export function manifestsOf(statements: Statements, studyInstanceUid: string): ManifestRecord[] {
  return statements.all(MANIFEST_SQL.ofStudy, studyInstanceUid).map(recordOf)
}

export function findManifest(statements: Statements, sopInstanceUid: string): ManifestRecord | undefined {
  const row = statements.row(MANIFEST_SQL.byUid, sopInstanceUid)
  return row && recordOf(row)
}

type Place = readonly [createdAt: number, sopInstanceUid: string]
const FIRST: Place = [Number.MAX_SAFE_INTEGER, '']

/** Newest first. */
export function manifests(statements: Statements, pageSize: number, after?: string): Page<ManifestRecord> {
  const from = after === undefined ? FIRST : decodePosition(after, isPlace)
  const rows = statements.all(MANIFEST_SQL.page, ...from, pageSize + 1)
  const items = rows.slice(0, pageSize).map(recordOf)
  if (rows.length <= pageSize) return { items }
  const last = items.at(-1)!
  return { items, next: encodePosition([last.createdAt, last.sopInstanceUid] satisfies Place) }
}

function isPlace(value: unknown): value is Place {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'string'
}

function recordOf(row: Row): ManifestRecord {
  return {
    sopInstanceUid: row[0] as Uid,
    studyInstanceUid: row[1] as Uid,
    seriesInstanceUid: row[2] as Uid,
    version: row[3] as number,
    contentDigest: row[4] as string,
    state: row[5] as ManifestState,
    ...(row[6] === null ? {} : { supersededBy: row[6] as Uid }),
    instanceCount: row[7] as number,
    createdAt: row[8] as number,
    reason: row[9] as string,
  }
}
