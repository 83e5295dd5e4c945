/** Window centre and width to grey (PS3.3 C.11.2.1.2.1, LINEAR), as a table over all values that a pixel may have: one look-up a pixel. */
import type { ImageFacts } from './image-facts.ts'

export interface Window {
  readonly center: number
  /** At least 1. */
  readonly width: number
}

type Values = Pick<ImageFacts, 'slope' | 'intercept' | 'inverted'>

/** Entries are RGBA as a little endian canvas wants them; index is the stored value, as unsigned 8 or 16 bit pattern. */
export function greyTable(
  facts: Values & Pick<ImageFacts, 'signed' | 'bitsAllocated'>,
  { center, width }: Window,
  invert: boolean,
): Uint32Array {
  const size = 2 ** facts.bitsAllocated
  const table = new Uint32Array(size)
  const flipped = facts.inverted !== invert
  for (let index = 0; index < size; index++) {
    const stored = facts.signed && index >= size / 2 ? index - size : index
    const grey = greyOf(stored * facts.slope + facts.intercept, center, width)
    const shade = flipped ? 255 - grey : grey
    table[index] = 0xff000000 | (shade << 16) | (shade << 8) | shade
  }
  return table
}

export function greyOf(value: number, center: number, width: number): number {
  if (value <= center - 0.5 - (width - 1) / 2) return 0
  if (value > center - 0.5 + (width - 1) / 2) return 255
  return Math.round(((value - (center - 0.5)) / (width - 1) + 0.5) * 255)
}

/** From the lowest to the highest value that is there: for an image that says nothing of its window. */
export function wholeRange(values: ArrayLike<number>, facts: Values & Pick<ImageFacts, 'signed' | 'bitsAllocated'>): Window {
  const size = 2 ** facts.bitsAllocated
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let at = 0; at < values.length; at++) {
    const pattern = values[at]!
    const value = facts.signed && pattern >= size / 2 ? pattern - size : pattern
    if (value < lowest) lowest = value
    if (value > highest) highest = value
  }
  if (lowest > highest) return { center: 128, width: 256 }
  const ends = [lowest * facts.slope + facts.intercept, highest * facts.slope + facts.intercept].sort((a, b) => a - b) as [number, number]
  return { center: (ends[0] + ends[1] + 1) / 2, width: Math.max(1, ends[1] - ends[0] + 1) }
}
