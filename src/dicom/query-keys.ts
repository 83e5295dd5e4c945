/** Which keys of an identifier we can answer, and from where (PS3.4 C.2.2.1, C.6).
 *
 *  Every element of a request comes back, of zero length where we know nothing of it; group lengths (gggg,0000) and the groups
 *  0000 and 0002 never do. No values here: those are matched by query-conditions.ts. */
import { keywordOf } from './dictionary.ts'
import type { DataSet, Element } from './element-reader.ts'
import { INDEX_ATTRIBUTES, type IndexAttribute, type IndexKeyword, type Level } from './index-attributes.ts'
import type { DerivedKeyword } from './query.ts'

export const QUERY_RETRIEVE_LEVEL = 0x00080052
const LEVELS: readonly Level[] = ['PATIENT', 'STUDY', 'SERIES', 'IMAGE']

/** `indexed`: a column of the catalog. `derived`: computed from rows. `header`: read from the stored header, IMAGE level only.
 *  `node`: what the node itself knows (its AE title, its location). `unknown`: comes back with zero length. */
export type KeySource = 'indexed' | 'derived' | 'header' | 'node' | 'unknown'

export interface RequestedKey {
  /** 0xggggeeee */
  readonly tag: number
  readonly vr: string
  /** Of standard elements. Where `source` is `indexed` an {@link IndexKeyword}, where `derived` a {@link DerivedKeyword}. */
  readonly keyword?: string
  /** Level that the attribute belongs to: indexed and derived keys. */
  readonly level?: Level
  readonly source: KeySource
  /** What is asked for inside a sequence; undefined: whole items. */
  readonly items?: readonly RequestedKey[]
  /** Of private elements: who owns the block, as the request says (PS3.5 7.8.1). Undefined: whoever does. */
  readonly creator?: string
}

export type IndexedAttribute = IndexAttribute & { readonly keyword: IndexKeyword }
const INDEXED: ReadonlyMap<number, IndexedAttribute> = new Map(INDEX_ATTRIBUTES.map((attribute) => [attribute.tag, attribute]))

export interface DerivedAttribute {
  readonly keyword: DerivedKeyword
  readonly tag: number
  readonly vr: string
  readonly level: Level
}

/** PS3.4 C.3.4 and C.6. */
export const DERIVED_ATTRIBUTES: ReadonlyMap<number, DerivedAttribute> = new Map(
  (
    [
      { keyword: 'NumberOfPatientRelatedStudies', tag: 0x00201200, vr: 'IS', level: 'PATIENT' },
      { keyword: 'NumberOfPatientRelatedSeries', tag: 0x00201202, vr: 'IS', level: 'PATIENT' },
      { keyword: 'NumberOfPatientRelatedInstances', tag: 0x00201204, vr: 'IS', level: 'PATIENT' },
      { keyword: 'ModalitiesInStudy', tag: 0x00080061, vr: 'CS', level: 'STUDY' },
      { keyword: 'SOPClassesInStudy', tag: 0x00080062, vr: 'UI', level: 'STUDY' },
      { keyword: 'NumberOfStudyRelatedSeries', tag: 0x00201206, vr: 'IS', level: 'STUDY' },
      { keyword: 'NumberOfStudyRelatedInstances', tag: 0x00201208, vr: 'IS', level: 'STUDY' },
      { keyword: 'NumberOfSeriesRelatedInstances', tag: 0x00201209, vr: 'IS', level: 'SERIES' },
    ] satisfies DerivedAttribute[]
  ).map((attribute) => [attribute.tag, attribute]),
)

/** Answered by the node, not by the catalog, and never matched (PS3.4 C.4.1.1.3). */
const NODE_KEYS: ReadonlyMap<number, string> = new Map([
  [0x00080005, 'CS'], // SpecificCharacterSet
  [QUERY_RETRIEVE_LEVEL, 'CS'],
  [0x00080054, 'AE'], // RetrieveAETitle
  [0x00080056, 'CS'], // InstanceAvailability
  [0x00080201, 'SH'], // TimezoneOffsetFromUTC
  [0x0040e011, 'UI'], // RetrieveLocationUID
])

/** PS3.4 C.6.1.1, C.6.2.1
 *  @returns undefined where the text names no level; spaces around it do not count, case does */
export function parseLevel(text: string | undefined): Level | undefined {
  const trimmed = text?.trim()
  return LEVELS.find((level) => level === trimmed)
}

export function isBelow(level: Level, other: Level): boolean {
  return LEVELS.indexOf(level) > LEVELS.indexOf(other)
}

/** @returns the indexed attribute of this tag where queries of this level can use it: its own level or one above */
export function indexedKey(tag: number, queryLevel: Level): IndexedAttribute | undefined {
  const attribute = NODE_KEYS.has(tag) ? undefined : INDEXED.get(tag)
  return attribute && !isBelow(attribute.level, queryLevel) ? attribute : undefined
}

/** @returns the computed attribute of this tag, under the same condition */
export function derivedKey(tag: number, queryLevel: Level): DerivedAttribute | undefined {
  const attribute = DERIVED_ATTRIBUTES.get(tag)
  return attribute && !isBelow(attribute.level, queryLevel) ? attribute : undefined
}

export function isNodeKey(tag: number): boolean {
  return NODE_KEYS.has(tag)
}

/** What is asked for, in the order of the identifier. */
export function requestedKeys(identifier: DataSet, queryLevel: Level): RequestedKey[] {
  const keys: RequestedKey[] = []
  for (const element of identifier.elements.values()) {
    if (!isKey(element.tag)) continue
    const key = requestedKey(element, queryLevel)
    keys.push(isPrivate(element.tag) ? { ...key, creator: creatorOf(identifier, element.tag) } : key)
  }
  return keys
}

/** Group lengths, and elements that belong to commands and to files, are no keys. */
export function isKey(tag: number): boolean {
  const group = tag >>> 16
  return (tag & 0xffff) !== 0 && group !== 0x0000 && group !== 0x0002
}

export function isPrivate(tag: number): boolean {
  return (tag & 0x00010000) !== 0
}

/** (gggg,0010-00FF) of an odd group reserves a block of it (PS3.5 7.8.1); it says whose elements are meant and matches nothing. */
export function isPrivateCreator(tag: number): boolean {
  return isPrivate(tag) && (tag & 0xffff) >= 0x0010 && (tag & 0xffff) <= 0x00ff
}

/** The element that reserves the block of a private element; of such an element itself. */
function creatorTag(tag: number): number {
  return isPrivateCreator(tag) ? tag : ((tag & 0xffff0000) | ((tag & 0xff00) >>> 8)) >>> 0
}

function creatorOf(identifier: DataSet, tag: number): string | undefined {
  return identifier.text(creatorTag(tag))?.trim() || undefined
}

function requestedKey(element: Element, queryLevel: Level): RequestedKey {
  const { tag } = element
  const keyword = keywordOf(tag)
  if (NODE_KEYS.has(tag)) return { tag, vr: NODE_KEYS.get(tag)!, keyword, source: 'node' }
  const indexed = indexedKey(tag, queryLevel)
  if (indexed) return { ...indexed, source: 'indexed', items: requestedItems(element, 'indexed') }
  const derived = derivedKey(tag, queryLevel)
  if (derived) return { ...derived, source: 'derived' }
  const source = queryLevel === 'IMAGE' && (keyword !== undefined || isPrivate(tag)) ? 'header' : 'unknown'
  return { tag, vr: element.vr, keyword, source, items: requestedItems(element, source) }
}

/** Attributes inside a sequence share the source of the sequence. */
function requestedItems(element: Element, source: KeySource): readonly RequestedKey[] | undefined {
  const asked = [...(element.items?.[0]?.elements.values() ?? [])].filter((inner) => isKey(inner.tag))
  if (asked.length === 0) return undefined
  return asked.map((inner) => ({
    tag: inner.tag,
    vr: inner.vr,
    keyword: keywordOf(inner.tag),
    source,
    items: requestedItems(inner, source),
  }))
}
