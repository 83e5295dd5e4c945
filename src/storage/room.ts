/** How much may still be written: the file system's free space less the reserve, and the quota of `maxTotalBytes`.
 *
 *  Promises: asks the file system ten times a second while there is plenty and something is written, more often as the reserve comes near, always before it says no; what was
 *  accepted since the last answer is subtracted. So service resumes by itself as soon as room returns, and what the catalog writes beside the
 *  instances (its journal can grow as fast as they do) cannot use up the reserve unseen.
 *  Does not: prevent others from filling the disk (the write then fails with STORAGE_FULL). Sizes in bytes, times in milliseconds. */
import { statfs } from 'node:fs/promises'
import { NodeError } from '../errors.ts'
import { diskError } from './disk-errors.ts'

/** In so long the catalog's journal takes a few megabytes at most, of which nobody tells us. */
const FRESH_MS = 100

export interface RoomOptions {
  readonly path: string
  readonly reserveBytes: number
  /** Undefined: no quota, and {@link Room.usedBytes} is not kept. */
  readonly maxTotalBytes?: number
  readonly now: () => number
}

export class Room {
  readonly #options: RoomOptions
  #freeAtAnswer = 0
  #askedAt = Number.NEGATIVE_INFINITY
  /** Accepted since the answer; a file that is discarded is counted until the next one. */
  #takenSince = 0
  /** Accepted, not yet handed to the file system: unknown to it. */
  #inFlight = 0
  /** Bytes of all kept files and drafts; meaningful with a quota only. */
  usedBytes = 0

  constructor(options: RoomOptions) {
    this.#options = options
  }

  async freeBytes(): Promise<number> {
    try {
      const answer = await statfs(this.#options.path)
      this.#freeAtAnswer = answer.bavail * answer.bsize
      this.#askedAt = this.#options.now()
      this.#takenSince = 0
      return this.#freeAtAnswer
    } catch (error) {
      throw diskError('free space', error)
    }
  }

  /** @returns undefined where nobody need be asked; else a promise, rejected with NodeError STORAGE_FULL where the reserve or the quota is reached */
  check(): Promise<void> | undefined {
    const { maxTotalBytes } = this.#options
    if (maxTotalBytes !== undefined && this.usedBytes >= maxTotalBytes) {
      return Promise.reject(new NodeError('STORAGE_FULL', { maxTotalBytes }))
    }
    if (Math.abs(this.#options.now() - this.#askedAt) < FRESH_MS && this.#hasPlenty()) return undefined
    return this.#ask()
  }

  async #ask(): Promise<void> {
    await this.freeBytes()
    if (this.#left() >= this.#options.reserveBytes) return
    throw new NodeError('STORAGE_FULL', { freeBytes: this.#left(), reserveBytes: this.#options.reserveBytes })
  }

  /** Bytes accepted into memory, about to be written.
   *  @throws NodeError STORAGE_FULL where the quota does not allow them */
  take(bytes: number): void {
    const { maxTotalBytes } = this.#options
    if (maxTotalBytes !== undefined && this.usedBytes + bytes > maxTotalBytes) throw new NodeError('STORAGE_FULL', { maxTotalBytes })
    this.usedBytes += bytes
    this.#inFlight += bytes
  }

  /** Bytes that were taken have been written, or given up. */
  landed(bytes: number): void {
    this.#inFlight -= bytes
    this.#takenSince += bytes
  }

  /** Bytes of a file that is gone. */
  giveBack(bytes: number): void {
    this.usedBytes -= bytes
  }

  /** The next {@link check} asks the file system. */
  distrust(): void {
    this.#askedAt = Number.NEGATIVE_INFINITY
  }

  /** Less than half of what was above the reserve at the last answer is taken. */
  #hasPlenty(): boolean {
    const { reserveBytes } = this.#options
    return this.#left() - reserveBytes > (this.#freeAtAnswer - reserveBytes) / 2
  }

  #left(): number {
    return this.#freeAtAnswer - this.#takenSince - this.#inFlight
  }
}
