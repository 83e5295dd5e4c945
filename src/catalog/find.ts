/** Answers queries page by page (PS3.4 C.4.1): see walk.ts for the order, query-plan.ts for what a key means at which level. */

import { narrowest } from './candidates.ts'
import { addKeys, COLUMNS, type Row } from './columns.ts'
import type { CatalogQuery, DerivedKeyword, IndexKeyword, Level, Match, Page, StorageKey, Uid } from './contract.ts'
import { type Derivation, derive } from './derived.ts'
import { decodePosition, encodePosition, isPosition, isRowId, type Position } from './position.ts'
import { planOf } from './query-plan.ts'
import { FIND_SQL } from './sql/find.ts'
import type { Statements } from './statements.ts'
import {
  instances,
  numberPosition,
  PATIENT_ID,
  STUDY_ID,
  STUDY_VALUES,
  seriesOf,
  studies,
  studyPosition,
  type Walk,
  walkOf,
} from './walk.ts'

type Values = Partial<Record<IndexKeyword | DerivedKeyword, string>> & { storageKey?: StorageKey; transferSyntaxUid?: Uid }

/** One match and where it stands; the page after it begins there. */
interface Found {
  readonly values: Values
  readonly position: Position | number
  readonly ids: Derivation
}

export async function find(statements: Statements, query: CatalogQuery, pageSize: number, after?: string): Promise<Page<Match>> {
  const walk = walkOf(statements, planOf(query))
  const found: Found[] = []
  for await (const match of matches(walk, query.level, pageSize + 1, after)) {
    found.push(match)
    if (found.length > pageSize) break
  }
  const items = found.slice(0, pageSize)
  for (const { values, ids } of items) {
    derive(statements, query.derived, ids, walk.plan.without, values)
    if (query.derived.length > 0) await walk.breath.due()
  }
  const matched = items.map(({ values }) => values)
  return found.length > pageSize ? { items: matched, next: encodePosition(items.at(-1)!.position) } : { items: matched }
}

function matches(walk: Walk, level: Level, most: number, after: string | undefined): AsyncGenerator<Found> {
  if (level === 'PATIENT') return patients(walk, most, after === undefined ? undefined : decodePosition(after, isRowId))
  const position = after === undefined ? undefined : decodePosition(after, isPosition)
  if (level === 'STUDY') return studyMatches(walk, most, position)
  return level === 'SERIES' ? seriesMatches(walk, most, position) : imageMatches(walk, most, position)
}

async function* patients({ statements, plan, breath, window }: Walk, most: number, after: number | undefined): AsyncGenerator<Found> {
  const candidates = narrowest(statements, plan.candidates)
  const { sql, parameters } = plan.patients
  let from = after ?? Number.MAX_SAFE_INTEGER
  while (from > 0) {
    const end = candidates === undefined ? (statements.value<number>(FIND_SQL.endOfPatientWindow, from, window.rows - 1) ?? 0) : 0
    const rows = window.measure(() =>
      candidates === undefined
        ? statements.all(FIND_SQL.patientsInOrder(sql), from, end, ...parameters, most)
        : statements.all(FIND_SQL.patientsOfCandidates(sql), candidates, from, ...parameters, most),
    )
    for (const row of rows) yield { values: valuesOf('PATIENT', row, 1), position: row[0] as number, ids: { patientId: row[0] as number } }
    await breath.due()
    from = rows.length === most ? (rows.at(-1)![0] as number) : end
  }
}

async function* studyMatches(walk: Walk, most: number, after: Position | undefined): AsyncGenerator<Found> {
  for await (const row of studies(walk, after?.study, false, most)) {
    yield {
      values: studyValues(row),
      position: { study: studyPosition(row) },
      ids: { patientId: row[PATIENT_ID] as number, studyId: row[STUDY_ID] as number },
    }
  }
}

async function* seriesMatches(walk: Walk, most: number, after: Position | undefined): AsyncGenerator<Found> {
  for await (const study of studies(walk, after?.study, true)) {
    const inside = after !== undefined && study[2] === after.study[2] ? after.series : undefined
    const above = studyValues(study)
    for await (const row of seriesOf(walk, study[STUDY_ID] as number, inside, false, most)) {
      const values = valuesOf('SERIES', row, 3, { ...above })
      const ids = { patientId: study[PATIENT_ID] as number, studyId: study[STUDY_ID] as number, seriesId: row[2] as number }
      yield { values, position: { study: studyPosition(study), series: numberPosition(row) }, ids }
    }
  }
}

async function* imageMatches(walk: Walk, most: number, after: Position | undefined): AsyncGenerator<Found> {
  for await (const { study, series, rows } of instances(walk, FIND_SQL.instances, after, () => most)) {
    const above = valuesOf('SERIES', series, 3, studyValues(study))
    const ids = { patientId: study[PATIENT_ID] as number, studyId: study[STUDY_ID] as number, seriesId: series[2] as number }
    for (const row of rows) {
      const values = valuesOf('IMAGE', row, 4, { ...above })
      values.storageKey = row[2] as StorageKey
      values.transferSyntaxUid = row[3] as Uid
      const position = { study: studyPosition(study), series: numberPosition(series), instance: numberPosition(row) }
      yield { values, position, ids }
    }
  }
}

function studyValues(row: Row): Values {
  return valuesOf('STUDY', row, STUDY_VALUES + COLUMNS.PATIENT.keywords.length, valuesOf('PATIENT', row, STUDY_VALUES))
}

function valuesOf(level: Level, row: Row, start: number, values: Values = {}): Values {
  addKeys(level, row, start, values)
  return values
}
