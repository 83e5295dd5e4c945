/** Compressed pixel data as frames (PS3.5 A.4): fragments put together by what says which belong together.
 *
 *  Order of trust: one frame takes all fragments; as many fragments as frames, one each; the Basic Offset Table; the Extended Offset Table
 *  (PS3.3 C.7.6.3.1.8); a fragment that begins with the start marker of its code stream begins a frame.
 *  Errors: NodeError UNREADABLE. */
import { ElementHeader, ITEM, SEQUENCE_DELIMITATION } from '../dicom/element-header.ts'
import { NodeError } from '../errors.ts'

export interface Fragments {
  /** Byte offsets of the frames from the first fragment's item; empty where the table is. */
  readonly basicOffsets: readonly number[]
  readonly fragments: readonly Fragment[]
  /** Where the element after the pixel data begins. */
  readonly next: number
}

export interface Fragment {
  /** Of its item, from the first fragment's item. */
  readonly offset: number
  readonly bytes: Buffer
}

/** @param offset  of the first item of the pixel data, which is the Basic Offset Table */
export function readFragments(bytes: Buffer, offset: number): Fragments {
  const items: { at: number; bytes: Buffer }[] = []
  const header = new ElementHeader()
  let at = offset
  for (;;) {
    if (header.read(bytes, at, bytes.length, false, true) === 0) throw new NodeError('UNREADABLE', { why: 'pixel data is cut' })
    if (header.tag === SEQUENCE_DELIMITATION) break
    const end = at + 8 + header.length
    if (header.tag !== ITEM || end > bytes.length) throw new NodeError('UNREADABLE', { why: `no fragment at byte ${at}` })
    items.push({ at, bytes: bytes.subarray(at + 8, end) })
    at = end
  }
  const [table, ...rest] = items
  const first = rest[0]?.at ?? 0
  return {
    basicOffsets: table === undefined ? [] : offsetsOf(table.bytes),
    fragments: rest.map((item) => ({ offset: item.at - first, bytes: item.bytes })),
    next: at + 8,
  }
}

function offsetsOf(table: Buffer): number[] {
  return Array.from({ length: table.length >> 2 }, (_, index) => table.readUInt32LE(index * 4))
}

/** @param extendedOffsets  Extended Offset Table, where there is one */
export function framesOf(
  { basicOffsets, fragments }: Fragments,
  numberOfFrames: number,
  extendedOffsets: readonly number[] = [],
): Buffer[] {
  if (fragments.length === 0) throw new NodeError('UNREADABLE', { why: 'no fragments' })
  if (numberOfFrames === 1) return [join(fragments)]
  if (fragments.length === numberOfFrames) return fragments.map(({ bytes }) => bytes)
  for (const starts of [basicOffsets, extendedOffsets, markedStarts(fragments)]) {
    const frames = starts.length === numberOfFrames ? groupedAt(fragments, starts) : undefined
    if (frames !== undefined) return frames
  }
  throw new NodeError('UNREADABLE', { why: `${fragments.length} fragments for ${numberOfFrames} frames` })
}

/** @returns undefined where an offset is not one of a fragment */
function groupedAt(fragments: readonly Fragment[], starts: readonly number[]): Buffer[] | undefined {
  const groups: Fragment[][] = []
  const wanted = new Set(starts)
  for (const fragment of fragments) {
    if (wanted.has(fragment.offset)) groups.push([])
    groups.at(-1)?.push(fragment)
  }
  return groups.length === starts.length ? groups.map(join) : undefined
}

/** SOI of JPEG and JPEG-LS (FFD8 FF), SOC and SIZ of JPEG 2000 (FF4F FF51), JPEG XL code stream (FF0A). */
function markedStarts(fragments: readonly Fragment[]): number[] {
  const begins = ({ bytes }: Fragment) => {
    const start = bytes.subarray(0, 4).toString('hex')
    return start.startsWith('ffd8ff') || start === 'ff4fff51' || start.startsWith('ff0a')
  }
  return fragments.filter(begins).map(({ offset }) => offset)
}

function join(fragments: readonly Fragment[]): Buffer {
  return fragments.length === 1 ? fragments[0]!.bytes : Buffer.concat(fragments.map(({ bytes }) => bytes))
}
