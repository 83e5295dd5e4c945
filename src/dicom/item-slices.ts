/** Looks into a long data set without reading it: the bytes of one element's value, the items of a sequence one by one. For documents of
 *  tens of thousands of items, which would hold the event loop (PS3.5 7.1.2, 7.5.1).
 *
 *  Promises: nothing is read past the end, no length is trusted.
 *  Does not: know Implicit VR, big endian or undefined lengths.
 *  @throws NodeError UNREADABLE */
import { NodeError } from '../errors.ts'
import { isLongForm } from './value-representations.ts'

const UNDEFINED_LENGTH = 0xffffffff
const ITEM = 0xfffee000
const ITEM_HEADER = 8

/** @param elements  a data set or the content of an item, Explicit VR Little Endian
 *  @returns undefined where the element is absent */
export function valueIn(elements: Buffer, tag: number): Buffer | undefined {
  for (let at = 0; at < elements.length; ) {
    const header = headerAt(elements, at)
    if (header.tag === tag) return elements.subarray(header.start, header.end)
    at = header.end
  }
  return undefined
}

/** The items of a sequence's value, each with its header. */
export function* itemSlices(value: Buffer): Generator<Buffer> {
  for (let at = 0; at < value.length; ) {
    const isItem = value.length - at >= ITEM_HEADER && tagAt(value, at) === ITEM
    const end = isItem ? ended(value, at + ITEM_HEADER, value.readUInt32LE(at + 4)) : undefined
    if (end === undefined) throw new NodeError('UNREADABLE', { reason: 'no item of defined length', offset: at })
    yield value.subarray(at, end)
    at = end
  }
}

/** What an item holds, without its header. */
export function insideOf(item: Buffer): Buffer {
  return item.subarray(ITEM_HEADER)
}

function headerAt(bytes: Buffer, at: number): { tag: number; start: number; end: number } {
  const vr = bytes.toString('latin1', at + 4, at + 6)
  const isLong = isLongForm(vr)
  const start = at + (isLong ? 12 : 8)
  if (start > bytes.length || !/^[A-Z]{2}$/.test(vr)) throw new NodeError('UNREADABLE', { reason: 'no element of Explicit VR', offset: at })
  const end = ended(bytes, start, isLong ? bytes.readUInt32LE(at + 8) : bytes.readUInt16LE(at + 6))
  if (end === undefined) throw new NodeError('UNREADABLE', { reason: 'no element of defined length', offset: at })
  return { tag: tagAt(bytes, at), start, end }
}

function tagAt(bytes: Buffer, at: number): number {
  return bytes.readUInt16LE(at) * 0x10000 + bytes.readUInt16LE(at + 2)
}

function ended(bytes: Buffer, start: number, length: number): number | undefined {
  return length === UNDEFINED_LENGTH || start + length > bytes.length ? undefined : start + length
}
