/** Cuts a TCP stream into PDUs and PDVs (PS3.8 9.3.1, 9.3.5) in linear time and without joining growing buffers.
 *
 *  Promises: a PDU's type and length are judged as soon as its six header bytes are here, before anything is allocated; P-DATA-TF is
 *  never gathered: each fragment is handed on as the slice of the chunk in which it came, valid during the call; reading stops in the middle
 *  of a chunk when the sink calls {@link PduReader.hold}. A chunk can be used again when {@link PduReader.push} returns.
 *  Does not: know states, contexts or messages. Throws {@link ProtocolError}; after that the reader is not to be used again. */
import { ABORT, ProtocolError } from './protocol-error.ts'

export const PDU = {
  ASSOCIATE_RQ: 1,
  ASSOCIATE_AC: 2,
  ASSOCIATE_RJ: 3,
  P_DATA_TF: 4,
  RELEASE_RQ: 5,
  RELEASE_RP: 6,
  ABORT: 7,
} as const

const HEADER_BYTES = 6

export interface PduSink {
  /** A PDU begins. Throws ProtocolError where this type or length (bytes after the header) is not allowed now. */
  pduBegins(type: number, length: number): void
  /** A whole PDU other than P-DATA-TF, header included. */
  control(type: number, pdu: Buffer): void
  /** A presentation data value begins. */
  pdvBegins(contextId: number, isCommand: boolean, isLast: boolean): void
  /** A part of its value, in order. */
  pdvData(fragment: Buffer): void
  pdvEnds(): void
}

export class PduReader {
  readonly #sink: PduSink
  readonly #small = Buffer.alloc(HEADER_BYTES)
  #smallLength = 0
  #control: Buffer | undefined
  #controlLength = 0
  /** Bytes of the present P-DATA-TF that are still to come; −1 outside of one. */
  #pduLeft = -1
  /** Bytes of the present PDV's value that are still to come; −1 outside of one. */
  #pdvLeft = -1
  #held = false
  #rest: Buffer | undefined

  constructor(sink: PduSink) {
    this.#sink = sink
  }

  /** True while bytes that have arrived wait for {@link release}. */
  get isHeld(): boolean {
    return this.#held
  }

  /** Stops after the present call of the sink. */
  hold(): void {
    this.#held = true
  }

  /** Goes on with what was left over; may be held again on return. */
  release(): void {
    this.#held = false
    const rest = this.#rest
    this.#rest = undefined
    if (rest !== undefined) this.push(rest)
  }

  push(chunk: Buffer): void {
    if (this.#held) {
      this.#rest = Buffer.concat(this.#rest === undefined ? [chunk] : [this.#rest, chunk])
      return
    }
    let at = 0
    while (at < chunk.length) {
      if (this.#held) {
        // The buffer of the chunk is used again.
        this.#rest = Buffer.from(chunk.subarray(at))
        return
      }
      at = this.#step(chunk, at)
    }
  }

  #step(chunk: Buffer, at: number): number {
    if (this.#pdvLeft >= 0) return this.#pdvValue(chunk, at)
    if (this.#pduLeft >= 0) return this.#pdvHeader(chunk, at)
    if (this.#control !== undefined) return this.#controlBody(chunk, at)
    return this.#pduHeader(chunk, at)
  }

  /** Gathers `wanted` header bytes across chunks. @returns where it stopped */
  #gather(chunk: Buffer, at: number, wanted: number): number {
    const end = Math.min(chunk.length, at + wanted - this.#smallLength)
    chunk.copy(this.#small, this.#smallLength, at, end)
    this.#smallLength += end - at
    return end
  }

  #pduHeader(chunk: Buffer, at: number): number {
    const type = this.#smallLength === 0 ? chunk[at]! : this.#small[0]!
    if (type < PDU.ASSOCIATE_RQ || type > PDU.ABORT) {
      throw new ProtocolError(ABORT.UNRECOGNISED_PDU, `unrecognised PDU type 0x${type.toString(16).padStart(2, '0')}`)
    }
    const next = this.#gather(chunk, at, HEADER_BYTES)
    if (this.#smallLength < HEADER_BYTES) return next
    this.#smallLength = 0
    const length = this.#small.readUInt32BE(2)
    this.#sink.pduBegins(type, length)
    if (type === PDU.P_DATA_TF) {
      if (length === 0) throw new ProtocolError(ABORT.INVALID_PARAMETER, 'P-DATA-TF without a presentation data value')
      this.#pduLeft = length
      return next
    }
    this.#control = Buffer.allocUnsafe(HEADER_BYTES + length)
    this.#small.copy(this.#control)
    this.#controlLength = HEADER_BYTES
    if (length === 0) this.#controlDone(type)
    return next
  }

  #controlBody(chunk: Buffer, at: number): number {
    const control = this.#control!
    const end = Math.min(chunk.length, at + control.length - this.#controlLength)
    chunk.copy(control, this.#controlLength, at, end)
    this.#controlLength += end - at
    if (this.#controlLength === control.length) this.#controlDone(control[0]!)
    return end
  }

  #controlDone(type: number): void {
    const pdu = this.#control!
    this.#control = undefined
    this.#sink.control(type, pdu)
  }

  /** PS3.8 9.3.5.1: item length (4), presentation context ID (1), message control header (1). */
  #pdvHeader(chunk: Buffer, at: number): number {
    if (this.#pduLeft < HEADER_BYTES && this.#smallLength === 0) {
      throw new ProtocolError(ABORT.INVALID_PARAMETER, `${this.#pduLeft} stray bytes at the end of a P-DATA-TF`)
    }
    const next = this.#gather(chunk, at, HEADER_BYTES)
    if (this.#smallLength < HEADER_BYTES) return next
    this.#smallLength = 0
    const length = this.#small.readUInt32BE(0)
    this.#pduLeft -= HEADER_BYTES
    if (length < 2 || length - 2 > this.#pduLeft) {
      throw new ProtocolError(
        ABORT.INVALID_PARAMETER,
        `presentation data value of ${length} bytes in a P-DATA-TF with ${this.#pduLeft + 2} left`,
      )
    }
    this.#pdvLeft = length - 2
    const control = this.#small[5]!
    this.#sink.pdvBegins(this.#small[4]!, (control & 1) !== 0, (control & 2) !== 0)
    if (this.#pdvLeft === 0) this.#pdvDone()
    return next
  }

  #pdvValue(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#pdvLeft)
    this.#pdvLeft -= end - at
    this.#pduLeft -= end - at
    this.#sink.pdvData(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end))
    if (this.#pdvLeft === 0) this.#pdvDone()
    return end
  }

  #pdvDone(): void {
    this.#pdvLeft = -1
    if (this.#pduLeft === 0) this.#pduLeft = -1
    this.#sink.pdvEnds()
  }
}
