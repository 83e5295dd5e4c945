/** Matches as identifiers of C-FIND responses (PS3.4 C.4.1.1.3.2, C.4.1.2.2), and as those of a search on the web (PS3.18 10.6.3.3).
 *
 *  Promises: every requested key comes back, of zero length where we know nothing, in ascending order; beside them always Specific
 *  Character Set, the unique keys from the study (or patient) down to the level asked, and what the service adds to each answer (of C-FIND:
 *  {@link identifierKeys}). What is to be written, and from where, is worked out once for each request.
 *  Does not: match. A value that the index has and that cannot be written in its VR comes back with zero length. */
import type { Match } from '../catalog/contract.ts'
import { encoderFor } from '../dicom/character-set.ts'
import { type JsonItem, parseJsonItems, toDicomJson, writeJsonElements } from '../dicom/dicom-json.ts'
import { tagText } from '../dicom/dictionary.ts'
import { ElementAppender } from '../dicom/element-appender.ts'
import type { DataSet, Element } from '../dicom/element-reader.ts'
import type { ElementWriter } from '../dicom/element-writer.ts'
import type { IndexKeyword, Level } from '../dicom/index-attributes.ts'
import { isPrivateCreator } from '../dicom/query-keys.ts'
import type { FindRequest, RequestedKey } from '../dicom/query-model.ts'
import { offsetOfStudy } from '../dicom/time-zone.ts'
import { encodingOf } from '../dicom/transfer-syntaxes.ts'
import { isText, numberBytes } from '../dicom/value-representations.ts'
import { swapBytes, swapUnit } from './element-output.ts'
import { readSentHeader } from './sent-header.ts'
import type { Serving } from './serving.ts'

const UTF_8 = 'ISO_IR 192'
const SPECIFIC_CHARACTER_SET = 0x00080005
const QUERY_RETRIEVE_LEVEL = 0x00080052
const RETRIEVE_AE_TITLE = 0x00080054
const INSTANCE_AVAILABILITY = 0x00080056
const TIMEZONE_OFFSET_FROM_UTC = 0x00080201
const RETRIEVE_LOCATION_UID = 0x0040e011
/** What {@link studyOffset} looks at. */
const OFFSET_VALUES = ['TimezoneOffsetFromUTC', 'StudyDate', 'StudyTime'] as const
/** Binary values longer than this do not belong into an answer. In bytes. */
const LONGEST_BINARY = 16 * 1024

const UNIQUE_KEYS: readonly (RequestedKey & { level: Level })[] = [
  { tag: 0x00100020, vr: 'LO', keyword: 'PatientID', level: 'PATIENT', source: 'indexed' },
  { tag: 0x0020000d, vr: 'UI', keyword: 'StudyInstanceUID', level: 'STUDY', source: 'indexed' },
  { tag: 0x0020000e, vr: 'UI', keyword: 'SeriesInstanceUID', level: 'SERIES', source: 'indexed' },
  { tag: 0x00080018, vr: 'UI', keyword: 'SOPInstanceUID', level: 'IMAGE', source: 'indexed' },
]
const UNIQUE_KEYS_OF: Readonly<Record<Level, readonly RequestedKey[]>> = {
  PATIENT: UNIQUE_KEYS.slice(0, 1),
  STUDY: UNIQUE_KEYS.slice(1, 2),
  SERIES: UNIQUE_KEYS.slice(1, 3),
  IMAGE: UNIQUE_KEYS.slice(1, 4),
}

/** What only the stored header knows: its elements, and the private block that each creator has reserved (see {@link blockName}). */
interface StoredHeader {
  readonly elements: DataSet
  readonly blocks: ReadonlyMap<string, number>
  readonly littleEndian: boolean
}

/** Takes the elements of one answer after the other, in ascending order of tags. */
export interface AnswerSink<Answer> {
  /** One element from text, as that of ElementWriter; none or '' for one of zero length. */
  element(tag: number, vr: string, value: string | undefined): void
  /** Whatever a writer writes: sequences, binary values. */
  written(write: (writer: ElementWriter) => void): void
  /** @returns the answer; the next one begins */
  finish(): Answer
}

type Elements = Pick<AnswerSink<unknown>, 'element' | 'written'>
/** Writes one element of an answer. */
type Write = (into: Elements, match: Match, header: StoredHeader | undefined) => void
export type ServiceKey = (into: Elements, match: Match) => void
/** What a service adds to each of its answers, by tag. */
export type ServiceKeys = ReadonlyMap<number, ServiceKey>

/** What answers are made of. */
export type AnswerParts = Pick<Serving, 'catalog' | 'storage' | 'aeTitle' | 'retrieveLocationUid' | 'timezone'>

export const IDENTIFIER_CHARACTER_SET = UTF_8

/** What stands in each identifier of a C-FIND response beside what was asked for. */
export function identifierKeys(serving: AnswerParts, level: Level): ServiceKeys {
  return new Map([
    [QUERY_RETRIEVE_LEVEL, (into: Elements) => into.element(QUERY_RETRIEVE_LEVEL, 'CS', level)],
    [RETRIEVE_AE_TITLE, (into: Elements) => into.element(RETRIEVE_AE_TITLE, 'AE', serving.aeTitle)],
  ])
}

/** Identifiers of C-FIND responses in a transfer syntax and a character set. */
export function identifierSink(transferSyntaxUid: string, characterSet: string): AnswerSink<Buffer> {
  return new ElementAppender({
    explicit: encodingOf(transferSyntaxUid).explicit,
    encode: encoderFor(characterSet),
    isUtf8: characterSet === UTF_8,
  })
}

export class FindAnswers<Answer> {
  /** What is read of a match. */
  readonly values: readonly IndexKeyword[]
  /** Whether what was asked for is partly in stored headers only. */
  readonly readsHeaders: boolean
  readonly #serving: AnswerParts
  readonly #sink: AnswerSink<Answer>
  /** In ascending order of tags. */
  readonly #writes: readonly Write[]
  /** One above the last tag that is read from stored headers; 0 where none is. */
  readonly #headerUntil: number

  /** @param characterSet  what the answers say that they are in */
  constructor(
    serving: AnswerParts,
    { query, requested }: Pick<FindRequest, 'query' | 'requested'>,
    sink: AnswerSink<Answer>,
    characterSet: string,
    serviceKeys: ServiceKeys,
  ) {
    this.#serving = serving
    this.#sink = sink
    const keys = new Map<number, RequestedKey>(UNIQUE_KEYS_OF[query.level].map((key) => [key.tag, key]))
    for (const key of requested) keys.set(key.tag, key)
    const writes = new Map([...keys.values()].map((key) => [key.tag, writeOf(key, serving)]))
    writes.set(SPECIFIC_CHARACTER_SET, (into) => into.element(SPECIFIC_CHARACTER_SET, 'CS', characterSet))
    for (const [tag, write] of serviceKeys) writes.set(tag, write)
    this.#writes = [...writes].sort(([a], [b]) => a - b).map(([, write]) => write)
    this.#headerUntil = Math.max(0, ...requested.filter(({ source }) => source === 'header').map(endOf))
    this.readsHeaders = this.#headerUntil > 0
    this.values = valuesOf([...keys.values()])
  }

  /** One answer. */
  encode(match: Match, header?: StoredHeader): Answer {
    for (const write of this.#writes) write(this.#sink, match, header)
    return this.#sink.finish()
  }

  /** As {@link encode}, where {@link readsHeaders}. */
  async encodeWithHeader(match: Match): Promise<Answer> {
    const header = await readSentHeader(this.#serving, match, this.#headerUntil)
    return this.encode(match, header && storedHeader(header, match))
  }
}

function valuesOf(keys: readonly RequestedKey[]): IndexKeyword[] {
  const indexed = keys.filter(({ source }) => source === 'indexed').map(({ keyword }) => keyword as IndexKeyword)
  return keys.some(({ tag }) => tag === TIMEZONE_OFFSET_FROM_UTC) ? [...indexed, ...OFFSET_VALUES] : indexed
}

function writeOf(key: RequestedKey, serving: AnswerParts): Write {
  const { tag, vr, source } = key
  const keyword = key.keyword as keyof Match | undefined
  if (source === 'node') return nodeWrite(tag, vr, serving)
  if (source === 'header') return (into, _match, header) => writeHeaderValue(into, key, header)
  if ((source !== 'indexed' && source !== 'derived') || keyword === undefined) return (into) => into.element(tag, vr, undefined)
  if (vr === 'SQ') return (into, match) => writeSequence(into, key, itemsOf(match[keyword]))
  return (into, match) => writeText(into, tag, vr, match[keyword])
}

function nodeWrite(tag: number, vr: string, serving: AnswerParts): Write {
  if (tag === RETRIEVE_AE_TITLE) return (into) => into.element(tag, vr, serving.aeTitle)
  if (tag === INSTANCE_AVAILABILITY) return (into) => into.element(tag, vr, 'ONLINE')
  if (tag === RETRIEVE_LOCATION_UID) return (into) => into.element(tag, vr, serving.retrieveLocationUid)
  if (tag === TIMEZONE_OFFSET_FROM_UTC) return (into, match) => into.element(tag, vr, studyOffset(match, serving.timezone))
  return (into) => into.element(tag, vr, undefined)
}

/** As the instance says; else that of our zone at the time of the study, whose dates and times it is about. */
function studyOffset({ TimezoneOffsetFromUTC: stated, StudyDate: date, StudyTime: time }: Match, timezone: string): string {
  return offsetOfStudy({ stated, date, time }, timezone, new Date())
}

function writeEmpty(into: ElementWriter, tag: number, vr: string): void {
  if (vr === 'SQ') into.sequence(tag, [])
  else into.bytes(tag, vr, Buffer.alloc(0))
}

function writeText(into: Elements, tag: number, vr: string, value: string | undefined): void {
  try {
    into.element(tag, vr, value)
  } catch {
    into.element(tag, vr, undefined)
  }
}

// --- sequences

function itemsOf(json: string | undefined): readonly JsonItem[] {
  if (json === undefined) return []
  try {
    return parseJsonItems(json)
  } catch {
    return []
  }
}

/** Of each item what was asked for inside the sequence, zero length where absent; everything where nothing was (PS3.4 C.2.2.2.6). */
function writeSequence(into: Elements, key: RequestedKey, items: readonly JsonItem[]): void {
  if (items.length === 0) into.element(key.tag, 'SQ', undefined)
  else into.written((writer) => writeItems(writer, key, items))
}

function writeItems(into: ElementWriter, key: RequestedKey, items: readonly JsonItem[]): void {
  into.sequence(
    key.tag,
    items.map((item) => (inner: ElementWriter) => writeItem(inner, key.items, item)),
  )
}

function writeItem(into: ElementWriter, asked: readonly RequestedKey[] | undefined, item: JsonItem): void {
  if (asked === undefined) {
    writeJsonElements(into, item)
    return
  }
  for (const key of asked) {
    const element = item[tagText(key.tag)]
    if (element === undefined) writeEmpty(into, key.tag, key.vr)
    else if (element.vr === 'SQ') writeItems(into, key, (element.Value ?? []) as readonly JsonItem[])
    else writeJsonElements(into, { [tagText(key.tag)]: element })
  }
}

// --- what only the stored header knows

/** One above the last tag where the value can be: a private block may lie anywhere in its group. */
function endOf({ tag, creator }: RequestedKey): number {
  return 1 + (creator === undefined ? tag : (tag | 0xffff) >>> 0)
}

function storedHeader(elements: DataSet, { transferSyntaxUid }: Match): StoredHeader {
  const littleEndian = transferSyntaxUid === undefined || encodingOf(transferSyntaxUid).littleEndian
  return { elements, blocks: blocksOf(elements), littleEndian }
}

const blockName = (tag: number, creator: string): string => `${tag >>> 16} ${creator}`

/** Creators and the elements that say so; the first one counts. */
function blocksOf(header: DataSet): ReadonlyMap<string, number> {
  const blocks = new Map<string, number>()
  for (const tag of header.elements.keys()) {
    if (!isPrivateCreator(tag)) continue
    const name = blockName(tag, header.text(tag)?.trim() ?? '')
    if (!blocks.has(name)) blocks.set(name, tag)
  }
  return blocks
}

/** Where the header has the element: a private one lies in the block that its creator has reserved there (PS3.5 7.8.1). */
function placeOf({ blocks }: StoredHeader, { tag, creator }: RequestedKey): number | undefined {
  if (creator === undefined) return tag
  const block = blocks.get(blockName(tag, creator))
  if (block === undefined || isPrivateCreator(tag)) return block
  return ((tag & 0xffff0000) | ((block & 0xff) << 8) | (tag & 0xff)) >>> 0
}

function writeHeaderValue(into: Elements, key: RequestedKey, header: StoredHeader | undefined): void {
  const { tag } = key
  const place = header && placeOf(header, key)
  const element = place === undefined ? undefined : header?.elements.elements.get(place)
  if (header === undefined || place === undefined || element === undefined) into.element(tag, key.vr, undefined)
  else if (element.vr === 'SQ') writeSequence(into, key, header.elements.items(place).map(toDicomJson))
  else if (isText(element.vr) || numberBytes(element.vr) !== undefined) writeText(into, tag, element.vr, header.elements.text(place))
  else into.written((writer) => writer.bytes(tag, element.vr, binaryValue(element, header.littleEndian)))
}

/** The words of an answer are little endian (PS3.5 7.3), whatever those of the instance are. */
function binaryValue({ vr, value }: Element, littleEndian: boolean): Buffer {
  if (value.length > LONGEST_BINARY) return Buffer.alloc(0)
  if (littleEndian) return value
  const swapped = Buffer.from(value)
  swapBytes(swapped, swapUnit(vr))
  return swapped
}
