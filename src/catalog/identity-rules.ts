/** What was decided about patients and studies, for instances that are still to come: a modality goes on sending from its old worklist.
 *
 *  A patient that became another one is followed to that one. Where only values were corrected, what arrives is corrected where it says what was
 *  corrected, and left alone where it says something else: that is newer than the decision. */
import type { IndexKeyword } from '../dicom/index-attributes.ts'
import { COLUMNS, keysOf, type Row, rowOf, type Value } from './columns.ts'
import type { CorrectionReason, IndexKeys } from './contract.ts'
import { type Decided, IDENTIFIERS, parsed, type Replaced } from './corrections.ts'
import { CORRECTION_SQL } from './sql/corrections.ts'
import { KEEP_SQL } from './sql/keep.ts'
import type { Statements } from './statements.ts'

/** Records that became one, one after the other; more is a circle that should not be. */
const LONGEST_CHAIN = 64

export type FormerValues = Partial<Record<IndexKeyword, readonly string[]>>

export interface PatientRule {
  readonly intoKey: string | undefined
  readonly values: IndexKeys
  readonly former: FormerValues
  readonly at: number
  readonly reason: CorrectionReason
}

export function ruleOf(statements: Statements, key: string): PatientRule | undefined {
  const row = statements.row(CORRECTION_SQL.rule, key)
  if (row === undefined) return undefined
  const [intoKey, values, former, at, reason] = row
  return {
    intoKey: (intoKey ?? undefined) as string | undefined,
    values: parsed<IndexKeys>(values)!,
    former: parsed<FormerValues>(former)!,
    at: at as number,
    reason: reason as CorrectionReason,
  }
}

/** The identity that is in force of one that arrives. */
export interface RuledIdentity {
  readonly key: string
  readonly row: Value[]
  /** Of the identity in force. */
  readonly corrected?: Decided
  /** Of the one that arrives, where it is another one. */
  readonly replaced?: Replaced
}

/** @returns undefined where nothing was decided about it */
export function ruledIdentity(statements: Statements, arrivingKey: string, arriving: Value[]): RuledIdentity | undefined {
  let key = arrivingKey
  let row = arriving
  let replaced: Replaced | undefined
  for (let step = 0; step < LONGEST_CHAIN; step++) {
    const rule = ruleOf(statements, key)
    if (rule === undefined) break
    if (rule.intoKey === undefined) {
      const corrected = correctedBy(rule, row)
      if (corrected !== undefined) return { key, replaced, ...corrected }
      break
    }
    key = rule.intoKey
    row = patientRow(statements, key) ?? rowOf('PATIENT', { ...keysOf('PATIENT', row), ...rule.values })
    replaced = { at: rule.at, reason: rule.reason, isSamePatient: true }
  }
  return replaced === undefined ? undefined : { key, row, replaced }
}

function correctedBy({ values, former, at, reason }: PatientRule, row: Value[]): Pick<RuledIdentity, 'row' | 'corrected'> | undefined {
  const keys = keysOf('PATIENT', row)
  // Another identifier is another key: that is followed, not corrected.
  const candidates = COLUMNS.PATIENT.keywords.filter((keyword) => !IDENTIFIERS.includes(keyword) && values[keyword] !== undefined)
  const keywords = candidates.filter((keyword) => former[keyword]?.includes(keys[keyword] ?? ''))
  if (keywords.length === 0) return undefined
  for (const keyword of keywords) keys[keyword] = values[keyword]!
  return { row: rowOf('PATIENT', keys), corrected: { keywords, at, reason } }
}

function patientRow(statements: Statements, key: string): Value[] | undefined {
  const present: Row | undefined = statements.row(KEEP_SQL.patientByKey, key)
  return present && rowOf('PATIENT', keysOf('PATIENT', present, 1))
}

/** What was decided of a study that arrives anew. */
export function studyRuleOf(statements: Statements, studyInstanceUid: string): { values: IndexKeys; corrected: Decided } | undefined {
  const row = statements.row(CORRECTION_SQL.studyRule, studyInstanceUid)
  if (row === undefined) return undefined
  const values = parsed<IndexKeys>(row[0])!
  return { values, corrected: { keywords: Object.keys(values) as IndexKeyword[], at: row[1] as number, reason: 'CORRECT' } }
}
