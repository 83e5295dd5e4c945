/** A stored instance in a transfer syntax that a peer accepts, where it does not accept the stored one (PS3.4 C.4.2.3.1, PS3.5 10).
 *
 *  Promises: Explicit VR Little Endian or Implicit VR Little Endian, whichever the peer accepts (Explicit first, because it keeps VRs).
 *  Native data sets are re-encoded while they stream (reencode.ts); compressed ones are decoded in a worker thread (decompressor.ts), when
 *  there is room for what comes out (decoded-budget.ts): memory does not grow with the number of readers. One whose request is over is
 *  left out.
 *  What comes out of a lossy compression is no longer compressed but still lossy: Lossy Image Compression (0028,2110) stays as it is.
 *  Does not: compress, or keep what it made.
 *  Errors: NodeError UNREADABLE, PEER_ABORTED where the request was stopped. Sizes in bytes. */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Retrievable } from '../catalog/contract.ts'
import { ITEM, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN, encodingOf, IMPLICIT_VR_LITTLE_ENDIAN, transferSyntax } from '../dicom/transfer-syntaxes.ts'
import { NodeError } from '../errors.ts'
import type { Storage } from '../storage/contract.ts'
import { DECODERS } from './decodable.ts'
import type { PixelFormat } from './decode-frame.ts'
import { LARGEST_COMPRESSED_BYTES, LARGEST_NATIVE_BYTES } from './decode-limits.ts'
import { DecodedBudget } from './decoded-budget.ts'
import { Decompressor } from './decompressor.ts'
import { ElementOutput } from './element-output.ts'
import { PIXEL_DATA } from './element-vr.ts'
import { reencode } from './reencode.ts'
import { readStoredHeader } from './stored-header.ts'

/** Decoded pixel data that may wait for its readers, over all associations. */
const DECODED_BYTES = 512 * 1024 * 1024

/** Group 0028 is read up to here: it holds the size of an image (PS3.3 C.7.6.3). */
const AFTER_SIZE = 0x00280101
const SIZE_FACTORS = [0x00280002, 0x00280010, 0x00280011, 0x00280100]
const NUMBER_OF_FRAMES = 0x00280008

/** A data set that can be sent. */
export interface Converted {
  readonly open: () => Readable
  /** To be called when it has been sent, or will not be. */
  readonly close?: () => void
}

export class Converter {
  readonly #storage: Storage
  readonly #budget: DecodedBudget
  readonly #decompressor = new Decompressor()

  constructor(storage: Storage, budget = new DecodedBudget(DECODED_BYTES)) {
    this.#storage = storage
    this.#budget = budget
  }

  /** @returns the transfer syntax to convert to, undefined where there is none */
  target(stored: string, accepted: readonly string[]): string | undefined {
    const from = transferSyntax(stored)
    if (from === undefined || (from.encapsulated && !DECODERS.has(stored))) return undefined
    return [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN].find((syntax) => accepted.includes(syntax))
  }

  /** @param corrected  the data set in its transfer syntax, where it is not that of the file
   *  @returns the data set; where decoding was needed it has been done, so that what fails, fails here */
  async convert(instance: Retrievable, target: string, stopped: AbortSignal, corrected?: () => Readable): Promise<Converted> {
    const { storageKey, dataSetOffset, fileSizeBytes, transferSyntaxUid } = instance
    const open = corrected ?? (() => this.#storage.open(storageKey, dataSetOffset))
    const from = encodingOf(transferSyntaxUid)
    const toExplicit = target === EXPLICIT_VR_LITTLE_ENDIAN
    if (!from.encapsulated) return { open: () => reencode(open, from, toExplicit) }
    if (fileSizeBytes > LARGEST_COMPRESSED_BYTES) throw new NodeError('UNREADABLE', { why: 'too large to be decoded', fileSizeBytes })
    const share = await this.#budget.take(await this.#decodedBytes(instance), stopped)
    try {
      const load = () => buffer(open())
      const parts = await this.#decompressor.decompress({ load, transferSyntaxUid, toExplicit }, stopped)
      share.resize(parts.reduce((sum, part) => sum + part.length, 0))
      return { open: () => Readable.from(slices(parts), { objectMode: false }), close: () => share.release() }
    } catch (error) {
      share.release()
      throw error
    }
  }

  /** One compressed frame as native pixels, little endian. */
  async decodeFrame(frame: Buffer, format: PixelFormat, transferSyntaxUid: string, stopped: AbortSignal): Promise<Buffer> {
    const share = await this.#budget.take(frame.length + format.rows * format.columns * format.samplesPerPixel * 2, stopped)
    try {
      const load = async (): Promise<Buffer> => imageOfOneFrame(frame, format)
      const [, pixels] = await this.#decompressor.decompress({ load, transferSyntaxUid, toExplicit: true }, stopped)
      if (pixels === undefined) throw new NodeError('UNREADABLE', { why: 'nothing was decoded' })
      const { rows, columns, samplesPerPixel, bitsAllocated } = format
      const size = Math.ceil((rows * columns * samplesPerPixel * bitsAllocated) / 8)
      return pixels.length === size + 1 ? pixels.subarray(0, size) : pixels
    } finally {
      share.release()
    }
  }

  /** What the header promises, before anything is decoded; the most there can be where it cannot be read. */
  async #decodedBytes({ storageKey, transferSyntaxUid, sopInstanceUid, fileSizeBytes }: Retrievable): Promise<number> {
    const header = await readStoredHeader(this.#storage, { storageKey, transferSyntaxUid, SOPInstanceUID: sopInstanceUid }, AFTER_SIZE)
    if (header === undefined) return LARGEST_NATIVE_BYTES
    const frames = Number.parseInt(header.text(NUMBER_OF_FRAMES) ?? '', 10)
    const bits = SIZE_FACTORS.reduce((product, tag) => product * Number(header.text(tag) ?? 0), frames > 0 ? frames : 1)
    return Math.min(Math.max(Math.ceil(bits / 8) || 0, fileSizeBytes), LARGEST_NATIVE_BYTES)
  }
}

/** As the decoder takes images: Explicit VR Little Endian, one fragment. */
function imageOfOneFrame(frame: Buffer, format: PixelFormat): Buffer {
  const header = new ElementWriter({ explicit: true })
    .element(0x00280002, 'US', String(format.samplesPerPixel))
    .element(0x00280004, 'CS', format.photometricInterpretation)
    .element(0x00280006, 'US', String(format.planarConfiguration))
    .element(0x00280010, 'US', String(format.rows))
    .element(0x00280011, 'US', String(format.columns))
    .element(0x00280100, 'US', String(format.bitsAllocated))
    .element(0x00280101, 'US', String(format.bitsStored))
    .element(0x00280102, 'US', String(Math.max(0, format.bitsStored - 1)))
    .element(0x00280103, 'US', String(format.pixelRepresentation))
    .finish()
  const output = new ElementOutput({ explicit: true, littleEndian: true })
  output.header(PIXEL_DATA, 'OB', UNDEFINED_LENGTH)
  output.delimiter(ITEM, 0)
  output.delimiter(ITEM, frame.length)
  const end = new ElementOutput({ explicit: true, littleEndian: true })
  end.delimiter(SEQUENCE_DELIMITATION, 0)
  return Buffer.concat([header, output.take(), frame, end.take()])
}

const converters = new WeakMap<Storage, Converter>()

/** The one converter of a storage: all retrievals share its thread. */
export function converterOf(storage: Storage): Converter {
  const converter = converters.get(storage) ?? new Converter(storage)
  converters.set(storage, converter)
  return converter
}

function* slices(parts: readonly Buffer[]): Generator<Buffer> {
  const size = 256 * 1024
  for (const part of parts) for (let at = 0; at < part.length; at += size) yield part.subarray(at, at + size)
}
