/** Elements of a stored data set, found at their places in the file (PS3.5 7.1, 7.5): what lies between two headers is not read.
 *
 *  Promises: memory of one window, whatever the size of the data set; values and fragments are passed over by their lengths, sequences and items of
 *  undefined length by their headers.
 *  Does not: close the bytes, know deflated data sets (see plain-bytes.ts). Positions count from the beginning of the data set, in bytes.
 *  Errors: NodeError UNREADABLE, and what reading throws. */
import { ElementHeader, FORM, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { NodeError } from '../errors.ts'
import type { ByteSource } from '../storage/contract.ts'
import { type Encoding, IMPLICIT_LITTLE_ENDIAN } from './element-output.ts'
import { PIXEL_DATA } from './element-vr.ts'

const WINDOW_BYTES = 8 * 1024
const LONGEST_HEADER = 12
const MAX_DEPTH = 64

/** One element or item, and where it lies. */
export interface Placed {
  readonly tag: number
  /** As the header says it; '' under implicit VR and of items. */
  readonly vr: string
  readonly form: number
  /** Of the value, or {@link UNDEFINED_LENGTH}. */
  readonly length: number
  readonly at: number
  readonly valueAt: number
}

export class ElementCursor {
  readonly #bytes: ByteSource
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES)
  readonly #header = new ElementHeader()
  #windowAt = 0
  #filled = 0

  constructor(bytes: ByteSource) {
    this.#bytes = bytes
  }

  get sizeBytes(): number {
    return this.#bytes.sizeBytes
  }

  /** The element of the top level that begins here. @returns undefined at the end, or where zeros follow the last element */
  async element(at: number, encoding: Encoding): Promise<Placed | undefined> {
    const placed = await this.#placed(at, encoding)
    return placed === undefined || placed.tag === 0 ? undefined : placed
  }

  /** An element, item or delimiter of a sequence. */
  async inside(at: number, encoding: Encoding): Promise<Placed> {
    return (await this.#placed(at, encoding)) ?? unreadable('data set ends inside a sequence')
  }

  /** How the elements of an item are written: some senders write them without VRs although the data set has them. */
  async itemEncoding(valueAt: number, encoding: Encoding): Promise<Encoding> {
    if (!encoding.explicit) return encoding
    await this.#fill(valueAt)
    const from = valueAt - this.#windowAt
    return this.#header.read(this.#window, from, this.#filled, true, encoding.littleEndian) !== 0 && this.#header.isBroken
      ? { ...encoding, explicit: false }
      : encoding
  }

  /** What a sequence that is an UN has inside (PS3.5 6.2.2). */
  static encodingInside({ form }: Placed, encoding: Encoding): Encoding {
    return form === FORM.UNKNOWN ? IMPLICIT_LITTLE_ENDIAN : encoding
  }

  /** Where the thing behind this element begins. */
  async endOf(placed: Placed, encoding: Encoding, depth = 0): Promise<number> {
    const { length, valueAt } = placed
    if (length !== UNDEFINED_LENGTH) {
      if (valueAt + length > this.sizeBytes) unreadable('an element passes the end of its data set')
      return valueAt + length
    }
    if (depth > MAX_DEPTH) unreadable('sequences nested too deeply')
    return this.#endOfItems(valueAt, ElementCursor.encodingInside(placed, encoding), depth + 1)
  }

  /** A copy of the bytes. @throws NodeError UNREADABLE where there are not so many */
  async read(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length)
    if ((await this.#bytes.read([bytes], at)) < length) unreadable('data set ends inside an element')
    return bytes
  }

  async #endOfItems(start: number, encoding: Encoding, depth: number): Promise<number> {
    let at = start
    for (;;) {
      const item = await this.inside(at, { explicit: false, littleEndian: encoding.littleEndian })
      if (item.tag === SEQUENCE_DELIMITATION) return item.valueAt
      if (item.tag !== ITEM) unreadable('no item where one is due')
      at = await this.endOfItem(item, encoding, depth)
    }
  }

  /** Where the item behind this one begins. */
  async endOfItem(item: Placed, around: Encoding, depth = 0): Promise<number> {
    if (item.length !== UNDEFINED_LENGTH) return item.valueAt + item.length
    const encoding = await this.itemEncoding(item.valueAt, around)
    let at = item.valueAt
    for (;;) {
      const element = await this.inside(at, encoding)
      if (element.tag === ITEM_DELIMITATION) return element.valueAt
      at = await this.endOf(element, encoding, depth)
    }
  }

  async #placed(at: number, { explicit, littleEndian }: Encoding): Promise<Placed | undefined> {
    if (at + 8 > this.sizeBytes) return undefined
    if (at < this.#windowAt || at + LONGEST_HEADER > this.#windowAt + this.#filled) await this.#fill(at)
    const header = this.#header
    const size = header.read(this.#window, at - this.#windowAt, this.#filled, explicit, littleEndian)
    if (size === 0) unreadable('data set ends inside an element')
    if (header.isBroken && header.tag !== 0) unreadable('an element without a VR')
    return { tag: header.tag, vr: header.vr, form: header.form, length: header.length, at, valueAt: at + size }
  }

  async #fill(at: number): Promise<void> {
    this.#filled = await this.#bytes.read([this.#window], at)
    this.#windowAt = at
  }
}

/** Whether a value of undefined length is fragments, not items of a sequence (PS3.5 A.4). */
export function isFragments({ tag, form, length }: Placed): boolean {
  return length === UNDEFINED_LENGTH && (form === FORM.BYTES || tag === PIXEL_DATA)
}

function unreadable(why: string): never {
  throw new NodeError('UNREADABLE', { why })
}
