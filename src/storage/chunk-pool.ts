/** Buffers for bytes on their way to files or from them, used again and again: what comes in a second needs no memory of its own.
 *
 *  Does not: bound how many are out (whoever takes them does). Sizes in bytes. */

/** What is gathered before it is written. */
export const CHUNK_BYTES = 256 * 1024
/** Spare ones that are kept: one for each of many associations, at least. */
const MOST_SPARE = 64

export class ChunkPool {
  readonly #spare: Buffer[] = []
  readonly #bytes: number

  /** @param bytes  size of each */
  constructor(bytes = CHUNK_BYTES) {
    this.#bytes = bytes
  }

  /** @returns one with any content */
  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#bytes)
  }

  /** Nobody reads from it any more. */
  give(chunk: Buffer): void {
    if (this.#spare.length < MOST_SPARE) this.#spare.push(chunk)
  }
}
