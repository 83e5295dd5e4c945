/** The elements of the top level of a data set as it streams past (PS3.5 7.1, 7.5), bytes as they are.
 *
 *  Promises: every byte of an element can be passed on, looked at, or skipped; sequences and fragments of undefined length are followed to their
 *  end without being held. Zeros where an element should begin are the end: trailing rubbish, to be had by {@link ElementStream.rest}.
 *  Does not: know what a value means. Sizes in bytes.
 *  Errors: NodeError UNREADABLE, and what the source throws. */
import { ElementHeader, FORM, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { NodeError } from '../errors.ts'
import { ByteWindow } from './byte-window.ts'
import { type Encoding, IMPLICIT_LITTLE_ENDIAN } from './element-output.ts'

/** The longest header, and the one behind it. */
const HEADER_BYTES = 24
const MAX_DEPTH = 64

export interface StreamedElement {
  readonly header: ElementHeader
  /** The header as it stands in the data set. */
  readonly headerBytes: Buffer
}

/** A sequence, or an item of it, whose end is not known yet. */
interface Open {
  readonly isItem: boolean
  readonly encoding: Encoding
}

export class ElementStream {
  readonly #window: ByteWindow
  readonly #encoding: Encoding

  constructor(source: AsyncIterable<Buffer>, encoding: Encoding) {
    this.#window = new ByteWindow(source)
    this.#encoding = encoding
  }

  /** The header of the next element; its value, or what {@link content} leaves, has to be read before the one behind it.
   *  @returns undefined at the end */
  async next(): Promise<StreamedElement | undefined> {
    if (!(await this.#window.fill(HEADER_BYTES)) || this.#window.bytes.readUInt32LE(0) === 0) return undefined
    return this.#header(this.#encoding)
  }

  /** The value as it comes; of undefined length without its delimiter, which {@link delimiter} gives. */
  async *content({ header }: StreamedElement): AsyncGenerator<Buffer> {
    if (header.length !== UNDEFINED_LENGTH) yield* this.#window.pass(header.length, 1)
    else yield* this.#items(header.form === FORM.UNKNOWN ? IMPLICIT_LITTLE_ENDIAN : this.#encoding)
  }

  /** What ends a value of undefined length, once its content has been read; empty where the length is defined. */
  delimiter({ header }: StreamedElement): Buffer {
    return header.length === UNDEFINED_LENGTH ? this.#take(8) : Buffer.alloc(0)
  }

  async skip(element: StreamedElement): Promise<void> {
    for await (const _ of this.content(element));
    this.delimiter(element)
  }

  /** The whole element, header and all.
   *  @throws NodeError UNREADABLE where it has more than `limit` bytes */
  async whole(element: StreamedElement, limit: number): Promise<Buffer> {
    const parts = [element.headerBytes]
    let size = 0
    for await (const chunk of this.content(element)) {
      size += chunk.length
      if (size > limit) throw unreadable('an element is too large to be looked at')
      parts.push(Buffer.from(chunk))
    }
    return Buffer.concat([...parts, this.delimiter(element)])
  }

  /** What is left behind the last element. */
  async *rest(): AsyncGenerator<Buffer> {
    do {
      if (this.#window.bytes.length > 0) yield this.#take(this.#window.bytes.length)
      await this.#window.fill(1)
    } while (this.#window.bytes.length > 0)
  }

  /** Stops reading. */
  close(): Promise<void> {
    return this.#window.close()
  }

  /** Items up to the delimiter of the sequence, which stays. */
  async *#items(encoding: Encoding): AsyncGenerator<Buffer> {
    const open: Open[] = [{ isItem: false, encoding }]
    for (;;) {
      await this.#window.fill(HEADER_BYTES)
      const inside = open.at(-1)!
      if (open.length === 1 && this.#tag(encoding) === SEQUENCE_DELIMITATION) return
      const { header, headerBytes } = this.#header(inside.encoding)
      yield headerBytes
      if (header.tag === (inside.isItem ? ITEM_DELIMITATION : SEQUENCE_DELIMITATION)) open.pop()
      else if (header.length !== UNDEFINED_LENGTH) yield* this.#window.pass(header.length, 1)
      else if (open.length > 2 * MAX_DEPTH) throw unreadable('sequences nested too deeply')
      else open.push(await this.#opened(header, inside))
    }
  }

  async #opened(header: ElementHeader, { isItem, encoding }: Open): Promise<Open> {
    if (isItem) return { isItem: false, encoding: header.form === FORM.UNKNOWN ? IMPLICIT_LITTLE_ENDIAN : encoding }
    if (header.tag !== ITEM) throw unreadable('no item where one is due')
    await this.#window.fill(HEADER_BYTES)
    return { isItem: true, encoding: this.#isWithoutVrs(encoding) ? { ...encoding, explicit: false } : encoding }
  }

  /** Some senders write items in implicit VR although the data set is in explicit VR. */
  #isWithoutVrs({ explicit, littleEndian }: Encoding): boolean {
    const { bytes } = this.#window
    const first = new ElementHeader()
    return explicit && first.read(bytes, 0, bytes.length, true, littleEndian) !== 0 && first.isBroken
  }

  #header({ explicit, littleEndian }: Encoding): StreamedElement {
    const header = new ElementHeader()
    const { bytes } = this.#window
    const size = header.read(bytes, 0, bytes.length, explicit, littleEndian)
    if (size === 0) throw unreadable('data set ends inside an element')
    if (header.isBroken) throw unreadable('an element without a VR')
    return { header, headerBytes: this.#take(size) }
  }

  #tag({ littleEndian }: Encoding): number {
    const { bytes } = this.#window
    if (bytes.length < 8) throw unreadable('data set ends inside a sequence')
    const [group, element] = littleEndian ? [bytes.readUInt16LE(0), bytes.readUInt16LE(2)] : [bytes.readUInt16BE(0), bytes.readUInt16BE(2)]
    return group * 0x10000 + element
  }

  /** A copy: the window goes on. */
  #take(size: number): Buffer {
    const bytes = Buffer.from(this.#window.bytes.subarray(0, size))
    this.#window.skip(size)
    return bytes
  }
}

function unreadable(why: string): NodeError {
  return new NodeError('UNREADABLE', { why })
}
