/** One file being written: fragments copied together, written a chunk at a time, hashed on the way. A fragment is the caller's again at once.
 *
 *  Promises: those of {@link Draft}. A file of less than one chunk costs open, one write, sync, rename. The name in `drafts/` begins with the number of this
 *  process, so that another process that starts meanwhile leaves it alone.
 *  Does not: keep more than {@link MAX_WAITING_BYTES} and a chunk in memory for a caller that honours the back-pressure. Sizes in bytes. */
import { createHash } from 'node:crypto'
import { closeSync, constants, fchown, fdatasync, open, unlink } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NodeError } from '../errors.ts'
import { CHUNK_BYTES, type ChunkPool } from './chunk-pool.ts'
import type { Draft, KeptFile, StorageArea } from './contract.ts'
import type { DayFolders } from './day-folders.ts'
import { diskError } from './disk-errors.ts'
import { writeAll } from './fragments.ts'
import type { Owner } from './owner.ts'
import type { Room } from './room.ts'

const fchownAsync = promisify(fchown)
const fdatasyncAsync = promisify(fdatasync)
const openAsync = promisify(open)
const unlinkAsync = promisify(unlink)

/** What may wait in memory before the caller is asked to pause. */
const MAX_WAITING_BYTES = 1024 * 1024
/** What is synced while the rest of a large file still comes. */
const SYNCED_AT_ONCE_BYTES = 2 * 1024 * 1024
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL

/** What a draft needs of the storage it belongs to. */
export interface DraftHome {
  readonly draftsPath: string
  readonly maxInstanceBytes: number
  readonly room: Room
  readonly folders: DayFolders
  readonly chunks: ChunkPool
  /** Names of drafts of this process that are being written. */
  readonly active: Set<string>
  /** @returns a name that no other draft of this process has */
  newName(): string
  /** To whom a new file is given. */
  readonly owner?: Owner
}

export class FileDraft implements Draft {
  readonly #home: DraftHome
  readonly #area: StorageArea
  readonly #name: string
  readonly #hash = createHash('sha256')
  #fd: number | undefined
  /** Being filled. */
  #chunk: Buffer | undefined
  #chunkLength = 0
  /** Filled, each a chunk of the pool or its beginning. */
  #waiting: Buffer[] = []
  /** Bytes in {@link #waiting} and in the write that is under way. */
  #waitingBytes = 0
  #writing: Promise<void> | undefined
  #resume: PromiseWithResolvers<void> | undefined
  #fileSizeBytes = 0
  #dataSetOffset = 0
  #landedBytes = 0
  #syncedBytes = 0
  #syncing: Promise<void> | undefined
  #failure: NodeError | undefined
  #keeping = false
  #discarding: Promise<void> | undefined

  constructor(home: DraftHome, area: StorageArea) {
    this.#home = home
    this.#area = area
    this.#name = home.newName()
  }

  begin(header: Buffer): void {
    if (this.#fileSizeBytes > 0) throw new TypeError('begin() comes once, before the first write()')
    this.#dataSetOffset = header.length
    this.#accept(header)
  }

  write(chunk: Buffer): Promise<void> | undefined {
    if (chunk.length === 0) return undefined
    this.#accept(chunk)
    this.#hash.update(chunk)
    if (this.#waiting.length > 0) this.#writing ??= this.#writeWaiting()
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return undefined
    this.#resume ??= Promise.withResolvers()
    return this.#resume.promise
  }

  async keep(): Promise<KeptFile> {
    if (this.#failure === undefined) this.#stopIfFailed()
    this.#keeping = this.#failure === undefined
    try {
      await this.#writing
      this.#seal()
      await this.#writeWaiting()
      await this.#syncing
      if (this.#failure !== undefined) throw this.#failure
      const key = await this.#home.folders.name(this.#path(), this.#area, await this.#file(), this.#fileSizeBytes)
      this.#home.active.delete(this.#name)
      this.#close()
      return { key, fileSizeBytes: this.#fileSizeBytes, dataSetOffset: this.#dataSetOffset, sha256: this.#hash.digest('hex') }
    } catch (error) {
      this.#keeping = false
      this.#fail(diskError('keep', error))
      await this.discard()
      throw this.#failure ?? error
    }
  }

  discard(): Promise<void> {
    if (this.#keeping) return Promise.resolve()
    this.#discarding ??= this.#remove()
    return this.#discarding
  }

  /** Copies bytes into chunks, or throws and leaves nothing. */
  #accept(bytes: Buffer): void {
    this.#stopIfFailed()
    try {
      if (this.#fileSizeBytes + bytes.length > this.#home.maxInstanceBytes) {
        throw new NodeError('INSTANCE_TOO_LARGE', { maxInstanceBytes: this.#home.maxInstanceBytes })
      }
      this.#home.room.take(bytes.length)
    } catch (error) {
      throw this.#fail(diskError('accept', error))
    }
    this.#fileSizeBytes += bytes.length
    for (let at = 0; at < bytes.length; ) {
      this.#chunk ??= this.#home.chunks.take()
      const count = bytes.copy(this.#chunk, this.#chunkLength, at)
      this.#chunkLength += count
      at += count
      if (this.#chunkLength === CHUNK_BYTES) this.#seal()
    }
  }

  /** The chunk is as full as it gets. */
  #seal(): void {
    if (this.#chunk === undefined) return
    this.#waiting.push(this.#chunk.subarray(0, this.#chunkLength))
    this.#waitingBytes += this.#chunkLength
    this.#chunk = undefined
    this.#chunkLength = 0
  }

  /** Writes what waits. Never rejects: a failure is kept in {@link #failure}. */
  async #writeWaiting(): Promise<void> {
    try {
      while (this.#failure === undefined && this.#waiting.length > 0) {
        if (this.#fd !== undefined) await this.#home.room.check()
        const filled = this.#waiting
        const count = filled.reduce((sum, part) => sum + part.length, 0)
        this.#waiting = []
        await writeAll(await this.#file(), filled)
        this.#giveBack(filled)
        this.#landed(count)
        this.#syncAhead()
        this.#waitingBytes -= count
        if (this.#waitingBytes <= CHUNK_BYTES) this.#letGo()
      }
    } catch (error) {
      this.#fail(diskError('write', error))
    }
    this.#writing = undefined
    this.#letGo()
  }

  /** Where nobody else keeps the disk busy, a large file goes there while the rest of it still comes. Never rejects. */
  #syncAhead(): void {
    if (this.#landedBytes - this.#syncedBytes < SYNCED_AT_ONCE_BYTES || this.#keeping) return
    if (this.#syncing !== undefined || this.#home.active.size > 1) return
    this.#syncedBytes = this.#landedBytes
    this.#syncing = fdatasyncAsync(this.#fd!)
      .catch((error) => void this.#fail(diskError('sync', error)))
      .then(() => {
        this.#syncing = undefined
      })
  }

  #giveBack(parts: readonly Buffer[]): void {
    for (const part of parts) this.#home.chunks.give(Buffer.from(part.buffer, part.byteOffset, CHUNK_BYTES))
  }

  #landed(bytes: number): void {
    this.#landedBytes += bytes
    this.#home.room.landed(bytes)
  }

  /** Lets a caller that pauses go on; where writing failed, its next call throws. */
  #letGo(): void {
    this.#resume?.resolve()
    this.#resume = undefined
  }

  async #file(): Promise<number> {
    if (this.#fd === undefined) {
      this.#home.active.add(this.#name)
      this.#fd = await openAsync(this.#path(), CREATE, 0o600)
      const { owner } = this.#home
      if (owner !== undefined) await fchownAsync(this.#fd, owner.uid, owner.gid)
    }
    return this.#fd
  }

  #path(): string {
    return join(this.#home.draftsPath, this.#name)
  }

  #stopIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#keeping || this.#discarding !== undefined) throw new TypeError('the draft has been kept or discarded')
  }

  #fail(error: NodeError): NodeError {
    if (this.#failure === undefined) {
      this.#failure = error
      this.#home.room.distrust()
      void this.discard()
    }
    return this.#failure
  }

  async #remove(): Promise<void> {
    this.#failure ??= new NodeError('STORAGE_FAILED', { step: 'draft was discarded' })
    await this.#writing
    await this.#syncing
    this.#seal()
    this.#giveBack(this.#waiting)
    this.#waiting = []
    const { room, active } = this.#home
    this.#landed(this.#fileSizeBytes - this.#landedBytes)
    room.giveBack(this.#fileSizeBytes)
    if (active.has(this.#name)) {
      this.#close()
      await unlinkAsync(this.#path()).catch(() => undefined)
      active.delete(this.#name)
    }
  }

  /** The bytes are synced or unwanted: what closing says changes nothing, and it waits for nothing, so that no thread need be woken for it. */
  #close(): void {
    const fd = this.#fd
    this.#fd = undefined
    try {
      if (fd !== undefined) closeSync(fd)
    } catch {
      // See above.
    }
  }
}
