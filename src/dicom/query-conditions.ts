/** One matching key of an identifier to one condition for the catalog (PS3.4 C.2.2.2).
 *
 *  | VR                                             | matching                                                        |
 *  |------------------------------------------------|-----------------------------------------------------------------|
 *  | UI                                             | single value or list, literal: a wild card in it matches nothing |
 *  | DA, TM, DT                                     | single value by meaning, range; reversed range: no match         |
 *  | CS                                             | single value, wild card; several values: any of them, literal, is any of the stored ones |
 *  | AE, LO, LT, PN, SH, ST, UC, UR, UT             | single value, wild card; a backslash is literal                  |
 *  | SQ                                             | one item, each attribute in it single value or wild card         |
 *  | others                                         | single value                                                     |
 *
 *  Empty keys, a lone `*` in any VR, a lone `-` in DA, TM, DT, names of delimiters and `*` only, and sequences without items or with an empty one match
 *  everything. A single date or time that is none is no error and matches nothing (the catalog compares dates and times by
 *  meaning); a range with such an end is an error. Values are taken as they are, however long. Inside of a sequence item,
 *  ranges and further sequences are not matched, and reported as such. */
import { NodeError } from '../errors.ts'
import { parseRange } from './dates.ts'
import { tagText } from './dictionary.ts'
import type { DataSet, Element } from './element-reader.ts'
import { hasWildcard } from './matching.ts'
import type { Condition } from './query.ts'
import { type DerivedAttribute, type IndexedAttribute, isKey } from './query-keys.ts'
import { trimEnd, trimStart } from './value-representations.ts'

const WILDCARD_VRS = new Set(['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT'])

/** @param fuzzy fuzzy semantic matching of names is negotiated (PS3.4 C.2.2.2.1.1): here a name without wild cards also finds
 *               the names that begin with it
 *  @returns undefined for universal matching
 *  @throws NodeError IDENTIFIER_MISMATCH for a range that cannot be read */
export function conditionOf(attribute: IndexedAttribute, text: string, fuzzy: boolean): Condition | undefined {
  const { keyword, vr } = attribute
  if (isUniversal(text) || (vr === 'PN' && /^[ *^=]*$/.test(text))) return undefined
  if (vr === 'DA' || vr === 'TM' || vr === 'DT') return rangeCondition(attribute, text)
  if (vr === 'UI') return listCondition(keyword, text)
  if (vr === 'CS' && text.includes('\\')) return listCondition(keyword, text)
  if (WILDCARD_VRS.has(vr) && hasWildcard(text)) return { keyword, kind: 'wildcard', pattern: text }
  if (vr === 'PN' && fuzzy) return { keyword, kind: 'wildcard', pattern: `${text}*` }
  return { keyword, kind: 'value', value: text }
}

/** ModalitiesInStudy and SOPClassesInStudy (PS3.4 C.3.4).
 *  @returns undefined for universal matching, `unsupported` for the counts, which are no matching keys */
export function derivedConditionOf({ keyword }: DerivedAttribute, text: string): Condition | undefined | 'unsupported' {
  if (isUniversal(text)) return undefined
  if (keyword === 'SOPClassesInStudy') return listCondition(keyword, text)
  if (keyword !== 'ModalitiesInStudy') return 'unsupported'
  if (text.includes('\\')) return listCondition(keyword, text)
  return hasWildcard(text) ? { keyword, kind: 'wildcard', pattern: text } : { keyword, kind: 'value', value: text }
}

function isUniversal(text: string): boolean {
  return /^\**$/.test(text)
}

function listCondition(
  keyword: IndexedAttribute['keyword'] | 'ModalitiesInStudy' | 'SOPClassesInStudy',
  text: string,
): Condition | undefined {
  const values = [...new Set(text.split('\\').map((value) => trimStart(trimEnd(value))))].filter((value) => value !== '')
  if (values.length === 0) return undefined
  return values.length === 1 ? { keyword, kind: 'value', value: values[0]! } : { keyword, kind: 'list', values }
}

function rangeCondition({ keyword, vr }: IndexedAttribute, text: string): Condition | undefined {
  const range = parseRange(text, vr)
  if (range.kind === 'universal') return undefined
  if (range.kind === 'range') return { keyword, kind: 'range', from: range.from, to: range.to }
  if (range.kind === 'single') return { keyword, kind: 'value', value: vr === 'DA' ? range.from : text.trim() }
  if (text.includes('-')) throw new NodeError('IDENTIFIER_MISMATCH', { key: keyword, found: 'a range that cannot be read' })
  return { keyword, kind: 'value', value: text }
}

/** Sequence matching (PS3.4 C.2.2.2.6).
 *  @param unsupported told the tag of every attribute in the item that has a value which we cannot match
 *  @throws NodeError IDENTIFIER_MISMATCH for more than one item */
export function itemConditionOf(
  { keyword }: IndexedAttribute,
  element: Element,
  unsupported: (tag: number) => void,
): Condition | undefined {
  const item = soleItem(element)
  const attributes = item ? itemAttributes(item, unsupported) : []
  return attributes.length === 0 ? undefined : { keyword, kind: 'item', attributes }
}

export function soleItem(element: Element): DataSet | undefined {
  const items = element.items ?? []
  if (items.length > 1) throw new NodeError('IDENTIFIER_MISMATCH', { key: tagText(element.tag), found: `${items.length} items` })
  return items[0]
}

function itemAttributes(item: DataSet, unsupported: (tag: number) => void): { tag: string; pattern: string }[] {
  const attributes: { tag: string; pattern: string }[] = []
  for (const inner of item.elements.values()) {
    if (!isKey(inner.tag)) continue
    const text = inner.vr === 'SQ' ? '' : (item.text(inner.tag) ?? '')
    const isDate = inner.vr === 'DA' || inner.vr === 'TM' || inner.vr === 'DT'
    if (isDate && parseRange(text, inner.vr).kind === 'universal') continue
    if ((isDate && text.includes('-')) || (inner.vr === 'SQ' && hasValues(inner))) unsupported(inner.tag)
    else if (!isUniversal(text)) attributes.push({ tag: tagText(inner.tag), pattern: text })
  }
  return attributes
}

/** Whether a sequence holds any value at all, at any depth. */
export function hasValues(sequence: Element): boolean {
  return (sequence.items ?? []).some((item) =>
    [...item.elements.values()].some((inner) => (inner.vr === 'SQ' ? hasValues(inner) : !isUniversal(item.text(inner.tag) ?? ''))),
  )
}

/** A date range and a time range of the same event as one (PS3.4 C.2.2.2.5.2); only where date-time matching is negotiated.
 *  A single date or time is no range and matches on its own. So do both ranges where the time has a value at an end at which
 *  the date is open (`20260102-` and `-1200`): there is no day for that time to end, and the peer is not left without its key. */
export function combineDateTimes(conditions: readonly Condition[]): Condition[] {
  const combined = [...conditions]
  for (const date of conditions) {
    if (date.kind !== 'range' || !date.keyword.endsWith('Date')) continue
    const timeKeyword = date.keyword.replace(/Date$/, 'Time')
    const time = conditions.find((condition) => condition.kind === 'range' && condition.keyword === timeKeyword)
    if (time?.kind !== 'range' || !hasDatesForTimes(date, time)) continue
    combined.splice(combined.indexOf(time), 1)
    combined[combined.indexOf(date)] = {
      keyword: date.keyword,
      timeKeyword: time.keyword,
      kind: 'dateTimeRange',
      from: date.from && date.from + (time.from ?? ''),
      to: date.to && date.to + (time.to ?? '235959.999999'),
    }
  }
  return combined
}

type Ends = { readonly from?: string; readonly to?: string }

function hasDatesForTimes(date: Ends, time: Ends): boolean {
  return (time.from === undefined || date.from !== undefined) && (time.to === undefined || date.to !== undefined)
}
