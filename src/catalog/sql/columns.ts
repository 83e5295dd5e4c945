/** Column lists as SQL text, made once from the table of attributes. */
import type { LevelSet } from '../../dicom/confidentiality.ts'
import type { IndexKeyword, Level } from '../../dicom/index-attributes.ts'
import { COLUMNS } from '../columns.ts'

/** Attribute columns of a level, e.g. `s."StudyInstanceUID", s."StudyDate"`. */
export function attributes(level: Level, alias: string): string {
  return COLUMNS[level].keywords.map((keyword) => `${alias}."${keyword}"`).join(', ')
}

/** Some of them, behind others: each with a comma before it.
 *  @param levels  those that may be shown, where not every one may */
export function further(keywords: readonly IndexKeyword[], alias: string, levels?: LevelSet): string {
  const isUnique = (keyword: IndexKeyword) => keyword === 'StudyInstanceUID' || keyword === 'SeriesInstanceUID'
  const column = (keyword: IndexKeyword) => `${alias}."${keyword}"`
  const read = (keyword: IndexKeyword) =>
    levels === undefined || isUnique(keyword) ? column(keyword) : shown(alias, column(keyword), levels)
  return keywords.map((keyword) => `, ${read(keyword)}`).join('')
}

/** NULL where the row's values come from a level that is not among these; the number is made by the program. */
const shown = (alias: string, column: string, levels: LevelSet): string => `IIF(${alias}.level & ${levels} <> 0, ${column}, NULL)`

/** Inserts our own columns, then every column of the level. */
export function insert(table: string, own: readonly string[], level: Level): string {
  const names = [...own, ...COLUMNS[level].names.map((name) => `"${name}"`)]
  return `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
}

/** Gives a value where there was none, never changes one. Parameters: every column of the level, then the row's id. */
export function fill(table: string, level: Level): string {
  const { keywords, derived } = COLUMNS[level]
  const values = keywords.map((keyword) => `"${keyword}" = COALESCE("${keyword}", ?)`)
  const made = derived.map(({ name, source }) => `"${name}" = CASE WHEN "${source}" IS NULL THEN ? ELSE "${name}" END`)
  return `UPDATE ${table} SET ${[...values, ...made].join(', ')} WHERE id = ?`
}

/** Replaces our own columns and every column of the level. Parameters in that order, then the row's id. */
export function overwrite(table: string, own: readonly string[], level: Level): string {
  const names = [...own, ...COLUMNS[level].names.map((name) => `"${name}"`)]
  return `UPDATE ${table} SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`
}
