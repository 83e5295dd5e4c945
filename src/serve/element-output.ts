/** Elements as they are written (PS3.5 7.1, 7.5), gathered in a buffer that is taken from time to time.
 *
 *  Promises: every value comes out with an even length (PS3.5 7.1.1): odd ones get the padding of their VR (PS3.5 6.2).
 *  Does not: know what is written, or check it. */
import { UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { isLongForm, isText } from '../dicom/value-representations.ts'

export interface Encoding {
  readonly explicit: boolean
  readonly littleEndian: boolean
}

/** Of items under UN, whatever is around them (PS3.5 6.2.2). */
export const IMPLICIT_LITTLE_ENDIAN: Encoding = { explicit: false, littleEndian: true }

const LONGEST_SHORT_FORM = 0xffff
const BUFFER_BYTES = 64 * 1024
/** What is taken below this size is copied, so that the buffer is used on. */
const COPIED_BELOW = 16 * 1024

/** PS3.5 6.2: spaces behind text; NUL behind UIDs, bytes, numbers and what is unknown. */
export function paddingOf(vr: string): number {
  return isText(vr) && vr !== 'UI' ? 0x20 : 0
}

export function evenLength(length: number): number {
  return length === UNDEFINED_LENGTH ? length : length + (length % 2)
}

/** Bytes per number of a VR, for change of byte order (PS3.5 7.3). */
export function swapUnit(vr: string): 1 | 2 | 4 | 8 {
  if (vr === 'US' || vr === 'SS' || vr === 'OW' || vr === 'AT') return 2
  if (vr === 'UL' || vr === 'SL' || vr === 'FL' || vr === 'OF' || vr === 'OL') return 4
  return vr === 'FD' || vr === 'OD' || vr === 'OV' || vr === 'SV' || vr === 'UV' ? 8 : 1
}

/** In place; bytes that make up no whole number stay. */
export function swapBytes(bytes: Buffer, unit: 1 | 2 | 4 | 8): void {
  const whole = bytes.subarray(0, bytes.length - (bytes.length % unit))
  if (unit === 2) whole.swap16()
  else if (unit === 4) whole.swap32()
  else if (unit === 8) whole.swap64()
}

export class ElementOutput {
  /** Of what is written from now on. */
  encoding: Encoding
  #out = Buffer.allocUnsafe(BUFFER_BYTES)
  #length = 0

  constructor(encoding: Encoding) {
    this.encoding = encoding
  }

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.#length
  }

  /** The bytes written so far; they are not written to again. */
  take(): Buffer {
    const written = this.#out.subarray(0, this.#length)
    this.#length = 0
    if (written.length < COPIED_BELOW) return Buffer.from(written)
    this.#out = Buffer.allocUnsafe(BUFFER_BYTES)
    return written
  }

  /** Takes back what was written after {@link length} was this. */
  rewind(length: number): void {
    this.#length = length
  }

  /** An element header (PS3.5 7.1), with an even length; a value too long for its VR's 16-bit length goes as UN (PS3.5 6.2.2). */
  header(tag: number, vr: string, valueLength: number): void {
    const length = evenLength(valueLength)
    const { explicit } = this.encoding
    const long = isLongForm(vr) || length > LONGEST_SHORT_FORM
    const at = this.#reserve(explicit && long ? 12 : 8)
    this.#number16(Math.floor(tag / 0x10000), at)
    this.#number16(tag & 0xffff, at + 2)
    if (!explicit) {
      this.#number32(length, at + 4)
      return
    }
    this.#out.write(long && !isLongForm(vr) ? 'UN' : vr, at + 4, 'latin1')
    if (long) {
      this.#number16(0, at + 6)
      this.#number32(length, at + 8)
    } else this.#number16(length, at + 6)
  }

  /** A whole element.
   *  @param unit  of the change of byte order, 1 for none */
  element(tag: number, vr: string, value: Buffer, unit: 1 | 2 | 4 | 8): void {
    this.header(tag, vr, value.length)
    const at = this.#reserve(value.length)
    value.copy(this.#out, at)
    swapBytes(this.#out.subarray(at, at + value.length), unit)
    this.padding(vr, value.length)
  }

  bytes(bytes: Buffer): void {
    const at = this.#reserve(bytes.length) // before the buffer is looked at, which may be a larger one then
    bytes.copy(this.#out, at)
  }

  /** What an odd value of that length needs behind it. */
  padding(vr: string, valueLength: number): void {
    if (valueLength % 2 === 0) return
    const at = this.#reserve(1)
    this.#out[at] = paddingOf(vr)
  }

  /** The header of an item or a delimiter (PS3.5 7.5). */
  delimiter(tag: number, length: number): void {
    const at = this.#reserve(8)
    this.#number16(0xfffe, at)
    this.#number16(tag & 0xffff, at + 2)
    this.#number32(length, at + 4)
  }

  /** Says, in the length field that ends at `contentAt`, how much has been written since. */
  closeLength(contentAt: number): void {
    this.#number32(this.#length - contentAt, contentAt - 4)
  }

  #number16(value: number, at: number): void {
    if (this.encoding.littleEndian) this.#out.writeUInt16LE(value, at)
    else this.#out.writeUInt16BE(value, at)
  }

  #number32(value: number, at: number): void {
    if (this.encoding.littleEndian) this.#out.writeUInt32LE(value, at)
    else this.#out.writeUInt32BE(value, at)
  }

  #reserve(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#out.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#out.length * 2))
      this.#out.copy(larger, 0, 0, at)
      this.#out = larger
    }
    return at
  }
}
