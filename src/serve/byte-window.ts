/** The bytes of a stream that have arrived and not been used, for those who copy it piece by piece. Sizes in bytes.
 *  Errors: NodeError UNREADABLE, and what the source throws. */
import { NodeError } from '../errors.ts'
import { swapBytes } from './element-output.ts'

export class ByteWindow {
  bytes: Buffer = Buffer.alloc(0)
  readonly #source: AsyncIterator<Buffer>
  #ended = false

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Reads until at least `size` bytes are here, or the source has ended. @returns whether there is at least a short header */
  async fill(size: number): Promise<boolean> {
    if (this.bytes.length < size && !this.#ended) {
      const parts = [this.bytes]
      let length = this.bytes.length
      while (length < size && !this.#ended) {
        const next = await this.#source.next()
        if (next.done) this.#ended = true
        else {
          parts.push(next.value)
          length += next.value.length
        }
      }
      this.bytes = Buffer.concat(parts, length)
    }
    return this.bytes.length >= 8
  }

  skip(size: number): void {
    this.bytes = this.bytes.subarray(size)
  }

  /** The next `length` bytes as they come, without holding them.
   *  @param unit  of the change of byte order, 1 for none */
  async *pass(length: number, unit: 1 | 2 | 4 | 8): AsyncGenerator<Buffer> {
    let left = length
    while (left > 0) {
      await this.fill(Math.min(left, 8))
      const available = Math.min(left, this.bytes.length)
      const whole = available === left ? available : available - (available % unit)
      if (whole === 0) throw new NodeError('UNREADABLE', { why: 'data set ends inside an element' })
      const chunk = this.bytes.subarray(0, whole)
      swapBytes(chunk, unit)
      this.skip(whole)
      left -= whole
      yield chunk
    }
  }

  /** Stops reading. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }
}
