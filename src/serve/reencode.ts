/** A data set in another transfer syntax, or in its own with values of even length, as a stream (PS3.5 10, A.1 to A.5).
 *
 *  Promises: what element-copier.ts promises; values of more than {@link STREAMED_FROM} bytes, and fragments, pass through without being held,
 *  so that memory does not grow with the pixel data; a sequence of the top level is held whole, up to {@link LARGEST_SEQUENCE} bytes.
 *  Does not: decode pixel data (see decompress.ts), write Deflated.
 *  Errors: NodeError UNREADABLE, and what the source throws. Sizes in bytes. */
import { Readable } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { ElementHeader, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import type { TransferSyntax } from '../dicom/transfer-syntaxes.ts'
import { NodeError } from '../errors.ts'
import { ByteWindow } from './byte-window.ts'
import { ElementCopier, holdsOddItems, Incomplete } from './element-copier.ts'
import { type Encoding, swapUnit } from './element-output.ts'
import { PIXEL_DATA } from './element-vr.ts'
import { copyFragments, DESCRIBE_FRAGMENTS, type FragmentPlan, planFragments } from './even-fragments.ts'

export const STREAMED_FROM = 64 * 1024
export const LARGEST_SEQUENCE = 256 * 1024 * 1024
/** What is written is handed on from so many bytes. */
export const FLUSH_FROM = 64 * 1024
/** The longest header, and the first bytes of the value. */
const HEADER_BYTES = 16
const NUMBER_OF_FRAMES = 0x00280008

/** @param open       the data set as stored, in `from`, which is native
 *  @param toExplicit Explicit VR Little Endian comes out; Implicit VR otherwise */
export function reencode(open: () => Readable, from: TransferSyntax, toExplicit: boolean): Readable {
  const source = from.deflated ? inflated(open()) : open()
  return chunked(new Reencoding(source, from, { explicit: toExplicit, littleEndian: true }).copied())
}

/** Its own transfer syntax, which is not deflated.
 *  @param plan  of the fragments: one that was made before, or one to be made; nothing that comes out is of use then */
export function reencodeEven(open: () => Readable, syntax: TransferSyntax, plan: FragmentPlan, isPlanned: boolean): Readable {
  return chunked(new Reencoding(open(), syntax, syntax, { plan, isPlanned }).copied())
}

function chunked(chunks: AsyncIterable<Buffer>): Readable {
  return Readable.from(chunks, { objectMode: false, highWaterMark: 4 * FLUSH_FROM })
}

/** Deflated bytes as the data set that they are (PS3.5 A.5). */
export function inflated(source: Readable): Readable {
  const inflate = createInflateRaw()
  source.once('error', (error) => inflate.destroy(error))
  inflate.once('close', () => source.destroy())
  return source.pipe(inflate)
}

interface Fragments {
  readonly plan: FragmentPlan
  readonly isPlanned: boolean
}

interface Found {
  readonly header: ElementHeader
  readonly headerBytes: number
}

class Reencoding {
  readonly #window: ByteWindow
  readonly #copier: ElementCopier
  readonly #from: Encoding
  readonly #to: Encoding
  readonly #fragments: Fragments | undefined

  /** @param fragments  where compressed pixel data may come out */
  constructor(source: AsyncIterable<Buffer>, from: Encoding, to: Encoding, fragments?: Fragments) {
    this.#window = new ByteWindow(source)
    this.#copier = new ElementCopier(from, to, fragments !== undefined)
    this.#from = from
    this.#to = to
    this.#fragments = fragments
  }

  async *copied(): AsyncGenerator<Buffer> {
    const { output } = this.#copier
    try {
      while (await this.#window.fill(HEADER_BYTES)) {
        if (isPadding(this.#window.bytes)) break
        const found = this.#next()
        if (found !== undefined && this.#isStale(found.header.tag)) {
          this.#window.skip(found.headerBytes)
          for await (const _ of this.#window.pass(found.header.length, 1));
        } else if (found !== undefined && this.#isFragments(found.header)) yield* this.#copyFragments(found)
        else if (found !== undefined && this.#isLarge(found)) yield* this.#copyLarge(found)
        else await this.#copyWhole(found)
        if (output.length >= FLUSH_FROM) yield output.take()
      }
      yield output.take()
    } finally {
      await this.#window.close()
    }
  }

  /** @returns undefined where the header cannot be read: the copier says why */
  #next(): Found | undefined {
    const header = new ElementHeader()
    const { bytes } = this.#window
    const headerBytes = header.read(bytes, 0, bytes.length, this.#from.explicit, this.#from.littleEndian)
    return headerBytes === 0 || header.isBroken ? undefined : { header, headerBytes }
  }

  #isStale(tag: number): boolean {
    return this.#fragments?.isPlanned === true && this.#fragments.plan.isNeeded && DESCRIBE_FRAGMENTS.has(tag)
  }

  #isFragments(header: ElementHeader): boolean {
    return this.#fragments !== undefined && header.tag === PIXEL_DATA && header.length === UNDEFINED_LENGTH
  }

  #isLarge({ header, headerBytes }: Found): boolean {
    if (header.length === UNDEFINED_LENGTH || header.length < STREAMED_FROM) return false
    const vr = this.#copier.vrFor(header)
    return vr !== 'SQ' && !holdsOddItems(header, vr, this.#window.bytes.subarray(headerBytes))
  }

  async *#copyLarge({ header, headerBytes }: Found): AsyncGenerator<Buffer> {
    const { output } = this.#copier
    const vr = this.#copier.vrFor(header)
    output.header(header.tag, vr, header.length)
    yield output.take()
    this.#window.skip(headerBytes)
    yield* this.#window.pass(header.length, this.#from.littleEndian === this.#to.littleEndian ? 1 : swapUnit(vr))
    output.padding(vr, header.length)
  }

  async *#copyFragments({ header, headerBytes }: Found): AsyncGenerator<Buffer> {
    const { plan, isPlanned } = this.#fragments!
    const { output } = this.#copier
    output.header(header.tag, this.#copier.vrFor(header), UNDEFINED_LENGTH)
    this.#window.skip(headerBytes)
    if (isPlanned) yield* copyFragments(this.#window, output, plan)
    else await planFragments(this.#window, plan)
  }

  async #copyWhole(found: Found | undefined): Promise<void> {
    const window = this.#window
    for (;;) {
      try {
        const size = this.#copier.copy(window.bytes, 0)
        if (found !== undefined) this.#noteFrames(found, size)
        window.skip(size)
        return
      } catch (error) {
        if (!(error instanceof Incomplete)) throw error
        const had = window.bytes.length
        if (had > LARGEST_SEQUENCE) throw new NodeError('UNREADABLE', { why: 'sequence too large to be converted' })
        await window.fill(had * 2)
        if (window.bytes.length === had) throw new NodeError('UNREADABLE', { why: 'data set ends inside an element' })
      }
    }
  }

  #noteFrames({ header, headerBytes }: Found, end: number): void {
    if (header.tag !== NUMBER_OF_FRAMES || this.#fragments === undefined) return
    const frames = Number.parseInt(this.#window.bytes.toString('latin1', headerBytes, end), 10)
    this.#fragments.plan.numberOfFrames = frames > 0 ? frames : 1
  }
}

/** Zeros where an element should begin: trailing rubbish that some senders leave, not an element. */
function isPadding(bytes: Buffer): boolean {
  return bytes.readUInt32LE(0) === 0
}
