/** Writes small data sets: identifiers, responses, manifests (PS3.5 7.1 to 7.5), little endian, explicit or implicit VR.
 *
 *  Promises: elements come out in ascending order of tags, whatever the order of the calls; an element written twice has its last
 *  value; lengths are even, defined, and of the form that the VR asks for. A value too long for the 16-bit length of its VR is
 *  written as UN (PS3.5 6.2.2, note on long values).
 *  Does not: check values against their VR, cut them, or write big endian.
 *  @throws TypeError, RangeError where a number cannot be one of its VR: a bug of the caller. */
import { isLongForm, isText, numberBytes, numbersBytes, usesCharacterSet } from './value-representations.ts'

export type EncodeText = (text: string, vr: string) => Buffer

export interface ElementWriterOptions {
  /** Explicit VR; implicit otherwise. */
  readonly explicit: boolean
  /** Text to bytes of the data set's Specific Character Set, for VRs that it concerns; UTF-8 where not given. */
  readonly encode?: EncodeText
}

const ITEM_TAG = 0xfffee000
const LONGEST_SHORT_FORM = 0xfffe

const utf8: EncodeText = (text) => Buffer.from(text, 'utf8')

export class ElementWriter {
  readonly #explicit: boolean
  readonly #encode: EncodeText
  readonly #elements = new Map<number, readonly Buffer[]>()

  constructor(options: ElementWriterOptions) {
    this.#explicit = options.explicit
    this.#encode = options.encode ?? utf8
  }

  /** One element from text. Several values are joined by backslash; numbers are decimal, an AT eight hexadecimal digits.
   *  `undefined` and '' give an element of zero length. */
  element(tag: number, vr: string, value: string | undefined): this {
    const bytes = value === undefined || value === '' ? Buffer.alloc(0) : this.#valueBytes(tag, vr, value)
    return this.bytes(tag, vr, bytes)
  }

  /** One element from the bytes of its value, which are padded to even length. */
  bytes(tag: number, vr: string, value: Buffer): this {
    const parts = value.length % 2 === 0 ? [value] : [value, isText(vr) && vr !== 'UI' ? SPACE : NUL]
    const length = value.length + (value.length % 2)
    this.#elements.set(tag, [this.#header(tag, vr, length), ...parts])
    return this
  }

  /** A sequence, one function for each item; none gives a sequence of zero length. Lengths are defined (PS3.5 7.5.1). */
  sequence(tag: number, items: readonly ((item: ElementWriter) => void)[]): this {
    const parts: Buffer[] = []
    let length = 0
    for (const fill of items) {
      const item = new ElementWriter({ explicit: this.#explicit, encode: this.#encode })
      fill(item)
      const bytes = item.finish()
      parts.push(itemHeader(bytes.length), bytes)
      length += 8 + bytes.length
    }
    this.#elements.set(tag, [this.#header(tag, 'SQ', length), ...parts])
    return this
  }

  /** The bytes of everything written. */
  finish(): Buffer {
    const tags = [...this.#elements.keys()].sort((a, b) => a - b)
    return Buffer.concat(tags.flatMap((tag) => this.#elements.get(tag) ?? []))
  }

  #valueBytes(tag: number, vr: string, value: string): Buffer {
    if (usesCharacterSet(vr)) return this.#encode(value, vr)
    if (isText(vr)) return Buffer.from(value, 'latin1')
    if (numberBytes(vr) !== undefined) return numbersBytes(value, vr)
    throw new TypeError(`(${tag.toString(16)}) of VR ${vr} cannot be written from text`)
  }

  #header(tag: number, vr: string, length: number): Buffer {
    if (!this.#explicit) return shortHeader(tag, length)
    const long = isLongForm(vr) || length > LONGEST_SHORT_FORM
    const header = Buffer.alloc(long ? 12 : 8)
    writeTag(header, tag)
    header.write(long && !isLongForm(vr) ? 'UN' : vr, 4, 'latin1')
    if (long) header.writeUInt32LE(length, 8)
    else header.writeUInt16LE(length, 6)
    return header
  }
}

const NUL = Buffer.from([0])
const SPACE = Buffer.from([0x20])

function itemHeader(length: number): Buffer {
  return shortHeader(ITEM_TAG, length)
}

/** Tag and 32-bit length: an item, or an element of implicit VR. */
export function shortHeader(tag: number, length: number): Buffer {
  const header = Buffer.alloc(8)
  writeTag(header, tag)
  header.writeUInt32LE(length, 4)
  return header
}

export function writeTag(header: Buffer, tag: number): void {
  header.writeUInt16LE(tag >>> 16, 0)
  header.writeUInt16LE(tag & 0xffff, 2)
}
