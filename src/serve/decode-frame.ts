/** One compressed frame to native pixels, by the codec library (PS3.5 8.2, A.4).
 *
 *  Promises: exactly Rows × Columns × Samples per Pixel values, colour by pixel, or an error. Colours of JPEG come out as RGB where they were
 *  stored as YBR (PS3.5 8.2.1), those of JPEG 2000 and JPEG XL as RGB (the code stream holds the transformation).
 *  A code stream much larger than Rows and Columns promise is refused before it is decoded: memory was counted on for what they say.
 *  Does not: know data sets. Runs for as long as the codec takes: call it in a thread.
 *  Errors: NodeError UNREADABLE; what the codec throws. */
import { inflateRawSync } from 'node:zlib'
import dcmjsCodecs from 'dcmjs-codecs'
import { NodeError } from '../errors.ts'
import { codestreamSize } from './codestream-size.ts'
import { DECODERS, type DecoderName } from './decodable.ts'

const { Context, NativeCodecs } = dcmjsCodecs

/** Image Pixel attributes (PS3.3 C.7.6.3) that decoding needs and may change. */
export interface PixelFormat {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  readonly photometricInterpretation: string
  readonly planarConfiguration: number
  readonly bitsAllocated: number
  readonly bitsStored: number
  readonly pixelRepresentation: number
}

export interface DecodedFrame {
  readonly pixels: Uint8Array
  readonly format: PixelFormat
}

type Decode = (frame: Buffer, format: PixelFormat) => DecodedFrame

function decodeJpeg(frame: Buffer, format: PixelFormat): DecodedFrame {
  const isYbr = format.photometricInterpretation.startsWith('YBR')
  const decoded = native('decodeJpeg', frame, format, { convertColorspaceToRgb: isYbr })
  return isYbr ? rgb(decoded) : decoded
}

const DECODE: Readonly<Record<DecoderName, Decode>> = {
  uncompressed: (frame, format) => ({ pixels: frame, format }),
  deflate: (frame, format) => ({ pixels: inflateRawSync(frame, { maxOutputLength: frameBytes(format) + 1 }), format }),
  rle: (frame, format) => native('decodeRle', frame, format),
  jpeg: decodeJpeg,
  jpegLs: (frame, format) => native('decodeJpegLs', frame, format),
  jpeg2000: (frame, format) => rgb(native('decodeJpeg2000', frame, format)),
  htJpeg2000: (frame, format) => rgb(native('decodeHtJpeg2000', frame, format)),
  jpegXl: (frame, format) => rgb(native('decodeJpegXl', frame, format)),
}

/** Values of a frame that are decoded whatever the header promises: a header that is wrong is put right by its code stream. */
const HARMLESS_VALUES = 16 * 1024 * 1024
const MOST_TIMES_PROMISED = 2

/** Some decoders take memory for what the first bytes say, gigabytes for a file of two thousand. */
function checkPromise(frame: Buffer, { rows, columns, samplesPerPixel }: PixelFormat): void {
  const stream = codestreamSize(frame)
  if (stream === undefined) return
  const { width, height, components = samplesPerPixel } = stream
  if (width * height * components <= Math.max(HARMLESS_VALUES, MOST_TIMES_PROMISED * rows * columns * samplesPerPixel)) return
  const [promised, found] = [`${columns} × ${rows} × ${samplesPerPixel}`, `${width} × ${height} × ${components}`]
  throw new NodeError('UNREADABLE', { why: `Columns × Rows × Samples per Pixel is ${promised}, its code stream is of ${found}` })
}

export function frameBytes(format: PixelFormat): number {
  return Math.ceil((format.rows * format.columns * format.samplesPerPixel * format.bitsAllocated) / 8)
}

/** Loads the codecs. */
export async function prepareDecoding(): Promise<void> {
  if (!NativeCodecs.isInitialized()) await NativeCodecs.initializeAsync()
}

export function decodeFrame(frame: Buffer, transferSyntaxUid: string, declared: PixelFormat): DecodedFrame {
  const decoder = DECODERS.get(transferSyntaxUid)
  if (decoder === undefined) throw new NodeError('UNREADABLE', { why: 'no decoder', transferSyntaxUid })
  if (decoder !== 'uncompressed' && decoder !== 'deflate' && decoder !== 'rle') checkPromise(frame, declared)
  const decoded = DECODE[decoder](frame, declared)
  const { format } = decoded
  const pixels = format.bitsAllocated === 1 ? onePerBit(decoded.pixels, format) : decoded.pixels
  const expected = frameBytes(format)
  // One byte more is padding (PS3.5 8.2).
  if (pixels.length !== expected && pixels.length !== expected + 1) {
    throw new NodeError('UNREADABLE', { why: `${pixels.length} bytes of pixels where ${expected} are expected` })
  }
  return { format, pixels: pixels.subarray(0, expected) }
}

/** Codecs give one byte for each pixel of a bit; the first pixel is the lowest bit (PS3.5 D). */
function onePerBit(pixels: Uint8Array, format: PixelFormat): Uint8Array {
  const count = format.rows * format.columns * format.samplesPerPixel
  if (pixels.length < count) return pixels
  const packed = new Uint8Array(frameBytes(format))
  for (let at = 0; at < count; at++) if (pixels[at] !== 0) packed[at >> 3]! |= 1 << (at & 7)
  return packed
}

type NativeDecoder = 'decodeRle' | 'decodeJpeg' | 'decodeJpegLs' | 'decodeJpeg2000' | 'decodeHtJpeg2000' | 'decodeJpegXl'

function native(decoder: NativeDecoder, frame: Buffer, format: PixelFormat, parameters = {}): DecodedFrame {
  const context = NativeCodecs[decoder](
    new Context({ width: format.columns, height: format.rows, ...format, encodedBuffer: frame }),
    parameters,
  )
  const pixels = context.getDecodedBuffer() ?? new Uint8Array(0)
  return {
    pixels,
    format: {
      rows: context.getHeight() ?? format.rows,
      columns: context.getWidth() ?? format.columns,
      samplesPerPixel: context.getSamplesPerPixel() ?? format.samplesPerPixel,
      photometricInterpretation: context.getPhotometricInterpretation() ?? format.photometricInterpretation,
      planarConfiguration: context.getPlanarConfiguration() ?? format.planarConfiguration,
      bitsAllocated: context.getBitsAllocated() ?? format.bitsAllocated,
      bitsStored: context.getBitsStored() ?? format.bitsStored,
      pixelRepresentation: context.getPixelRepresentation() ?? format.pixelRepresentation,
    },
  }
}

function rgb(decoded: DecodedFrame): DecodedFrame {
  const { photometricInterpretation, samplesPerPixel } = decoded.format
  if (samplesPerPixel !== 3 || !/^(YBR|XYB)/.test(photometricInterpretation)) return decoded
  return { ...decoded, format: { ...decoded.format, photometricInterpretation: 'RGB' } }
}
