/** Buffers in which arriving bytes are gathered before they are written, used again and again: what comes in a second needs no memory of its own.
 *
 *  Does not: bound how many are out (each draft's own back-pressure does). Sizes in bytes. */

/** What is gathered before it is written. */
export const CHUNK_BYTES = 256 * 1024
/** Spare ones that are kept: one for each of many associations. */
const MOST_SPARE = 64

export class ChunkPool {
  readonly #spare: Buffer[] = []

  /** @returns one of {@link CHUNK_BYTES}, with any content */
  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
  }

  /** Nobody reads from it any more. */
  give(chunk: Buffer): void {
    if (this.#spare.length < MOST_SPARE) this.#spare.push(chunk)
  }
}
