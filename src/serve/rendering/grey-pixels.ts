/** Stored values of one sample to shades of grey, black to white in 0 to 255 (PS3.3 C.11.1, C.11.2, C.7.6.3.1.2; PS3.14 is the display's).
 *
 *  Order: Modality LUT or rescale; then the window asked for, else the image's own first window, else its VOI LUT, else what is there from
 *  darkest to lightest; of 8 bits and fewer everything there can be, because that is how they are meant. MONOCHROME1 is inverted. Padding
 *  is black and counts for nothing.
 *  One table of what each stored value becomes is made for up to 16 bits: time does not grow with what an image asks for. */
import type { Window } from '../../dicomweb/rendering-parameters.ts'
import type { ImageAttributes, StoredFormat } from './image-attributes.ts'
import { entryFor } from './lookup-tables.ts'

type Grade = (value: number) => number

interface Range {
  readonly low: number
  readonly high: number
}

export function greyPixels(raw: Uint8Array | Uint16Array, image: ImageAttributes, asked: Window | undefined): Uint8Array {
  const { format } = image
  const stored = storedValues(format)
  const size = 2 ** Math.max(format.bitsAllocated, 8)
  const isPadding = paddingTest(image)
  const range = () =>
    rangeOf(
      presentIn(
        raw,
        size,
        (bits) => modality(image, stored(bits)),
        (bits) => isPadding(stored(bits)),
      ),
    )
  const grade = gradeOf(image, asked, range)
  const table = new Uint8Array(size)
  for (let bits = 0; bits < size; bits++) {
    const value = stored(bits)
    table[bits] = isPadding(value) ? 0 : grade(modality(image, value))
  }
  const pixels = new Uint8Array(format.rows * format.columns)
  for (let at = 0; at < pixels.length; at++) pixels[at] = table[raw[at]!]!
  return pixels
}

/** Of 32 and 64 bits. @param values  as stored */
export function greyPixelsOfMany(values: ArrayLike<number>, image: ImageAttributes, asked: Window | undefined): Uint8Array {
  const isPadding = paddingTest(image)
  const range = () => rangeOf(shades(values, image, isPadding))
  const grade = gradeOf(image, asked, range)
  const pixels = new Uint8Array(image.format.rows * image.format.columns)
  for (let at = 0; at < pixels.length; at++) {
    const value = values[at]!
    pixels[at] = Number.isNaN(value) || isPadding(value) ? 0 : grade(modality(image, value))
  }
  return pixels
}

/** What lies above High Bit or below the lowest bit, as overlays of old, is no part of the value (PS3.5 8.1.1). */
function storedValues({ bitsStored, highBit, pixelRepresentation }: StoredFormat): Grade {
  const shift = highBit + 1 - bitsStored
  const mask = 2 ** bitsStored - 1
  const sign = pixelRepresentation === 1 ? 2 ** (bitsStored - 1) : 0
  return (bits) => {
    const value = (bits >> shift) & mask
    return sign !== 0 && value >= sign ? value - 2 * sign : value
  }
}

function paddingTest({ padding }: ImageAttributes): (value: number) => boolean {
  if (padding === undefined) return () => false
  const { low, high } = padding
  return (value) => value >= low && value <= high
}

function modality({ modalityTable, slope, intercept }: ImageAttributes, value: number): number {
  return modalityTable === undefined ? value * slope + intercept : entryFor(modalityTable, value)
}

function* presentIn(raw: Uint8Array | Uint16Array, size: number, shadeOf: Grade, isPadding: (bits: number) => boolean): Generator<number> {
  const seen = new Uint8Array(size)
  for (const bits of raw) seen[bits] = 1
  for (let bits = 0; bits < size; bits++) if (seen[bits] === 1 && !isPadding(bits)) yield shadeOf(bits)
}

function* shades(values: ArrayLike<number>, image: ImageAttributes, isPadding: (value: number) => boolean): Generator<number> {
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!
    if (Number.isFinite(value) && !isPadding(value)) yield modality(image, value)
  }
}

function rangeOf(values: Iterable<number>): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return low > high ? { low: 0, high: 0 } : { low, high }
}

function gradeOf(image: ImageAttributes, asked: Window | undefined, range: () => Range): Grade {
  const grade = upright(image, asked, range)
  return image.format.photometricInterpretation === 'MONOCHROME1' ? (value) => 255 - grade(value) : grade
}

function upright(image: ImageAttributes, asked: Window | undefined, range: () => Range): Grade {
  const window = asked ?? image.window
  if (window !== undefined) return windowed(window)
  const { voiTable, format } = image
  if (voiTable !== undefined) return (value) => Math.round((entryFor(voiTable, value) / voiTable.largest) * 255)
  return between(isMeantAsIs(image) ? { low: 0, high: 2 ** format.bitsStored - 1 } : range())
}

function isMeantAsIs({ format, modalityTable, slope, intercept, isLabelmap }: ImageAttributes): boolean {
  const isPlain = modalityTable === undefined && slope === 1 && intercept === 0
  return isPlain && !isLabelmap && format.bitsStored <= 8 && format.pixelRepresentation === 0
}

function between({ low, high }: Range): Grade {
  const span = high - low
  return (value) => (span === 0 ? 0 : clamped(((value - low) / span) * 255))
}

/** PS3.3 C.11.2.1.2, C.11.2.1.3 */
function windowed({ center, width, function: shape }: Window): Grade {
  if (shape === 'sigmoid') return (value) => clamped(255 / (1 + Math.exp((-4 * (value - center)) / width)))
  if (shape === 'linear-exact') return (value) => clamped(((value - center) / width + 0.5) * 255)
  const middle = center - 0.5
  // A width of 1 is a threshold.
  if (width === 1) return (value) => (value <= middle ? 0 : 255)
  return (value) => clamped(((value - middle) / (width - 1) + 0.5) * 255)
}

function clamped(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value)
}
