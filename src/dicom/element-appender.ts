/** Appends the elements of many small data sets to one buffer (PS3.5 7.1), little endian: for answers, of which there may be thousands.
 *
 *  Promises: the bytes are those that ElementWriter would write; text goes straight into the buffer, and nothing is made for each element.
 *  Does not: sort; elements come in ascending order of tags.
 *  @throws as ElementWriter does: a bug of the caller. Nothing is left of the element then */
import { ElementWriter, type ElementWriterOptions } from './element-writer.ts'
import { isLongForm, isText, usesCharacterSet } from './value-representations.ts'

/** The buffer begins as small as one answer and is made anew, larger, while more is appended. Bytes. */
const FIRST_BYTES = 1024
const LARGEST_BYTES = 64 * 1024
/** UTF-8 takes three bytes at most for each unit of a string. */
const UTF_8_BYTES = 3
const LONGEST_SHORT_FORM = 0xfffe

export interface ElementAppenderOptions extends ElementWriterOptions {
  /** `encode` writes UTF-8. */
  readonly isUtf8: boolean
}

export class ElementAppender {
  readonly #options: ElementAppenderOptions
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  /** Where the present data set begins, and where it ends so far. */
  #start = 0
  #end = 0

  constructor(options: ElementAppenderOptions) {
    this.#options = options
  }

  /** One element from text, as {@link ElementWriter.element}. */
  element(tag: number, vr: string, value: string | undefined): void {
    if (value === undefined || value === '') this.#appendEmpty(tag, vr)
    else if (!isText(vr) || isLongForm(vr) || value.length * UTF_8_BYTES > LONGEST_SHORT_FORM) {
      this.written((writer) => writer.element(tag, vr, value))
    } else this.#appendText(tag, vr, value)
  }

  /** Whatever a writer writes: sequences, binary values. */
  written(write: (writer: ElementWriter) => void): void {
    const writer = new ElementWriter(this.#options)
    write(writer)
    this.append(writer.finish())
  }

  /** Bytes of whole elements. */
  append(bytes: Buffer): void {
    this.#makeRoom(bytes.length)
    this.#end += bytes.copy(this.#bytes, this.#end)
  }

  /** @returns the data set, whose bytes nobody changes any more; the next one begins */
  finish(): Buffer {
    const dataSet = this.#bytes.subarray(this.#start, this.#end)
    this.#start = this.#end
    return dataSet
  }

  #appendEmpty(tag: number, vr: string): void {
    this.#makeRoom(12)
    this.#appendHeader(tag, vr)
  }

  #appendText(tag: number, vr: string, value: string): void {
    const { encode, isUtf8 } = this.#options
    if (encode !== undefined && !isUtf8 && usesCharacterSet(vr)) {
      this.#appendEncoded(tag, vr, encode(value, vr))
      return
    }
    this.#makeRoom(12 + value.length * UTF_8_BYTES + 1)
    const header = this.#end
    this.#appendHeader(tag, vr)
    const length = this.#bytes.write(value, this.#end, usesCharacterSet(vr) ? 'utf8' : 'latin1')
    this.#appendEnd(header, vr, length)
  }

  #appendEncoded(tag: number, vr: string, value: Buffer): void {
    if (value.length > LONGEST_SHORT_FORM) {
      this.written((writer) => writer.bytes(tag, vr, value))
      return
    }
    this.#makeRoom(12 + value.length + 1)
    const header = this.#end
    this.#appendHeader(tag, vr)
    this.#appendEnd(header, vr, value.copy(this.#bytes, this.#end))
  }

  /** Pads the value that has been written behind a header, and writes its length there. */
  #appendEnd(header: number, vr: string, length: number): void {
    this.#end += length
    if (length % 2 === 1) this.#bytes[this.#end++] = vr === 'UI' ? 0 : 0x20
    if (this.#options.explicit) this.#bytes.writeUInt16LE(length + (length % 2), header + 6)
    else this.#bytes.writeUInt32LE(length + (length % 2), header + 4)
  }

  /** With zero as its length. */
  #appendHeader(tag: number, vr: string): void {
    const bytes = this.#bytes
    const at = this.#end
    bytes[at] = (tag >>> 16) & 0xff
    bytes[at + 1] = tag >>> 24
    bytes[at + 2] = tag & 0xff
    bytes[at + 3] = (tag >>> 8) & 0xff
    if (!this.#options.explicit) {
      this.#end = bytes.writeUInt32LE(0, at + 4)
      return
    }
    bytes[at + 4] = vr.charCodeAt(0)
    bytes[at + 5] = vr.charCodeAt(1)
    this.#end = bytes.writeUInt16LE(0, at + 6)
    if (isLongForm(vr)) this.#end = bytes.writeUInt32LE(0, this.#end)
  }

  /** What has been finished stays in the buffer that it is in. */
  #makeRoom(count: number): void {
    if (this.#end + count <= this.#bytes.length) return
    const begun = this.#bytes.subarray(this.#start, this.#end)
    const usual = Math.min(LARGEST_BYTES, this.#bytes.length * 4)
    this.#bytes = Buffer.allocUnsafe(Math.max(usual, (begun.length + count) * 2))
    begun.copy(this.#bytes)
    this.#start = 0
    this.#end = begun.length
  }
}
