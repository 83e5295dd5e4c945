/** Bytes that come in pieces and are wanted whole.
 *
 *  Promises: holds about twice what has come at most, also where it comes byte by byte: a buffer for each piece would take a hundred times that. */

const LARGEST_BLOCK = 1024 * 1024
const NOTHING = Buffer.alloc(0)

export class Gathered {
  readonly #full: Buffer[] = []
  #block = NOTHING
  #used = 0
  #size = 0

  get sizeBytes(): number {
    return this.#size
  }

  /** @param bytes  copied */
  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#used === this.#block.length) this.#begin(bytes.length - at)
      const copied = bytes.copy(this.#block, this.#used, at)
      this.#used += copied
      this.#size += copied
      at += copied
    }
  }

  whole(): Buffer {
    return Buffer.concat([...this.#full, this.#block.subarray(0, this.#used)], this.#size)
  }

  /** As large as what has come, for few blocks of any size. */
  #begin(least: number): void {
    if (this.#used > 0) this.#full.push(this.#block)
    this.#block = Buffer.allocUnsafeSlow(Math.max(least, Math.min(this.#size, LARGEST_BLOCK)))
    this.#used = 0
  }
}
