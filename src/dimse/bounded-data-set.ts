/** The data set of an N-service request (PS3.7 10.1): gathered up to a bound; of a longer one nothing is kept, it is read to its end, so that it can be
 *  answered (0213H, PS3.7 C.5.20) and the association goes on. */
import { MAX_IDENTIFIER_BYTES, type ResponseFields, type StoreSink } from './contract.ts'

const NOTHING: Buffer = Buffer.alloc(0)

export class BoundedDataSet implements StoreSink {
  #bytes = NOTHING
  #sizeBytes = 0

  /** Also while the rest is dropped. */
  get isTooLong(): boolean {
    return this.#sizeBytes > MAX_IDENTIFIER_BYTES
  }

  write(fragment: Buffer): undefined {
    const from = this.#sizeBytes
    this.#sizeBytes += fragment.length
    if (this.isTooLong) this.#bytes = NOTHING
    else fragment.copy(this.#withRoom(this.#sizeBytes), from)
  }

  /** All of it; `isTooLong` has been asked before. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#sizeBytes)
  }

  /** Doubles: linear in time, however small the fragments. */
  #withRoom(bytes: number): Buffer {
    if (bytes <= this.#bytes.length) return this.#bytes
    const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#bytes.length, 4096))
    this.#bytes.copy(larger)
    this.#bytes = larger
    return larger
  }

  /** What answers is the service. */
  end(): Promise<ResponseFields> {
    return Promise.reject(new Error('an N-service request is answered by its service'))
  }

  abandon(): void {
    this.#bytes = NOTHING
  }
}
