/** Items of a sequence as DICOM JSON (PS3.18 F.2) without bulk data, and back into elements: how the index keeps a sequence.
 *
 *  Promises: text survives unchanged (a DS or IS becomes a number only where the number is written the same); private elements and
 *  nested sequences are kept; the JSON is Unicode whatever the character set was.
 *  Does not: keep values of the VRs OB, OD, OF, OL, OV, OW and UN, group lengths, or Specific Character Set (0008,0005): the reader of
 *  JSON needs none, and what is written back is in the character set of the writer. */
import type { DataSet, Element } from './data-set.ts'
import { tagText } from './dictionary.ts'
import type { ElementWriter } from './element-writer.ts'
import { isSingleText, isText, numberBytes } from './value-representations.ts'

export type JsonValue = string | number | null | JsonPersonName | JsonItem

export interface JsonPersonName {
  readonly Alphabetic?: string
  readonly Ideographic?: string
  readonly Phonetic?: string
}

export interface JsonElement {
  readonly vr: string
  readonly Value?: readonly JsonValue[]
}

/** A data set: elements by "ggggeeee". */
export interface JsonItem {
  readonly [tag: string]: JsonElement
}

const SPECIFIC_CHARACTER_SET = 0x00080005
const NAME_GROUPS = ['Alphabetic', 'Ideographic', 'Phonetic'] as const

export function toDicomJson(dataSet: DataSet): JsonItem {
  const item: Record<string, JsonElement> = {}
  const elements = [...dataSet.elements.values()].sort((a, b) => a.tag - b.tag)
  for (const element of elements) {
    const json = element.tag === SPECIFIC_CHARACTER_SET ? undefined : elementJson(dataSet, element)
    if (json !== undefined) item[tagText(element.tag)] = json
  }
  return item
}

/** The text that the index keeps for a sequence; undefined where it has no items. */
export function itemsToJson(items: readonly DataSet[]): string | undefined {
  return items.length === 0 ? undefined : JSON.stringify(items.map(toDicomJson))
}

function elementJson(dataSet: DataSet, element: Element): JsonElement | undefined {
  const { tag, vr } = element
  if (vr === 'SQ') return withValues(vr, dataSet.items(tag).map(toDicomJson))
  if (!isText(vr) && numberBytes(vr) === undefined) return undefined
  return withValues(
    vr,
    dataSet.values(tag).map((text) => valueJson(vr, text)),
  )
}

/** An element as the index and identifiers have it: values as one text, joined by backslash. */
export function jsonOfText(vr: string, text: string | undefined): JsonElement {
  if (text === undefined || text === '') return { vr }
  const values = isSingleText(vr) ? [text] : text.split('\\')
  return withValues(
    vr,
    values.map((value) => valueJson(vr, value)),
  )
}

function withValues(vr: string, values: readonly JsonValue[]): JsonElement {
  return values.length === 0 ? { vr } : { vr, Value: values }
}

function valueJson(vr: string, text: string): JsonValue {
  if (text === '') return null
  if (vr === 'PN') return personNameJson(text)
  if (vr === 'AT' || (isText(vr) && vr !== 'DS' && vr !== 'IS')) return text
  const number = Number(text)
  return Number.isFinite(number) && String(number) === text ? number : text
}

export function personNameJson(text: string): JsonPersonName {
  const groups = text.split('=')
  const named = NAME_GROUPS.flatMap((name, index) => (groups[index] ? [[name, groups[index]] as const] : []))
  return Object.fromEntries(named)
}

/** @throws SyntaxError, TypeError where the text is no array of items */
export function parseJsonItems(json: string): readonly JsonItem[] {
  const items: unknown = JSON.parse(json)
  if (!Array.isArray(items)) throw new TypeError('not an array of DICOM JSON items')
  return items as readonly JsonItem[]
}

function writeItems(writer: ElementWriter, tag: number, items: readonly JsonItem[]): void {
  writer.sequence(
    tag,
    items.map((item) => (into: ElementWriter) => writeJsonElements(into, item)),
  )
}

/** Writes every element of an item. */
export function writeJsonElements(writer: ElementWriter, item: JsonItem): void {
  for (const [key, { vr, Value }] of Object.entries(item)) {
    const tag = Number.parseInt(key, 16)
    if (vr === 'SQ') writeItems(writer, tag, (Value ?? []) as readonly JsonItem[])
    else writer.element(tag, vr, Value?.map((value) => jsonText(value)).join('\\'))
  }
}

/** The first value of an element of an item as text, several joined by backslash; undefined where absent, empty or a sequence. */
export function jsonElementText(item: JsonItem, tag: number): string | undefined {
  const element = item[tagText(tag)]
  if (element === undefined || element.vr === 'SQ') return undefined
  return element.Value?.map(jsonText).join('\\') || undefined
}

function jsonText(value: JsonValue): string {
  if (value === null) return ''
  if (typeof value !== 'object') return String(value)
  const name = value as JsonPersonName
  return NAME_GROUPS.map((group) => name[group] ?? '')
    .join('=')
    .replace(/=+$/, '')
}
