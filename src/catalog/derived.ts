/** Values computed from rows when asked (PS3.4 C.3.4): never stored, so they cannot go stale. */
import { type Breath, Window } from './breath.ts'
import type { Row } from './columns.ts'
import type { DerivedKeyword } from './contract.ts'
import type { Seen } from './query-plan.ts'
import { DERIVED_SQL, derivedValues } from './sql/find.ts'
import type { Statements } from './statements.ts'

/** Rows that a match stands under. */
export interface Derivation {
  readonly patientId: number
  readonly studyId?: number
  readonly seriesId?: number
}

interface Rule {
  readonly of: keyof Derivation
  readonly sql: string
  readonly kind: 'count' | 'list'
}

const RULES: Readonly<Record<DerivedKeyword, Rule>> = {
  NumberOfPatientRelatedStudies: { of: 'patientId', sql: DERIVED_SQL.studiesOfPatient, kind: 'count' },
  NumberOfPatientRelatedSeries: { of: 'patientId', sql: DERIVED_SQL.seriesOfPatient, kind: 'count' },
  NumberOfPatientRelatedInstances: { of: 'patientId', sql: DERIVED_SQL.instancesOfPatient, kind: 'count' },
  NumberOfStudyRelatedSeries: { of: 'studyId', sql: DERIVED_SQL.seriesOfStudy, kind: 'count' },
  NumberOfStudyRelatedInstances: { of: 'studyId', sql: DERIVED_SQL.instancesOfStudy, kind: 'count' },
  NumberOfSeriesRelatedInstances: { of: 'seriesId', sql: DERIVED_SQL.instancesOfSeries, kind: 'count' },
  ModalitiesInStudy: { of: 'studyId', sql: DERIVED_SQL.modalitiesInStudy, kind: 'list' },
  SOPClassesInStudy: { of: 'studyId', sql: DERIVED_SQL.classesInStudy, kind: 'list' },
}

/** Patients, studies or series that the first statement looks at. */
const FIRST_WINDOW = 32

export interface Deriving {
  readonly ids: Derivation
  readonly values: Partial<Record<string, string>>
}

/** Adds to each match the values asked for that have a meaning at its level; what several stand under is looked at once.
 *  @param seen  which instances count */
export async function derive(
  statements: Statements,
  wanted: readonly DerivedKeyword[],
  matches: readonly Deriving[],
  seen: Seen,
  breath: Breath,
): Promise<void> {
  const window = new Window(FIRST_WINDOW)
  for (const level of ['patientId', 'studyId', 'seriesId'] as const) {
    const keywords = [...new Set(wanted.filter((keyword) => RULES[keyword].of === level))]
    if (keywords.length === 0) continue
    const sql = derivedValues(keywords.map((keyword) => RULES[keyword].sql))
    const ids = [...new Set(matches.flatMap((match) => match.ids[level] ?? []))]
    const found = new Map<number, Row>()
    for (let at = 0; at < ids.length; ) {
      const some = ids.slice(at, at + window.rows)
      for (const row of window.measure(() => statements.all(sql, ...seen, JSON.stringify(some)))) found.set(row[0] as number, row)
      at += some.length
      await breath.due()
    }
    for (const { ids: under, values } of matches) addDerived(keywords, found.get(under[level] ?? -1), values)
  }
}

function addDerived(keywords: readonly DerivedKeyword[], row: Row | undefined, values: Partial<Record<string, string>>): void {
  if (row === undefined) return
  for (let at = 0; at < keywords.length; at++) {
    const value = row[at + 1]!
    const text = RULES[keywords[at]!].kind === 'count' ? String(value) : different(value as string | null)
    if (text !== '') values[keywords[at]!] = text
  }
}

/** In order, each once. */
function different(list: string | null): string {
  if (list === null || !list.includes('\\')) return list ?? ''
  return [...new Set(list.split('\\'))].sort().join('\\')
}
