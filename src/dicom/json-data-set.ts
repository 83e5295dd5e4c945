/** A data set from DICOM JSON (PS3.18 F.2) and the bulk data that it points at (F.2.6), in Explicit VR Little Endian, text in UTF-8.
 *
 *  Promises: every element that the JSON has is in the data set, with its value, or nothing is made: no value is left out. Compressed frames become fragments,
 *  one for each frame, behind an empty offset table (PS3.5 A.4). Groups 0000 and 0002 and group lengths are no part of a data set.
 *  Does not: check values against their VR beyond what is needed to write them, or make attributes that are missing.
 *  Errors: NodeError UNREADABLE, `why` without values. */
import { NodeError } from '../errors.ts'
import type { JsonElement, JsonItem } from './dicom-json.ts'
import { writeJsonElements } from './dicom-json.ts'
import { ElementWriter, shortHeader, writeTag } from './element-writer.ts'
import { isKey } from './query-keys.ts'
import { isKnownVr, numberBytes } from './value-representations.ts'

/** Bulk data of an element, by its URI. */
export type BulkData = (uri: string) => Buffer
/** Frames of pixel data as they were compressed; undefined where it is native. */
export type CompressedFrames = readonly Buffer[] | undefined

/** As JSON may have it; nothing of it is believed. */
interface GivenElement {
  readonly vr?: unknown
  readonly Value?: unknown
  readonly BulkDataURI?: unknown
  readonly InlineBinary?: unknown
}

const SPECIFIC_CHARACTER_SET = 0x00080005
export const PIXEL_DATA = 0x7fe00010
const DEEPEST = 32
const ITEM = 0xfffee000
const SEQUENCE_DELIMITATION = 0xfffee0dd

/** @returns the data set in pieces */
export function dataSetOfJson(item: unknown, bulk: BulkData, frames: CompressedFrames): Buffer[] {
  const before = new ElementWriter({ explicit: true })
  const behind = new ElementWriter({ explicit: true })
  for (const [tag, element] of elementsOf(item)) {
    if (tag === SPECIFIC_CHARACTER_SET || (tag === PIXEL_DATA && frames !== undefined)) continue
    writeElement(tag > PIXEL_DATA ? behind : before, tag, element, bulk, 1)
  }
  before.element(SPECIFIC_CHARACTER_SET, 'CS', 'ISO_IR 192')
  return [before.finish(), ...(frames === undefined ? [] : fragments(frames)), behind.finish()]
}

/** @throws NodeError UNREADABLE where it is no object of elements */
export function elementsOf(item: unknown): (readonly [tag: number, element: GivenElement])[] {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw unreadable('not an object of elements')
  return Object.entries(item).flatMap(([key, element]) => {
    if (!/^[0-9a-f]{8}$/i.test(key)) throw unreadable('a name that is no tag')
    if (typeof element !== 'object' || element === null) throw unreadable(`${key}: no element`)
    const tag = Number.parseInt(key, 16)
    return isKey(tag) ? [[tag, element as GivenElement] as const] : []
  })
}

function writeElement(into: ElementWriter, tag: number, element: GivenElement, bulk: BulkData, depth: number): void {
  const name = tag.toString(16).padStart(8, '0')
  const { vr, Value: value, BulkDataURI: uri, InlineBinary: inline } = element
  if (typeof vr !== 'string' || !isKnownVr(vr)) throw unreadable(`${name}: no VR`)
  if (vr === 'SQ') writeSequence(into, tag, value ?? [], bulk, depth, name)
  else if (typeof uri === 'string') into.bytes(tag, vr, bulk(uri))
  else if (typeof inline === 'string') into.bytes(tag, vr, base64(inline, name))
  else if (value === undefined) into.bytes(tag, vr, Buffer.alloc(0))
  else writeValues(into, name, { vr, value })
}

function writeValues(into: ElementWriter, name: string, { vr, value }: { vr: string; value: unknown }): void {
  if (!Array.isArray(value) || !value.every(isValue)) throw unreadable(`${name}: Value is no list of values`)
  // A number that is none has no bytes; a missing text is empty.
  if (numberBytes(vr) !== undefined && value.some((one) => one === null || one === '')) throw unreadable(`${name}: a number is missing`)
  try {
    writeJsonElements(into, { [name]: { vr, Value: value } satisfies JsonElement } satisfies JsonItem)
  } catch (cause) {
    throw unreadable(`${name}: not a value of ${vr}`, cause)
  }
}

const isValue = (one: unknown): boolean =>
  one === null ||
  typeof one === 'string' ||
  typeof one === 'number' ||
  (typeof one === 'object' && Object.values(one).every((part) => typeof part === 'string'))

function writeSequence(into: ElementWriter, tag: number, items: unknown, bulk: BulkData, depth: number, name: string): void {
  if (!Array.isArray(items)) throw unreadable(`${name}: Value is no list of items`)
  if (depth > DEEPEST) throw unreadable(`${name}: nested too deeply`)
  into.sequence(
    tag,
    items.map((item: unknown) => (inner: ElementWriter) => {
      // An item without elements may be null (PS3.18 F.2.5).
      for (const [innerTag, element] of elementsOf(item ?? {})) writeElement(inner, innerTag, element, bulk, depth + 1)
    }),
  )
}

function base64(text: string, name: string): Buffer {
  if (!/^[0-9A-Za-z+/\s]*={0,2}\s*$/.test(text)) throw unreadable(`${name}: InlineBinary is not base64`)
  return Buffer.from(text, 'base64')
}

/** Pixel data of undefined length: an empty offset table, then one fragment for each frame. */
function fragments(frames: readonly Buffer[]): Buffer[] {
  const header = Buffer.alloc(12)
  writeTag(header, PIXEL_DATA)
  header.write('OB', 4, 'latin1')
  header.writeUInt32LE(0xffffffff, 8)
  const items = frames.flatMap((frame) => [
    shortHeader(ITEM, frame.length + (frame.length % 2)),
    frame,
    ...(frame.length % 2 === 0 ? [] : [Buffer.alloc(1)]),
  ])
  return [header, shortHeader(ITEM, 0), ...items, shortHeader(SEQUENCE_DELIMITATION, 0)]
}

export function unreadable(why: string, cause?: unknown): NodeError {
  return new NodeError('UNREADABLE', { why }, { cause })
}
