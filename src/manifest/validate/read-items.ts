/** Reads a data set so that everything odd about its encoding is said (PS3.5 7), where the reader that the node works with
 *  (element-reader.ts) is silent about whatever can be read all the same.
 *
 *  Promises: any bytes give items and findings, never an exception; nothing is read past the end; nesting is capped at
 *  {@link MAX_DEPTH} and elements at {@link MAX_ELEMENTS}; no recursion, and the event loop turns. What comes before a fault that
 *  ends the reading is kept. Of an element that occurs twice, the first counts.
 *  Does not: check values (check-values.ts). */
import { vrOf } from '../../dicom/dictionary.ts'
import {
  ElementHeader,
  FORM,
  foreignEncoding,
  ITEM,
  ITEM_DELIMITATION,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
} from '../../dicom/element-header.ts'
import { MAX_DEPTH, MAX_ELEMENTS } from '../../dicom/element-reader.ts'
import type { Pace } from '../pace.ts'
import type { Findings } from './finding.ts'
import { Item, ItemElement, tagInWords } from './item.ts'

export interface Encoding {
  readonly explicit: boolean
  readonly littleEndian: boolean
}

interface ItemFrame {
  readonly kind: 'item'
  readonly item: Item
  readonly end: number
  readonly delimited: boolean
  readonly encoding: Encoding
  lastTag: number
}

interface SequenceFrame {
  readonly kind: 'sequence'
  readonly owner: Item
  readonly tag: number
  readonly items: Item[]
  readonly end: number
  readonly delimited: boolean
  readonly encoding: Encoding
}

/** Ends the reading. */
class Fault extends Error {
  readonly rule: 'structure' | 'transfer-syntax'
  constructor(message: string, rule: Fault['rule'] = 'structure') {
    super(message)
    this.rule = rule
  }
}

const TRAILING_PADDING = 0xfffcfffc
/** The dictionary has one VR where the standard leaves a choice. */
const ALTERNATIVES: Readonly<Record<string, readonly string[]>> = { OW: ['OB'], US: ['SS', 'OW'], OB: ['OW'] }

export interface ItemsRead {
  readonly root: Item
  /** The whole could be read: what is absent is not there. */
  readonly whole: boolean
  /** Where the reading ended. */
  readonly end: number
}

/** @param metaOnly  stops before the first element that is not of group 0002 */
export async function readItems(
  bytes: Buffer,
  start: number,
  encoding: Encoding,
  findings: Findings,
  pace: Pace,
  metaOnly = false,
): Promise<ItemsRead> {
  const reader = new ItemReader(bytes, start, encoding, findings, metaOnly)
  const whole = await reader.read(pace)
  return { root: reader.root, whole, end: reader.at }
}

class ItemReader {
  readonly root: Item
  at: number
  readonly #bytes: Buffer
  readonly #findings: Findings
  readonly #metaOnly: boolean
  readonly #header = new ElementHeader()
  readonly #stack: (ItemFrame | SequenceFrame)[] = []
  #count = 0

  constructor(bytes: Buffer, start: number, encoding: Encoding, findings: Findings, metaOnly: boolean) {
    this.#bytes = bytes
    this.at = start
    this.#findings = findings
    this.#metaOnly = metaOnly
    this.root = new Item(encoding.littleEndian)
    this.#stack.push({ kind: 'item', item: this.root, end: bytes.length, delimited: false, encoding, lastTag: -1 })
  }

  async read(pace: Pace): Promise<boolean> {
    try {
      for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
        const turn = pace.step()
        if (turn !== undefined) await turn
        if (frame.kind === 'item') this.#nextElement(frame)
        else this.#nextItem(frame)
      }
      return true
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      const frame = this.#stack.at(-1)
      const item = frame === undefined ? this.root : frame.kind === 'item' ? frame.item : frame.owner
      const where = `at byte ${this.at} of the ${this.#metaOnly ? 'file' : 'data set'}`
      this.#findings.report(error.rule, { item, tag: this.#tagInQuestion(frame) }, `${error.message}, ${where}`)
      return false
    }
  }

  #tagInQuestion(frame: ItemFrame | SequenceFrame | undefined): number | undefined {
    if (frame?.kind === 'sequence') return frame.tag
    return this.#header.tag > 0xffff && this.#header.tag >>> 16 !== 0xfffe ? this.#header.tag : undefined
  }

  #nextElement(frame: ItemFrame): void {
    if (this.at >= frame.end) {
      if (frame.delimited) throw new Fault('the item is not closed by its delimitation item')
      this.#stack.pop()
      return
    }
    const { explicit, littleEndian } = frame.encoding
    const isRoot = frame.item === this.root
    const length = this.#header.read(this.#bytes, this.at, frame.end, explicit, littleEndian)
    if (isRoot && (length === 0 || this.#header.tag === 0)) {
      this.#trailing(frame)
      return
    }
    if (length === 0) throw new Fault('the header of an element passes the end')
    if (this.#metaOnly && isRoot && this.#header.tag >>> 16 !== 0x0002) {
      this.#stack.pop()
      return
    }
    this.#refuseForeign(frame)
    this.at += length
    if (this.#isDelimiter(frame)) return
    this.#countOne()
    this.#noteHeader(frame)
    this.#takeValue(frame)
  }

  /** Zeros, or what is shorter than a header. */
  #trailing(frame: ItemFrame): void {
    this.#findings.report('trailing-bytes', { item: this.root }, `${frame.end - this.at} bytes that are no element follow the last one`)
    this.#stack.pop()
  }

  #refuseForeign({ item, encoding }: ItemFrame): void {
    const isFirst = item === this.root && item.elements.size === 0 && !this.#metaOnly
    const foreign = isFirst ? foreignEncoding(this.#header, encoding.explicit, encoding.littleEndian) : undefined
    if (foreign !== undefined) throw new Fault(foreign, 'transfer-syntax')
    if (this.#header.isBroken) throw new Fault('there is no VR where one is due')
  }

  #isDelimiter(frame: ItemFrame): boolean {
    const { tag } = this.#header
    if (tag !== ITEM_DELIMITATION && tag !== SEQUENCE_DELIMITATION && tag !== ITEM) return false
    if (tag !== ITEM_DELIMITATION || !frame.delimited) throw new Fault(`${tagInWords(tag)} stands outside of a sequence`)
    this.#stack.pop()
    return true
  }

  #noteHeader(frame: ItemFrame): void {
    const { tag, length } = this.#header
    const place = { item: frame.item, tag }
    if (frame.item.has(tag)) this.#findings.report('duplicate-element', place, 'the element occurs again')
    else if (tag < frame.lastTag) this.#findings.report('order', place, `the element follows ${tagInWords(frame.lastTag)}`)
    frame.lastTag = Math.max(frame.lastTag, tag)
    if (length !== UNDEFINED_LENGTH && length % 2 === 1) this.#findings.report('odd-length', place, `the length is ${length}`)
    const group = tag >>> 16
    if (!this.#metaOnly && (group === 0x0000 || group === 0x0002 || group === 0xffff)) {
      this.#findings.report('forbidden-group', place, 'the element stands in a data set')
    } else if (!this.#metaOnly && (tag & 0xffff) === 0) this.#findings.report('group-length', place, 'there is a group length')
    if (frame.encoding.explicit) this.#noteVr(frame)
  }

  #noteVr({ item }: ItemFrame): void {
    const { tag, vr, isGuessed, form } = this.#header
    const place = { item, tag }
    const known = vrOf(tag)
    if (isGuessed) this.#findings.report('vr-unknown', place, 'the VR is none of the standard')
    else if (known === undefined || known === vr || ALTERNATIVES[known]?.includes(vr) === true) return
    else if (form === FORM.UNKNOWN) this.#findings.report('vr-un', place, `the VR is UN, that of the dictionary is ${known}`)
    else this.#findings.report('vr', place, `the VR is ${vr}, that of the dictionary is ${known}`)
  }

  #takeValue(frame: ItemFrame): void {
    const { tag, form, length } = this.#header
    const { item, encoding } = frame
    const vr = this.#vrToReadBy(encoding)
    const isUndefined = length === UNDEFINED_LENGTH
    if (isUndefined && vr !== 'SQ' && form !== FORM.UNKNOWN && !(form === FORM.NONE && vr === 'UN')) {
      throw new Fault('the length is undefined, which only a sequence may have here')
    }
    if (!isUndefined && length > frame.end - this.at) {
      throw new Fault(`the value is ${length} bytes long, ${frame.end - this.at} are left`)
    }
    if (vr === 'SQ' || isUndefined) {
      this.#openSequence(frame, tag, form === FORM.UNKNOWN)
      return
    }
    this.#add(item, new ItemElement(tag, vr, this.#bytes, this.at, length))
    this.at += length
  }

  #vrToReadBy(encoding: Encoding): string {
    const { form, tag, vr } = this.#header
    if (encoding.explicit && form !== FORM.UNKNOWN && form !== FORM.GUESSED) return vr
    const known = vrOf(tag)
    return known === undefined || (!encoding.littleEndian && known !== 'SQ') ? 'UN' : known
  }

  /** The value of an UN is in Implicit VR Little Endian (PS3.5 6.2.2). */
  #openSequence(frame: ItemFrame, tag: number, isUnknown: boolean): void {
    if (this.#stack.length >= 2 * MAX_DEPTH) throw new Fault(`sequences are nested deeper than ${MAX_DEPTH}`)
    const { length } = this.#header
    const items: Item[] = []
    this.#add(frame.item, new ItemElement(tag, 'SQ', this.#bytes, this.at, 0, items))
    const delimited = length === UNDEFINED_LENGTH
    const end = delimited ? frame.end : this.at + length
    const encoding = isUnknown ? { explicit: false, littleEndian: true } : frame.encoding
    this.#stack.push({ kind: 'sequence', owner: frame.item, tag, items, end, delimited, encoding })
  }

  #add(item: Item, element: ItemElement): void {
    const group = element.tag >>> 16
    const isKept = this.#metaOnly || (group !== 0 && group !== 2 && group !== 0xffff && (element.tag & 0xffff) !== 0)
    if (isKept && element.tag !== TRAILING_PADDING) item.add(element)
  }

  #nextItem(frame: SequenceFrame): void {
    if (this.at >= frame.end) {
      if (frame.delimited) throw new Fault('the sequence is not closed by its delimitation item')
      this.#stack.pop()
      return
    }
    const { littleEndian } = frame.encoding
    if (this.#header.read(this.#bytes, this.at, frame.end, false, littleEndian) === 0) {
      throw new Fault('the header of an item passes the end of its sequence')
    }
    const { tag, length } = this.#header
    if (tag === SEQUENCE_DELIMITATION && frame.delimited) {
      this.at += 8
      this.#stack.pop()
      return
    }
    if (tag !== ITEM) throw new Fault('there is no item where one is due')
    this.at += 8
    this.#countOne()
    const delimited = length === UNDEFINED_LENGTH
    if (!delimited && length > frame.end - this.at) throw new Fault('an item passes the end of its sequence')
    const item = new Item(littleEndian, frame.owner, frame.tag, frame.items.length + 1)
    frame.items.push(item)
    const end = delimited ? frame.end : this.at + length
    this.#stack.push({ kind: 'item', item, end, delimited, encoding: frame.encoding, lastTag: -1 })
  }

  #countOne(): void {
    if (++this.#count > MAX_ELEMENTS) throw new Fault(`there are more than ${MAX_ELEMENTS} elements and items`)
  }
}
