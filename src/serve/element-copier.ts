/** Copies elements from one native encoding to another, header by header (PS3.5 7.1 to 7.5): Implicit or Explicit VR Little Endian or
 *  Explicit VR Big Endian in, Implicit or Explicit VR Little Endian out.
 *
 *  Promises: every element comes out, private and unknown ones too, with the same value, in the same sequence structure, with defined or
 *  undefined length as it came; except group lengths (gggg,0000), which would be wrong and may be left out (PS3.5 7.2), and an Icon Image
 *  Sequence with compressed pixel data, which is optional and cannot be native. From implicit VR, the VR is that of the dictionary, UN where
 *  it has none; "US or SS" goes by Pixel Representation, "OB or OW" by Bits Allocated (PS3.5 A.2).
 *  Does not: swap bytes within UN (nobody can know them), look at pixel data, or mend what is wrong.
 *  Errors: {@link Incomplete} where the bytes end inside an element; NodeError UNREADABLE. */
import { vrOf } from '../dicom/dictionary.ts'
import { ElementHeader, FORM, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { isKnownVr, isLongForm } from '../dicom/value-representations.ts'
import { NodeError } from '../errors.ts'

export interface Encoding {
  readonly explicit: boolean
  readonly littleEndian: boolean
}

export const PIXEL_DATA = 0x7fe00010
const ICON_IMAGE_SEQUENCE = 0x00880200
const BITS_ALLOCATED = 0x00280100
const PIXEL_REPRESENTATION = 0x00280103
const WAVEFORM_BITS_ALLOCATED = 0x54001004
const LUT_DATA = 0x00283006
const MAX_DEPTH = 64
const LONGEST_SHORT_FORM = 0xffff

/** "US or SS" in PS3.6 6; the dictionary says US. */
const SIGN_FROM_PIXELS = new Set([
  0x00280106, 0x00280107, 0x00280108, 0x00280109, 0x00280110, 0x00280111, 0x00280120, 0x00280121, 0x00281101, 0x00281102, 0x00281103,
  0x00283002, 0x00280071, 0x00280104, 0x00280105, 0x00189810, 0x00221452, 0x00409211, 0x00409216, 0x00603004, 0x00603006,
])

/** The bytes end inside an element: more are needed, or the data set is cut. */
export class Incomplete extends Error {}

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

/** What a data set says about its own later elements. */
interface Scope {
  signedPixels: boolean
  bitsAllocated: number
  waveformBits: number
}

export class ElementCopier {
  readonly #from: Encoding
  readonly #explicit: boolean
  readonly #scope: Scope = { signedPixels: false, bitsAllocated: 16, waveformBits: 16 }
  #out = Buffer.allocUnsafe(64 * 1024)
  #length = 0
  /** Where the next byte is read, and where reading has to stop. */
  #bytes: Buffer = Buffer.alloc(0)

  /** @param explicit  of what comes out, little endian */
  constructor(from: Encoding, explicit: boolean) {
    this.#from = from
    this.#explicit = explicit
  }

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.#length
  }

  /** The bytes written so far; they are not written to again. */
  take(): Buffer {
    const written = this.#out.subarray(0, this.#length)
    this.#length = 0
    if (written.length < 16 * 1024) return Buffer.from(written)
    this.#out = Buffer.allocUnsafe(64 * 1024)
    return written
  }

  /** Copies the element of the top level that begins at `offset`. @returns where the next one begins */
  copy(bytes: Buffer, offset: number): number {
    this.#bytes = bytes
    const begin = this.#length
    try {
      return this.#element(offset, bytes.length, this.#scope, 0, false)
    } catch (error) {
      this.#length = begin
      if (error instanceof CompressedIcon) return error.next ?? unreadable('compressed pixel data inside a sequence')
      throw error
    }
  }

  /** Writes an element header (PS3.5 7.1); a value too long for its VR's 16-bit length goes as UN (PS3.5 6.2.2). */
  header(tag: number, vr: string, length: number): void {
    const long = isLongForm(vr) || length > LONGEST_SHORT_FORM
    const at = this.#reserve(this.#explicit && long ? 12 : 8)
    this.#out.writeUInt16LE(Math.floor(tag / 0x10000), at)
    this.#out.writeUInt16LE(tag & 0xffff, at + 2)
    if (!this.#explicit) {
      this.#out.writeUInt32LE(length, at + 4)
      return
    }
    this.#out.write(long && !isLongForm(vr) ? 'UN' : vr, at + 4, 'latin1')
    if (long) {
      this.#out.writeUInt16LE(0, at + 6)
      this.#out.writeUInt32LE(length, at + 8)
    } else this.#out.writeUInt16LE(length, at + 6)
  }

  /** VR that an element of the source has here. */
  vrFor(header: ElementHeader, scope: Scope = this.#scope): string {
    if (this.#from.explicit) return isKnownVr(header.vr) ? header.vr : 'UN'
    const { tag } = header
    if (tag === PIXEL_DATA) return header.length === UNDEFINED_LENGTH || scope.bitsAllocated <= 8 ? 'OB' : 'OW'
    if (SIGN_FROM_PIXELS.has(tag)) return scope.signedPixels ? 'SS' : 'US'
    if (tag === LUT_DATA) return 'OW'
    if ((tag & 0xffff) === 0x1010 && Math.floor(tag / 0x1000000) === 0x54) return scope.waveformBits === 8 ? 'OB' : 'OW'
    return vrOf(tag) ?? 'UN'
  }

  #element(offset: number, end: number, scope: Scope, depth: number, bounded: boolean): number {
    const header = new ElementHeader()
    const size = header.read(this.#bytes, offset, end, this.#from.explicit, this.#from.littleEndian)
    if (size === 0) throw cut(bounded)
    if (header.isBroken) unreadable(`no VR at byte ${offset}`)
    const value = offset + size
    if (Math.floor(header.tag / 0x10000) === 0xfffe) return value // a stray delimiter
    const vr = this.vrFor(header, scope)
    if (vr === 'SQ') return this.#sequence(header, value, end, scope, depth, bounded)
    if (header.length === UNDEFINED_LENGTH) return this.#undefined(header, vr, value, end, depth, bounded)
    const next = value + header.length
    if (next > end) throw cut(bounded)
    if ((header.tag & 0xffff) === 0) return next
    this.#value(header.tag, vr, value, next)
    this.#learn(header.tag, value, header.length, scope)
    return next
  }

  #value(tag: number, vr: string, from: number, to: number): void {
    this.header(tag, vr, to - from)
    const at = this.#reserve(to - from)
    this.#bytes.copy(this.#out, at, from, to)
    if (!this.#from.littleEndian) swapBytes(this.#out.subarray(at, at + to - from), swapUnit(vr))
  }

  #learn(tag: number, value: number, length: number, scope: Scope): void {
    if (length !== 2) return
    const number = this.#from.littleEndian ? this.#bytes.readUInt16LE(value) : this.#bytes.readUInt16BE(value)
    if (tag === PIXEL_REPRESENTATION) scope.signedPixels = number === 1
    else if (tag === BITS_ALLOCATED) scope.bitsAllocated = number
    else if (tag === WAVEFORM_BITS_ALLOCATED) scope.waveformBits = number
  }

  #sequence(header: ElementHeader, value: number, end: number, scope: Scope, depth: number, bounded: boolean): number {
    if (depth >= MAX_DEPTH) unreadable('sequences nested too deeply')
    const { tag, length } = header
    const stop = length === UNDEFINED_LENGTH ? end : value + length
    if (stop > end) throw cut(bounded)
    this.header(tag, 'SQ', length)
    const lengthAt = this.#length - 4
    try {
      const next = this.#items(value, stop, length !== UNDEFINED_LENGTH, scope, depth, bounded || length !== UNDEFINED_LENGTH)
      if (length !== UNDEFINED_LENGTH) this.#out.writeUInt32LE(this.#length - lengthAt - 4, lengthAt)
      return next
    } catch (error) {
      if (!(error instanceof CompressedIcon) || tag !== ICON_IMAGE_SEQUENCE) throw error
      throw new CompressedIcon(length === UNDEFINED_LENGTH ? this.#skipItems(value, end, this.#from, depth, bounded) : stop)
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
        if (!defined) this.#delimiter(SEQUENCE_DELIMITATION, 0)
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
    this.#delimiter(ITEM, length)
    const lengthAt = this.#length - 4
    const scope = { ...outer }
    let at = offset
    while (!defined || at < stop) {
      if (!defined && this.#isDelimiter(at, stop, bounded)) {
        this.#delimiter(ITEM_DELIMITATION, 0)
        return at + 8
      }
      at = this.#element(at, stop, scope, depth + 1, defined || bounded)
    }
    this.#out.writeUInt32LE(this.#length - lengthAt - 4, lengthAt)
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

  #delimiter(tag: number, length: number): void {
    const at = this.#reserve(8)
    this.#out.writeUInt16LE(0xfffe, at)
    this.#out.writeUInt16LE(tag & 0xffff, at + 2)
    this.#out.writeUInt32LE(length, at + 4)
  }

  /** Undefined length and no sequence that we know: a sequence in implicit VR under UN (PS3.5 6.2.2), copied as it is; or fragments. */
  #undefined(header: ElementHeader, vr: string, value: number, end: number, depth: number, bounded: boolean): number {
    if (header.tag === PIXEL_DATA) {
      if (depth > 0) throw new CompressedIcon()
      unreadable('compressed pixel data in a native transfer syntax')
    }
    if (vr !== 'UN') unreadable(`${vr} of undefined length`)
    if (header.form === FORM.GUESSED) unreadable('undefined length after a VR that is none')
    const next = this.#skipItems(value, end, { explicit: false, littleEndian: true }, depth, bounded)
    this.header(header.tag, 'UN', UNDEFINED_LENGTH)
    const at = this.#reserve(next - value)
    this.#bytes.copy(this.#out, at, value, next)
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
