/** Work that nobody waits for (audits, deletions by rule) gives way to instances that arrive, and reads no more than it may.
 *
 *  Promises: {@link Courtesy.rest} comes back within {@link WAIT_MS} and the time that the bytes are worth, or at once when stopped.
 *  Does not: know what is read. Times in milliseconds. */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'

const WAIT_MS = 500
/** Shorter pauses are saved up. */
const SHORTEST_MS = 20

export interface CourtesyOptions {
  /** How many instances have arrived so far. */
  readonly arrivals?: () => number
  readonly bytesPerSecond?: () => number
  readonly signal?: AbortSignal
}

export class Courtesy {
  readonly #options: CourtesyOptions
  #arrived: number
  #owedMs = 0

  constructor(options: CourtesyOptions) {
    this.#options = options
    this.#arrived = options.arrivals?.() ?? 0
  }

  /** @param bytes  read since the last rest */
  async rest(bytes = 0): Promise<void> {
    const { bytesPerSecond, signal } = this.#options
    if (bytesPerSecond !== undefined) this.#owedMs += (bytes * 1000) / bytesPerSecond()
    const waitMs = this.#hasArrived() ? WAIT_MS : 0
    if (this.#owedMs + waitMs < SHORTEST_MS) return setImmediate()
    const pauseMs = Math.max(waitMs, this.#owedMs)
    const began = performance.now()
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    this.#owedMs = Math.max(0, this.#owedMs - (performance.now() - began))
  }

  #hasArrived(): boolean {
    const arrived = this.#options.arrivals?.() ?? 0
    const has = arrived !== this.#arrived
    this.#arrived = arrived
    return has
  }
}
