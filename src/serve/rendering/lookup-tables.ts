/** Lookup tables of an image: Modality LUT, VOI LUT (PS3.3 C.11.1.1, C.11.2.1.1), palettes, also segmented (PS3.3 C.7.6.3.1.5, C.7.9.2).
 *
 *  Promises: a descriptor that its data does not bear out gives the entries that are there; undefined where there are none. Values below
 *  the first and above the last entry take those. Tables of bytes, one to a value or two to a word, are both read. */
import type { DataSet } from '../../dicom/element-reader.ts'

export interface LookupTable {
  /** The value that the first entry is for. */
  readonly first: number
  readonly entries: Uint16Array
  /** What an entry can be at most. */
  readonly largest: number
}

export interface Palette {
  readonly red: LookupTable
  readonly green: LookupTable
  readonly blue: LookupTable
}

const DESCRIPTOR = 0x00283002
const DATA = 0x00283006
const MOST_ENTRIES = 65_536

/** @param signed  whether first values are (their VR, US or SS, is lost in many files) */
export function lookupTable(item: DataSet | undefined, signed: boolean, littleEndian: boolean): LookupTable | undefined {
  return item === undefined ? undefined : tableOf(item, DESCRIPTOR, DATA, undefined, signed, littleEndian)
}

export function paletteOf(dataSet: DataSet, signed: boolean, littleEndian: boolean): Palette | undefined {
  const [red, green, blue] = [1, 2, 3].map((colour) =>
    tableOf(dataSet, 0x00281100 + colour, 0x00281200 + colour, 0x00281220 + colour, signed, littleEndian),
  )
  return red === undefined || green === undefined || blue === undefined ? undefined : { red, green, blue }
}

export function entryFor(table: LookupTable, value: number): number {
  const { first, entries } = table
  return entries[Math.min(Math.max(Math.trunc(value - first), 0), entries.length - 1)]!
}

function tableOf(
  item: DataSet,
  descriptorTag: number,
  dataTag: number,
  segmentedTag: number | undefined,
  signed: boolean,
  littleEndian: boolean,
): LookupTable | undefined {
  const descriptor = words(item, descriptorTag, littleEndian)
  if (descriptor === undefined || descriptor.length < 3) return undefined
  const count = descriptor[0] || MOST_ENTRIES
  const first = signed ? (descriptor[1]! << 16) >> 16 : descriptor[1]!
  const segmented = segmentedTag === undefined ? undefined : words(item, segmentedTag, littleEndian)
  const entries = segmented === undefined ? plainEntries(item, dataTag, count, littleEndian) : expanded(segmented, count)
  if (entries === undefined || entries.length === 0) return undefined
  const bits = descriptor[2]! >= 1 && descriptor[2]! <= 16 ? descriptor[2]! : 16
  return { first, entries, largest: largestOf(entries, bits) }
}

/** Some say 16 bits and mean 8, some say 8 and mean 16 (PS3.3 C.11.1.1.1 lets nobody). */
function largestOf(entries: Uint16Array, bits: number): number {
  const most = entries.reduce((max, entry) => Math.max(max, entry), 0)
  return Math.max(2 ** bits - 1, most > 2 ** bits - 1 ? 0xffff : 0)
}

function plainEntries(item: DataSet, tag: number, count: number, littleEndian: boolean): Uint16Array | undefined {
  const bytes = item.elements.get(tag)?.value
  if (bytes === undefined) return undefined
  if (bytes.length < count * 2) return Uint16Array.from(littleEndian ? bytes.subarray(0, count) : swapped(bytes).subarray(0, count))
  return words(item, tag, littleEndian)?.subarray(0, count)
}

function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.length & ~1)).swap16()
}

function words(item: DataSet, tag: number, littleEndian: boolean): Uint16Array | undefined {
  const bytes = item.elements.get(tag)?.value
  if (bytes === undefined) return undefined
  return Uint16Array.from({ length: bytes.length >> 1 }, (_, at) =>
    littleEndian ? bytes.readUInt16LE(at * 2) : bytes.readUInt16BE(at * 2),
  )
}

/** PS3.3 C.7.9.2: discrete, linear and indirect segments. */
function expanded(data: Uint16Array, count: number): Uint16Array {
  const out: number[] = []
  segments(data, 0, data.length, count, out, false)
  return Uint16Array.from(out)
}

function segments(data: Uint16Array, start: number, most: number, count: number, out: number[], nested: boolean): void {
  let at = start
  for (let done = 0; done < most && at + 1 < data.length && out.length < count; done++) {
    const [kind, length] = [data[at]!, data[at + 1]!]
    if (kind === 0) {
      for (const value of data.subarray(at + 2, at + 2 + length)) if (out.length < count) out.push(value)
      at += 2 + length
    } else if (kind === 1) {
      const [from, to] = [out.at(-1) ?? 0, data[at + 2] ?? 0]
      for (let step = 1; step <= length && out.length < count; step++) out.push(Math.round(from + ((to - from) * step) / length))
      at += 3
    } else if (kind === 2 && !nested) {
      const offset = (data[at + 2] ?? 0) + (data[at + 3] ?? 0) * 0x10000
      // In bytes from the beginning.
      segments(data, offset >> 1, length, count, out, true)
      at += 4
    } else return
  }
}
