/** Looks into a long data set without reading it: the bytes of one element's value, the items of a sequence one by one. For documents of
 *  tens of thousands of items, which would hold the event loop (PS3.5 7.1.2, 7.5.1).
 *
 *  Promises: nothing is read past the end, no length is trusted.
 *  Does not: know Implicit VR, big endian or undefined lengths.
 *  @throws NodeError UNREADABLE */
import { NodeError } from '../errors.ts'
import { ElementHeader, ITEM, UNDEFINED_LENGTH } from './element-header.ts'

const ITEM_HEADER = 8

/** @param elements  a data set or the content of an item, Explicit VR Little Endian
 *  @returns undefined where the element is absent */
export function valueIn(elements: Buffer, tag: number): Buffer | undefined {
  const header = new ElementHeader()
  for (let at = 0; at < elements.length; ) {
    const size = header.read(elements, at, elements.length, true, true)
    if (size === 0 || header.isGuessed || header.vr === '') throw unreadable('no element of Explicit VR', at)
    const end = ended(elements, at + size, header.length)
    if (end === undefined) throw unreadable('no element of defined length', at)
    if (header.tag === tag) return elements.subarray(at + size, end)
    at = end
  }
  return undefined
}

/** The items of a sequence's value, each with its header. */
export function* itemSlices(value: Buffer): Generator<Buffer> {
  const header = new ElementHeader()
  for (let at = 0; at < value.length; ) {
    const isItem = header.read(value, at, value.length, false, true) !== 0 && header.tag === ITEM
    const end = isItem ? ended(value, at + ITEM_HEADER, header.length) : undefined
    if (end === undefined) throw unreadable('no item of defined length', at)
    yield value.subarray(at, end)
    at = end
  }
}

/** What an item holds, without its header. */
export function insideOf(item: Buffer): Buffer {
  return item.subarray(ITEM_HEADER)
}

function ended(bytes: Buffer, start: number, length: number): number | undefined {
  return length === UNDEFINED_LENGTH || start + length > bytes.length ? undefined : start + length
}

function unreadable(reason: string, offset: number): NodeError {
  return new NodeError('UNREADABLE', { reason, offset })
}
