/** One frame of an image with its overlay planes as it is to be seen: header and stored bytes in, grey or red, green, blue out, 8 bits each.
 *
 *  Promises: nothing is decoded whose header, or whose code stream, says that it is larger than {@link LARGEST_FRAME_BYTES}.
 *  Does not: draw annotations or presentation states. Runs for as long as the codec takes: call it in a thread.
 *  Errors: NodeError UNREADABLE with `why` in words for the caller; what a codec throws. Sizes in bytes. */
import { type DataSet, readDataSet } from '../../dicom/element-reader.ts'
import { encodingOf } from '../../dicom/transfer-syntaxes.ts'
import type { Window } from '../../dicomweb/rendering-parameters.ts'
import { NodeError } from '../../errors.ts'
import { codestreamSize } from '../codestream-size.ts'
import { DECODERS } from '../decodable.ts'
import { decodeFrame, prepareDecoding } from '../decode-frame.ts'
import { colourPixels, palettePixels } from './colour-pixels.ts'
import { greyPixels, greyPixelsOfMany } from './grey-pixels.ts'
import { type ImageAttributes, imageAttributes, type StoredFormat } from './image-attributes.ts'
import { overlayPlanes, withOverlays } from './overlay-planes.ts'
import { checkRleHeader } from './rle-header.ts'

/** Of native pixels: 16384 × 16384 × 8 bit. */
export const LARGEST_FRAME_BYTES = 256 * 1024 * 1024

/** The first tag of pixel data in any of its forms (PS3.3 C.7.6.24). */
export const PIXEL_DATA_TAGS = 0x7fe00000

export interface FrameToDraw {
  /** The data set up to its pixel data, as stored. */
  readonly header: Buffer
  readonly transferSyntaxUid: string
  /** From 1. */
  readonly frame: number
  /** One frame of code stream, or native pixels in little endian. */
  readonly bytes: Buffer
  readonly isCompressed: boolean
  readonly window?: Window
}

export interface DrawnFrame {
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  /** Height of a pixel by its width. */
  readonly aspect: number
  readonly hasColourProfile: boolean
}

export async function drawFrame({ header, transferSyntaxUid, frame, bytes, isCompressed, window }: FrameToDraw): Promise<DrawnFrame> {
  const { littleEndian } = encodingOf(transferSyntaxUid)
  const dataSet = readHeader(header, transferSyntaxUid)
  const image = imageAttributes(dataSet, frame, littleEndian)
  checkSize(image.format, isCompressed ? codestreamSize(bytes) : undefined)
  const stored = isCompressed ? await decoded(bytes, transferSyntaxUid, image.format) : native(bytes, image.format)
  const { rows: height, columns: width } = stored.format
  const { aspect, hasColourProfile } = image
  const shown: ImageAttributes = { ...image, format: stored.format }
  const channels = stored.format.samplesPerPixel === 1 && shown.palette === undefined ? 1 : 3
  const plain = pixelsOf(stored.bytes, shown, window)
  const pixels = withOverlays({ pixels: plain, width, height, channels }, overlayPlanes(dataSet, frame, littleEndian))
  return { pixels, width, height, channels, aspect, hasColourProfile }
}

/** What precedes the pixels is broken, or there is not all of it. */
export class HeaderUnreadable extends NodeError {}

function readHeader(bytes: Buffer, transferSyntaxUid: string): DataSet {
  try {
    return readDataSet(bytes, transferSyntaxUid, { untilTag: PIXEL_DATA_TAGS })
  } catch (error) {
    throw error instanceof NodeError ? new HeaderUnreadable(error.code, error.details) : error
  }
}

interface Stored {
  /** Little endian. */
  readonly bytes: Uint8Array
  readonly format: StoredFormat
}

function checkSize({ rows, columns, samplesPerPixel, bitsAllocated }: StoredFormat, stream: ReturnType<typeof codestreamSize>): void {
  const bytesOf = (pixels: number): number => (pixels * samplesPerPixel * bitsAllocated) / 8
  if (bytesOf(rows * columns) > LARGEST_FRAME_BYTES) {
    throw new NodeError('UNREADABLE', { why: `a frame of ${columns} × ${rows} is larger than what is drawn here` })
  }
  if (stream !== undefined && (stream.width !== columns || stream.height !== rows)) {
    const found = `${stream.width} × ${stream.height}`
    throw new NodeError('UNREADABLE', { why: `Columns × Rows is ${columns} × ${rows}, its code stream is of ${found}` })
  }
}

async function decoded(bytes: Buffer, transferSyntaxUid: string, format: StoredFormat): Promise<Stored> {
  const decoder = DECODERS.get(transferSyntaxUid)
  if (decoder === undefined) throw new NodeError('UNREADABLE', { why: `no decoder for transfer syntax ${transferSyntaxUid}` })
  if (decoder === 'rle') checkRleHeader(bytes, format)
  await prepareDecoding()
  const { pixels, format: now } = decodeFrame(bytes, transferSyntaxUid, format)
  const isSame = now.bitsAllocated === format.bitsAllocated && now.bitsStored === format.bitsStored
  return { bytes: pixels, format: { ...now, sample: 'integer', highBit: isSame ? format.highBit : now.bitsStored - 1 } }
}

function native(bytes: Buffer, format: StoredFormat): Stored {
  const { rows, columns, samplesPerPixel, bitsAllocated, photometricInterpretation } = format
  const samples = photometricInterpretation.endsWith('_422') && samplesPerPixel === 3 ? 2 : samplesPerPixel
  const expected = Math.ceil((rows * columns * samples * bitsAllocated) / 8)
  if (bytes.length < expected) throw new NodeError('UNREADABLE', { why: 'there are fewer pixels than Rows and Columns say' })
  return { bytes, format }
}

function pixelsOf(bytes: Uint8Array, image: ImageAttributes, window: Window | undefined): Uint8Array {
  const { format } = image
  if (format.bitsAllocated > 16) return greyPixelsOfMany(wideValues(bytes, format), image, window)
  const raw = rawValues(bytes, format)
  if (format.samplesPerPixel === 3) return colourPixels(raw, format)
  if (format.samplesPerPixel !== 1) throw new NodeError('UNREADABLE', { why: `Samples per Pixel is ${format.samplesPerPixel}` })
  return image.palette !== undefined || format.photometricInterpretation === 'PALETTE COLOR'
    ? palettePixels(raw, image)
    : greyPixels(raw, image, window)
}

function rawValues(bytes: Uint8Array, { bitsAllocated, rows, columns }: StoredFormat): Uint8Array | Uint16Array {
  if (bitsAllocated === 8) return bytes
  if (bitsAllocated === 1) return Uint8Array.from({ length: rows * columns }, (_, at) => (bytes[at >> 3]! >> (at & 7)) & 1)
  return new Uint16Array(aligned(bytes, 2), 0, bytes.length >> 1)
}

function wideValues(bytes: Uint8Array, { bitsAllocated, pixelRepresentation, sample, samplesPerPixel }: StoredFormat): ArrayLike<number> {
  if (samplesPerPixel !== 1) throw new NodeError('UNREADABLE', { why: `Bits Allocated is ${bitsAllocated} in an image of colour` })
  const buffer = aligned(bytes, bitsAllocated / 8)
  if (sample === 'float') return bitsAllocated === 32 ? new Float32Array(buffer) : new Float64Array(buffer)
  if (bitsAllocated === 64) throw new NodeError('UNREADABLE', { why: 'integers of 64 bits are not drawn' })
  return pixelRepresentation === 1 ? new Int32Array(buffer) : new Uint32Array(buffer)
}

/** A buffer of its own, of whole values. */
function aligned(bytes: Uint8Array, width: number): ArrayBuffer {
  return new Uint8Array(bytes.subarray(0, bytes.length - (bytes.length % width))).buffer
}
