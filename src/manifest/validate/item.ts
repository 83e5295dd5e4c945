/** A data set or an item of a sequence that knows where it stands, so that a finding can say so:
 *  `(0040,A375)[1] > (0008,1115)[2] > (0008,0054) RetrieveAETitle`. Items are counted from 1, as in PS3.3. */
import { DataSet, type Element } from '../../dicom/data-set.ts'
import { keywordOf, tagText } from '../../dicom/dictionary.ts'
import { isText, trimPadding, usesCharacterSet } from '../../dicom/value-representations.ts'

const ESC = 0x1b

/** An element where it stands in the file. Of half a million of a long manifest few have what needs a view of their bytes; a text is decoded once. */
export class ItemElement implements Element {
  readonly tag: number
  readonly vr: string
  readonly items?: readonly Item[]
  /** In bytes; 0 of a sequence. */
  readonly length: number
  readonly #bytes: Buffer
  readonly #start: number
  #isPlainAscii: boolean | undefined
  #text: string | undefined

  constructor(tag: number, vr: string, bytes: Buffer, start: number, length: number, items?: readonly Item[]) {
    this.tag = tag
    this.vr = vr
    this.#bytes = bytes
    this.#start = start
    this.length = length
    this.items = items
  }

  get value(): Buffer {
    return this.#bytes.subarray(this.#start, this.#start + this.length)
  }

  /** @param at  from the end where it is negative */
  byte(at: number): number | undefined {
    const index = at < 0 ? this.length + at : at
    return index >= 0 && index < this.length ? this.#bytes[this.#start + index] : undefined
  }

  /** No byte above 7FH, and no escape to other characters. */
  get isPlainAscii(): boolean {
    if (this.#isPlainAscii === undefined) {
      const end = this.#start + this.length
      let at = this.#start
      while (at < end && this.#bytes[at]! < 0x80 && this.#bytes[at] !== ESC) at++
      this.#isPlainAscii = at === end
    }
    return this.#isPlainAscii
  }

  /** As {@link DataSet.text} has it; '' where there is none.
   *  @param decoded  what that is where the characters have to be known */
  text(decoded: () => string | undefined): string {
    if (this.#text === undefined) {
      const isAscii = isText(this.vr) && (!usesCharacterSet(this.vr) || this.isPlainAscii)
      const end = this.#start + this.length
      this.#text = isAscii ? trimPadding(this.#bytes.toString('latin1', this.#start, end), this.vr) : (decoded() ?? '')
    }
    return this.#text
  }
}

export class Item extends DataSet {
  readonly owner: Item | undefined
  /** Of the sequence that holds it; 0 for a data set. */
  readonly sequence: number
  readonly number: number

  constructor(littleEndian: boolean, owner?: Item, sequence = 0, number = 0) {
    super(littleEndian, owner)
    this.owner = owner
    this.sequence = sequence
    this.number = number
  }

  override items(tag: number): readonly Item[] {
    return super.items(tag) as readonly Item[]
  }

  override text(tag: number): string | undefined {
    return this.elements.get(tag)?.text(() => super.text(tag)) || undefined
  }

  override get elements(): ReadonlyMap<number, ItemElement> {
    return super.elements as ReadonlyMap<number, ItemElement>
  }

  /** '' for a data set. */
  get path(): string {
    const steps: string[] = []
    for (let at: Item | undefined = this; at !== undefined && at.sequence !== 0; at = at.owner) {
      steps.unshift(`${tagInWords(at.sequence)}[${at.number}]`)
    }
    return steps.join(' > ')
  }
}

/** Where a finding stands: an attribute, or without a tag the item itself. */
export interface Place {
  readonly item: Item
  readonly tag?: number
}

/** @returns `file` for what is about no element */
export function pathOf({ item, tag }: Place): string {
  const attribute = tag === undefined ? '' : [tagInWords(tag), keywordOf(tag)].filter(Boolean).join(' ')
  return [item.path, attribute].filter(Boolean).join(' > ') || 'file'
}

/** `(0008,0054)` */
export function tagInWords(tag: number): string {
  const digits = tagText(tag)
  return `(${digits.slice(0, 4)},${digits.slice(4)})`
}
