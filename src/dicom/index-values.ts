/** The values of {@link INDEX_ATTRIBUTES} as the walker of an arriving data set meets them: their bytes are gathered first, and
 *  decoded at the end, when the Specific Character Set is known.
 *
 *  Promises: a value is bounded ({@link MAX_TEXT_BYTES}, {@link MAX_SEQUENCE_BYTES}); a longer text is cut and a longer sequence left
 *  out, with a warning; a wrong value or character set never refuses an instance. Warnings hold tags, never values. */
import { decoderFor } from './character-set.ts'
import { DataSet } from './data-set.ts'
import { itemsToJson } from './dicom-json.ts'
import { tagText } from './dictionary.ts'
import { type ElementHeader, FORM } from './element-header.ts'
import { readItems } from './element-reader.ts'
import { INDEX_ATTRIBUTES, type IndexAttribute, type IndexKeys, type IndexKeyword } from './index-attributes.ts'
import { parseUid, type Uid } from './uid.ts'
import { isText, numberBytes, numbersText, trimPadding, usesCharacterSet } from './value-representations.ts'

export const MAX_TEXT_BYTES = 64 * 1024
export const MAX_SEQUENCE_BYTES = 256 * 1024
const MAX_WARNINGS = 20

export interface WalkedHeader {
  readonly keys: IndexKeys
  /** The four below: undefined where absent, empty, or no UID. */
  readonly sopClassUid?: Uid
  readonly sopInstanceUid?: Uid
  readonly studyInstanceUid?: Uid
  readonly seriesInstanceUid?: Uid
  /** What was odd and tolerated. */
  readonly warnings: string[]
}

interface Found {
  readonly attribute: IndexAttribute
  /** VR of the element; '' for implicit VR. */
  readonly vr: string
  readonly start: number
  end: number
}

/** Read for the rules of confidentiality (PS3.3 C.4.11), not kept in the index. */
export const CONFIDENTIALITY_CONSTRAINT = {
  keyword: 'ConfidentialityConstraintOnPatientDataDescription',
  tag: 0x00401008,
  vr: 'LO',
  level: 'STUDY',
} as const satisfies IndexAttribute

const ATTRIBUTES: ReadonlyMap<number, IndexAttribute> = new Map(
  [...INDEX_ATTRIBUTES, CONFIDENTIALITY_CONSTRAINT].map((attribute) => [attribute.tag, attribute]),
)
const SPECIFIC_CHARACTER_SET = 0x00080005
const FIRST_TAPE_BYTES = 2048
const LONGEST_PLAIN_BYTES = 16 * 1024
/** No escape sequence either. */
const PLAIN = /^[ -~\0]*$/

export class IndexValues {
  readonly #explicit: boolean
  readonly #littleEndian: boolean
  readonly #found = new Map<number, Found>()
  readonly #warnings = new Set<string>()
  /** All gathered bytes, one value after the other. */
  #tape = Buffer.allocUnsafe(FIRST_TAPE_BYTES)
  #written = 0
  /** The tape as ISO 8859-1. */
  #plain: string | undefined
  #open: Found | undefined
  #limit = 0

  constructor(explicit: boolean, littleEndian: boolean) {
    this.#explicit = explicit
    this.#littleEndian = littleEndian
  }

  /** An element of the top level begins.
   *  @returns whether its value is wanted: {@link append} and {@link end} follow */
  begin(tag: number, header: ElementHeader): boolean {
    const attribute = ATTRIBUTES.get(tag)
    if (attribute === undefined) return false
    if (this.#found.has(tag)) {
      this.warn('element occurs twice, the first counts', tag)
      return false
    }
    this.#open = { attribute, vr: header.form === FORM.NONE ? '' : header.vr, start: this.#written, end: this.#written }
    this.#found.set(tag, this.#open)
    this.#limit = this.#written + (attribute.vr === 'SQ' ? MAX_SEQUENCE_BYTES : MAX_TEXT_BYTES)
    return true
  }

  append(bytes: Buffer, start: number, end: number): void {
    if (end - start > this.#limit - this.#written && this.#open !== undefined) this.#overflow(this.#open)
    const count = Math.min(end - start, this.#limit - this.#written)
    if (count <= 0) return
    if (this.#written + count > this.#tape.length) this.#grow(this.#written + count)
    bytes.copy(this.#tape, this.#written, start, start + count)
    this.#written += count
  }

  end(): void {
    if (this.#open !== undefined) this.#open.end = this.#written
    this.#open = undefined
  }

  warn(text: string, tag?: number): void {
    if (this.#warnings.size < MAX_WARNINGS) this.#warnings.add(tag === undefined ? text : `${tagText(tag)}: ${text}`)
  }

  finish(): WalkedHeader {
    const keys: Partial<Record<IndexKeyword, string>> = {}
    const characterSet = this.#found.get(SPECIFIC_CHARACTER_SET)
    // One text cut up is cheaper than forty small ones; of a long tape it would cost more than it saves.
    if (this.#written <= LONGEST_PLAIN_BYTES) this.#plain = this.#tape.toString('latin1', 0, this.#written)
    const decode = decoderFor(characterSet === undefined ? undefined : trimPadding(this.#latin1(characterSet), 'CS'))
    for (const found of this.#found.values()) {
      if (found.end === found.start) continue
      const value = found.attribute.vr === 'SQ' ? this.#sequence(found, characterSet) : this.#text(found, decode)
      if (value !== undefined && value !== '') keys[found.attribute.keyword as IndexKeyword] = value
    }
    return {
      keys,
      sopClassUid: parseUid(keys.SOPClassUID),
      sopInstanceUid: parseUid(keys.SOPInstanceUID),
      studyInstanceUid: parseUid(keys.StudyInstanceUID),
      seriesInstanceUid: parseUid(keys.SeriesInstanceUID),
      warnings: [...this.#warnings],
    }
  }

  #overflow(found: Found): void {
    if (found.attribute.vr === 'SQ') {
      this.warn('sequence too long for the index, left out', found.attribute.tag)
      this.#written = found.start
      this.#limit = found.start
    } else {
      this.warn('value too long for the index, cut', found.attribute.tag)
    }
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#tape.length * 2))
    this.#tape.copy(larger, 0, 0, this.#written)
    this.#tape = larger
  }

  #text(found: Found, decode: (bytes: Buffer, vr: string) => string): string {
    const vr = valueVr(found)
    if (numberBytes(vr) !== undefined) return numbersText(this.#tape.subarray(found.start, found.end), vr, this.#littleEndian)
    const latin1 = this.#latin1(found)
    // Plain ASCII is the same in every character set, and nearly every value is that.
    if (!usesCharacterSet(vr) || PLAIN.test(latin1)) return trimPadding(latin1, vr)
    return trimPadding(decode(this.#tape.subarray(found.start, found.end), vr), vr)
  }

  #latin1(found: Found): string {
    return this.#plain === undefined ? this.#tape.toString('latin1', found.start, found.end) : this.#plain.slice(found.start, found.end)
  }

  #sequence(found: Found, characterSet: Found | undefined): string | undefined {
    if (found.vr !== '' && found.vr !== 'SQ' && found.vr !== 'UN') return undefined
    const parent = new DataSet(this.#littleEndian)
    if (characterSet !== undefined) {
      parent.add({ tag: SPECIFIC_CHARACTER_SET, vr: 'CS', value: this.#tape.subarray(characterSet.start, characterSet.end) })
    }
    const encoding =
      found.vr === 'UN' ? { explicit: false, littleEndian: true } : { explicit: this.#explicit, littleEndian: this.#littleEndian }
    try {
      return itemsToJson(readItems(this.#tape.subarray(found.start, found.end), encoding, parent))
    } catch {
      this.warn('sequence cannot be read, left out of the index', found.attribute.tag)
      return undefined
    }
  }
}

/** The VR to decode by: that of the element where it is one of text or numbers, else (implicit, UN, bytes) that of the dictionary. */
function valueVr(found: Found): string {
  if (found.vr === '' || found.vr === found.attribute.vr) return found.attribute.vr
  return isText(found.vr) || numberBytes(found.vr) !== undefined ? found.vr : found.attribute.vr
}
