/** Storage: bytes at rest, one door in (draft → keep) and one out (open).
 *
 *  Promises: when {@link Draft.keep} resolves, the bytes and their name are on disk (file and folder synced); when it throws,
 *  nothing of the draft is left. A key is generated here and is the only way to name a file. Never deletes what it cannot read:
 *  that goes to `quarantine/`.
 *  Does not: know DICOM beyond bytes, look at the catalog.
 *  Errors: NodeError STORAGE_FULL, STORAGE_FAILED, INSTANCE_TOO_LARGE. Sizes in bytes.
 *
 *  Layout under `storage.path`: `drafts/` (swept at start), `instances/YYYY/MM/DD/<time>-<random>.dcm`,
 *  `manifests/YYYY/MM/DD/<time>-<random>.dcm`, `quarantine/`, `catalog.sqlite` (not ours). */
import type { Readable } from 'node:stream'
import type { StorageKey } from '../catalog/contract.ts'

export type { StorageKey }
export type StorageArea = 'instances' | 'manifests'

/** One file being written. Not shared between callers. */
export interface Draft {
  /** The Part 10 header: preamble to the last element of group 0002. Counted in the file size, not in the digest. Call once, first. */
  begin(header: Buffer): void
  /** Data set bytes; the buffer is the caller's again on return.
   *  @returns a promise when the caller should wait before writing more (back-pressure), undefined otherwise
   *  @throws NodeError INSTANCE_TOO_LARGE, STORAGE_FULL, STORAGE_FAILED; the draft is then already discarded */
  write(chunk: Buffer): Promise<void> | undefined
  /** Syncs, names and syncs the name. */
  keep(): Promise<KeptFile>
  /** Leaves nothing behind; safe to call at any time, also after a failure. */
  discard(): Promise<void>
}

export interface KeptFile {
  readonly key: StorageKey
  readonly fileSizeBytes: number
  readonly dataSetOffset: number
  /** SHA-256 of the data set, lower-case hex. */
  readonly sha256: string
}

/** Bytes of known length that can be read into buffers of the reader's own. */
export interface ByteSource {
  readonly sizeBytes: number
  /** Reads from `position` on into the buffers, one after the other. @returns how many bytes; fewer than fit only at the end */
  read(into: readonly Buffer[], position: number): Promise<number>
  close(): void
}

export interface Storage {
  /** @returns a promise where the file system has to be asked first; rejected with NodeError STORAGE_FULL where less than
   *  `storage.reserveBytes` would be left free */
  draft(area: StorageArea): Draft | Promise<Draft>
  /** Bytes from `start` to the end, in chunks of `storage.readChunk`; destroy it to stop early. Errors surface on the stream. */
  open(key: StorageKey, start?: number): Readable
  /** The same bytes for a reader with buffers of its own; close it. @throws NodeError STORAGE_FAILED where the file is lost */
  openBytes(key: StorageKey, start?: number): Promise<ByteSource>
  /** The first `length` bytes (fewer where the file is shorter). */
  readStart(key: StorageKey, length: number): Promise<Buffer>
  /** Size in bytes, undefined where there is no such file. */
  size(key: StorageKey): Promise<number | undefined>
  /** SHA-256 of the bytes from `start`, lower-case hex. */
  digest(key: StorageKey, start: number): Promise<string>
  /** Removes a file that no row names (a lost race, an identical duplicate). */
  remove(key: StorageKey): Promise<void>
  /** Moves a file to `quarantine/` with a `<name>.reason.txt` beside it. Never deletes.
   *  @param name  there; default: its own. One of that name is replaced: give a digest to keep equal files once */
  quarantine(key: StorageKey, reason: string, name?: string): Promise<void>
  /** Every kept file, folder by folder in key order; `changedSince`: only those last written at or after (milliseconds). */
  list(changedSince?: number): AsyncIterable<{ readonly key: StorageKey; readonly sizeBytes: number; readonly changedAt: number }>
  /** Removes drafts left by a crash. @returns how many */
  sweepDrafts(): Promise<number>
  /** Free bytes on the file system of `storage.path`. */
  freeBytes(): Promise<number>
}
