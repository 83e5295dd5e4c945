/** Overlay planes of an image (PS3.3 C.9.2, C.9.3; bits as PS3.5 8.1.2 packs them), drawn into a frame of it.
 *
 *  They are part of the image, shown where no presentation state says otherwise (PS3.3 C.11.7): the annotations that a caller may ask for (PS3.18 8.3.5.1.1)
 *  are others. How they look is left open (PS3.3 C.9.2): graphics are white; of a region of interest the border is, so that nothing in it is covered.
 *  Promises: what lies outside of the image is cut off; bits that are missing are none; work is bounded by the image, not by what an overlay says of its size.
 *  Does not: draw planes in unused bits of the pixel data, which are retired and should not be displayed (PS3.3 C.11.7). */
import type { DataSet } from '../../dicom/element-reader.ts'

interface OverlayPlane {
  readonly rows: number
  readonly columns: number
  /** Of its first point in the image, from 0; may lie outside of it. */
  readonly top: number
  readonly left: number
  readonly isRegion: boolean
  readonly bits: Buffer
  /** Of the first point of this frame. */
  readonly firstBit: number
}

interface Canvas {
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
}

/** 6000, 6002 … 601E (PS3.5 7.6). */
const GROUPS = Array.from({ length: 16 }, (_, at) => (0x6000 + 2 * at) * 0x10000)
const [ROWS, COLUMNS, NUMBER_OF_FRAMES, TYPE, ORIGIN, IMAGE_FRAME_ORIGIN, BITS_ALLOCATED, DATA] = [
  0x0010, 0x0011, 0x0015, 0x0040, 0x0050, 0x0051, 0x0100, 0x3000,
] as const
const WHITE = 255

/** @param frame  from 1 */
export function overlayPlanes(dataSet: DataSet, frame: number, littleEndian: boolean): OverlayPlane[] {
  return GROUPS.flatMap((group) => planeOf(dataSet, group, frame, littleEndian) ?? [])
}

function planeOf(dataSet: DataSet, group: number, frame: number, littleEndian: boolean): OverlayPlane | undefined {
  const element = dataSet.elements.get(group + DATA)
  if (element === undefined || element.value.length === 0) return undefined
  const number = (tag: number, at = 0): number | undefined => {
    const value = Number.parseInt(dataSet.values(group + tag)[at] ?? '', 10)
    return Number.isNaN(value) ? undefined : value
  }
  const [rows, columns] = [number(ROWS) ?? 0, number(COLUMNS) ?? 0]
  if (rows < 1 || columns < 1 || (number(BITS_ALLOCATED) ?? 1) !== 1) return undefined
  const at = frameIn(frame, number(NUMBER_OF_FRAMES), number(IMAGE_FRAME_ORIGIN))
  if (at === undefined) return undefined
  const bits = element.vr === 'OW' && !littleEndian ? swapped(element.value) : element.value
  return {
    rows,
    columns,
    top: (number(ORIGIN, 0) ?? 1) - 1,
    left: (number(ORIGIN, 1) ?? 1) - 1,
    isRegion: dataSet.text(group + TYPE) === 'R',
    bits,
    firstBit: at * rows * columns,
  }
}

/** A plane that has no number of frames belongs to all of the image; one of several frames to as many, from its origin on (PS3.3 C.9.3.1).
 *  @returns from 0; undefined where there is nothing of it in this frame */
function frameIn(frame: number, count: number | undefined, origin = 1): number | undefined {
  if (count === undefined) return 0
  const at = frame - origin
  return at >= 0 && at < Math.max(count, 1) ? at : undefined
}

/** Words, the first bit in the lowest of the first word. */
function swapped(words: Buffer): Buffer {
  return Buffer.from(words.subarray(0, words.length - (words.length % 2))).swap16()
}

/** @returns the pixels with the planes in them: a copy where there are any */
export function withOverlays({ pixels, width, height, channels }: Canvas, planes: readonly OverlayPlane[]): Uint8Array {
  if (planes.length === 0) return pixels
  const drawn = new Uint8Array(pixels)
  for (const plane of planes) drawPlane({ pixels: drawn, width, height, channels }, plane)
  return drawn
}

function drawPlane({ pixels, width, height, channels }: Canvas, plane: OverlayPlane): void {
  const { rows, columns, top, left, isRegion } = plane
  const [fromRow, toRow] = [Math.max(0, -top), Math.min(rows, height - top)]
  const [fromColumn, toColumn] = [Math.max(0, -left), Math.min(columns, width - left)]
  for (let row = fromRow; row < toRow; row++) {
    for (let column = fromColumn; column < toColumn; column++) {
      if (!isSet(plane, row, column) || (isRegion && isInside(plane, row, column))) continue
      const at = ((top + row) * width + left + column) * channels
      pixels.fill(WHITE, at, at + channels)
    }
  }
}

/** Not at the border of what is set. */
function isInside(plane: OverlayPlane, row: number, column: number): boolean {
  return isSet(plane, row - 1, column) && isSet(plane, row + 1, column) && isSet(plane, row, column - 1) && isSet(plane, row, column + 1)
}

function isSet({ rows, columns, bits, firstBit }: OverlayPlane, row: number, column: number): boolean {
  if (row < 0 || row >= rows || column < 0 || column >= columns) return false
  const bit = firstBit + row * columns + column
  // Of large numbers of bits a shift would lose the upper ones.
  return ((bits[Math.floor(bit / 8)] ?? 0) & (1 << (bit % 8))) !== 0
}
