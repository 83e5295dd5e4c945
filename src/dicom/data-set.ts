/** A data set in memory (PS3.5 7.1): its elements by tag, and their values as text. Made by element-reader.ts.
 *
 *  Text is decoded by the Specific Character Set (0008,0005) of the data set itself or, where it has none, of the one that encloses
 *  it (PS3.3 C.12.1.1.2), at the moment it is asked for; a wrong character set never throws. */
import { decoderFor } from './character-set.ts'
import { isSingleText, isText, numberBytes, numbersText, trimPadding, usesCharacterSet } from './value-representations.ts'

export interface Element {
  readonly tag: number
  /** As in the element; from the dictionary under implicit VR and for UN; UN where neither knows. */
  readonly vr: string
  /** A view of the input. Of a sequence: its items with their headers. */
  readonly value: Buffer
  /** Of a sequence. */
  readonly items?: readonly DataSet[]
}

type Decode = (bytes: Buffer, vr: string) => string

const SPECIFIC_CHARACTER_SET = 0x00080005
const NO_ELEMENTS: ReadonlyMap<number, Element> = new Map()

export class DataSet {
  /** Made with the first element: a hostile sequence may have a million empty items. */
  #elements: Map<number, Element> | undefined
  readonly #littleEndian: boolean
  readonly #parent: DataSet | undefined
  #decode: Decode | undefined

  constructor(littleEndian: boolean, parent?: DataSet) {
    this.#littleEndian = littleEndian
    this.#parent = parent
  }

  /** In the order of the input. */
  get elements(): ReadonlyMap<number, Element> {
    return this.#elements ?? NO_ELEMENTS
  }

  /** For the reader. Of several elements with one tag, the first counts. */
  add(element: Element): void {
    this.#elements ??= new Map()
    if (!this.#elements.has(element.tag)) this.#elements.set(element.tag, element)
  }

  has(tag: number): boolean {
    return this.elements.has(tag)
  }

  /** The value as text without padding, several values joined by backslash; numbers as decimal, AT as eight hexadecimal digits.
   *  @returns undefined where the element is absent, empty, or of a VR that has no text */
  text(tag: number): string | undefined {
    const element = this.elements.get(tag)
    return element === undefined ? undefined : this.#textOf(element) || undefined
  }

  /** The values of {@link text} one by one; none where it is undefined. */
  values(tag: number): string[] {
    const text = this.text(tag)
    if (text === undefined) return []
    return isSingleText(this.elements.get(tag)?.vr ?? '') ? [text] : text.split('\\')
  }

  /** The items of a sequence; none where the element is absent, empty or no sequence. */
  items(tag: number): readonly DataSet[] {
    return this.elements.get(tag)?.items ?? []
  }

  /** Specific Character Set in force here. */
  get characterSet(): string | undefined {
    const element = this.elements.get(SPECIFIC_CHARACTER_SET)
    return element === undefined ? this.#parent?.characterSet : trimPadding(element.value.toString('latin1'), 'CS')
  }

  #textOf(element: Element): string {
    const { vr, value } = element
    if (usesCharacterSet(vr)) {
      this.#decode ??= decoderFor(this.characterSet)
      return trimPadding(this.#decode(value, vr), vr)
    }
    if (isText(vr)) return trimPadding(value.toString('latin1'), vr)
    return numberBytes(vr) === undefined ? '' : numbersText(value, vr, this.#littleEndian)
  }
}
