/** Which fragments of compressed pixel data make up which frame, found in the file (PS3.5 A.4, PS3.3 C.7.6.3.1.8).
 *
 *  Promises: a Basic or Extended Offset Table with one entry for each frame leads to the frame directly, as long as what is there agrees with it;
 *  else the headers of all fragments are read, once, and framesOf (frames.ts) says which belong together. Of a frame only its own bytes are read, but
 *  for images whose frames are told apart by nothing but their beginnings.
 *  Errors: NodeError UNREADABLE. Offsets count from the first fragment's item, in bytes. */
import { ITEM, SEQUENCE_DELIMITATION } from '../dicom/element-header.ts'
import { NodeError } from '../errors.ts'
import { LARGEST_COMPRESSED_BYTES } from './decode-limits.ts'
import type { ElementCursor } from './element-cursor.ts'
import { IMPLICIT_LITTLE_ENDIAN } from './element-output.ts'
import { MOST_FRAGMENTS } from './even-fragments.ts'
import { framesOf } from './frames.ts'

interface Piece {
  /** Of the item, from the first fragment's item. */
  readonly offset: number
  readonly length: number
}

/** Enough to recognise the start of a code stream. */
const MARKER_BYTES = 4

export class FragmentIndex {
  readonly #cursor: ElementCursor
  readonly #start: number
  readonly #count: number
  readonly #extendedOffsets: readonly number[]
  readonly #extendedLengths: readonly number[]
  /** Where the first fragment's item begins, and what the Basic Offset Table says. */
  #table: Promise<{ readonly first: number; readonly offsets: readonly number[] }> | undefined
  #frames: Promise<readonly (readonly Piece[])[]> | undefined

  /** @param start  of the first item, which is the Basic Offset Table */
  constructor(cursor: ElementCursor, start: number, count: number, extendedOffsets?: Buffer, extendedLengths?: Buffer) {
    this.#cursor = cursor
    this.#start = start
    this.#count = count
    this.#extendedOffsets = numbers64(extendedOffsets)
    this.#extendedLengths = numbers64(extendedLengths)
  }

  /** @param number  from 1 */
  async frame(number: number): Promise<Buffer> {
    this.#table ??= this.#readTable()
    const { first } = await this.#table
    const pieces = (await this.#direct(number)) ?? (await this.#indexed())[number - 1]!
    const size = pieces.reduce((sum, { length }) => sum + length, 0)
    if (size > LARGEST_COMPRESSED_BYTES) throw unreadable(`frame ${number} is too large`)
    const parts: Buffer[] = []
    for (const { offset, length } of pieces) parts.push(await this.#cursor.read(first + offset + 8, length))
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts, size)
    const exact = this.#extendedLengths[number - 1]
    return exact === bytes.length - 1 && this.#extendedLengths.length === this.#count ? bytes.subarray(0, exact) : bytes
  }

  async #readTable(): Promise<{ first: number; offsets: readonly number[] }> {
    const item = await this.#item(this.#start)
    if (item === undefined || item.length > MOST_FRAGMENTS * 4) throw unreadable('no Basic Offset Table')
    const table = await this.#cursor.read(item.valueAt, item.length)
    const offsets = Array.from({ length: table.length >> 2 }, (_, index) => table.readUInt32LE(index * 4))
    return { first: item.valueAt + item.length, offsets }
  }

  /** @returns undefined where no table leads there, or the fragments do not agree with it */
  async #direct(number: number): Promise<readonly Piece[] | undefined> {
    const { first, offsets } = await this.#table!
    if (this.#count === 1) return undefined
    const table = [offsets, this.#extendedOffsets].find((one) => one.length === this.#count && one[0] === 0)
    if (table === undefined) return undefined
    const [start, end] = [table[number - 1]!, table[number]]
    const pieces: Piece[] = []
    let offset = start
    while (offset !== end) {
      if (end !== undefined && offset > end) return undefined
      const item = await this.#item(first + offset).catch(() => undefined)
      if (item === undefined) return end === undefined && pieces.length > 0 ? pieces : undefined
      if (pieces.length >= MOST_FRAGMENTS) throw unreadable('too many fragments')
      pieces.push({ offset, length: item.length })
      offset += 8 + item.length
    }
    return pieces.length === 0 ? undefined : pieces
  }

  #indexed(): Promise<readonly (readonly Piece[])[]> {
    this.#frames ??= this.#index()
    return this.#frames
  }

  async #index(): Promise<readonly (readonly Piece[])[]> {
    const { first, offsets } = await this.#table!
    const pieces: Piece[] = []
    for (let at = first; ; ) {
      const item = await this.#item(at)
      if (item === undefined) break
      if (pieces.length >= MOST_FRAGMENTS) throw unreadable('too many fragments')
      pieces.push({ offset: at - first, length: item.length })
      at = item.valueAt + item.length
    }
    if (this.#count === 1 && pieces.length > 0) return [pieces]
    if (pieces.length === this.#count) return pieces.map((piece) => [piece])
    return this.#grouped(first, pieces, offsets)
  }

  /** By framesOf, which is shown the beginning of each fragment only: what it joins says where each frame begins. */
  async #grouped(first: number, pieces: readonly Piece[], basicOffsets: readonly number[]): Promise<readonly (readonly Piece[])[]> {
    const fragments: { offset: number; bytes: Buffer }[] = []
    for (const { offset, length } of pieces)
      fragments.push({ offset, bytes: await this.#cursor.read(first + offset + 8, Math.min(length, MARKER_BYTES)) })
    const sizes = framesOf({ basicOffsets, fragments, next: 0 }, this.#count, this.#extendedOffsets).map(({ length }) => length)
    let at = 0
    return sizes.map((size) => {
      const from = at
      for (let left = size; left > 0 || (at < pieces.length && fragments[at]!.bytes.length === 0); at++) left -= fragments[at]!.bytes.length
      return pieces.slice(from, at)
    })
  }

  /** @returns undefined at the end of the fragments */
  async #item(at: number): Promise<{ length: number; valueAt: number } | undefined> {
    const { tag, length, valueAt } = await this.#cursor.inside(at, IMPLICIT_LITTLE_ENDIAN)
    if (tag === SEQUENCE_DELIMITATION) return undefined
    if (tag !== ITEM || valueAt + length > this.#cursor.sizeBytes) throw unreadable('no fragment where one should be')
    return { length, valueAt }
  }
}

function numbers64(table: Buffer | undefined): readonly number[] {
  return table === undefined ? [] : Array.from({ length: table.length >> 3 }, (_, index) => Number(table.readBigUInt64LE(index * 8)))
}

function unreadable(why: string): NodeError {
  return new NodeError('UNREADABLE', { why })
}
