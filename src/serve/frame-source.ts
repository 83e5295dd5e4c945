/** Frames of a stored image by their number (PS3.3 C.7.6.3, PS3.5 8, A.4), without reading the others.
 *
 *  Promises: native frames are found by arithmetic, compressed ones by their offset tables or by passing over the fragments before them
 *  (fragment-index.ts): a frame of a file of gigabytes costs what the frame costs. Native ones come in little endian, as a frame of its own
 *  begins (single bits shifted to their byte, PS3.5 8.1.1); compressed ones as their bit stream, fragments joined.
 *  Does not: decode, correct what the image says about itself.
 *  Errors: NodeError UNREADABLE, STORAGE_FAILED. Close it. */
import type { Retrievable } from '../catalog/contract.ts'
import { UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { type DataSet, readDataSet } from '../dicom/element-reader.ts'
import { EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, encodingOf, IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { NodeError } from '../errors.ts'
import type { ByteSource, Storage } from '../storage/contract.ts'
import type { PixelFormat } from './decode-frame.ts'
import { LARGEST_NATIVE_BYTES } from './decode-limits.ts'
import { ElementCursor, type Placed } from './element-cursor.ts'
import { type Encoding, swapBytes, swapUnit } from './element-output.ts'
import { PIXEL_DATA } from './element-vr.ts'
import { FragmentIndex } from './fragment-index.ts'
import { openPlainBytes } from './plain-bytes.ts'

/** What the image says about its pixels, and how they are stored. */
export interface FrameFormat extends PixelFormat {
  /** That of the file. */
  readonly transferSyntaxUid: string
  /** Frames are bit streams of the transfer syntax; else native pixels in little endian. */
  readonly isCompressed: boolean
  /** Of a native frame, in bytes. */
  readonly frameBytes: number
  /** Of the pixel data: OB, OW; OF and OD for pixels in floating point. */
  readonly vr: string
}

export interface FrameSource {
  readonly count: number
  readonly format: FrameFormat
  /** @param number  from 1 to {@link count}
   *  @throws NodeError UNREADABLE where there is no such frame in the pixel data, RangeError for a number that is none of its frames */
  frame(number: number): Promise<Buffer>
  close(): void
}

const FLOAT_PIXEL_DATA = 0x7fe00008
const DOUBLE_FLOAT_PIXEL_DATA = 0x7fe00009
const EXTENDED_OFFSET_TABLE = 0x7fe00001
const EXTENDED_OFFSET_TABLE_LENGTHS = 0x7fe00002
const PIXELS: ReadonlyMap<number, string> = new Map([
  [PIXEL_DATA, 'OW'],
  [FLOAT_PIXEL_DATA, 'OF'],
  [DOUBLE_FLOAT_PIXEL_DATA, 'OD'],
])
const LONGEST_VALUE = 1024
/** Eight bytes for each of a million frames. */
const LARGEST_TABLE = 8 * 1024 * 1024

/** It has no pixel data. */
export class NoPixels extends NodeError {
  constructor() {
    super('UNREADABLE', { why: 'it holds no pixel data' })
  }
}

/** @throws NoPixels, and as above */
export async function openFrames(storage: Storage, instance: Retrievable): Promise<FrameSource> {
  const bytes = await openPlainBytes(storage, instance)
  try {
    return await framesIn(bytes, instance.transferSyntaxUid)
  } catch (error) {
    bytes.close()
    throw error
  }
}

async function framesIn(bytes: ByteSource, transferSyntaxUid: string): Promise<FrameSource> {
  const encoding = encodingOf(transferSyntaxUid)
  const cursor = new ElementCursor(bytes)
  const { dataSet, pixels, offsets, lengths } = await headOf(cursor, encoding)
  const isCompressed = pixels.length === UNDEFINED_LENGTH
  const format = { ...formatOf(dataSet), transferSyntaxUid, isCompressed, vr: pixels.vr || PIXELS.get(pixels.tag)! }
  const count = Math.max(1, Number.parseInt(dataSet.text(0x00280008) ?? '1', 10) || 1)
  const frameBytes = Math.ceil(nativeBits(format) / 8)
  const close = (): void => bytes.close()
  if (isCompressed) {
    const index = new FragmentIndex(cursor, pixels.valueAt, count, offsets, lengths)
    return { count, format: { ...format, frameBytes }, frame: async (number) => index.frame(checked(number, count)), close }
  }
  if (frameBytes === 0 || frameBytes > LARGEST_NATIVE_BYTES) throw new NodeError('UNREADABLE', { why: 'no such image size' })
  const native = new NativeFrames(cursor, pixels, nativeBits(format), encoding.littleEndian ? 1 : swapUnit(format.vr))
  return { count, format: { ...format, frameBytes }, frame: async (number) => native.frame(checked(number, count)), close }
}

function checked(number: number, count: number): number {
  if (!Number.isInteger(number) || number < 1 || number > count) throw new RangeError(`no frame ${number} of ${count}`)
  return number
}

interface Head {
  /** Group 0028. */
  readonly dataSet: DataSet
  readonly pixels: Placed
  readonly offsets: Buffer | undefined
  readonly lengths: Buffer | undefined
}

async function headOf(cursor: ElementCursor, encoding: Encoding): Promise<Head> {
  const raw: Buffer[] = []
  const tables = new Map<number, Buffer>()
  for (let at = 0; ; ) {
    const element = await cursor.element(at, encoding)
    if (element === undefined || element.tag > PIXEL_DATA) throw new NoPixels()
    if (PIXELS.has(element.tag)) {
      const dataSet = readDataSet(Buffer.concat(raw), syntaxOf(encoding))
      return { dataSet, pixels: element, offsets: tables.get(EXTENDED_OFFSET_TABLE), lengths: tables.get(EXTENDED_OFFSET_TABLE_LENGTHS) }
    }
    const end = await cursor.endOf(element, encoding)
    const { tag, valueAt } = element
    const isTable = tag === EXTENDED_OFFSET_TABLE || tag === EXTENDED_OFFSET_TABLE_LENGTHS
    if (tag >>> 16 === 0x0028 && end - at <= LONGEST_VALUE) raw.push(await cursor.read(at, end - at))
    else if (isTable && end - valueAt <= LARGEST_TABLE) tables.set(tag, await cursor.read(valueAt, end - valueAt))
    at = end
  }
}

export function syntaxOf({ explicit, littleEndian }: Encoding): string {
  if (!explicit) return IMPLICIT_VR_LITTLE_ENDIAN
  return littleEndian ? EXPLICIT_VR_LITTLE_ENDIAN : EXPLICIT_VR_BIG_ENDIAN
}

function formatOf(dataSet: DataSet): PixelFormat {
  const number = (tag: number, otherwise: number): number => {
    const value = Number(dataSet.values(tag)[0] ?? otherwise)
    return Number.isInteger(value) && value >= 0 ? value : otherwise
  }
  const bitsAllocated = number(0x00280100, 8)
  return {
    rows: number(0x00280010, 0),
    columns: number(0x00280011, 0),
    samplesPerPixel: number(0x00280002, 1),
    photometricInterpretation: dataSet.text(0x00280004) ?? 'MONOCHROME2',
    planarConfiguration: number(0x00280006, 0),
    bitsAllocated,
    bitsStored: number(0x00280101, bitsAllocated),
    pixelRepresentation: number(0x00280103, 0),
  }
}

/** Of YBR_FULL_422 two pixels share their colours (PS3.3 C.7.6.3.1.2). */
function nativeBits({ rows, columns, samplesPerPixel, bitsAllocated, photometricInterpretation }: PixelFormat): number {
  const samples = samplesPerPixel === 3 && photometricInterpretation.endsWith('_422') ? 2 : samplesPerPixel
  return rows * columns * samples * bitsAllocated
}

class NativeFrames {
  readonly #cursor: ElementCursor
  readonly #pixels: Placed
  readonly #bits: number
  readonly #unit: 1 | 2 | 4 | 8

  /** @param bits  of one frame
   *  @param unit  of the change of byte order, 1 for none */
  constructor(cursor: ElementCursor, pixels: Placed, bits: number, unit: 1 | 2 | 4 | 8) {
    this.#cursor = cursor
    this.#pixels = pixels
    this.#bits = bits
    this.#unit = unit
  }

  async frame(number: number): Promise<Buffer> {
    const startBit = this.#bits * (number - 1)
    const first = Math.floor(startBit / 8)
    const end = Math.ceil((startBit + this.#bits) / 8)
    const bytes = await this.#littleEndian(first, end, number)
    const shift = startBit % 8
    return shift === 0 && this.#bits % 8 === 0 ? bytes : shifted(bytes, shift, this.#bits)
  }

  async #littleEndian(first: number, end: number, number: number): Promise<Buffer> {
    const unit = this.#unit
    const { length, valueAt } = this.#pixels
    if (end > length) throw new NodeError('UNREADABLE', { why: `pixel data ends before frame ${number} does` })
    const from = first - (first % unit)
    const to = Math.min(Math.ceil(end / unit) * unit, length)
    const bytes = await this.#cursor.read(valueAt + from, to - from)
    swapBytes(bytes.subarray(0, bytes.length - (bytes.length % unit)), unit)
    return bytes.subarray(first - from, end - from)
  }
}

/** Bits from `shift` on, the lowest first; what is left of the last byte is zero. */
function shifted(bytes: Buffer, shift: number, bits: number): Buffer {
  const frame = Buffer.alloc(Math.ceil(bits / 8))
  for (let at = 0; at < frame.length; at++) frame[at] = ((bytes[at]! >> shift) | ((bytes[at + 1] ?? 0) << (8 - shift))) & 0xff
  const used = bits % 8
  if (used !== 0) frame[frame.length - 1]! &= (1 << used) - 1
  return frame
}
