/** Answers queries page by page (PS3.4 C.4.1): see walk.ts for the order, query-plan.ts for what a key means at which level. */

import { narrowest } from './candidates.ts'
import { addValues, type Row, type Values } from './columns.ts'
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

type MatchValues = Partial<Record<IndexKeyword | DerivedKeyword, string>> & { storageKey?: StorageKey; transferSyntaxUid?: Uid }

/** The rows that one match stands in: `patient` at PATIENT level, else from the study down to the level asked. */
interface Found {
  readonly patient?: Row
  readonly study?: Row
  readonly series?: Row
  readonly instance?: Row
}

export async function find(statements: Statements, query: CatalogQuery, pageSize: number, after?: string): Promise<Page<Match>> {
  const walk = walkOf(statements, planOf(query))
  const found: Found[] = []
  for await (const some of matches(walk, query.level, pageSize + 1, after)) {
    for (const match of some) found.push(match)
    if (found.length > pageSize) break
  }
  const isMore = found.length > pageSize
  const page = isMore ? found.slice(0, pageSize) : found
  const items = page.map((match) => valuesOf(match, walk.plan.values))
  if (query.derived.length > 0) {
    const deriving = page.map((match, at) => ({ ids: idsOf(match), values: items[at]! }))
    await derive(statements, query.derived, deriving, walk.plan.seen, walk.breath)
  }
  return isMore ? { items, next: encodePosition(positionOf(page.at(-1)!)) } : { items }
}

/** Some at a time. @param most  how many are wanted at most */
function matches(walk: Walk, level: Level, most: number, after: string | undefined): AsyncGenerator<Found[]> {
  if (level === 'PATIENT') return patients(walk, most, after === undefined ? undefined : decodePosition(after, isRowId))
  const position = after === undefined ? undefined : decodePosition(after, isPosition)
  if (level === 'STUDY') return studyMatches(walk, most, position)
  return level === 'SERIES' ? seriesMatches(walk, most, position) : imageMatches(walk, most, position)
}

async function* patients(walk: Walk, most: number, after = Number.MAX_SAFE_INTEGER): AsyncGenerator<Found[]> {
  const candidates = narrowest(walk.statements, walk.plan.candidates)
  const rows = candidates === undefined ? patientsInOrder(walk, most, after) : patientsOfCandidates(walk, candidates, most, after)
  for await (const some of rows) yield some.map((patient) => ({ patient }))
}

async function* patientsInOrder({ statements, plan, breath, window }: Walk, most: number, after: number): AsyncGenerator<Row[]> {
  const { sql, parameters } = plan.patients
  let from = after
  while (from > 0) {
    const end = statements.value<number>(FIND_SQL.endOfPatientWindow, from, window.rows - 1) ?? 0
    const rows = window.measure(() => statements.all(FIND_SQL.patientsInOrder(sql, plan.values), from, end, ...parameters, most))
    yield rows
    await breath.due()
    from = rows.length === most ? (rows.at(-1)![0] as number) : end
  }
}

async function* patientsOfCandidates(walk: Walk, candidates: readonly number[], most: number, after: number): AsyncGenerator<Row[]> {
  const { statements, plan, breath, window } = walk
  const { sql, parameters } = plan.patients
  const ids = candidates.filter((id) => id < after).sort((a, b) => b - a)
  for (let at = 0; at < ids.length; ) {
    const some = ids.slice(at, at + Math.min(window.rows, most))
    yield window.measure(() => statements.all(FIND_SQL.patientsOfCandidates(sql, plan.values), JSON.stringify(some), ...parameters))
    at += some.length
    await breath.due()
  }
}

async function* studyMatches(walk: Walk, most: number, after: Position | undefined): AsyncGenerator<Found[]> {
  for await (const rows of studies(walk, after?.study, false, most)) yield rows.map((study) => ({ study }))
}

async function* seriesMatches(walk: Walk, most: number, after: Position | undefined): AsyncGenerator<Found[]> {
  for await (const some of studies(walk, after?.study, true)) {
    for (const study of some) {
      const inside = after !== undefined && study[2] === after.study[2] ? after.series : undefined
      for await (const rows of seriesOf(walk, study[STUDY_ID] as number, inside, false, most))
        yield rows.map((series) => ({ study, series }))
    }
  }
}

async function* imageMatches(walk: Walk, most: number, after: Position | undefined): AsyncGenerator<Found[]> {
  for await (const { study, series, rows } of instances(walk, FIND_SQL.instances, after, () => most)) {
    yield rows.map((instance) => ({ study, series, instance }))
  }
}

function valuesOf({ patient, study, series, instance }: Found, wanted: Values): MatchValues {
  const values: MatchValues = {}
  if (patient !== undefined) addValues(wanted.PATIENT, patient, 1, values)
  if (study !== undefined) {
    addValues(wanted.PATIENT, study, STUDY_VALUES, values)
    addValues(wanted.STUDY, study, STUDY_VALUES + wanted.PATIENT.length, values)
  }
  if (series !== undefined) addValues(wanted.SERIES, series, 3, values)
  if (instance !== undefined) {
    addValues(wanted.IMAGE, instance, 4, values)
    values.storageKey = instance[2] as StorageKey
    values.transferSyntaxUid = instance[3] as Uid
  }
  return values
}

function idsOf({ patient, study, series }: Found): Derivation {
  return {
    patientId: (patient?.[0] ?? study?.[PATIENT_ID]) as number,
    studyId: study?.[STUDY_ID] as number | undefined,
    seriesId: series?.[2] as number | undefined,
  }
}

/** Where a page ends; the one after it begins there. */
function positionOf({ patient, study, series, instance }: Found): Position | number {
  if (patient !== undefined) return patient[0] as number
  return {
    study: studyPosition(study!),
    ...(series && { series: numberPosition(series) }),
    ...(instance && { instance: numberPosition(instance) }),
  }
}
