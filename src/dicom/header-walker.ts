/** Walks the data set of one instance while it arrives, and takes from it what the index needs: the hot path of receiving.
 *
 *  Promises: {@link HeaderWalker.feed} never throws, keeps nothing of a fragment, and inside a large value only subtracts; memory is
 *  constant, time linear, however the bytes are cut. {@link HeaderWalker.finish} succeeds only where the top level elements, and the
 *  items of sequences of undefined length, fill the data set from its first to its last byte: a truncated one never passes.
 *  Of an index attribute that occurs twice the first counts, as in element-reader.ts. Odd things are walked over with a warning:
 *  elements out of order, stray delimiters, zeros after the last element, guessed VRs (see element-header.ts).
 *  Refused: groups 0000, 0002 and FFFF (PS3.5 7.1, PS3.10 7.1), bytes of another transfer syntax, sequences deeper than
 *  {@link MAX_DEPTH}, undefined length where it may not be, items that pass the end of their sequence.
 *  Does not: look into items of defined length, private ones of implicit VR, or fragments; nor judge the values it takes.
 *
 *  Deflated data sets (PS3.5 A.5) are inflated on the way with constant memory; see inflate-stream.ts for the caps. */
import { NodeError } from '../errors.ts'
import { tagText, vrOf } from './dictionary.ts'
import { ElementHeader, FORM, foreignEncoding, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from './element-header.ts'
import { MAX_DEPTH } from './element-reader.ts'
import { IndexValues, type WalkedHeader } from './index-values.ts'
import { InflateStream } from './inflate-stream.ts'
import { encodingOf, type TransferSyntax } from './transfer-syntaxes.ts'

export type { WalkedHeader }

/** What encloses the next header. */
const LEVEL = { TOP: 0, ITEM: 1, SEQUENCE: 2, FRAGMENTS: 3 } as const

interface Level {
  readonly kind: (typeof LEVEL)[keyof typeof LEVEL]
  /** Offset where it must end; infinite where nothing of defined length is around it. */
  readonly end: number
  /** Ends at `end`; otherwise at its delimitation item. */
  readonly isDefined: boolean
  explicit: boolean
  readonly littleEndian: boolean
  readonly tag: number
  /** Tag of the last element, -1 before the first. */
  lastTag: number
  /** The VR of the last element was guessed: the next one must have a higher tag. */
  wasGuessed: boolean
}

const PIXEL_DATA = 0x7fe00010
const LONGEST_HEADER = 12

export class HeaderWalker {
  readonly #syntax: TransferSyntax
  readonly #values: IndexValues
  readonly #inflate: InflateStream | undefined
  readonly #header = new ElementHeader()
  /** Begin of a header whose rest is in the next fragment. */
  readonly #carry = Buffer.allocUnsafe(LONGEST_HEADER)
  #carried = 0
  /** Offset of the next byte in the data set. */
  #offset = 0
  /** Bytes of the present value still to come. */
  #left = 0
  #isCapturing = false
  #inZeros = false
  #depth = 0
  readonly #levels: Level[]
  #level: Level
  #failure: NodeError | undefined

  constructor(transferSyntaxUid: string) {
    this.#syntax = encodingOf(transferSyntaxUid)
    const { explicit, littleEndian, deflated } = this.#syntax
    this.#values = new IndexValues(explicit, littleEndian)
    this.#inflate = deflated ? new InflateStream((bytes) => this.#walk(bytes)) : undefined
    this.#level = level(LEVEL.TOP, Number.POSITIVE_INFINITY, false, explicit, littleEndian, 0)
    this.#levels = [this.#level]
  }

  /** Why the data set is already known to be refused; undefined while it may still be walked. */
  get failure(): NodeError | undefined {
    return this.#failure
  }

  feed(fragment: Buffer): void {
    if (this.#failure !== undefined) return
    try {
      if (this.#inflate === undefined) this.#walk(fragment)
      else this.#inflate.feed(fragment)
    } catch (error) {
      this.#failure = asNodeError(error)
    }
  }

  /** @throws NodeError UNREADABLE { tag, reason }, INFLATED_TOO_LARGE */
  finish(): WalkedHeader {
    if (this.#failure !== undefined) throw this.#failure
    this.#inflate?.finish()
    this.#expectEnd()
    return this.#values.finish()
  }

  #walk(fragment: Buffer): void {
    const end = fragment.length
    let cursor = 0
    while (cursor < end) {
      if (this.#left > 0) cursor = this.#takeValue(fragment, cursor)
      else if (this.#inZeros) cursor = expectZeros(fragment, cursor)
      else cursor = this.#takeHeader(fragment, cursor)
    }
  }

  #takeValue(fragment: Buffer, cursor: number): number {
    const count = Math.min(this.#left, fragment.length - cursor)
    if (this.#isCapturing) this.#values.append(fragment, cursor, cursor + count)
    this.#offset += count
    this.#left -= count
    if (this.#left === 0) this.#endValue()
    return cursor + count
  }

  #takeHeader(fragment: Buffer, cursor: number): number {
    if (this.#carried > 0) return this.#completeHeader(fragment, cursor)
    const length = this.#readHeader(fragment, cursor, fragment.length)
    if (length > 0) {
      if (this.#isCapturing) this.#values.append(fragment, cursor, cursor + length)
      this.#onHeader(length)
      return cursor + length
    }
    this.#carried = fragment.copy(this.#carry, 0, cursor)
    return fragment.length
  }

  #completeHeader(fragment: Buffer, cursor: number): number {
    const wanted = (this.#carried < 8 ? 8 : LONGEST_HEADER) - this.#carried
    const taken = fragment.copy(this.#carry, this.#carried, cursor, cursor + wanted)
    this.#carried += taken
    const length = this.#readHeader(this.#carry, 0, this.#carried)
    if (length > 0) {
      this.#carried = 0
      if (this.#isCapturing) this.#values.append(this.#carry, 0, length)
      this.#onHeader(length)
    }
    return cursor + taken
  }

  #readHeader(bytes: Buffer, offset: number, end: number): number {
    const { kind, explicit, littleEndian, lastTag } = this.#level
    const isElement = kind === LEVEL.TOP || kind === LEVEL.ITEM
    const length = this.#header.read(bytes, offset, end, isElement && explicit, littleEndian)
    if (length === 0 || !this.#header.isBroken || kind !== LEVEL.ITEM || lastTag !== -1) return length
    // Some senders write items in implicit VR although the data set is in explicit VR: their first element has no VR.
    this.#level.explicit = false
    return this.#header.read(bytes, offset, end, false, littleEndian)
  }

  #onHeader(headerLength: number): void {
    this.#offset += headerLength
    const { kind, end } = this.#level
    if (this.#offset > end) throw unreadable('item passes the end of its sequence', this.#level.tag)
    if (kind === LEVEL.TOP) this.#onTopLevelElement()
    else if (kind === LEVEL.ITEM) this.#onElement()
    else this.#onItem(kind === LEVEL.SEQUENCE)
    if (this.#left === 0) this.#endValue()
  }

  #onTopLevelElement(): void {
    const { tag, length } = this.#header
    const top = this.#level
    if (top.lastTag === -1) {
      const foreign = foreignEncoding(this.#header, top.explicit, top.littleEndian)
      if (foreign !== undefined) throw unreadable(foreign)
    }
    if (tag === 0 && length === 0 && this.#header.vrCode === 0 && top.lastTag !== -1) {
      this.#inZeros = true
      this.#values.warn('zeros after the last element')
      return
    }
    const group = tag >>> 16
    if (group === 0x0000 || group === 0x0002 || group === 0xffff) throw unreadable('group that no data set may hold', tag)
    this.#onElement()
  }

  #onElement(): void {
    const { tag, length, form } = this.#header
    const level = this.#level
    if (this.#header.isBroken) throw unreadable('no VR', tag)
    if (level.wasGuessed && tag <= level.lastTag)
      throw unreadable('VR is none and its length does not lead to a further element', level.lastTag)
    if (tag >= ITEM && tag <= SEQUENCE_DELIMITATION && this.#onDelimiter(tag, length)) return
    if (level.kind === LEVEL.TOP) this.#beginIndexed(tag)
    level.lastTag = tag
    level.wasGuessed = this.#header.isGuessed
    if (level.wasGuessed) this.#values.warn('VR is none of the standard', tag)
    if (length === UNDEFINED_LENGTH) this.#onUndefinedLength(tag, form)
    else this.#onDefinedLength(tag, length, form)
  }

  /** @returns whether the header was a delimiter and not an element */
  #onDelimiter(tag: number, length: number): boolean {
    if (tag === ITEM_DELIMITATION && this.#level.kind === LEVEL.ITEM) {
      this.#pop()
      return true
    }
    if (tag === ITEM) throw unreadable('item outside of a sequence', tag)
    if (tag !== ITEM_DELIMITATION && tag !== SEQUENCE_DELIMITATION) return false
    if (length !== 0) throw unreadable('delimitation item with a length', tag)
    this.#values.warn('delimitation item outside of a sequence')
    return true
  }

  #beginIndexed(tag: number): void {
    if (tag <= this.#level.lastTag) this.#values.warn('elements are not in ascending order')
    this.#isCapturing = this.#values.begin(tag, this.#header)
  }

  #onDefinedLength(tag: number, length: number, form: number): void {
    const { explicit, littleEndian, end } = this.#level
    if (length > end - this.#offset) throw unreadable('element passes the end of what it is in', tag)
    const isSequence = explicit ? form === FORM.SEQUENCE : vrOf(tag) === 'SQ'
    if (isSequence && length > 0) this.#push(LEVEL.SEQUENCE, this.#offset + length, true, explicit, littleEndian, tag)
    else this.#left = length
  }

  #onUndefinedLength(tag: number, form: number): void {
    const { explicit, littleEndian, end } = this.#level
    if (form === FORM.BYTES || tag === PIXEL_DATA) {
      if (!this.#syntax.encapsulated && this.#level.kind === LEVEL.TOP) this.#values.warn('fragments under a native transfer syntax', tag)
      this.#push(LEVEL.FRAGMENTS, end, false, false, littleEndian, tag)
      return
    }
    const known = form === FORM.NONE ? vrOf(tag) : undefined
    const isSequence = form === FORM.SEQUENCE || form === FORM.UNKNOWN || (form === FORM.NONE && (known === undefined || known === 'SQ'))
    if (!isSequence) throw unreadable('undefined length of an element that may not have it', tag)
    // UN of undefined length: implicit VR little endian inside (PS3.5 6.2.2 note).
    if (form === FORM.UNKNOWN) this.#push(LEVEL.SEQUENCE, end, false, false, true, tag)
    else this.#push(LEVEL.SEQUENCE, end, false, explicit, littleEndian, tag)
  }

  #onItem(mayBeUndefined: boolean): void {
    const { tag, length } = this.#header
    const { isDefined, explicit, littleEndian, end } = this.#level
    if (tag === SEQUENCE_DELIMITATION) {
      if (!isDefined) this.#pop()
      return
    }
    if (tag !== ITEM) throw unreadable('no item where one is due', this.#level.tag)
    if (length !== UNDEFINED_LENGTH) {
      if (length > end - this.#offset) throw unreadable('item passes the end of its sequence', this.#level.tag)
      this.#left = length
      return
    }
    if (!mayBeUndefined) throw unreadable('fragment of undefined length', this.#level.tag)
    this.#push(LEVEL.ITEM, end, false, explicit, littleEndian, this.#level.tag)
  }

  #push(kind: Level['kind'], end: number, isDefined: boolean, explicit: boolean, littleEndian: boolean, tag: number): void {
    if (kind === LEVEL.SEQUENCE && ++this.#depth > MAX_DEPTH) throw unreadable(`sequences nested deeper than ${MAX_DEPTH}`, tag)
    this.#level = level(kind, end, isDefined, explicit, littleEndian, tag)
    this.#levels.push(this.#level)
  }

  #pop(): void {
    if (this.#level.kind === LEVEL.SEQUENCE) this.#depth--
    this.#levels.pop()
    this.#level = this.#levels[this.#levels.length - 1]!
  }

  /** A value, an item, or a delimiter is over: so is every sequence that ends here. */
  #endValue(): void {
    while (this.#level.isDefined && this.#offset >= this.#level.end) this.#pop()
    if (!this.#isCapturing || this.#levels.length > 1) return
    this.#isCapturing = false
    this.#values.end()
  }

  #expectEnd(): void {
    if (this.#left > 0) throw unreadable('element passes the end', this.#level.kind === LEVEL.TOP ? this.#header.tag : this.#level.tag)
    if (this.#levels.length > 1) throw unreadable('sequence without delimitation item', this.#level.tag)
    if (this.#level.lastTag === -1) throw unreadable('empty data set')
    const rest = this.#carry.subarray(0, this.#carried)
    if (rest.some((byte) => byte !== 0)) throw unreadable('header of an element passes the end')
  }
}

function level(kind: Level['kind'], end: number, isDefined: boolean, explicit: boolean, littleEndian: boolean, tag: number): Level {
  return { kind, end, isDefined, explicit, littleEndian, tag, lastTag: -1, wasGuessed: false }
}

function expectZeros(fragment: Buffer, cursor: number): number {
  for (let index = cursor; index < fragment.length; index++) {
    if (fragment[index] !== 0) throw unreadable('bytes after the last element')
  }
  return fragment.length
}

function asNodeError(error: unknown): NodeError {
  return error instanceof NodeError ? error : new NodeError('UNREADABLE', { reason: 'walker failed' }, { cause: error })
}

function unreadable(reason: string, tag?: number): NodeError {
  return new NodeError('UNREADABLE', tag === undefined ? { reason } : { tag: tagText(tag), reason })
}
