/** Fragments of compressed pixel data made even (PS3.5 A.4): what an odd one needs depends on whether its frame ends with it.
 *
 *  Promises: padding 00 only behind the last fragment of a frame; within a frame, the odd byte goes over to the next fragment, so that the
 *  frame's bit stream stays as it was; the Basic Offset Table says where the frames now begin.
 *  Does not: look into the bit streams. Offsets count from the first fragment's item, in bytes.
 *  Errors: NodeError UNREADABLE where it is unknown which fragments make up a frame, and that matters. */
import { ElementHeader, ITEM, SEQUENCE_DELIMITATION } from '../dicom/element-header.ts'
import { NodeError } from '../errors.ts'
import type { ByteWindow } from './byte-window.ts'
import type { ElementOutput } from './element-output.ts'

/** Bounds the memory that the lengths take. */
export const MOST_FRAGMENTS = 1_000_000

/** Extended Offset Table, its lengths, and Encapsulated Pixel Data Value Total Length (PS3.3 C.7.6.3.1.8): optional, and wrong as soon as a
 *  fragment has grown. */
export const DESCRIBE_FRAGMENTS: ReadonlySet<number> = new Set([0x7fe00001, 0x7fe00002, 0x7fe00003])

/** What has to be known of all fragments before the first of them can be written. */
export class FragmentPlan {
  numberOfFrames = 1
  table: Buffer = Buffer.alloc(0)
  readonly lengths: number[] = []

  get isNeeded(): boolean {
    return this.lengths.some((length) => length % 2 === 1)
  }

  note(length: number): void {
    if (this.lengths.length >= MOST_FRAGMENTS) throw new NodeError('UNREADABLE', { why: 'too many fragments' })
    this.lengths.push(length)
  }

  /** Whether a frame ends with each fragment, and the table as it becomes: empty, as it may be (PS3.5 A.4), where it was wrong. */
  settle(): { readonly ends: readonly boolean[]; readonly table: Buffer } {
    if (!this.isNeeded) return { ends: [], table: this.table.subarray(0, this.table.length & ~3) }
    const starts = Array.from({ length: this.table.length >> 2 }, (_, index) => this.table.readUInt32LE(index * 4))
    const ends = this.#ends(new Set(starts))
    const moved = this.#moved(ends)
    const now = starts.map((start) => moved.get(start) ?? Number.POSITIVE_INFINITY)
    if (now.some((start) => start > 0xffffffff)) return { ends, table: Buffer.alloc(0) }
    const table = Buffer.alloc(now.length * 4)
    for (const [index, start] of now.entries()) table.writeUInt32LE(start, index * 4)
    return { ends, table }
  }

  #ends(starts: ReadonlySet<number>): boolean[] {
    const { lengths, numberOfFrames } = this
    const last = lengths.length - 1
    if (numberOfFrames === 1) return lengths.map((_, at) => at === last)
    if (lengths.length === numberOfFrames) return lengths.map(() => true)
    let offset = 0
    const ends = lengths.map((length, at) => {
      offset += 8 + length
      return starts.has(offset) || at === last
    })
    // Each start but the first, which is 0, follows an end.
    const isKnown = starts.has(0) && ends.filter((isEnd) => isEnd).length === starts.size
    if (!isKnown && lengths.some((length, at) => length % 2 === 1 && at !== last))
      throw new NodeError('UNREADABLE', { why: `${lengths.length} fragments, some odd, for ${numberOfFrames} frames` })
    return ends
  }

  /** Where each fragment began → where it begins. */
  #moved(ends: readonly boolean[]): ReadonlyMap<number, number> {
    const moved = new Map<number, number>()
    let [before, after, carried] = [0, 0, 0]
    for (const [at, length] of this.lengths.entries()) {
      moved.set(before, after)
      const { size, carry } = evenSize(length + carried, ends[at] === true)
      before += 8 + length
      after += 8 + size
      carried = carry
    }
    return moved
  }
}

/** @param held  bytes at hand: those of the fragment, and one carried over from the former */
function evenSize(held: number, endsFrame: boolean): { readonly size: number; readonly carry: number } {
  if (held % 2 === 0) return { size: held, carry: 0 }
  return endsFrame ? { size: held + 1, carry: 0 } : { size: held - 1, carry: 1 }
}

/** Reads the items of the fragments into a plan, and writes nothing. The window begins with the Basic Offset Table's item. */
export async function planFragments(window: ByteWindow, plan: FragmentPlan): Promise<void> {
  for (let index = 0; ; index++) {
    const length = await nextItem(window)
    if (length === undefined) return
    if (index === 0 && length > MOST_FRAGMENTS * 4) throw new NodeError('UNREADABLE', { why: 'too many fragments' })
    const parts: Buffer[] = []
    for await (const chunk of window.pass(length, 1)) if (index === 0) parts.push(chunk)
    if (index === 0) plan.table = Buffer.concat(parts)
    else plan.note(length)
  }
}

/** Copies them according to a plan made before. */
export async function* copyFragments(window: ByteWindow, output: ElementOutput, plan: FragmentPlan): AsyncGenerator<Buffer> {
  const { ends, table } = plan.settle()
  await drain(window.pass((await nextItem(window)) ?? 0, 1))
  output.delimiter(ITEM, table.length)
  output.bytes(table)
  let carried: Buffer = Buffer.alloc(0)
  for (let at = 0; ; at++) {
    const length = await nextItem(window)
    if (length === undefined) break
    const { size, carry } = evenSize(length + carried.length, ends[at] === true)
    output.delimiter(ITEM, size)
    if (size > 0) output.bytes(carried)
    const passed = size > 0 ? Math.min(length, size - carried.length) : 0
    yield output.take()
    yield* window.pass(passed, 1)
    if (passed + carried.length < size) output.padding('OB', 1)
    if (length > passed) carried = await oneByte(window)
    else if (carry === 0) carried = Buffer.alloc(0)
  }
  output.delimiter(SEQUENCE_DELIMITATION, 0)
}

/** @returns the length of an item, undefined at the end of the fragments */
async function nextItem(window: ByteWindow): Promise<number | undefined> {
  const header = new ElementHeader()
  await window.fill(8)
  if (header.read(window.bytes, 0, window.bytes.length, false, true) === 0) throw new NodeError('UNREADABLE', { why: 'pixel data is cut' })
  if (header.tag !== ITEM && header.tag !== SEQUENCE_DELIMITATION)
    throw new NodeError('UNREADABLE', { why: 'no fragment where one should be' })
  window.skip(8)
  return header.tag === ITEM ? header.length : undefined
}

async function oneByte(window: ByteWindow): Promise<Buffer> {
  await window.fill(1)
  const byte = Buffer.from(window.bytes.subarray(0, 1))
  window.skip(1)
  return byte
}

async function drain(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of chunks);
}
