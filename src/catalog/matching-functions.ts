/** SQL functions for matching that SQL text cannot do (PS3.4 C.2.2.2). Each is deterministic, takes peer text only as an argument, and
 *  runs in linear or, for wild cards, bounded time. 1 or 0; NULL values match nothing. */
import type { Database } from 'better-sqlite3'
import { fullTime, parseDate } from '../dicom/dates.ts'
import { hasWildcard, matchesWildcard } from '../dicom/matching.ts'
import { foldedGroups, groupMatches } from '../dicom/person-name.ts'
import { normalDecimal, normalNumber, separate } from './normal-forms.ts'

type Groups = readonly [string, string, string]
type SqlText = string | null

export function defineMatchingFunctions(db: Database): void {
  const define = (name: string, does: (...values: SqlText[]) => string | number | null) =>
    db.function(name, { deterministic: true, directOnly: true }, does)
  define('dicom_date', (value) => (value === null ? null : (parseDate(value!) ?? null)))
  define('dicom_time', (value) => (value === null ? null : (fullTime(value!) ?? null)))
  define('dicom_number', (value) => (value === null ? null : normalNumber(value!)))
  define('dicom_has_value', (wanted, value) => Number(value !== null && separate(value!).includes(wanted!)))
  define('dicom_has_decimal', (wanted, value) => Number(value !== null && separate(value!).some((one) => normalDecimal(one) === wanted)))
  define('dicom_has_any', (list, value) => Number(value !== null && hasAny(list!, value!)))
  define('dicom_wildcard', (pattern, value) => Number(value !== null && separate(value!).some((one) => matchesWildcard(pattern!, one))))
  define('dicom_name_group', (pattern, value) => Number(value !== null && separate(value!).some((one) => groupMatches(pattern!, one))))
  define('dicom_name', (pattern, value) => Number(value !== null && nameMatches(pattern!, value!)))
  define('dicom_item', (attributes, value) => Number(value !== null && itemMatches(attributes!, value!)))
}

function hasAny(list: string, value: string): boolean {
  const wanted = new Set(JSON.parse(list) as readonly string[])
  return separate(value).some((one) => wanted.has(one))
}

/** Every component group counts: a pattern of one group matches any of the name's; one of several is compared group by group
 *  where both have something, and at least one has to. */
export function groupsMatch(wanted: Groups, name: Groups): boolean {
  const given = wanted.filter((group) => group !== '')
  if (given.length === 1) return name.some((group) => group !== '' && groupMatches(given[0]!, group))
  const compared = [0, 1, 2].filter((at) => wanted[at] !== '' && name[at] !== '')
  return compared.length > 0 && compared.every((at) => groupMatches(wanted[at]!, name[at]!))
}

function one(pattern: string, text: string): boolean {
  return hasWildcard(pattern) ? matchesWildcard(pattern, text) : pattern === text
}

function nameMatches(pattern: string, value: string): boolean {
  const wanted = foldedGroups(pattern)
  return value.split('\\').some((name) => groupsMatch(wanted, foldedGroups(name)))
}

interface Wanted {
  readonly tag: string
  readonly pattern: string
}

/** At least one item in which every named attribute has a matching value (PS3.4 C.2.2.2.6). Items are DICOM JSON. */
function itemMatches(attributes: string, value: string): boolean {
  const wanted = JSON.parse(attributes) as readonly Wanted[]
  const items = parsed(value)
  return Array.isArray(items) && items.some((item) => wanted.every((attribute) => attributeMatches(attribute, item)))
}

function attributeMatches({ tag, pattern }: Wanted, item: unknown): boolean {
  const element = property(item, tag)
  const values = property(element, 'Value')
  if (!Array.isArray(values)) return false
  if (property(element, 'vr') === 'PN') return values.some((value) => nameMatches(pattern, nameText(value)))
  return values.some((value) => (typeof value === 'string' || typeof value === 'number') && one(pattern.trim(), String(value).trim()))
}

function nameText(value: unknown): string {
  if (typeof value === 'string') return value
  return ['Alphabetic', 'Ideographic', 'Phonetic'].map((group) => property(value, group) ?? '').join('=')
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
