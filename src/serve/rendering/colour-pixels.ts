/** Stored values of colour images to red, green and blue by pixel, 8 bits each (PS3.3 C.7.6.3.1.2, C.7.6.3.1.3, C.7.6.3.1.5).
 *
 *  YBR as in ITU-R BT.601: FULL uses all of the range, PARTIAL 16 to 235. Of more than 8 bits the upper ones count. */
import { NodeError } from '../../errors.ts'
import type { ImageAttributes, StoredFormat } from './image-attributes.ts'
import { entryFor } from './lookup-tables.ts'

type Samples = Uint8Array | Uint16Array

export function palettePixels(raw: Samples, { format, palette }: ImageAttributes): Uint8Array {
  if (palette === undefined) throw new NodeError('UNREADABLE', { why: 'PALETTE COLOR without a palette that can be read' })
  const mask = 2 ** format.bitsStored - 1
  const tables = [palette.red, palette.green, palette.blue]
  const sign = format.pixelRepresentation === 1 ? 2 ** (format.bitsStored - 1) : Number.POSITIVE_INFINITY
  const colours = new Uint8Array(3 * (mask + 1))
  for (let value = 0; value <= mask; value++) {
    for (const [at, table] of tables.entries()) {
      colours[value * 3 + at] = Math.round((entryFor(table, value >= sign ? value - mask - 1 : value) / table.largest) * 255)
    }
  }
  const count = format.rows * format.columns
  const pixels = new Uint8Array(count * 3)
  for (let at = 0; at < count; at++) {
    const from = (raw[at]! & mask) * 3
    pixels[at * 3] = colours[from]!
    pixels[at * 3 + 1] = colours[from + 1]!
    pixels[at * 3 + 2] = colours[from + 2]!
  }
  return pixels
}

export function colourPixels(raw: Samples, format: StoredFormat): Uint8Array {
  const { photometricInterpretation: colours } = format
  const eight = inEightBits(raw, format)
  const isHalf = colours.endsWith('_422') && eight.length < format.rows * format.columns * 3
  const full = isHalf ? withoutSubsampling(eight, format) : byPixel(eight, format)
  if (colours === 'RGB' || colours === 'YBR_RCT' || colours === 'YBR_ICT') return full
  if (colours.startsWith('YBR_FULL')) return fromYbr(full, 0, 1)
  if (colours.startsWith('YBR_PARTIAL')) return fromYbr(full, 16, 255 / 219)
  throw new NodeError('UNREADABLE', { why: `Photometric Interpretation ${colours} is not known` })
}

function inEightBits(raw: Samples, { bitsStored }: StoredFormat): Uint8Array {
  if (raw instanceof Uint8Array) return raw
  const shift = Math.max(bitsStored - 8, 0)
  return Uint8Array.from(raw, (value) => Math.min(value >> shift, 255))
}

/** Planes one after the other become pixels. */
function byPixel(samples: Uint8Array, { rows, columns, planarConfiguration }: StoredFormat): Uint8Array {
  const count = rows * columns
  if (samples.length < count * 3) throw new NodeError('UNREADABLE', { why: 'there are fewer pixels than Rows and Columns say' })
  if (planarConfiguration !== 1) return samples.subarray(0, count * 3)
  const pixels = new Uint8Array(count * 3)
  for (let at = 0; at < count; at++) {
    pixels[at * 3] = samples[at]!
    pixels[at * 3 + 1] = samples[count + at]!
    pixels[at * 3 + 2] = samples[2 * count + at]!
  }
  return pixels
}

/** Y Y Cb Cr for every two pixels of a row. */
function withoutSubsampling(samples: Uint8Array, { rows, columns }: StoredFormat): Uint8Array {
  const count = rows * columns
  if (samples.length < count * 2) throw new NodeError('UNREADABLE', { why: 'there are fewer pixels than Rows and Columns say' })
  const pixels = new Uint8Array(count * 3)
  for (let at = 0; at < count; at++) {
    const pair = (at >> 1) * 4
    pixels[at * 3] = samples[pair + (at & 1)]!
    pixels[at * 3 + 1] = samples[pair + 2]!
    pixels[at * 3 + 2] = samples[pair + 3]!
  }
  return pixels
}

/** @param black  what Y is for black
 *  @param gain   of Y; that of colour differences in the same range is 255/224 where it is not 1 */
function fromYbr(ybr: Uint8Array, black: number, gain: number): Uint8Array {
  const colour = gain === 1 ? 1 : 255 / 224
  const pixels = new Uint8ClampedArray(ybr.length)
  for (let at = 0; at < ybr.length; at += 3) {
    const y = (ybr[at]! - black) * gain
    const cb = (ybr[at + 1]! - 128) * colour
    const cr = (ybr[at + 2]! - 128) * colour
    pixels[at] = y + 1.402 * cr
    pixels[at + 1] = y - 0.344136 * cb - 0.714136 * cr
    pixels[at + 2] = y + 1.772 * cb
  }
  return new Uint8Array(pixels.buffer)
}
