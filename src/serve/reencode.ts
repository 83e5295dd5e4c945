/** A native data set in another native transfer syntax, as a stream (PS3.5 10, A.1 to A.3, A.5).
 *
 *  Promises: what element-copier.ts promises; values of more than {@link STREAMED_FROM} bytes pass through without being held, so that memory
 *  does not grow with the pixel data; a sequence of the top level is held whole, up to {@link LARGEST_SEQUENCE} bytes.
 *  Does not: decode pixel data (see decompress.ts), write Big Endian or Deflated.
 *  Errors: NodeError UNREADABLE, and what the source throws. Sizes in bytes. */
import { Readable } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { ElementHeader, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import type { TransferSyntax } from '../dicom/transfer-syntaxes.ts'
import { NodeError } from '../errors.ts'
import { ElementCopier, Incomplete, swapBytes, swapUnit } from './element-copier.ts'

export const STREAMED_FROM = 64 * 1024
export const LARGEST_SEQUENCE = 256 * 1024 * 1024
const FLUSH_FROM = 64 * 1024

/** @param open       the data set as stored, in `from`, which is native
 *  @param toExplicit Explicit VR Little Endian comes out; Implicit VR otherwise */
export function reencode(open: () => Readable, from: TransferSyntax, toExplicit: boolean): Readable {
  return Readable.from(copied(from.deflated ? inflated(open()) : open(), from, toExplicit), {
    objectMode: false,
    highWaterMark: 4 * FLUSH_FROM,
  })
}

function inflated(source: Readable): Readable {
  const inflate = createInflateRaw()
  source.once('error', (error) => inflate.destroy(error))
  inflate.once('close', () => source.destroy())
  return source.pipe(inflate)
}

async function* copied(source: AsyncIterable<Buffer>, from: TransferSyntax, toExplicit: boolean): AsyncGenerator<Buffer> {
  const window = new Window(source)
  const copier = new ElementCopier(from, toExplicit)
  while (await window.fill(12)) {
    if (isPadding(window.bytes)) break
    const large = largeValue(window.bytes, from, copier)
    if (large === undefined) await copyWhole(window, copier)
    else {
      const vr = copier.vrFor(large.header)
      copier.header(large.header.tag, vr, large.header.length)
      yield copier.take()
      window.skip(large.headerBytes)
      yield* passThrough(window, large.header.length, from.littleEndian ? 1 : swapUnit(vr))
    }
    if (copier.length >= FLUSH_FROM) yield copier.take()
  }
  yield copier.take()
}

/** Zeros where an element should begin: trailing rubbish that some senders leave, not an element. */
function isPadding(bytes: Buffer): boolean {
  return bytes.readUInt32LE(0) === 0
}

function largeValue(
  bytes: Buffer,
  from: TransferSyntax,
  copier: ElementCopier,
): { header: ElementHeader; headerBytes: number } | undefined {
  const header = new ElementHeader()
  const headerBytes = header.read(bytes, 0, bytes.length, from.explicit, from.littleEndian)
  if (headerBytes === 0 || header.isBroken || header.length === UNDEFINED_LENGTH || header.length < STREAMED_FROM) return undefined
  return copier.vrFor(header) === 'SQ' ? undefined : { header, headerBytes }
}

async function copyWhole(window: Window, copier: ElementCopier): Promise<void> {
  for (;;) {
    try {
      window.skip(copier.copy(window.bytes, 0))
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

async function* passThrough(window: Window, length: number, unit: 1 | 2 | 4 | 8): AsyncGenerator<Buffer> {
  let left = length
  while (left > 0) {
    await window.fill(Math.min(left, 8))
    const available = Math.min(left, window.bytes.length)
    const whole = available === left ? available : available - (available % unit)
    if (whole === 0) throw new NodeError('UNREADABLE', { why: 'data set ends inside an element' })
    const chunk = window.bytes.subarray(0, whole)
    swapBytes(chunk, unit)
    window.skip(whole)
    left -= whole
    yield chunk
  }
}

/** The bytes that have arrived and not been used. */
class Window {
  bytes: Buffer = Buffer.alloc(0)
  readonly #source: AsyncIterator<Buffer>
  #ended = false

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Reads until at least `size` bytes are here, or the source has ended. @returns whether there is at least a short header */
  async fill(size: number): Promise<boolean> {
    if (this.bytes.length < size && !this.#ended) {
      const parts = [this.bytes]
      let length = this.bytes.length
      while (length < size && !this.#ended) {
        const next = await this.#source.next()
        if (next.done) this.#ended = true
        else {
          parts.push(next.value)
          length += next.value.length
        }
      }
      this.bytes = Buffer.concat(parts, length)
    }
    return this.bytes.length >= 8
  }

  skip(size: number): void {
    this.bytes = this.bytes.subarray(size)
  }
}
