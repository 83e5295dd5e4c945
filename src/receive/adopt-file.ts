/** A kept file whose row is missing: the row is rebuilt from the file, or the file is set aside.
 *
 *  Promises: whatever the file holds, it ends as exactly one of: named by a row, removed because an identical one is here, or in quarantine with
 *  the reason. Nothing that cannot be read is deleted. Reading changes nothing, so that several files can be read at a time and still be entered in
 *  their order: {@link enterKept} has asked the catalog for the row when it returns its promise.
 *  Does not: trust the file name for more than its area: what lies under `manifests/` was made by this node.
 *  Errors: NodeError CATALOG_FAILED, STORAGE_FAILED (the disk or the catalog fail; the file stays as it is). */
import { createHash } from 'node:crypto'
import type { Catalog, InstanceFacts, RestoredManifest } from '../catalog/contract.ts'
import { decodeManifestNote, type ManifestNote } from '../catalog/manifest-note.ts'
import { HeaderWalker } from '../dicom/header-walker.ts'
import { type FileMeta, readPart10Header } from '../dicom/part10.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import type { Storage, StorageKey } from '../storage/contract.ts'
import { admitCommand, admitDataSet } from './admission.ts'
import type { Judging } from './confidentiality-rules.ts'
import { readRejection } from './rejection-note.ts'
import { settleIdentical } from './settle-duplicate.ts'

export interface KeptFile {
  readonly key: StorageKey
  readonly sizeBytes: number
  /** Milliseconds since 1970; taken as the time of reception. */
  readonly changedAt: number
}

/** `gone`: vanished while it was looked at, by another process. `spared`: see {@link YOUNG_MS}. */
export type Adoption = 'named' | 'adopted' | 'manifest adopted' | 'duplicate removed' | 'quarantined' | 'gone' | 'spared'

/** A file this young that stands against a row may be about to replace it (an import beside the start): it is left alone, for the next check. */
const YOUNG_MS = 60_000

/** Holds any file meta information we write, and those of others that an operator may have put here. */
const META_BYTES = 16 * 1024

/** Judged as what arrives: by the rules of today. */
export interface Shelf extends Judging {
  readonly storage: Storage
  readonly catalog: Catalog
}

interface Contents {
  readonly facts: InstanceFacts
  /** Of a manifest: what its file says of its record. */
  readonly note?: ManifestNote
}

/** What a file holds, or the reason why the door would not have let it in, or that there is nothing to do. */
export type FileRead = Contents | NodeError | 'named' | 'gone'

export async function adoptFile(shelf: Shelf, file: KeptFile): Promise<Adoption> {
  return enterKept(shelf, file, await readKept(shelf, file))
}

export async function readKept(shelf: Shelf, file: KeptFile): Promise<FileRead> {
  const { storage, catalog } = shelf
  if ((await catalog.findByStorageKey(file.key)) !== undefined) return 'named'
  if (await catalog.isToBeRemoved(file.key)) return 'gone'
  try {
    return await contentsOf(shelf, file)
  } catch (error) {
    if ((await storage.size(file.key)) === undefined) return 'gone'
    throw error
  }
}

export async function enterKept(shelf: Shelf, file: KeptFile, read: FileRead): Promise<Adoption> {
  const { storage, catalog } = shelf
  if (typeof read === 'string') return read
  if (read instanceof NodeError) return quarantine(storage, file.key, read.message)
  const { facts, note } = read
  const outcome = await catalog.keep(facts)
  switch (outcome.kind) {
    case 'kept':
      if (facts.role !== 'manifest') return 'adopted'
      await catalog.restoreManifest(recordOf(facts, note))
      return 'manifest adopted'
    case 'identical':
      if (outcome.existing.storageKey === file.key) return 'named'
      return (await settleIdentical(shelf, facts, outcome.existing)) ? 'duplicate removed' : adoptFile(shelf, file)
    default:
      if (Date.now() - file.changedAt < YOUNG_MS) return 'spared'
      return quarantine(storage, file.key, `another instance is held under SOP Instance UID ${facts.sopInstanceUid}`)
  }
}

async function quarantine(storage: Storage, key: StorageKey, reason: string): Promise<Adoption> {
  log.warn('file without a row goes to quarantine', { file: key, reason })
  await storage.quarantine(key, reason)
  return 'quarantined'
}

/** @returns the reason where the file is not what the door would have let in */
async function contentsOf(shelf: Shelf, file: KeptFile): Promise<Contents | NodeError> {
  const { storage } = shelf
  const meta = readPart10Header(await storage.readStart(file.key, META_BYTES))
  if (meta?.transferSyntaxUid === undefined) return new NodeError('UNREADABLE', { step: 'file meta information' })
  const { transferSyntaxUid, dataSetOffset } = meta
  try {
    const walker = new HeaderWalker(transferSyntaxUid)
    const sha256 = await walk(storage, file.key, dataSetOffset, walker)
    const header = walker.finish()
    const command = admitCommand({ sopClassUid: header.sopClassUid, sopInstanceUid: header.sopInstanceUid, transferSyntaxUid }, () => true)
    const uids = admitDataSet(command, header)
    const role = file.key.startsWith('manifests/') ? 'manifest' : uids.role
    const { key: storageKey, sizeBytes: fileSizeBytes } = file
    const receivedAt = Math.floor(file.changedAt)
    const source = sourceOf(meta)
    const note = role === 'manifest' ? decodeManifestNote(meta.privateInformation) : undefined
    const confidentiality = role === 'manifest' ? (note?.confidentiality ?? 'N') : shelf.confidentialityOf(source, header.keys)
    const read = { storageKey, fileSizeBytes, dataSetOffset, sha256, source, confidentiality, receivedAt, keys: header.keys }
    const facts: InstanceFacts = { ...uids, role, ...read }
    if (role !== 'rejection-note') return { facts, note }
    return { facts: { ...facts, rejection: (await readRejection(storage, facts, shelf.quality)).rejection } }
  } catch (error) {
    if (error instanceof NodeError && error.retry === 'permanent') return error
    throw error
  }
}

function sourceOf(meta: FileMeta): string {
  return meta.sourceAeTitle ?? ''
}

/** Reads the whole data set once, for the header and for the digest. */
async function walk(storage: Storage, key: StorageKey, dataSetOffset: number, walker: HeaderWalker): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of storage.open(key, dataSetOffset)) {
    hash.update(chunk as Buffer)
    walker.feed(chunk as Buffer)
  }
  return hash.digest('hex')
}

const UNKNOWN_RECORD = ({ receivedAt, confidentiality }: InstanceFacts): ManifestNote => ({
  contentDigest: '',
  instanceCount: 0,
  createdAt: receivedAt,
  reason: 'record rebuilt from its file',
  confidentiality,
  dialect: 'xds-i',
})

/** What the file of a manifest says of its record; the catalog works out which version is in force, and what it decides. */
function recordOf(facts: InstanceFacts, note: ManifestNote | undefined): RestoredManifest {
  return {
    sopInstanceUid: facts.sopInstanceUid,
    studyInstanceUid: facts.studyInstanceUid,
    seriesInstanceUid: facts.seriesInstanceUid,
    version: Number.parseInt(facts.keys.InstanceNumber ?? '', 10) || 1,
    ...(note ?? UNKNOWN_RECORD(facts)),
    patient: facts.keys,
  }
}
