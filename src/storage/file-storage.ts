/** Storage on a file system: the engine of `contract.ts`.
 *
 *  Promises: what the contract says, on any POSIX file system where rename is atomic and a folder can be synced; folders are made with mode 0700,
 *  files with 0600. Several processes may use one storage path at the same time (a node and an import).
 *  Does not: cache what it reads. Sizes in bytes, times in milliseconds since 1970. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { NodeError } from '../errors.ts'
import { ChunkPool } from './chunk-pool.ts'
import type { ByteSource, Draft, Storage, StorageArea, StorageKey } from './contract.ts'
import { DayFolders, makeFolder, syncFolder } from './day-folders.ts'
import { diskError, errnoOf } from './disk-errors.ts'
import { FileOpener } from './file-bytes.ts'
import { type DraftHome, FileDraft } from './file-draft.ts'
import { syncTakesName } from './journaling.ts'
import { type KeptFileEntry, keptFiles, sweepDrafts } from './kept-files.ts'
import { giveToOwner, type Owner, ownerOf } from './owner.ts'
import { Room } from './room.ts'
import { NameSource, pathOfKey } from './storage-key.ts'

/** `storage.readChunk`: what one read from disk asks for. */
export const READ_CHUNK_BYTES = 256 * 1024
const DIGEST_CHUNK_BYTES = 1024 * 1024

const FOLDERS = ['drafts', 'quarantine', 'instances', 'manifests'] as const

export interface FileStorageOptions {
  readonly path: string
  /** Space on the file system that is never used: the catalog and the logs need it. */
  readonly reserveBytes: number
  readonly maxInstanceBytes: number
  /** Quota for instances and manifests together; counted at start, by looking at every file. */
  readonly maxTotalBytes?: number
  /** Default: the clock. */
  readonly now?: () => number
}

/** @throws Error, in words for the operator, where the folders cannot be made */
export async function openStorage(options: FileStorageOptions): Promise<Storage> {
  const now = options.now ?? Date.now
  try {
    // Step by step: the platform's recursive mkdir tries for ever where nothing can be made (/proc).
    await makeFolder('/', resolve(options.path).slice(1))
    for (const folder of FOLDERS) await makeFolder(options.path, folder)
  } catch (cause) {
    const errno = cause instanceof NodeError ? cause.details.errno : errnoOf(cause)
    throw new Error(`storage.path ${options.path} cannot be used: ${inWords(typeof errno === 'string' ? errno : undefined)}`, { cause })
  }
  await requireOneFileSystem(options.path)
  const room = new Room({ path: options.path, reserveBytes: options.reserveBytes, maxTotalBytes: options.maxTotalBytes, now })
  if (options.maxTotalBytes !== undefined) for await (const file of keptFiles(options.path)) room.usedBytes += file.sizeBytes
  return new FileStorage(options, room, now, await ownerOf(options.path), await syncTakesName(options.path))
}

function inWords(errno: string | undefined): string {
  if (errno === 'EACCES' || errno === 'EPERM') return 'no permission to write there'
  if (errno === 'EROFS') return 'it is on a read-only file system'
  if (errno === 'EEXIST' || errno === 'ENOTDIR') return 'it is not a folder'
  if (errno === 'ENOSPC') return 'the disk is full'
  if (errno === 'ENOENT') return 'no folder can be made there'
  return errno ?? 'unknown reason'
}

/** Files are named by renaming, which does not reach from one file system to another. */
async function requireOneFileSystem(path: string): Promise<void> {
  const devices = await Promise.all(FOLDERS.map(async (folder) => (await stat(join(path, folder))).dev))
  const other = FOLDERS.find((_, at) => devices[at] !== devices[0])
  if (other === undefined) return
  throw new Error(
    `${join(path, FOLDERS[0])} and ${join(path, other)} are on different file systems: link or mount the whole of storage.path instead`,
  )
}

class FileStorage implements Storage {
  readonly #path: string
  readonly #home: DraftHome
  readonly #files = new FileOpener()
  readonly #now: () => number

  constructor(options: FileStorageOptions, room: Room, now: () => number, owner: Owner | undefined, fileTakesName: boolean) {
    this.#path = options.path
    this.#now = now
    const run = new NameSource().randomName()
    let drafts = 0
    this.#home = {
      draftsPath: join(options.path, 'drafts'),
      maxInstanceBytes: options.maxInstanceBytes,
      room,
      folders: new DayFolders(options.path, now, fileTakesName),
      chunks: new ChunkPool(),
      newName: () => `${process.pid}-${run}-${drafts++}`,
      active: new Set(),
      owner,
    }
  }

  draft(area: StorageArea): Draft | Promise<Draft> {
    const checked = this.#home.room.check()
    return checked === undefined ? new FileDraft(this.#home, area) : checked.then(() => new FileDraft(this.#home, area))
  }

  open(key: StorageKey, start = 0): Readable {
    try {
      return createReadStream(pathOfKey(this.#path, key), { start, highWaterMark: READ_CHUNK_BYTES })
    } catch (error) {
      return new Readable().destroy(diskError('open', error))
    }
  }

  async openBytes(key: StorageKey, start = 0): Promise<ByteSource> {
    return this.#files.open(pathOfKey(this.#path, key), start)
  }

  async readStart(key: StorageKey, length: number): Promise<Buffer> {
    const bytes = await this.openBytes(key)
    try {
      const buffer = Buffer.allocUnsafe(Math.min(length, bytes.sizeBytes))
      return buffer.subarray(0, await bytes.read([buffer], 0))
    } finally {
      bytes.close()
    }
  }

  async size(key: StorageKey): Promise<number | undefined> {
    try {
      const found = await lstat(pathOfKey(this.#path, key))
      return found.isFile() ? found.size : undefined
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw diskError('size', error)
    }
  }

  async digest(key: StorageKey, start: number): Promise<string> {
    const hash = createHash('sha256')
    try {
      const bytes = createReadStream(pathOfKey(this.#path, key), { start, highWaterMark: DIGEST_CHUNK_BYTES })
      for await (const chunk of bytes) hash.update(chunk as Buffer)
    } catch (error) {
      throw diskError('digest', error)
    }
    return hash.digest('hex')
  }

  async remove(key: StorageKey): Promise<void> {
    const sizeBytes = await this.size(key)
    if (sizeBytes === undefined) return
    try {
      await unlink(pathOfKey(this.#path, key))
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return
      throw diskError('remove', error)
    }
    this.#home.room.giveBack(sizeBytes)
  }

  async quarantine(key: StorageKey, reason: string, name: string = basename(key)): Promise<void> {
    const folder = join(this.#path, 'quarantine')
    const note = `${new Date(this.#now()).toISOString()} ${key}\n${reason}\n`
    try {
      const sizeBytes = await this.size(key)
      await rename(pathOfKey(this.#path, key), join(folder, name))
      this.#home.room.giveBack(sizeBytes ?? 0)
      const reasonFile = join(folder, `${name}.reason.txt`)
      await writeFile(reasonFile, note, { mode: 0o600, flush: true })
      await giveToOwner(reasonFile)
    } catch (error) {
      throw diskError('quarantine', error)
    }
    await syncFolder(folder)
    await syncFolder(join(this.#path, key, '..'))
  }

  list(changedSince?: number): AsyncIterable<KeptFileEntry> {
    return keptFiles(this.#path, changedSince)
  }

  sweepDrafts(): Promise<number> {
    return sweepDrafts(this.#home.draftsPath, this.#home.active, this.#now())
  }

  freeBytes(): Promise<number> {
    return this.#home.room.freeBytes()
  }
}
