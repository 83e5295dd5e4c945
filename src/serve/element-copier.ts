/** Copies elements from one encoding to another, header by header (PS3.5 7.1 to 7.5): Implicit or Explicit VR Little Endian or Explicit VR
 *  Big Endian, in and out.
 *
 *  Promises: every element comes out, private and unknown ones too, with the same value, in the same sequence structure, with defined or
 *  undefined length as it came; values of odd length get their padding, wherever they lie, and the lengths around them are corrected (PS3.5
 *  7.1.1); except group lengths (gggg,0000), which would be wrong and may be left out (PS3.5 7.2), and, where what comes out is native, an
 *  Icon Image Sequence with compressed pixel data, which is optional and cannot be native. VRs: see element-vr.ts.
 *  Does not: swap bytes within UN (nobody can know them), look at pixel data, or mend anything else.
 *  Errors: {@link Incomplete} where the bytes end inside an element; NodeError UNREADABLE. */
import { ElementHeader, FORM, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { NodeError } from '../errors.ts'
import { ElementOutput, type Encoding, evenLength, IMPLICIT_LITTLE_ENDIAN, swapUnit } from './element-output.ts'
import { PIXEL_DATA, Scope } from './element-vr.ts'
import { readFragments } from './frames.ts'

const ICON_IMAGE_SEQUENCE = 0x00880200
const MAX_DEPTH = 64

/** The bytes end inside an element: more are needed, or the data set is cut. */
export class Incomplete extends Error {}

/** What a value becomes, where it is not to stay as it is. @param characterSet  in force where it lies */
export type Recode = (tag: number, vr: string, value: Buffer, characterSet: string | undefined) => Buffer

export class ElementCopier {
  readonly output: ElementOutput
  readonly #keepsFragments: boolean
  readonly #recode: Recode | undefined
  readonly #scope = new Scope()
  #from: Encoding
  /** Where the next byte is read, and where reading has to stop. */
  #bytes: Buffer = Buffer.alloc(0)

  /** @param keepsFragments  compressed pixel data may come out (PS3.5 A.4) */
  constructor(from: Encoding, to: Encoding, keepsFragments = false, recode?: Recode) {
    this.#from = from
    this.output = new ElementOutput(to)
    this.#keepsFragments = keepsFragments
    this.#recode = recode
  }

  /** Copies the element of the top level that begins at `offset`. @returns where the next one begins */
  copy(bytes: Buffer, offset: number): number {
    this.#bytes = bytes
    const begin = this.output.length
    try {
      return this.#element(offset, bytes.length, this.#scope, 0, false)
    } catch (error) {
      this.output.rewind(begin)
      if (error instanceof CompressedIcon) return error.next ?? unreadable('compressed pixel data inside a sequence')
      throw error
    }
  }

  /** VR that an element of the top level has here. */
  vrFor(header: ElementHeader): string {
    return this.#scope.vrOf(header, this.#from.explicit)
  }

  #element(offset: number, end: number, scope: Scope, depth: number, bounded: boolean): number {
    const header = new ElementHeader()
    const size = header.read(this.#bytes, offset, end, this.#from.explicit, this.#from.littleEndian)
    if (size === 0) throw cut(bounded)
    if (header.isBroken) unreadable(`no VR at byte ${offset}`)
    const value = offset + size
    if (Math.floor(header.tag / 0x10000) === 0xfffe) return value // a stray delimiter
    const vr = scope.vrOf(header, this.#from.explicit)
    if (vr === 'SQ') return this.#sequence(header, vr, value, end, scope, depth, bounded)
    if (header.length === UNDEFINED_LENGTH) return this.#undefined(header, vr, value, end, depth, bounded)
    const next = value + header.length
    if (next > end) throw cut(bounded)
    const bytes = this.#bytes.subarray(value, next)
    if ((header.tag & 0xffff) === 0) return next
    if (holdsOddItems(header, vr, bytes) && this.#embedded(header, value, end, depth, bounded) !== undefined) return next
    scope.learn(header.tag, bytes, this.#from.littleEndian)
    const written = this.#recode?.(header.tag, vr, bytes, scope.characterSet) ?? bytes
    this.output.element(header.tag, vr, written, this.#from.littleEndian === this.output.encoding.littleEndian ? 1 : swapUnit(vr))
    return next
  }

  /** @param vr  SQ, or UN that is one */
  #sequence(header: ElementHeader, vr: string, value: number, end: number, scope: Scope, depth: number, bounded: boolean): number {
    if (depth >= MAX_DEPTH) unreadable('sequences nested too deeply')
    const { tag, length } = header
    const defined = length !== UNDEFINED_LENGTH
    const stop = defined ? value + length : end
    if (stop > end) throw cut(bounded)
    this.output.header(tag, vr, length)
    const contentAt = this.output.length
    try {
      const next = this.#items(value, stop, defined, scope, depth, bounded || defined)
      if (defined) this.output.closeLength(contentAt)
      return next
    } catch (error) {
      if (!(error instanceof CompressedIcon) || tag !== ICON_IMAGE_SEQUENCE) throw error
      throw new CompressedIcon(defined ? stop : this.#skipItems(value, end, this.#from, depth, bounded))
    }
  }

  /** Items up to their delimiter, or to `stop` where the length is defined (then the bytes are there). */
  #items(offset: number, stop: number, defined: boolean, scope: Scope, depth: number, bounded: boolean): number {
    const header = new ElementHeader()
    let at = offset
    while (!defined || at < stop) {
      if (header.read(this.#bytes, at, stop, false, this.#from.littleEndian) === 0) throw cut(bounded)
      at += 8
      if (header.tag === SEQUENCE_DELIMITATION) {
        if (!defined) this.output.delimiter(SEQUENCE_DELIMITATION, 0)
        return defined ? stop : at
      }
      if (header.tag !== ITEM) unreadable(`no item at byte ${at - 8}`)
      at = this.#item(at, header.length, stop, scope, depth, bounded)
    }
    return at
  }

  #item(offset: number, length: number, end: number, outer: Scope, depth: number, bounded: boolean): number {
    const defined = length !== UNDEFINED_LENGTH
    const stop = defined ? offset + length : end
    if (stop > end) throw cut(bounded)
    this.output.delimiter(ITEM, length)
    const contentAt = this.output.length
    const scope = outer.inner()
    let at = offset
    while (!defined || at < stop) {
      if (!defined && this.#isDelimiter(at, stop, bounded)) {
        this.output.delimiter(ITEM_DELIMITATION, 0)
        return at + 8
      }
      at = this.#element(at, stop, scope, depth + 1, defined || bounded)
    }
    this.output.closeLength(contentAt)
    return at
  }

  #isDelimiter(at: number, end: number, bounded: boolean): boolean {
    if (at + 8 > end) throw cut(bounded)
    const tag = this.#from.littleEndian
      ? this.#bytes.readUInt16LE(at) * 0x10000 + this.#bytes.readUInt16LE(at + 2)
      : this.#bytes.readUInt16BE(at) * 0x10000 + this.#bytes.readUInt16BE(at + 2)
    if (tag === SEQUENCE_DELIMITATION) unreadable(`item not ended at byte ${at}`)
    return tag === ITEM_DELIMITATION
  }

  /** Undefined length and no sequence that we know: fragments, or a sequence under UN; one that cannot be followed is copied as it is. */
  #undefined(header: ElementHeader, vr: string, value: number, end: number, depth: number, bounded: boolean): number {
    if (header.tag === PIXEL_DATA) {
      if (depth === 0) unreadable('compressed pixel data in a native transfer syntax')
      if (this.#keepsFragments) return this.#fragments(header, vr, value, this.#skipItems(value, end, this.#from, depth, bounded))
      throw new CompressedIcon()
    }
    if (vr !== 'UN') unreadable(`${vr} of undefined length`)
    if (header.form === FORM.GUESSED) unreadable('undefined length after a VR that is none')
    const followed = this.#embedded(header, value, end, depth, bounded)
    if (followed !== undefined) return followed
    const next = this.#skipItems(value, end, IMPLICIT_LITTLE_ENDIAN, depth, bounded)
    if ((next - value) % 2 === 1) unreadable('values of odd length where they cannot be told apart')
    this.output.header(header.tag, 'UN', UNDEFINED_LENGTH)
    this.output.bytes(this.#bytes.subarray(value, next))
    return next
  }

  /** A sequence under UN. @returns what follows it, undefined where its items cannot be followed; nothing is written then */
  #embedded(header: ElementHeader, value: number, end: number, depth: number, bounded: boolean): number | undefined {
    const begin = this.output.length
    const [from, to] = [this.#from, this.output.encoding]
    this.output.header(header.tag, 'UN', header.length)
    const contentAt = this.output.length
    const defined = header.length !== UNDEFINED_LENGTH
    if (depth >= MAX_DEPTH) unreadable('sequences nested too deeply')
    this.#from = this.output.encoding = IMPLICIT_LITTLE_ENDIAN
    let next: number
    try {
      next = this.#items(value, defined ? value + header.length : end, defined, this.#scopeOfUnknown(), depth, bounded || defined)
    } catch (error) {
      if (error instanceof Incomplete) throw error
      this.output.rewind(begin)
      return undefined
    } finally {
      this.#from = from
      this.output.encoding = to
    }
    if (defined) this.output.closeLength(contentAt)
    return next
  }

  #scopeOfUnknown(): Scope {
    const scope = new Scope()
    scope.characterSet = this.#scope.characterSet
    return scope
  }

  /** The compressed pixel data of an icon: one frame (PS3.3 C.7.6.1.1.6), whose odd fragments are put together, so that no padding comes
   *  between its bytes. */
  #fragments(header: ElementHeader, vr: string, value: number, next: number): number {
    const { fragments } = readFragments(this.#bytes.subarray(0, next), value)
    const frame = Buffer.concat(fragments.map(({ bytes }) => bytes))
    const isEven = fragments.every(({ bytes }) => bytes.length % 2 === 0)
    this.output.header(header.tag, vr, UNDEFINED_LENGTH)
    if (isEven) {
      this.output.bytes(this.#bytes.subarray(value, next))
      return next
    }
    this.output.delimiter(ITEM, 0)
    this.output.delimiter(ITEM, evenLength(frame.length))
    this.output.bytes(frame)
    this.output.padding('OB', frame.length)
    this.output.delimiter(SEQUENCE_DELIMITATION, 0)
    return next
  }

  /** @returns what follows the delimiter of a sequence of undefined length whose items begin at `offset` */
  #skipItems(offset: number, end: number, encoding: Encoding, depth: number, bounded: boolean): number {
    if (depth >= MAX_DEPTH) unreadable('sequences nested too deeply')
    const header = new ElementHeader()
    let at = offset
    for (;;) {
      const size = header.read(this.#bytes, at, end, encoding.explicit, encoding.littleEndian)
      if (size === 0) throw cut(bounded)
      at += size
      if (header.tag === SEQUENCE_DELIMITATION) return at
      if (header.tag === ITEM && header.length === UNDEFINED_LENGTH) continue
      if (header.tag === ITEM_DELIMITATION) continue
      at = header.length === UNDEFINED_LENGTH ? this.#skipItems(at, end, encoding, depth + 1, bounded) : at + header.length
      if (at > end) throw cut(bounded)
    }
  }
}

/** Whether a value of UN has an odd length because of what lies in its items: padding belongs into them, not behind them. */
export function holdsOddItems(header: ElementHeader, vr: string, value: Buffer): boolean {
  return vr === 'UN' && header.length % 2 === 1 && value.length >= 4 && value.readUInt32LE(0) === 0xe000fffe
}

/** Compressed pixel data in a nested data set; `next` is what follows the Icon Image Sequence around it. */
class CompressedIcon extends Error {
  readonly next: number | undefined
  constructor(next?: number) {
    super('compressed pixel data inside a sequence')
    this.next = next
  }
}

/** Inside a defined length the bytes are all there: what passes its end is wrong, not incomplete. */
function cut(insideDefinedLength: boolean): Error {
  return insideDefinedLength ? new NodeError('UNREADABLE', { why: 'an element is longer than what holds it' }) : new Incomplete()
}

function unreadable(why: string): never {
  throw new NodeError('UNREADABLE', { why })
}
