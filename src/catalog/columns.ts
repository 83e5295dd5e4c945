/** From header values to columns and back: which columns a level has, what is derived from a value for searching and sorting.
 *  One column per attribute of the index under its keyword; derived ones are described in sql/schema.ts. */
import type { LevelSet } from '../dicom/confidentiality.ts'
import { fullTime, parseDate } from '../dicom/dates.ts'
import { INDEX_ATTRIBUTES, type IndexAttribute, type IndexKeys, type IndexKeyword, type Level } from '../dicom/index-attributes.ts'
import { foldedGroups } from '../dicom/person-name.ts'
import { numberOrder, significant } from './normal-forms.ts'

export type Value = string | number | null
export type Row = readonly Value[]

interface DerivedColumn {
  readonly name: string
  readonly source: IndexKeyword
  readonly of: (value: string | undefined) => Value
}

const fold = (group: 0 | 1 | 2) => (name: string | undefined) => (name === undefined ? null : foldedGroups(name)[group])
const norm = (normal: (text: string) => string | undefined) => (text: string | undefined) =>
  text === undefined ? '' : (normal(text) ?? '')

const DERIVED: Readonly<Record<Level, readonly DerivedColumn[]>> = {
  PATIENT: [
    { name: 'PatientNameFold1', source: 'PatientName', of: fold(0) },
    { name: 'PatientNameFold2', source: 'PatientName', of: fold(1) },
    { name: 'PatientNameFold3', source: 'PatientName', of: fold(2) },
    { name: 'PatientBirthDateNorm', source: 'PatientBirthDate', of: norm(parseDate) },
  ],
  STUDY: [
    { name: 'StudyDateNorm', source: 'StudyDate', of: norm(parseDate) },
    { name: 'StudyTimeNorm', source: 'StudyTime', of: norm(fullTime) },
  ],
  SERIES: [{ name: 'SeriesOrder', source: 'SeriesNumber', of: numberOrder }],
  IMAGE: [{ name: 'InstanceOrder', source: 'InstanceNumber', of: numberOrder }],
}

/** Attributes of each level, and whom they are read for. */
export type Values = Readonly<Record<Level, readonly IndexKeyword[]>> & {
  /** Levels that the caller may see, where a row can hold what comes from another: it is then read as empty. */
  readonly shownTo?: { readonly patient?: LevelSet; readonly above?: LevelSet }
}

export interface LevelColumns {
  readonly keywords: readonly IndexKeyword[]
  readonly vrs: readonly string[]
  readonly derived: readonly DerivedColumn[]
  /** Every column, attributes first. */
  readonly names: readonly string[]
}

function columnsOf(level: Level): LevelColumns {
  const attributes = INDEX_ATTRIBUTES.filter((attribute) => attribute.level === level)
  const keywords = attributes.map((attribute) => attribute.keyword)
  return {
    keywords,
    vrs: attributes.map(({ vr }) => vr),
    derived: DERIVED[level],
    names: [...keywords, ...DERIVED[level].map(({ name }) => name)],
  }
}

export const COLUMNS: Readonly<Record<Level, LevelColumns>> = {
  PATIENT: columnsOf('PATIENT'),
  STUDY: columnsOf('STUDY'),
  SERIES: columnsOf('SERIES'),
  IMAGE: columnsOf('IMAGE'),
}

const BY_KEYWORD = new Map<string, IndexAttribute>(INDEX_ATTRIBUTES.map((attribute) => [attribute.keyword, attribute]))

/** @returns undefined where the keyword is not of the index */
export function indexAttribute(keyword: string): IndexAttribute | undefined {
  return BY_KEYWORD.get(keyword)
}

/** The values of one level in column order, insignificant padding removed, null where there is none. */
export function rowOf(level: Level, keys: IndexKeys): Value[] {
  const { keywords, vrs, derived } = COLUMNS[level]
  const row: Value[] = new Array(keywords.length + derived.length)
  for (let at = 0; at < keywords.length; at++) row[at] = significant(keys[keywords[at]!], vrs[at]!) ?? null
  for (let at = 0; at < derived.length; at++) row[keywords.length + at] = derived[at]!.of(significant(keys[derived[at]!.source], ''))
  return row
}

/** Puts what a row holds from `start` on into `keys`, absent values left out. */
export function addKeys(level: Level, row: Row, start: number, keys: Partial<Record<IndexKeyword, string>>): void {
  addValues(COLUMNS[level].keywords, row, start, keys)
}

/** What a row holds from `start` on. */
export function keysOf(level: Level, row: Row, start = 0): IndexKeys {
  const keys: IndexKeys = {}
  addKeys(level, row, start, keys)
  return keys
}

/** As {@link addKeys}, of a row that holds the columns of these keywords from `start` on. */
export function addValues(keywords: readonly IndexKeyword[], row: Row, start: number, keys: Partial<Record<IndexKeyword, string>>): void {
  for (let at = 0; at < keywords.length; at++) {
    const value = row[start + at]
    if (value !== null && value !== undefined) keys[keywords[at]!] = value as string
  }
}

/** Whether `next` has a value where `present` has none. */
export function canFill(level: Level, present: Row, next: Row): boolean {
  const count = COLUMNS[level].keywords.length
  for (let at = 0; at < count; at++) if (present[at] === null && next[at] !== null) return true
  return false
}
