/** A stored data set without its large binary values: what metadata is made of (PS3.18 10.4.1.1.2).
 *
 *  Promises: pixel data, and binary values of more than {@link INLINE_BYTES}, also inside of sequences, are passed over and not read; where they are is
 *  told. A sequence of defined length that cannot be followed is left out, as its end is known. Memory up to {@link LARGEST_HEADER}.
 *  Errors: NodeError UNREADABLE, and what reading throws. Sizes in bytes. */
import { tagText, vrOf } from '../dicom/dictionary.ts'
import { FORM, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { isKnownVr } from '../dicom/value-representations.ts'
import { NodeError } from '../errors.ts'
import type { ByteSource } from '../storage/contract.ts'
import { ElementCursor, isFragments, type Placed } from './element-cursor.ts'
import { ElementOutput, type Encoding, IMPLICIT_LITTLE_ENDIAN } from './element-output.ts'
import { PIXEL_DATA, Scope } from './element-vr.ts'

const INLINE_BYTES = 1024
const LARGEST_HEADER = 64 * 1024 * 1024
const MAX_DEPTH = 64
const BINARY = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])
const FLOAT_PIXEL_DATA = 0x7fe00008

export interface BulkElement {
  readonly tag: number
  readonly vr: string
}

export interface Header {
  /** In explicit VR, in the byte order of the file: a VR that depends on other elements ("US or SS") is settled. */
  readonly dataSet: Buffer
  /** What was passed over, by the path of the data set or item that it belongs to: '' for the data set, `54000100/1/` for the first item of a sequence. */
  readonly bulk: ReadonlyMap<string, readonly BulkElement[]>
}

export function isBinary(vr: string): boolean {
  return BINARY.has(vr)
}

/** The VR that an element has here: its own, or that of the dictionary. */
export function placedVr({ tag, vr, length, form }: Placed): string {
  if (tag === PIXEL_DATA) return length === UNDEFINED_LENGTH ? 'OB' : vr || 'OW'
  if (vr === '') return vrOf(tag) ?? 'UN'
  return form === FORM.GUESSED || !isKnownVr(vr) ? 'UN' : vr
}

/** Where an element lies. */
interface Place {
  /** Of the data set or item. */
  readonly path: string
  readonly depth: number
  readonly scope: Scope
}

/** That of the dictionary where the element says UN (PS3.5 6.2.2); a sequence stays UN, for its items are in implicit VR. */
function vrIn(element: Placed, { explicit, littleEndian }: Encoding, scope: Scope): string {
  const vr = placedVr(element)
  if (element.tag === PIXEL_DATA) return vr
  const isOpen = element.form === FORM.UNKNOWN && littleEndian && (vrOf(element.tag) ?? 'SQ') !== 'SQ'
  return scope.vrOf({ ...element, vr }, explicit && !isOpen)
}

export async function withoutBulk(bytes: ByteSource, encoding: Encoding): Promise<Header> {
  const stripping = new Stripping(new ElementCursor(bytes), encoding)
  await stripping.topLevel(encoding)
  return { dataSet: Buffer.concat(stripping.pieces), bulk: stripping.bulk }
}

class Stripping {
  readonly pieces: Buffer[] = []
  readonly bulk = new Map<string, BulkElement[]>()
  readonly #cursor: ElementCursor
  readonly #output: ElementOutput
  /** Paths of {@link bulk}, as they came: to take back what a sequence brought that is left out. */
  readonly #noted: string[] = []
  #size = 0

  constructor(cursor: ElementCursor, encoding: Encoding) {
    this.#cursor = cursor
    this.#output = new ElementOutput({ ...encoding, explicit: true })
  }

  async topLevel(encoding: Encoding): Promise<void> {
    const scope = new Scope()
    for (let at = 0; ; ) {
      const element = await this.#cursor.element(at, encoding)
      if (element === undefined) break
      at = await this.#element(element, encoding, { path: '', depth: 0, scope })
    }
    this.#flush()
  }

  async #element(element: Placed, encoding: Encoding, place: Place): Promise<number> {
    const { tag, valueAt, length } = element
    const { path, depth, scope } = place
    const vr = vrIn(element, encoding, scope)
    if (isFragments(element) || (tag >= FLOAT_PIXEL_DATA && tag <= PIXEL_DATA) || (isBinary(vr) && length > INLINE_BYTES)) {
      if (length !== UNDEFINED_LENGTH || isFragments(element)) {
        this.#note(path, { tag, vr })
        return this.#cursor.endOf(element, encoding, depth)
      }
    }
    const end = length === UNDEFINED_LENGTH ? undefined : await this.#cursor.endOf(element, encoding, depth)
    if (end === undefined || vr === 'SQ') return this.#sequence(element, encoding, place, end)
    this.#output.header(tag, vr, length)
    this.#grow(length)
    const value = await this.#cursor.read(valueAt, length)
    scope.learn(tag, value, encoding.littleEndian)
    this.#output.bytes(value)
    this.#output.padding(vr, length)
    return end
  }

  /** @param end  where it is known */
  async #sequence(element: Placed, encoding: Encoding, place: Place, end?: number): Promise<number> {
    if (place.depth > MAX_DEPTH) throw new NodeError('UNREADABLE', { why: 'sequences nested too deeply' })
    this.#flush()
    const kept = { pieces: this.pieces.length, size: this.#size, noted: this.#noted.length }
    try {
      return await this.#items(element, encoding, place, end)
    } catch (error) {
      if (end === undefined || !(error instanceof NodeError) || error.code !== 'UNREADABLE') throw error
      this.#flush()
      this.pieces.length = kept.pieces
      this.#size = kept.size
      while (this.#noted.length > kept.noted) this.bulk.get(this.#noted.pop()!)!.pop()
      return end
    }
  }

  async #items({ tag, valueAt, form }: Placed, around: Encoding, { path, depth, scope }: Place, end?: number): Promise<number> {
    const outer = this.#output.encoding
    this.#output.header(tag, form === FORM.UNKNOWN ? 'UN' : 'SQ', UNDEFINED_LENGTH)
    const encoding = form === FORM.UNKNOWN ? IMPLICIT_LITTLE_ENDIAN : around
    this.#output.encoding = { ...encoding, explicit: form !== FORM.UNKNOWN && outer.explicit }
    let at = valueAt
    for (let number = 1; end === undefined || at < end; number++) {
      const item = await this.#cursor.inside(at, { explicit: false, littleEndian: encoding.littleEndian })
      if (item.tag === SEQUENCE_DELIMITATION) {
        at = item.valueAt
        break
      }
      if (item.tag !== ITEM) throw new NodeError('UNREADABLE', { why: 'no item where one is due' })
      const inner = { path: `${path}${tagText(tag)}/${number}/`, depth: depth + 1, scope: scope.inner() }
      at = await this.#item(item, encoding, inner)
    }
    this.#output.delimiter(SEQUENCE_DELIMITATION, 0)
    this.#output.encoding = outer
    return end ?? at
  }

  async #item(item: Placed, around: Encoding, place: Place): Promise<number> {
    const encoding = await this.#cursor.itemEncoding(item.valueAt, around)
    const end = item.length === UNDEFINED_LENGTH ? Number.POSITIVE_INFINITY : item.valueAt + item.length
    this.#output.delimiter(ITEM, UNDEFINED_LENGTH)
    this.#grow(16)
    let at = item.valueAt
    while (at < end) {
      const element = await this.#cursor.inside(at, encoding)
      at = element.valueAt
      if (element.tag === ITEM_DELIMITATION) break
      at = await this.#element(element, encoding, place)
    }
    this.#output.delimiter(ITEM_DELIMITATION, 0)
    return end === Number.POSITIVE_INFINITY ? at : end
  }

  #note(path: string, element: BulkElement): void {
    const there = this.bulk.get(path)
    if (there === undefined) this.bulk.set(path, [element])
    else there.push(element)
    this.#noted.push(path)
  }

  #grow(size: number): void {
    this.#size += size + 12
    if (this.#size > LARGEST_HEADER) throw new NodeError('UNREADABLE', { why: 'header too large' })
  }

  #flush(): void {
    this.pieces.push(this.#output.take())
  }
}
