/** Where a search can start: the rows that an indexed value can be about. Where none of the keys narrows it to few rows, the walk goes
 *  over all of them in order instead, one window at a time. */

import { parseDate } from '../dicom/dates.ts'
import { hasWildcard, literalPrefix, rangeOfPrefix } from '../dicom/matching.ts'
import { foldedGroups, withoutEmptyEnd } from '../dicom/person-name.ts'
import type { Condition, Level, StudyStanding } from './contract.ts'
import { significant } from './normal-forms.ts'
import { literalIn } from './sieve.ts'
import { CANDIDATE_SQL } from './sql/find.ts'
import { STANDING_CANDIDATES } from './sql/status.ts'
import type { Parameter, Statements } from './statements.ts'

/** More than this and a value narrows nothing: sorting them anew for each page would cost more than walking in order. */
export const FEW = 2000

export interface Candidates {
  readonly sql: string
  /** Without the limit, which is last where there is one. */
  readonly parameters: readonly Parameter[]
  /** UIDs name what they name: used however many they are. */
  readonly always: boolean
}

/** @returns undefined where no index helps with this key */
export function candidatesOf(condition: Condition, of: 'PATIENT' | 'STUDY'): Candidates | undefined {
  const sql = CANDIDATE_SQL[of]
  switch (condition.keyword) {
    case 'StudyInstanceUID':
      return named(sql.studyUids, condition)
    case 'SeriesInstanceUID':
      return named(sql.seriesUids, condition)
    case 'SOPInstanceUID':
      return named(sql.instanceUids, condition)
    case 'PatientID':
      return textCandidates(condition, sql.patientId, sql.patientIdPrefix)
    case 'AccessionNumber':
      return textCandidates(condition, sql.accession, sql.accessionPrefix)
    case 'PatientName':
      return nameCandidates(condition, sql.name, sql.namePrefix)
    case 'PatientBirthDate':
      return condition.kind === 'value' ? few(sql.birthDate, [parseDate(condition.value) ?? null]) : undefined
    default:
      return undefined
  }
}

function named(sql: string, condition: Condition): Candidates | undefined {
  const uids = condition.kind === 'list' ? condition.values : condition.kind === 'value' ? [condition.value.trim()] : undefined
  return uids === undefined ? undefined : { sql, parameters: [JSON.stringify(uids)], always: true }
}

function textCandidates(condition: Condition, equal: string, prefix: string): Candidates | undefined {
  if (condition.kind === 'value') {
    const value = significant(condition.value, 'LO') ?? ''
    return few(equal, [value, value])
  }
  if (condition.kind !== 'wildcard') return undefined
  const pattern = significant(condition.pattern, 'LO') ?? ''
  const start = literalPrefix(pattern)
  return start === '' ? undefined : few(prefix, [...rangeOfPrefix(start), pattern])
}

function nameCandidates(condition: Condition, equal: string, prefix: string): Candidates | undefined {
  const text = condition.kind === 'value' ? condition.value : condition.kind === 'wildcard' ? condition.pattern : ''
  const groups = foldedGroups(text).filter((group) => group !== '')
  const [group] = groups
  if (group === undefined || groups.length !== 1) return undefined
  if (!hasWildcard(group)) return few(equal, [group, group, group])
  // A name that ends here need not have the delimiters (PS3.5 6.2.1.2).
  const start = withoutEmptyEnd(literalPrefix(group))
  const range = rangeOfPrefix(start)
  return start === '' ? undefined : few(prefix, [...range, ...range, ...range])
}

/** A text that is in every name that is asked for, also where its beginning narrows nothing (`D*zwick*`).
 *  @returns undefined where there is none */
export function textInName(conditions: readonly Condition[]): string | undefined {
  const condition = conditions.find(({ keyword, kind }) => keyword === 'PatientName' && kind === 'wildcard')
  if (condition?.kind !== 'wildcard') return undefined
  const groups = foldedGroups(condition.pattern).filter((group) => group !== '')
  return groups.length === 1 ? literalIn(groups[0]!) : undefined
}

/** States that are rare lead to their studies. */
export function standingCandidates(standing: StudyStanding | undefined, level: Level): readonly Candidates[] {
  const sql = standing === undefined || level === 'PATIENT' ? undefined : STANDING_CANDIDATES[standing]
  return sql === undefined ? [] : [few(sql, [])]
}

const few = (sql: string, parameters: readonly Parameter[]): Candidates => ({ sql, parameters, always: false })

/** @param few  how many still narrow the search
 *  @returns row ids, the shortest list; undefined where nothing narrows the search */
export function narrowest(statements: Statements, candidates: readonly Candidates[], few = FEW): readonly number[] | undefined {
  let best: readonly number[] | undefined
  for (const { sql, parameters, always } of candidates) {
    const ids = always ? statements.column<number>(sql, ...parameters) : statements.column<number>(sql, ...parameters, few + 1)
    if ((always || ids.length <= few) && (best === undefined || ids.length < best.length)) best = ids
    if (best !== undefined && best.length <= 1) break
  }
  return best && [...new Set(best)]
}
