/** Records of the manifests that this node made: one in force per study, the former ones superseded, none ever removed. */

import { levelBit } from '../dicom/confidentiality.ts'
import type { Row } from './columns.ts'
import type { Confidentiality, ManifestChange, ManifestRecord, ManifestState, Page, RestoredManifest, Uid } from './contract.ts'
import { tell } from './history.ts'
import { identityNamed, leaveUndecided, resolveStudy } from './identity.ts'
import { decodePosition, encodePosition, isTuple } from './position.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { DELIVERY_SQL, MANIFEST_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'

/** Runs inside a transaction. The former manifest of its chain is superseded, one delivery per target waits from the time of creation; what waits of
 *  former versions does not any more: they may refer to what the target must not hear of. */
export function addManifest(
  statements: Statements,
  { record, targets, others = [], actor }: Extract<ManifestChange, { kind: 'made' }>,
): void {
  const { sopInstanceUid, studyInstanceUid, confidentiality, dialect, createdAt: at } = record
  const former = endFormer(statements, record, actor)
  statements.run(DELIVERY_SQL.drop, 'superseded before it was delivered', studyInstanceUid, confidentiality, dialect)
  if (former !== undefined) statements.run(DELIVERY_SQL.withdrawFormer, at, former, JSON.stringify(others))
  statements.run(
    MANIFEST_SQL.insert,
    ...[sopInstanceUid, studyInstanceUid, confidentiality, dialect, record.seriesInstanceUid, record.version, record.contentDigest],
    ...[record.patientKey ?? null, record.state, record.supersededBy ?? null, record.instanceCount, at, record.reason],
  )
  for (const target of targets) statements.run(DELIVERY_SQL.insert, target, sopInstanceUid, at)
  const reason = `version ${record.version}: ${record.reason}`
  tell(statements, { studyInstanceUid, confidentiality, dialect, at, state: record.state, manifestUid: sopInstanceUid, reason, actor })
}

/** Keys of three parts each (manifest/patient-key.ts): what only one of them knows is no difference. */
function areDifferentPatients(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false
  const parts = other.split('.')
  return one.split('.').some((part, at) => part !== '' && (parts[at] ?? '') !== '' && part !== parts[at])
}

/** A registry cannot replace a document of one patient by one of another (XDSPatientIdDoesNotMatch): the former one is then withdrawn.
 *  @returns it */
function endFormer(statements: Statements, record: ManifestRecord, actor: string): Uid | undefined {
  const { studyInstanceUid, confidentiality, dialect, createdAt: at } = record
  const former = manifestInForce(statements, studyInstanceUid, confidentiality, dialect)
  if (former === undefined) return undefined
  const manifestUid = former.sopInstanceUid
  if (areDifferentPatients(former.patientKey, record.patientKey))
    withdrawManifest(statements, { manifestUid, at, reason: 'the study has another patient now', actor })
  else
    endManifest(statements, former, { state: 'superseded', by: record.sopInstanceUid, at, reason: `by version ${record.version}`, actor })
  return manifestUid
}

/** Runs inside a transaction. Whoever was given it, or has a former version, is told. */
export function withdrawManifest(
  statements: Statements,
  { manifestUid, at, reason, actor }: Omit<Extract<ManifestChange, { kind: 'withdrawn' }>, 'kind'>,
): void {
  const record = findManifest(statements, manifestUid)
  if (record?.state !== 'in force') return
  endManifest(statements, record, { state: 'withdrawn', at, reason, actor })
  const { studyInstanceUid, confidentiality, dialect } = record
  statements.run(DELIVERY_SQL.withdraw, at, manifestUid)
  statements.run(DELIVERY_SQL.withdrawFormer, at, manifestUid, null)
  statements.run(DELIVERY_SQL.drop, 'withdrawn before it was delivered', studyInstanceUid, confidentiality, dialect)
}

interface End {
  readonly state: 'superseded' | 'withdrawn'
  readonly by?: string
  readonly at: number
  readonly reason: string
  readonly actor: string
}

function endManifest(statements: Statements, record: ManifestRecord, { state, by, at, reason, actor }: End): void {
  const { sopInstanceUid: manifestUid, studyInstanceUid, confidentiality, dialect } = record
  statements.run(MANIFEST_SQL.setState, state, by ?? null, manifestUid)
  showChain(statements, record)
  tell(statements, { studyInstanceUid, confidentiality, dialect, at, state, manifestUid, reason, actor })
}

/** A document is within reach while it is in force. */
function showChain(statements: Statements, { studyInstanceUid, confidentiality, dialect }: Chain): void {
  statements.run(MANIFEST_SQL.showChain, levelBit(confidentiality), studyInstanceUid, confidentiality, dialect)
}

type Chain = Pick<ManifestRecord, 'studyInstanceUid' | 'confidentiality' | 'dialect'>

export function manifestInForce(
  statements: Statements,
  studyInstanceUid: string,
  confidentiality: string,
  dialect: string,
): ManifestRecord | undefined {
  const row = statements.row(MANIFEST_SQL.inForce, studyInstanceUid, confidentiality, dialect)
  return row && recordOf(row)
}

/** Runs inside a transaction. */
export function ensureDeliveries(statements: Statements, manifestUid: string, targets: readonly string[], at: number): void {
  for (const target of targets) statements.run(DELIVERY_SQL.ensure, target, manifestUid, at)
}

/** Runs inside a transaction, after the loss of rows. In one study the records form one chain again, whatever the order in which they come. */
export function restoreManifest(statements: Statements, record: RestoredManifest): void {
  const { sopInstanceUid, studyInstanceUid, confidentiality, dialect, seriesInstanceUid, version, contentDigest } = record
  const { instanceCount, createdAt, reason, patientKey = null } = record
  const ids = [sopInstanceUid, studyInstanceUid, confidentiality, dialect, seriesInstanceUid]
  const { changes } = statements.run(MANIFEST_SQL.restore, ...ids, version, contentDigest, patientKey, instanceCount, createdAt, reason)
  statements.run(MANIFEST_SQL.chain, studyInstanceUid, confidentiality, dialect)
  showChain(statements, record)
  if (changes > 0) {
    const why = `version ${version}: ${reason} (told by its file)`
    tell(statements, {
      studyInstanceUid,
      confidentiality,
      dialect,
      at: createdAt,
      state: 'in force',
      manifestUid: sopInstanceUid,
      reason: why,
      actor: 'ariane',
    })
  }
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
  return isTuple(value, ['number', 'string'])
}

function recordOf(row: Row): ManifestRecord {
  return {
    sopInstanceUid: row[0] as Uid,
    studyInstanceUid: row[1] as Uid,
    confidentiality: row[2] as Confidentiality,
    dialect: row[3] as string,
    seriesInstanceUid: row[4] as Uid,
    version: row[5] as number,
    contentDigest: row[6] as string,
    ...(row[7] === null ? {} : { patientKey: row[7] as string }),
    state: row[8] as ManifestState,
    ...(row[9] === null ? {} : { supersededBy: row[9] as Uid }),
    instanceCount: row[10] as number,
    createdAt: row[11] as number,
    reason: row[12] as string,
  }
}
