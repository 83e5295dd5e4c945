/** One matching key as an SQL condition (PS3.4 C.2.2.2). The text depends on the attribute and the kind of matching only; what the peer
 *  sent is always a parameter. PN is compared folded over its component groups, DA, TM, IS, DS and US in their normal form, everything else
 *  as it is, any of several values (PS3.5 6.4) being enough. */

import { parseDate, parseTime } from '../dicom/dates.ts'
import { hasWildcard, literalPrefix, rangeOfPrefix } from '../dicom/matching.ts'
import { foldedGroups } from '../dicom/person-name.ts'
import { NodeError } from '../errors.ts'
import { COLUMNS, indexAttribute } from './columns.ts'
import type { Condition, IndexKeyword } from './contract.ts'
import { normalDecimal, normalNumber, significant } from './normal-forms.ts'
import { CONDITION_SQL } from './sql/conditions.ts'
import type { Parameter } from './statements.ts'

export interface Fragment {
  readonly sql: string
  readonly parameters: readonly Parameter[]
}

type Of<K extends Condition['kind']> = Extract<Condition, { kind: K }>

/** Before and after every date and time. */
const LOWEST = '0'
const HIGHEST = '~'
/** What is longer than any name (PS3.5 6.2) is left to the general way. */
const LONGEST_PREFIX = 324

/** @param alias     of the table whose row is tested
 *  @param keyword   attribute of the index that the condition is on (for ModalitiesInStudy: Modality of a series)
 *  @returns undefined where every row matches */
export function conditionSql(condition: Condition, alias: string, keyword: string): Fragment | undefined {
  const attribute = indexAttribute(keyword)
  if (attribute === undefined) throw new NodeError('UNABLE_TO_PROCESS', { keyword })
  const column = `${alias}."${attribute.keyword}"`
  switch (condition.kind) {
    case 'value':
      return valueSql(condition.value, attribute.vr, attribute.keyword, column, alias)
    case 'list':
      return listSql(condition.values, attribute.vr, column)
    case 'wildcard':
      return wildcardSql(condition.pattern, attribute.vr, attribute.keyword, column, alias)
    case 'range':
      return rangeSql(condition, attribute.vr, normalColumn(attribute.keyword, attribute.vr, alias))
    case 'dateTimeRange':
      return dateTimeSql(condition, alias, attribute.keyword)
    case 'item':
      return { sql: CONDITION_SQL.item(column), parameters: [JSON.stringify(condition.attributes)] }
  }
}

function valueSql(value: string, vr: string, keyword: string, column: string, alias: string): Fragment {
  if (vr === 'PN') return nameSql(value, keyword, column, alias)
  if (vr === 'DA') return { sql: CONDITION_SQL.equal(normalColumn(keyword, vr, alias)), parameters: [parseDate(value) ?? null] }
  if (vr === 'TM') return rangeSql({ from: value, to: value }, vr, normalColumn(keyword, vr, alias))
  if (vr === 'IS' || vr === 'US') return { sql: CONDITION_SQL.equal(`dicom_number(${column})`), parameters: [normalNumber(value)] }
  const wanted = significant(value, vr) ?? ''
  if (vr === 'DS') return { sql: CONDITION_SQL.equalDecimal(column), parameters: [wanted, normalDecimal(wanted)] }
  if (vr === 'UI' || vr === 'LT') return { sql: CONDITION_SQL.equal(column), parameters: [wanted] }
  return { sql: CONDITION_SQL.equalToAny(column), parameters: [wanted, wanted] }
}

/** A UID is one value; of a CS with several, one is enough. */
function listSql(values: readonly string[], vr: string, column: string): Fragment {
  const list = JSON.stringify(values)
  if (vr === 'UI') return { sql: CONDITION_SQL.inList(column), parameters: [list] }
  return { sql: CONDITION_SQL.inListAny(column), parameters: [list, list] }
}

function wildcardSql(pattern: string, vr: string, keyword: string, column: string, alias: string): Fragment | undefined {
  if (/^\*+$/.test(pattern.trim())) return undefined
  if (vr === 'PN') return nameSql(pattern, keyword, column, alias)
  return { sql: CONDITION_SQL.wildcard(column), parameters: [significant(pattern, vr) ?? ''] }
}

/** Patient's Name has its groups in columns; the others are folded when asked. */
function nameSql(pattern: string, keyword: string, column: string, alias: string): Fragment {
  const groups = foldedGroups(pattern).filter((group) => group !== '')
  if (keyword !== 'PatientName' || groups.length !== 1) return { sql: CONDITION_SQL.name(column), parameters: [pattern] }
  const [group] = groups as [string]
  const prefix = prefixAlone(group)
  if (prefix !== undefined) {
    const range = rangeOfPrefix(prefix)
    return { sql: CONDITION_SQL.foldPrefix(alias), parameters: [...range, ...range, ...range] }
  }
  const sql = hasWildcard(group) ? CONDITION_SQL.foldWildcard(alias) : CONDITION_SQL.foldEqual(alias)
  return { sql, parameters: [group, group, group] }
}

/** `DUP*` asks for a beginning, which SQLite compares itself; not so where the name need not have the delimiters that the pattern ends with
 *  (PS3.5 6.2.1.2). */
function prefixAlone(group: string): string | undefined {
  const prefix = literalPrefix(group)
  return prefix !== '' && prefix.length < LONGEST_PREFIX && !prefix.endsWith('^') && /^\*+$/.test(group.slice(prefix.length))
    ? prefix
    : undefined
}

function rangeSql({ from, to }: { from?: string; to?: string }, vr: string, column: string): Fragment {
  return { sql: CONDITION_SQL.between(column), parameters: ends(from, to, vr === 'TM' ? timeEnd : dateEnd) }
}

/** An end that cannot be read leaves nothing between. */
function ends(from: string | undefined, to: string | undefined, read: (text: string, end: 'from' | 'to') => string | undefined): string[] {
  return [from ? (read(from, 'from') ?? HIGHEST) : LOWEST, to ? (read(to, 'to') ?? LOWEST) : HIGHEST]
}

const dateEnd = (text: string) => parseDate(text)
const timeEnd = (text: string, end: 'from' | 'to') => parseTime(text)?.[end]

/** Date and time together (PS3.4 C.2.2.2.5.2): a missing time is midnight. The date alone narrows the search first. */
function dateTimeSql(condition: Of<'dateTimeRange'>, alias: string, keyword: IndexKeyword): Fragment {
  const date = normalColumn(keyword, 'DA', alias)
  const time = normalColumn(condition.timeKeyword, 'TM', alias)
  const whole = ends(condition.from, condition.to, (text, end) => {
    const day = parseDate(text.slice(0, 8))
    const hour = text.length > 8 ? parseTime(text.slice(8))?.[end] : end === 'from' ? '' : '~'
    return day === undefined || hour === undefined ? undefined : day + hour
  })
  return { sql: CONDITION_SQL.betweenTogether(date, time), parameters: [...whole.map((end) => end.slice(0, 8)), ...whole] }
}

/** The column, or the expression, that holds the value in its normal form. */
function normalColumn(keyword: IndexKeyword, vr: string, alias: string): string {
  const name = `${keyword}Norm`
  const isColumn = Object.values(COLUMNS).some((columns) => columns.derived.some((derived) => derived.name === name))
  if (isColumn) return `${alias}."${name}"`
  const column = `${alias}."${keyword}"`
  return vr === 'DA' ? `dicom_date(${column})` : vr === 'TM' ? `dicom_time(${column})` : column
}

/** All of them, joined by AND. */
export function allOf(fragments: readonly (Fragment | undefined)[]): Fragment {
  const given = fragments.filter((fragment) => fragment !== undefined)
  return { sql: given.map(({ sql }) => ` AND ${sql}`).join(''), parameters: given.flatMap(({ parameters }) => parameters) }
}
