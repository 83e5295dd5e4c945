/** A query taken apart: conditions on the rows of each level, and where to start looking.
 *
 *  A key of an upper level is tested there; a key of a lower level means that something below matches (relational queries, PS3.4 C.4.1.2.2):
 *  keys of one lower level are about the same series, or the same instance. What holds nothing but this node's own manifests does not exist
 *  for a query that leaves them out; nor does what holds nothing but instances that are hidden or of levels that the caller may not see. */

import { EVERY_LEVEL } from '../dicom/confidentiality.ts'
import { type Candidates, candidatesOf, standingCandidates, textInName } from './candidates.ts'
import { COLUMNS, indexAttribute, type Values } from './columns.ts'
import { allOf, conditionSql, type Fragment } from './conditions.ts'
import type { CatalogQuery, Condition, IndexKeyword, Level, LevelSet } from './contract.ts'
import { NESTED_SQL } from './sql/find.ts'
import { STANDING, STANDS_WITHOUT } from './sql/status.ts'
import type { Parameter } from './statements.ts'

export type Seen = readonly [withoutRole: string, levels: LevelSet]

export interface QueryPlan {
  /** On `patients p`, with everything below as EXISTS. */
  readonly patients: Fragment
  /** On `studies s` and its identity in force `p`. */
  readonly studies: Fragment
  /** On `series e`. */
  readonly series: Fragment
  /** On `instances i`. */
  readonly instances: Fragment
  /** Ways to narrow the search by an index, of patients or of studies. */
  readonly candidates: readonly Candidates[]
  /** A text that the name of each patient holds who is meant, for where no candidates narrow the search (sieve.ts). */
  readonly nameHolds?: string
  /** Study dates between which every match lies, both included: where to begin and to end the walk. */
  readonly dates?: { readonly from: string; readonly to: string }
  /** Which attributes of each level are read. */
  readonly values: Values
  /** Which instances exist for this query: the role that does not, '' for none, and the levels that do. */
  readonly seen: Seen
}

export function planOf({
  level,
  conditions,
  includeManifests,
  levels,
  values,
  standing,
}: Pick<CatalogQuery, 'level' | 'conditions' | 'includeManifests' | 'levels' | 'values' | 'standing'>): QueryPlan {
  const seen: Seen = [includeManifests ? '' : 'manifest', levels]
  const shownTo = shownToCaller(levels)
  const at = (wanted: Level, alias: string, shown?: LevelSet) => {
    const own = conditions.filter((condition) => levelOf(condition) === wanted)
    const fragments = own.map((condition) => conditionSql(condition, alias, condition.keyword))
    const isTold = own.some(({ keyword }) => !UNIQUE.has(keyword))
    return shown !== undefined && isTold ? [...fragments, isShown(alias, shown)] : fragments
  }
  const instances = allOf([{ sql: NESTED_SQL.exists('i'), parameters: seen }, ...at('IMAGE', 'i')])
  const series = allOf([...at('SERIES', 'e', shownTo.above), nested(NESTED_SQL.instanceOfSeries, instances)])
  const below = [
    ...at('STUDY', 's', shownTo.above),
    ...standingOf(standing, levels),
    ...inStudy(conditions, seen),
    nested(NESTED_SQL.seriesOfStudy, series),
  ]
  return {
    patients: allOf([
      ...at('PATIENT', 'p'),
      shownTo.patient && isShown('p', shownTo.patient),
      nested(NESTED_SQL.studyOfPatient, allOf(below)),
    ]),
    studies: allOf([...at('PATIENT', 'p', shownTo.patient), ...below]),
    series,
    instances,
    candidates: [
      ...conditions.flatMap((condition) => candidatesOf(condition, level === 'PATIENT' ? 'PATIENT' : 'STUDY') ?? []),
      ...standingCandidates(standing, level),
    ],
    nameHolds: textInName(conditions),
    dates: studyDates(conditions),
    values: { ...valuesByLevel(values), shownTo },
    seen,
  }
}

function standingOf(standing: CatalogQuery['standing'], levels: LevelSet): Fragment[] {
  if (standing === undefined) return []
  if (standing === 'none') return [{ sql: STANDS_WITHOUT, parameters: [levels, levels] }]
  return [{ sql: `(${STANDING}) = ?`, parameters: [levels, levels, levels, standing] }]
}

const UNIQUE: ReadonlySet<string> = new Set(['StudyInstanceUID', 'SeriesInstanceUID'])

/** A row says what the lowest level of its instances does, and is told to whoever may see that. A study can be there for others, too: by a rejection note,
 *  which gives no values; and while it is in conflict, the patient in force can be that of other instances. */
function shownToCaller(levels: LevelSet): NonNullable<Values['shownTo']> {
  return levels === EVERY_LEVEL ? {} : { patient: levels, above: levels }
}

function isShown(alias: string, levels: LevelSet): Fragment {
  return { sql: NESTED_SQL.isShown(alias), parameters: [levels] }
}

/** In the order of the table, so that the same wish always makes the same text. */
function valuesByLevel(wanted: CatalogQuery['values']): Omit<Values, 'shownTo'> {
  const of = (level: Level): readonly IndexKeyword[] => {
    const { keywords } = COLUMNS[level]
    return wanted === undefined ? keywords : keywords.filter((keyword) => wanted.includes(keyword))
  }
  return { PATIENT: of('PATIENT'), STUDY: of('STUDY'), SERIES: of('SERIES'), IMAGE: of('IMAGE') }
}

/** A date that is none has no days. */
const NO_DAYS = { from: '~', to: '0' }

function studyDates(conditions: readonly Condition[]): QueryPlan['dates'] {
  const kinds = ['value', 'range', 'dateTimeRange']
  const condition = conditions.find(({ keyword, kind }) => keyword === 'StudyDate' && kinds.includes(kind))
  if (condition === undefined) return undefined
  const [from, to = from] = conditionSql(condition, 's', 'StudyDate')!.parameters as readonly (string | null)[]
  return from === null ? NO_DAYS : { from: from!, to: to! }
}

function levelOf({ keyword }: Condition): Level | undefined {
  return indexAttribute(keyword)?.level
}

/** ModalitiesInStudy and SOPClassesInStudy are about the whole study, whatever else is asked of a series. */
function inStudy(conditions: readonly Condition[], seen: Seen): (Fragment | undefined)[] {
  return conditions.map((condition) => {
    if (condition.keyword === 'ModalitiesInStudy')
      return inner(NESTED_SQL.modalityInStudy, conditionSql(condition, 'm', 'Modality'), [seen[1], ...seen])
    if (condition.keyword === 'SOPClassesInStudy') return inner(NESTED_SQL.classInStudy, conditionSql(condition, 'n', 'SOPClassUID'), seen)
    return undefined
  })
}

function inner(text: (sql: string) => string, fragment: Fragment | undefined, seen: readonly Parameter[]): Fragment | undefined {
  return fragment && { sql: text(` AND ${fragment.sql}`), parameters: [...fragment.parameters, ...seen] }
}

function nested(text: (sql: string) => string, { sql, parameters }: Fragment): Fragment {
  return { sql: text(sql), parameters }
}
