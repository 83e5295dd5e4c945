/** One file being written: fragments copied together, handed to a thread a chunk at a time, hashed there. A fragment is the caller's again at once.
 *
 *  Promises: those of {@link Draft}. A file of less than one chunk costs one message to the thread and one back. The name in `drafts/` begins with the number of this
 *  process, so that another process that starts meanwhile leaves it alone.
 *  Does not: keep more than {@link MAX_WAITING_BYTES} and a chunk in memory for a caller that honours the back-pressure. Sizes in bytes. */
import { join } from 'node:path'
import { NodeError } from '../errors.ts'
import { CHUNK_BYTES, type ChunkPool } from './chunk-pool.ts'
import type { Bytes } from './clerk.ts'
import type { Clerk, Clerks } from './clerks.ts'
import type { Draft, KeptFile, StorageArea } from './contract.ts'
import type { DayFolders, Nameless } from './day-folders.ts'
import { diskError } from './disk-errors.ts'
import type { Owner } from './owner.ts'
import type { Room } from './room.ts'

/** What may wait in memory before the caller is asked to pause. */
const MAX_WAITING_BYTES = 1024 * 1024

/** What a draft needs of the storage it belongs to. */
export interface DraftHome {
  readonly draftsPath: string
  readonly maxInstanceBytes: number
  readonly room: Room
  readonly folders: DayFolders
  readonly chunks: ChunkPool
  readonly clerks: Clerks
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
  readonly #path: string
  /** Chosen when there is something to write. */
  #clerk: Clerk | undefined
  /** Being filled. */
  #chunk: Buffer | undefined
  #chunkLength = 0
  /** Filled, each a chunk of the pool or its beginning. */
  #waiting: Buffer[] = []
  /** Bytes in {@link #waiting} and at the clerk. */
  #waitingBytes = 0
  #writing: Promise<void> | undefined
  #resume: PromiseWithResolvers<void> | undefined
  #fileSizeBytes = 0
  #dataSetOffset = 0
  /** Bytes that the clerk has been given, and those that it has answered for. */
  #givenBytes = 0
  #landedBytes = 0
  #sha256: string | undefined
  #failure: NodeError | undefined
  #keeping = false
  #discarding: Promise<void> | undefined

  constructor(home: DraftHome, area: StorageArea) {
    this.#home = home
    this.#area = area
    this.#name = home.newName()
    this.#path = join(home.draftsPath, this.#name)
  }

  begin(header: Buffer): void {
    if (this.#fileSizeBytes > 0) throw new TypeError('begin() comes once, before the first write()')
    this.#dataSetOffset = header.length
    this.#accept(header)
  }

  write(chunk: Buffer): Promise<void> | undefined {
    if (chunk.length === 0) return undefined
    this.#accept(chunk)
    if (this.#waiting.length > 0) this.#writing ??= this.#writeWaiting()
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return undefined
    this.#resume ??= Promise.withResolvers()
    return this.#resume.promise
  }

  async keep(): Promise<KeptFile> {
    if (this.#failure === undefined) this.#stopIfFailed()
    this.#keeping = this.#failure === undefined
    try {
      // What is being written need not be waited for: the clerk does one thing after the other.
      this.#seal()
      if (this.#failure !== undefined) throw this.#failure
      if (this.#clerk !== undefined) await this.#home.room.check()
      const key = await this.#home.folders.name(this.#nameless(), this.#area)
      this.#home.active.delete(this.#name)
      return { key, fileSizeBytes: this.#fileSizeBytes, dataSetOffset: this.#dataSetOffset, sha256: this.#sha256! }
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

  /** Has written what waits. Never rejects: a failure is kept in {@link #failure}. */
  async #writeWaiting(): Promise<void> {
    try {
      while (this.#failure === undefined && this.#waiting.length > 0) {
        if (this.#clerk !== undefined) await this.#home.room.check()
        // The last step may have taken them along meanwhile.
        if (this.#waiting.length === 0) break
        await this.#give((bytes) => this.#ask({ kind: 'write', ...bytes }))
        if (this.#waitingBytes <= CHUNK_BYTES) this.#letGo()
      }
    } catch (error) {
      this.#fail(diskError('write', error))
    }
    this.#writing = undefined
    this.#letGo()
  }

  /** The file as it is when everything was received; what still waits is written with the next step. */
  #nameless(): Nameless {
    return {
      sizeBytes: this.#fileSizeBytes,
      sync: async () => {
        await this.#give((bytes) => this.#ask({ kind: 'write', ...bytes }))
        await this.#ask({ kind: 'sync' })
      },
      rename: (to, synced) =>
        this.#give(async (bytes) => {
          this.#sha256 = await this.#ask({ kind: 'keep', to, synced, ...bytes })
        }),
    }
  }

  /** Hands over what waits; the chunks come back when it has been answered for. */
  async #give(hand: (bytes: Bytes) => Promise<unknown>): Promise<void> {
    const parts = this.#waiting
    const count = parts.reduce((sum, part) => sum + part.length, 0)
    this.#waiting = []
    const unhashed = Math.max(0, this.#dataSetOffset - this.#givenBytes)
    this.#givenBytes += count
    try {
      await hand({ parts, unhashed, owner: this.#home.owner })
    } finally {
      this.#giveBack(parts)
      this.#landed(count)
      this.#waitingBytes -= count
    }
  }

  #ask(what: Parameters<Clerk['ask']>[1]): Promise<string | undefined> {
    if (this.#clerk === undefined) {
      this.#home.active.add(this.#name)
      this.#clerk = this.#home.clerks.choose()
    }
    return this.#clerk.ask(this.#path, what)
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
    this.#seal()
    this.#giveBack(this.#waiting)
    this.#waiting = []
    const { room, active } = this.#home
    this.#landed(this.#fileSizeBytes - this.#landedBytes)
    room.giveBack(this.#fileSizeBytes)
    // Where its thread has ended, the next start sweeps the file.
    await this.#clerk?.ask(this.#path, { kind: 'discard' }).catch(() => undefined)
    active.delete(this.#name)
  }
}
