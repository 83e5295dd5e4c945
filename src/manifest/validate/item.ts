/** A data set or an item of a sequence that knows where it stands, so that a finding can say so:
 *  `(0040,A375)[1] > (0008,1115)[2] > (0008,0054) RetrieveAETitle`. Items are counted from 1, as in PS3.3. */
import { DataSet } from '../../dicom/data-set.ts'
import { keywordOf, tagText } from '../../dicom/dictionary.ts'

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
