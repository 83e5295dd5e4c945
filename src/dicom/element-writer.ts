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
const ITEM_HEADER_BYTES = 8
const LONGEST_SHORT_FORM = 0xfffe
const NUL = 0
const SPACE = 0x20
const NOTHING = Buffer.alloc(0)

const utf8: EncodeText = (text) => Buffer.from(text, 'utf8')

/** One element as it will be written: into one buffer, at the end, when all lengths are known. */
interface Written {
  /** As it is told: UN of a value too long for its own. */
  readonly vr: string
  /** A string has one byte for each character. */
  readonly value: Buffer | string | readonly ElementWriter[]
  /** Even. */
  readonly length: number
  readonly headerBytes: number
}

export class ElementWriter {
  readonly #explicit: boolean
  readonly #encode: EncodeText
  readonly #elements = new Map<number, Written>()
  #lastTag = -1
  #isInOrder = true

  constructor(options: ElementWriterOptions) {
    this.#explicit = options.explicit
    this.#encode = options.encode ?? utf8
  }

  /** One element from text. Several values are joined by backslash; numbers are decimal, an AT eight hexadecimal digits.
   *  `undefined` and '' give an element of zero length. */
  element(tag: number, vr: string, value: string | undefined): this {
    if (value === undefined || value === '') return this.#set(tag, vr, NOTHING, 0)
    if (usesCharacterSet(vr)) return this.bytes(tag, vr, this.#encode(value, vr))
    if (isText(vr)) return this.#set(tag, vr, value, value.length)
    if (numberBytes(vr) !== undefined) return this.bytes(tag, vr, numbersBytes(value, vr))
    throw new TypeError(`(${tag.toString(16)}) of VR ${vr} cannot be written from text`)
  }

  /** One element from the bytes of its value, which are padded to even length and not changed before {@link finish}. */
  bytes(tag: number, vr: string, value: Buffer): this {
    return this.#set(tag, vr, value, value.length)
  }

  /** A sequence, one function for each item; none gives a sequence of zero length. Lengths are defined (PS3.5 7.5.1). */
  sequence(tag: number, items: readonly ((item: ElementWriter) => void)[]): this {
    let length = 0
    const written = items.map((fill) => {
      const item = new ElementWriter({ explicit: this.#explicit, encode: this.#encode })
      fill(item)
      length += ITEM_HEADER_BYTES + item.#size()
      return item
    })
    return this.#set(tag, 'SQ', written, length)
  }

  /** The bytes of everything written. */
  finish(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#size())
    this.#writeTo(bytes, 0)
    return bytes
  }

  /** The same as an item: behind its header. */
  finishItem(): Buffer {
    const size = this.#size()
    const bytes = Buffer.allocUnsafe(ITEM_HEADER_BYTES + size)
    this.#writeTo(bytes, writeShortHeader(bytes, 0, ITEM_TAG, size))
    return bytes
  }

  #set(tag: number, vr: string, value: Written['value'], unpadded: number): this {
    const length = unpadded + (unpadded % 2)
    const isLong = this.#explicit && (isLongForm(vr) || length > LONGEST_SHORT_FORM)
    this.#elements.set(tag, { vr: isLong && !isLongForm(vr) ? 'UN' : vr, value, length, headerBytes: isLong ? 12 : 8 })
    if (tag < this.#lastTag) this.#isInOrder = false
    this.#lastTag = tag
    return this
  }

  #size(): number {
    let size = 0
    for (const { headerBytes, length } of this.#elements.values()) size += headerBytes + length
    return size
  }

  /** @returns where it ends */
  #writeTo(bytes: Buffer, start: number): number {
    let at = start
    for (const [tag, element] of this.#inOrder()) at = this.#writeElement(bytes, at, tag, element)
    return at
  }

  #inOrder(): Iterable<[number, Written]> {
    return this.#isInOrder ? this.#elements : [...this.#elements].sort(([a], [b]) => a - b)
  }

  #writeElement(bytes: Buffer, start: number, tag: number, element: Written): number {
    const { value, vr, length } = element
    let at = this.#writeHeader(bytes, start, tag, element)
    if (typeof value === 'string') at += bytes.write(value, at, 'latin1')
    else if (Buffer.isBuffer(value)) at += value.copy(bytes, at)
    else for (const item of value) at = item.#writeTo(bytes, writeShortHeader(bytes, at, ITEM_TAG, item.#size()))
    const end = start + element.headerBytes + length
    if (at < end) bytes[at] = isText(vr) && vr !== 'UI' ? SPACE : NUL
    return end
  }

  #writeHeader(bytes: Buffer, at: number, tag: number, { vr, length, headerBytes }: Written): number {
    if (!this.#explicit) return writeShortHeader(bytes, at, tag, length)
    writeTag(bytes, tag, at)
    bytes[at + 4] = vr.charCodeAt(0)
    bytes[at + 5] = vr.charCodeAt(1)
    if (headerBytes === 8) bytes.writeUInt16LE(length, at + 6)
    else {
      bytes.writeUInt16LE(0, at + 6)
      bytes.writeUInt32LE(length, at + 8)
    }
    return at + headerBytes
  }
}

/** @returns where it ends */
function writeShortHeader(bytes: Buffer, at: number, tag: number, length: number): number {
  writeTag(bytes, tag, at)
  bytes.writeUInt32LE(length, at + 4)
  return at + ITEM_HEADER_BYTES
}

/** Tag and 32-bit length: an item, or an element of implicit VR. */
export function shortHeader(tag: number, length: number): Buffer {
  const header = Buffer.alloc(ITEM_HEADER_BYTES)
  writeShortHeader(header, 0, tag, length)
  return header
}

export function writeTag(bytes: Buffer, tag: number, at = 0): void {
  bytes.writeUInt16LE(tag >>> 16, at)
  bytes.writeUInt16LE(tag & 0xffff, at + 2)
}
