/** Values computed from rows when asked (PS3.4 C.3.4): never stored, so they cannot go stale. */
import type { DerivedKeyword } from './contract.ts'
import { DERIVED_SQL } from './sql/find.ts'
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

/** Adds each value asked for that has a meaning at this level. @param without  role that does not count, '' for none */
export function derive(
  statements: Statements,
  wanted: readonly DerivedKeyword[],
  ids: Derivation,
  without: string,
  values: Partial<Record<string, string>>,
): void {
  for (const keyword of wanted) {
    const { of, sql, kind } = RULES[keyword]
    const id = ids[of]
    if (id === undefined) continue
    const text = kind === 'count' ? String(statements.value(sql, id, without)) : statements.column<string>(sql, id, without).join('\\')
    if (text !== '') values[keyword] = text
  }
}
