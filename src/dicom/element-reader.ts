/** Reads small data sets that are whole in memory: identifiers, manifests, headers (PS3.5 7).
 *
 *  Promises: any bytes give a data set or NodeError UNREADABLE with tag and reason; nothing is read past the end, no length is
 *  trusted, nesting is capped at {@link MAX_DEPTH}, the number of elements at {@link MAX_ELEMENTS}; values are views of the input, not
 *  copies. Of an element that occurs twice, the first counts. Elements of groups that no data set may hold (0000, 0002, FFFF) and
 *  group lengths are left out.
 *  Tolerates: odd lengths, elements out of order, later and wrong VRs (see element-header.ts), UN of undefined length (read as implicit
 *  VR little endian, PS3.5 6.2.2 note), stray delimiters, padding and zeros after the last element.
 *  Does not: check values, or read pixel data: fragments of encapsulated pixel data are one value.
 *  @throws NodeError UNREADABLE, INFLATED_TOO_LARGE */
import { NodeError } from '../errors.ts'
import { DataSet, type Element } from './data-set.ts'
import { tagText, vrOf } from './dictionary.ts'
import { ElementHeader, FORM, foreignEncoding, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from './element-header.ts'
import { inflateDataSet } from './inflate.ts'
import { encodingOf } from './transfer-syntaxes.ts'
import { isText } from './value-representations.ts'

export { DataSet, type Element }

/** Sequences within sequences. */
export const MAX_DEPTH = 64
/** Elements and items of one data set together: what is read costs some 200 bytes of memory for each, however small it is. */
export const MAX_ELEMENTS = 1_000_000

interface Encoding {
  readonly explicit: boolean
  readonly littleEndian: boolean
}

const IMPLICIT: Encoding = { explicit: false, littleEndian: true }
const PIXEL_DATA = 0x7fe00010

interface Read {
  readonly element: Element
  readonly next: number
}

export interface ReadOptions {
  /** Read up to, and without, the first element at or above this tag; what lies behind is not looked at, so that `bytes` may be
   *  the beginning of a larger data set. An element before it that passes the end of `bytes` is still an error. */
  readonly untilTag?: number
}

export function readDataSet(bytes: Buffer, transferSyntaxUid: string, options: ReadOptions = {}): DataSet {
  const syntax = encodingOf(transferSyntaxUid)
  const partial = options.untilTag !== undefined
  const plain = syntax.deflated ? inflateDataSet(bytes, { partial }) : bytes
  const reader = new Reader(plain, options.untilTag ?? Number.POSITIVE_INFINITY)
  return reader.readTopLevel(syntax)
}

/** The items of a sequence's value.
 *  @param value             from the first item's header to the last item's end; a sequence delimitation item may follow
 *  @param characterSetFrom  the data set that the sequence belongs to, for its Specific Character Set */
export function readItems(value: Buffer, encoding: Encoding, characterSetFrom: DataSet | undefined): readonly DataSet[] {
  return new Reader(value, Number.POSITIVE_INFINITY).readItems(0, value.length, false, encoding, 1, characterSetFrom).items
}

class Reader {
  readonly #bytes: Buffer
  readonly #untilTag: number
  #count = 0

  constructor(bytes: Buffer, untilTag: number) {
    this.#bytes = bytes
    this.#untilTag = untilTag
  }

  readTopLevel(encoding: Encoding): DataSet {
    const dataSet = new DataSet(encoding.littleEndian)
    this.#readElements(0, this.#bytes.length, false, encoding, 0, dataSet)
    return dataSet
  }

  /** @param delimited  ends at an item delimitation item; else at `end`
   *  @returns where the next thing begins */
  #readElements(start: number, end: number, delimited: boolean, declared: Encoding, depth: number, into: DataSet): number {
    const header = new ElementHeader()
    const encoding = this.#isImplicitItem(start, end, declared, depth, header) ? { ...declared, explicit: false } : declared
    let offset = start
    let lastGuessed = -1
    while (offset < end) {
      const headerLength = header.read(this.#bytes, offset, end, encoding.explicit, encoding.littleEndian)
      if (depth === 0 && (headerLength === 0 || header.tag === 0)) return this.#skipZeros(offset)
      if (headerLength === 0) throw unreadable('header of an element passes the end')
      const foreign = offset === 0 && depth === 0 ? foreignEncoding(header, encoding.explicit, encoding.littleEndian) : undefined
      if (foreign !== undefined) throw unreadable(foreign)
      const { tag, length } = header
      if (lastGuessed >= tag) throw unreadable('VR is none and its length does not lead to a further element', lastGuessed)
      if (header.isBroken) throw unreadable('no VR', tag)
      if (depth === 0 && tag >= this.#untilTag) return offset
      offset += headerLength
      if (tag === ITEM_DELIMITATION && delimited) return offset
      if (tag === ITEM_DELIMITATION || (tag === SEQUENCE_DELIMITATION && length === 0)) continue
      if (tag === ITEM || tag === SEQUENCE_DELIMITATION) throw unreadable('item outside of a sequence', tag)
      lastGuessed = header.isGuessed ? tag : -1
      this.#countOne()
      const value = length === UNDEFINED_LENGTH ? undefined : this.#value(tag, offset, length, end)
      const { element, next } =
        value === undefined
          ? this.#undefinedLength(header, offset, end, encoding, depth, into)
          : this.#definedLength(header, value, offset, encoding, depth, into)
      offset = next
      if (isKept(tag)) into.add(element)
    }
    if (delimited) throw unreadable('item without delimitation item')
    return offset
  }

  /** The VR to read a value by: what the element says, the dictionary where it does not or says UN. */
  #vrOf(header: ElementHeader, encoding: Encoding): string {
    if (encoding.explicit && header.form !== FORM.UNKNOWN && header.form !== FORM.GUESSED) return header.vr
    const known = vrOf(header.tag) ?? 'UN'
    // The value of an UN is little endian (PS3.5 6.2.2 note): under big endian only text and sequences can be taken from it.
    return encoding.littleEndian || known === 'SQ' || isText(known) ? known : 'UN'
  }

  /** Some senders write items in implicit VR although the data set is in explicit VR: their first element has no VR. */
  #isImplicitItem(start: number, end: number, encoding: Encoding, depth: number, header: ElementHeader): boolean {
    if (depth === 0 || !encoding.explicit) return false
    return header.read(this.#bytes, start, end, true, encoding.littleEndian) !== 0 && header.isBroken
  }

  #value(tag: number, start: number, length: number, end: number): Buffer {
    if (length > end - start) throw unreadable('element passes the end', tag)
    return this.#bytes.subarray(start, start + length)
  }

  #definedLength(header: ElementHeader, value: Buffer, start: number, encoding: Encoding, depth: number, parent: DataSet): Read {
    const { tag, form } = header
    const next = start + value.length
    const vr = this.#vrOf(header, encoding)
    if (vr !== 'SQ') return { element: { tag, vr, value }, next }
    if (form === FORM.UNKNOWN) return { element: this.#sequenceInUnknown(tag, value, start, depth, parent), next }
    const { items } = this.readItems(start, next, false, encoding, depth + 1, parent)
    return { element: { tag, vr, value, items }, next }
  }

  /** An UN that the dictionary knows as a sequence: implicit VR (PS3.5 6.2.2 note), or else not to be read. */
  #sequenceInUnknown(tag: number, value: Buffer, start: number, depth: number, parent: DataSet): Element {
    try {
      const { items } = this.readItems(start, start + value.length, false, IMPLICIT, depth + 1, parent)
      return { tag, vr: 'SQ', value, items }
    } catch (error) {
      if (!(error instanceof NodeError) || depth + 1 > MAX_DEPTH) throw error
      return { tag, vr: 'UN', value }
    }
  }

  #undefinedLength(header: ElementHeader, start: number, end: number, encoding: Encoding, depth: number, parent: DataSet): Read {
    const { tag, form } = header
    const vr = this.#vrOf(header, encoding)
    if (form === FORM.BYTES || tag === PIXEL_DATA) {
      const next = this.#skipFragments(tag, start, end, encoding)
      return { element: { tag, vr, value: this.#bytes.subarray(start, next) }, next }
    }
    const isSequence = form === FORM.SEQUENCE || form === FORM.UNKNOWN || (form === FORM.NONE && (vr === 'SQ' || vr === 'UN'))
    if (!isSequence) throw unreadable('undefined length of an element that may not have it', tag)
    const { items, next } = this.readItems(start, end, true, form === FORM.UNKNOWN ? IMPLICIT : encoding, depth + 1, parent)
    return { element: { tag, vr: 'SQ', value: this.#bytes.subarray(start, next), items }, next }
  }

  /** @param delimited  ends at a sequence delimitation item; else at `end` */
  readItems(
    start: number,
    end: number,
    delimited: boolean,
    encoding: Encoding,
    depth: number,
    parent: DataSet | undefined,
  ): { items: readonly DataSet[]; next: number } {
    if (depth > MAX_DEPTH) throw unreadable(`sequences nested deeper than ${MAX_DEPTH}`)
    const header = new ElementHeader()
    const items: DataSet[] = []
    let offset = start
    while (offset < end) {
      if (header.read(this.#bytes, offset, end, false, encoding.littleEndian) === 0) throw unreadable('header of an item passes the end')
      offset += 8
      if (header.tag === SEQUENCE_DELIMITATION) {
        if (delimited) return { items, next: offset }
        continue
      }
      if (header.tag !== ITEM) throw unreadable('no item where one is due', header.tag)
      this.#countOne()
      const item = new DataSet(encoding.littleEndian, parent)
      const isDelimited = header.length === UNDEFINED_LENGTH
      const stop = isDelimited ? end : offset + header.length
      if (stop > end) throw unreadable('item passes the end of its sequence')
      offset = this.#readElements(offset, stop, isDelimited, encoding, depth, item)
      items.push(item)
    }
    if (delimited) throw unreadable('sequence without delimitation item')
    return { items, next: offset }
  }

  #skipFragments(tag: number, start: number, end: number, encoding: Encoding): number {
    const header = new ElementHeader()
    let offset = start
    while (header.read(this.#bytes, offset, end, false, encoding.littleEndian) !== 0) {
      offset += 8
      if (header.tag === SEQUENCE_DELIMITATION) return offset
      if (header.tag !== ITEM || header.length > end - offset) break
      offset += header.length
    }
    throw unreadable('fragments without delimitation item', tag)
  }

  #countOne(): void {
    if (++this.#count > MAX_ELEMENTS) throw unreadable(`more than ${MAX_ELEMENTS} elements and items`)
  }

  /** What follows the last element may be zeros, as some senders write; a rest of other bytes is no element. */
  #skipZeros(offset: number): number {
    for (let index = offset; index < this.#bytes.length; index++) {
      if (this.#bytes[index] !== 0) throw unreadable('bytes after the last element')
    }
    return this.#bytes.length
  }
}

/** Groups 0000, 0002 and FFFF belong to no data set (PS3.5 7.1, PS3.10 7.1); a group length says nothing. */
function isKept(tag: number): boolean {
  const group = tag >>> 16
  return group !== 0x0000 && group !== 0x0002 && group !== 0xffff && (tag & 0xffff) !== 0
}

function unreadable(reason: string, tag?: number): NodeError {
  return new NodeError('UNREADABLE', tag === undefined ? { reason } : { tag: tagText(tag), reason })
}
