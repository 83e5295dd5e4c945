/** A data set with compressed pixel data, turned into one with native pixel data (PS3.5 8.1, 8.2, A.4).
 *
 *  Promises: every other element as element-copier.ts copies it. Image Pixel attributes say what the pixels now are; the Extended Offset Table
 *  goes, because it describes fragments. A data set without pixel data, or with native pixel data in spite of its transfer syntax, is copied.
 *  Does not: change SOP Instance UID or Lossy Image Compression (0028,2110): nothing was lost that was not lost before.
 *  Errors: NodeError UNREADABLE; what the codecs throw. Runs for as long as the codecs take: call it in a thread. Sizes in bytes. */
import { ElementHeader, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { encodingOf } from '../dicom/transfer-syntaxes.ts'
import { trimEnd } from '../dicom/value-representations.ts'
import { NodeError } from '../errors.ts'
import { decodeFrame, frameBytes, type PixelFormat, prepareDecoding } from './decode-frame.ts'
import { LARGEST_NATIVE_BYTES } from './decode-limits.ts'
import { ElementCopier } from './element-copier.ts'
import { ElementOutput } from './element-output.ts'
import { PIXEL_DATA } from './element-vr.ts'
import { DESCRIBE_FRAGMENTS } from './even-fragments.ts'
import { framesOf, readFragments } from './frames.ts'

const SAMPLES_PER_PIXEL = 0x00280002
const PHOTOMETRIC_INTERPRETATION = 0x00280004
const PLANAR_CONFIGURATION = 0x00280006
const NUMBER_OF_FRAMES = 0x00280008
const ROWS = 0x00280010
const COLUMNS = 0x00280011
const BITS_ALLOCATED = 0x00280100
const BITS_STORED = 0x00280101
const HIGH_BIT = 0x00280102
const PIXEL_REPRESENTATION = 0x00280103
const EXTENDED_OFFSET_TABLE = 0x7fe00001

/** One element of the top level, as it goes out. */
interface Part {
  readonly tag: number
  readonly bytes: Buffer
}

interface Walked {
  readonly parts: Part[]
  /** Values of the source by tag: group 0028 and the Extended Offset Table. */
  readonly values: ReadonlyMap<number, Buffer>
  /** Where the first item of the fragments begins. */
  readonly fragmentsAt?: number
}

/** @param dataSet  without Part 10 header; Explicit VR Little Endian, as all compressed ones
 *  @returns what precedes the pixels, the pixels, and what follows them, each with memory of its own: joined, they would need twice as much */
export async function decompress(dataSet: Buffer, transferSyntaxUid: string, toExplicit: boolean): Promise<Uint8Array<ArrayBuffer>[]> {
  const { parts, values, fragmentsAt } = walk(dataSet, encodingOf(transferSyntaxUid).littleEndian, toExplicit)
  if (fragmentsAt === undefined) return [joined(parts)]
  await prepareDecoding()
  const { basicOffsets, fragments, next } = readFragments(dataSet, fragmentsAt)
  const frames = framesOf({ basicOffsets, fragments, next }, numberOfFrames(values), offsets64(values.get(EXTENDED_OFFSET_TABLE)))
  const { pixels, format } = decodeAll(frames, transferSyntaxUid, formatOf(values))
  const trailing = walk(dataSet.subarray(next), true, toExplicit).parts
  const leading = [...withFormat(parts, values, format, toExplicit), pixelHeader(pixels.length, format, toExplicit)]
  return [joined(leading), pixels, joined(trailing)]
}

function walk(bytes: Buffer, littleEndian: boolean, toExplicit: boolean): Walked {
  const copier = new ElementCopier({ explicit: true, littleEndian }, { explicit: toExplicit, littleEndian: true })
  const header = new ElementHeader()
  const parts: Part[] = []
  const values = new Map<number, Buffer>()
  let at = 0
  while (at + 8 <= bytes.length) {
    const size = header.read(bytes, at, bytes.length, true, littleEndian)
    const { tag, length } = header
    if (size === 0 || tag === 0) break
    if (tag === PIXEL_DATA && length === UNDEFINED_LENGTH) return { parts, values, fragmentsAt: at + size }
    if (tag >>> 16 === 0x0028 || tag === EXTENDED_OFFSET_TABLE) values.set(tag, bytes.subarray(at + size, at + size + length))
    at = copier.copy(bytes, at)
    const copied = copier.output.take()
    if (!DESCRIBE_FRAGMENTS.has(tag)) parts.push({ tag, bytes: copied })
  }
  return { parts, values }
}

interface Decoded {
  readonly pixels: Uint8Array<ArrayBuffer>
  readonly format: PixelFormat
}

function decodeAll(frames: readonly Buffer[], transferSyntaxUid: string, declared: PixelFormat): Decoded {
  let pixels: Decoded['pixels'] | undefined
  let format = declared
  for (const [index, frame] of frames.entries()) {
    const decoded = decodeFrame(frame, transferSyntaxUid, declared)
    if (pixels === undefined) {
      format = decoded.format
      pixels = roomFor(format, frames.length)
    } else if (decoded.pixels.length !== frameBytes(format)) {
      throw new NodeError('UNREADABLE', { why: `frame ${index + 1} differs in size from the first` })
    }
    putFrame(pixels, index, decoded.pixels, format)
  }
  return { pixels: pixels ?? new Uint8Array(0), format }
}

function roomFor(format: PixelFormat, frames: number): Decoded['pixels'] {
  const size = Math.ceil((frameBits(format) * frames) / 8)
  if (size > LARGEST_NATIVE_BYTES) throw new NodeError('UNREADABLE', { why: `${size} bytes of native pixel data are too many` })
  return new Uint8Array(size + (size % 2))
}

function frameBits({ rows, columns, samplesPerPixel, bitsAllocated }: PixelFormat): number {
  return rows * columns * samplesPerPixel * bitsAllocated
}

/** Frames of single bits follow each other without padding, also within a byte (PS3.5 8.1.1). */
function putFrame(into: Uint8Array, index: number, frame: Uint8Array, format: PixelFormat): void {
  const startBit = frameBits(format) * index
  const shift = startBit % 8
  const start = (startBit - shift) / 8
  if (shift === 0) {
    into.set(frame, start)
    return
  }
  for (const [at, byte] of frame.entries()) {
    into[start + at]! |= (byte << shift) & 0xff
    if (start + at + 1 < into.length) into[start + at + 1]! |= byte >> (8 - shift)
  }
}

function formatOf(values: ReadonlyMap<number, Buffer>): PixelFormat {
  const number = (tag: number, otherwise: number) => {
    const value = values.get(tag)
    return value !== undefined && value.length >= 2 ? value.readUInt16LE(0) : otherwise
  }
  const bitsAllocated = number(BITS_ALLOCATED, 8)
  const format: PixelFormat = {
    rows: number(ROWS, 0),
    columns: number(COLUMNS, 0),
    samplesPerPixel: number(SAMPLES_PER_PIXEL, 1),
    photometricInterpretation: text(values.get(PHOTOMETRIC_INTERPRETATION)) || 'MONOCHROME2',
    planarConfiguration: number(PLANAR_CONFIGURATION, 0),
    bitsAllocated,
    bitsStored: number(BITS_STORED, bitsAllocated),
    pixelRepresentation: number(PIXEL_REPRESENTATION, 0),
  }
  if (frameBytes(format) === 0 || frameBytes(format) > LARGEST_NATIVE_BYTES)
    throw new NodeError('UNREADABLE', { why: 'no such image size' })
  return format
}

/** PS3.3 C.7.6.6: at least one. */
function numberOfFrames(values: ReadonlyMap<number, Buffer>): number {
  const frames = Number.parseInt(text(values.get(NUMBER_OF_FRAMES)), 10)
  return frames > 0 ? frames : 1
}

function offsets64(table: Buffer | undefined): number[] {
  return table === undefined ? [] : Array.from({ length: table.length >> 3 }, (_, index) => Number(table.readBigUInt64LE(index * 8)))
}

function text(value: Buffer | undefined): string {
  return trimEnd((value ?? Buffer.alloc(0)).toString('latin1'))
}

/** The attributes that decoding has changed, in their places. */
function withFormat(parts: readonly Part[], values: ReadonlyMap<number, Buffer>, format: PixelFormat, explicit: boolean): Part[] {
  const changed: Part[] = []
  const set = (tag: number, vr: string, value: string) => {
    const had =
      vr === 'US' ? values.get(tag)?.length === 2 && values.get(tag)?.readUInt16LE(0) === Number(value) : text(values.get(tag)) === value
    if (!had) changed.push({ tag, bytes: new ElementWriter({ explicit }).element(tag, vr, value).finish() })
  }
  set(PHOTOMETRIC_INTERPRETATION, 'CS', format.photometricInterpretation)
  set(SAMPLES_PER_PIXEL, 'US', String(format.samplesPerPixel))
  if (format.samplesPerPixel > 1) set(PLANAR_CONFIGURATION, 'US', String(format.planarConfiguration))
  set(ROWS, 'US', String(format.rows))
  set(COLUMNS, 'US', String(format.columns))
  set(BITS_ALLOCATED, 'US', String(format.bitsAllocated))
  set(BITS_STORED, 'US', String(format.bitsStored))
  if (changed.some(({ tag }) => tag === BITS_STORED)) set(HIGH_BIT, 'US', String(format.bitsStored - 1))
  const tags = new Set(changed.map(({ tag }) => tag))
  return [...parts.filter(({ tag }) => !tags.has(tag)), ...changed].sort((a, b) => a.tag - b.tag)
}

/** PS3.5 A.1, A.2: OW in implicit VR and for more than 8 bits. */
function pixelHeader(length: number, format: PixelFormat, explicit: boolean): Part {
  const header = new ElementOutput({ explicit, littleEndian: true })
  header.header(PIXEL_DATA, format.bitsAllocated > 8 ? 'OW' : 'OB', length)
  return { tag: PIXEL_DATA, bytes: header.take() }
}

function joined(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { bytes }) => sum + bytes.length, 0))
  let at = 0
  for (const { bytes } of parts) {
    whole.set(bytes, at)
    at += bytes.length
  }
  return whole
}
