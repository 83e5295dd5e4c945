/** Which instances the values of patient and study come from: noted for a series as soon as that is not what the rows say, so that what only one series, or only
 *  one confidentiality level brought can be told apart later.
 *
 *  Promises: a series of which nothing is noted brought what the rows of its study and identity say, no less; in a study of one level whose instances agree
 *  nothing is ever written. Runs inside a transaction.
 *  Does not: decide what is shown to whom (relevel.ts). */
import { COLUMNS, keysOf, type Row, type Value } from './columns.ts'
import type { IndexKeys } from './contract.ts'
import { parsed } from './corrections.ts'
import { mergeRequestItems } from './request-items.ts'
import { LEVEL_SQL } from './sql/levels.ts'
import type { Statements } from './statements.ts'

/** What an instance brings for the rows above it, in column order. */
export interface BroughtRows {
  readonly patient: Row
  readonly study: Row
  readonly series: Row
}

/** What the instances of one series, level and identity brought. */
export interface Brought {
  readonly seriesId: number
  /** Bit of the confidentiality level. */
  readonly level: number
  readonly identityId: number
  /** Values of the patient and the study. */
  readonly above: IndexKeys
  /** Absent where the row of the series says it. */
  readonly ofSeries?: IndexKeys
}

export const aboveOf = ({ patient, study }: Pick<BroughtRows, 'patient' | 'study'>): IndexKeys => ({
  ...keysOf('PATIENT', patient),
  ...keysOf('STUDY', study),
})

export function broughtIn(statements: Statements, studyId: number): Brought[] {
  return statements.all(LEVEL_SQL.brought, studyId).map(([seriesId, level, identityId, above, ofSeries]) => ({
    seriesId: seriesId as number,
    level: level as number,
    identityId: identityId as number,
    above: parsed<IndexKeys>(above)!,
    ...(ofSeries === null ? {} : { ofSeries: parsed<IndexKeys>(ofSeries)! }),
  }))
}

/** Values that are there stay, what is missing is taken from the next. */
export function filled(present: IndexKeys, next: IndexKeys): IndexKeys {
  const requests = [present.RequestAttributesSequence, next.RequestAttributesSequence]
  const both = requests[0] && requests[1] ? mergeRequestItems(requests[0], requests[1]) : undefined
  return { ...next, ...present, ...(both === undefined ? {} : { RequestAttributesSequence: both }) }
}

export function put(statements: Statements, { seriesId, level, identityId, above, ofSeries }: Brought): void {
  const present = statements.row(LEVEL_SQL.broughtOne, seriesId, level, identityId)
  const both = filled(parsed<IndexKeys>(present?.[0]) ?? {}, above)
  const held = parsed<IndexKeys>(present?.[1])
  const series = held === undefined ? ofSeries : filled(held, ofSeries ?? {})
  statements.run(LEVEL_SQL.put, seriesId, level, identityId, JSON.stringify(both), series === undefined ? null : JSON.stringify(series))
}

/** Before a row above changes: what every other series brought is what it says until now.
 *  @param level   of the study, which has one only
 *  @param except  SeriesInstanceUID of the series that brings the change; '' for none */
export function setApart(statements: Statements, studyId: number, level: number, except: string): void {
  const series = statements.column<number>(LEVEL_SQL.notSetApart, studyId, except)
  if (series.length === 0) return
  const study = keysOf('STUDY', statements.row(LEVEL_SQL.study, studyId)!, 6)
  const identities = statements.all(LEVEL_SQL.identities, studyId)
  for (const seriesId of series) {
    for (const [identityId, ...identity] of identitiesIn(statements, studyId, seriesId, identities)) {
      const above = { ...keysOf('PATIENT', identity, 4), ...study }
      put(statements, { seriesId, level, identityId: identityId as number, above })
    }
  }
}

function identitiesIn(statements: Statements, studyId: number, seriesId: number, identities: readonly Row[]): readonly Row[] {
  if (identities.length === 1) return identities
  const ids = new Set<Value>(statements.column<number>(LEVEL_SQL.identitiesOfSeries, studyId, seriesId))
  return identities.filter(([id]) => ids.has(id!))
}

/** In a study of one level, behind the rows: an instance whose series brought less, or something else, than they say.
 *  @param rows  what they say now */
export function noteDifference(
  statements: Statements,
  of: { readonly seriesId: number; readonly isNewSeries: boolean; readonly level: number; readonly identityId: number },
  brought: BroughtRows,
  rows: Pick<BroughtRows, 'patient' | 'study'>,
): void {
  const isNoted = of.isNewSeries ? !areSame(brought, rows) : statements.value(LEVEL_SQL.isSetApart, of.seriesId) === 1
  if (!isNoted) return
  const isOfSeriesNoted = typeof statements.row(LEVEL_SQL.broughtOne, of.seriesId, of.level, of.identityId)?.[1] === 'string'
  put(statements, { ...of, above: aboveOf(brought), ...(isOfSeriesNoted && { ofSeries: keysOf('SERIES', brought.series) }) })
}

function areSame(brought: BroughtRows, rows: Pick<BroughtRows, 'patient' | 'study'>): boolean {
  const same = (level: 'PATIENT' | 'STUDY', a: Row, b: Row) => COLUMNS[level].keywords.every((_, at) => (a[at] ?? null) === (b[at] ?? null))
  return same('PATIENT', brought.patient, rows.patient) && same('STUDY', brought.study, rows.study)
}
