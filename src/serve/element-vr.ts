/** The VR that an element of a data set has (PS3.5 A.1 to A.3): the one it names, or, under implicit VR, that of the dictionary.
 *
 *  "US or SS" goes by Pixel Representation, "OB or OW" by Bits Allocated (PS3.5 A.2); UN where nothing is known. */
import { vrOf } from '../dicom/dictionary.ts'
import { type ElementHeader, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { isKnownVr, trimPadding } from '../dicom/value-representations.ts'

export const PIXEL_DATA = 0x7fe00010
const BITS_ALLOCATED = 0x00280100
const PIXEL_REPRESENTATION = 0x00280103
const WAVEFORM_BITS_ALLOCATED = 0x54001004
const LUT_DATA = 0x00283006
export const SPECIFIC_CHARACTER_SET = 0x00080005

/** "US or SS" in PS3.6 6; the dictionary says US. */
const SIGN_FROM_PIXELS = new Set([
  0x00280106, 0x00280107, 0x00280108, 0x00280109, 0x00280110, 0x00280111, 0x00280120, 0x00280121, 0x00281101, 0x00281102, 0x00281103,
  0x00283002, 0x00280071, 0x00280104, 0x00280105, 0x00189810, 0x00221452, 0x00409211, 0x00409216, 0x00603004, 0x00603006,
])

/** What a data set says about its own later elements. */
export class Scope {
  #signedPixels = false
  #bitsAllocated = 16
  #waveformBits = 16
  /** Specific Character Set in force, undefined where there is none. */
  characterSet: string | undefined

  /** That of an item, which begins with what holds around it. */
  inner(): Scope {
    const scope = new Scope()
    scope.#signedPixels = this.#signedPixels
    scope.#bitsAllocated = this.#bitsAllocated
    scope.#waveformBits = this.#waveformBits
    scope.characterSet = this.characterSet
    return scope
  }

  learn(tag: number, value: Buffer, littleEndian: boolean): void {
    if (tag === SPECIFIC_CHARACTER_SET) this.characterSet = trimPadding(value.toString('latin1'), 'CS')
    if (value.length !== 2) return
    const number = littleEndian ? value.readUInt16LE(0) : value.readUInt16BE(0)
    if (tag === PIXEL_REPRESENTATION) this.#signedPixels = number === 1
    else if (tag === BITS_ALLOCATED) this.#bitsAllocated = number
    else if (tag === WAVEFORM_BITS_ALLOCATED) this.#waveformBits = number
  }

  vrOf(header: Pick<ElementHeader, 'tag' | 'vr' | 'length'>, explicit: boolean): string {
    if (explicit) return isKnownVr(header.vr) ? header.vr : 'UN'
    const { tag } = header
    if (tag === PIXEL_DATA) return header.length === UNDEFINED_LENGTH || this.#bitsAllocated <= 8 ? 'OB' : 'OW'
    if (SIGN_FROM_PIXELS.has(tag)) return this.#signedPixels ? 'SS' : 'US'
    if (tag === LUT_DATA) return 'OW'
    if ((tag & 0xffff) === 0x1010 && Math.floor(tag / 0x1000000) === 0x54) return this.#waveformBits === 8 ? 'OB' : 'OW'
    return vrOf(tag) ?? 'UN'
  }
}
