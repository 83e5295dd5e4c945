/** Walks what a query matches in a stable order: studies newest first, series and instances by number, then UID.
 *
 *  Each step is one short statement over an index; between steps others get the thread ({@link Breath}). Studies come either from a short list
 *  of candidates, or window by window from all of them, so that a key that matches next to nothing does not hold the thread. */

import { Breath, Window } from './breath.ts'
import { narrowest } from './candidates.ts'
import type { Row } from './columns.ts'
import { AFTER_ALL, BEFORE_ALL, BEFORE_ALL_NUMBERS, type NumberPosition, type Position, type StudyPosition } from './position.ts'
import type { QueryPlan } from './query-plan.ts'
import { FIND_SQL } from './sql/find.ts'
import type { Statements } from './statements.ts'

/** Studies or patients that the first statement looks at. */
const FIRST_WINDOW = 128
/** Parents fetched in one statement when their children are what is wanted. */
const PARENTS = 32

export interface Walk {
  readonly statements: Statements
  readonly plan: QueryPlan
  readonly breath: Breath
  readonly window: Window
}

export const walkOf = (statements: Statements, plan: QueryPlan): Walk => ({
  statements,
  plan,
  breath: new Breath(),
  window: new Window(FIRST_WINDOW),
})

/** Where a row of FIND_SQL.studies… has the row ids of study and patient, and its first value. */
export const STUDY_ID = 3
export const PATIENT_ID = 4
export const STUDY_VALUES = 5

/** Rows of FIND_SQL.studies…: position, row ids, values.
 *  @param inclusive  whether the study at `after` comes again (its children are not all done)
 *  @param atOnce     rows per statement */
export async function* studies(walk: Walk, after: StudyPosition | undefined, inclusive: boolean, atOnce = PARENTS): AsyncGenerator<Row> {
  const { statements, plan, breath, window } = walk
  const candidates = narrowest(statements, plan.candidates)
  const { sql, parameters } = plan.studies
  const last: StudyPosition = plan.dates === undefined ? AFTER_ALL : [plan.dates.from, '', '']
  let from = firstPosition(plan, after, inclusive)
  for (;;) {
    const end = candidates === undefined ? endOfWindow(walk, from, last) : last
    const rows = window.measure(() =>
      candidates === undefined
        ? statements.all(FIND_SQL.studiesInOrder(sql), ...from, ...end, ...parameters, atOnce)
        : statements.all(FIND_SQL.studiesOfCandidates(sql), candidates, ...from, ...end, ...parameters, atOnce),
    )
    yield* rows
    await breath.due()
    if (rows.length === atOnce) from = studyPosition(rows.at(-1)!)
    else if (end === last) return
    else from = end
  }
}

function firstPosition({ dates }: QueryPlan, after: StudyPosition | undefined, inclusive: boolean): StudyPosition {
  const from = after === undefined ? BEFORE_ALL : inclusive ? justBehind(after) : after
  return dates !== undefined && dates.to < from[0] ? [dates.to, '~', ''] : from
}

/** The position that only this study lies before: a space sorts before the dots and digits of a longer UID. */
const justBehind = ([date, time, uid]: StudyPosition): StudyPosition => [date, time, `${uid} `]

function endOfWindow({ statements, window }: Walk, from: StudyPosition, last: StudyPosition): StudyPosition {
  const row = statements.row(FIND_SQL.endOfWindow, ...from, ...last, window.rows - 1)
  return row === undefined ? last : studyPosition(row)
}

/** Rows of FIND_SQL.series: position, row id, values. */
export async function* seriesOf(
  walk: Walk,
  studyId: number,
  after: NumberPosition | undefined,
  inclusive: boolean,
  atOnce = PARENTS,
): AsyncGenerator<Row> {
  const { sql, parameters } = walk.plan.series
  let from = after === undefined ? BEFORE_ALL_NUMBERS : inclusive ? justBefore(after) : after
  for (;;) {
    const rows = walk.statements.all(FIND_SQL.series(sql), studyId, ...from, ...parameters, atOnce)
    yield* rows
    await walk.breath.due()
    if (rows.length < atOnce) return
    from = numberPosition(rows.at(-1)!)
  }
}

/** A position behind everything that sorts before this UID: `1.2.3` gives `1.2.2` and the last of all characters. */
function justBefore([order, uid]: NumberPosition): NumberPosition {
  return [order, `${uid.slice(0, -1)}${String.fromCharCode(uid.charCodeAt(uid.length - 1) - 1)}\u{10ffff}`]
}

/** Instances under everything that matches above them, in groups of one series.
 *  @param text  FIND_SQL.instances or FIND_SQL.retrievables
 *  @param wanted  how many are still wanted */
export async function* instances(
  walk: Walk,
  text: (where: string) => string,
  after: Position | undefined,
  wanted: () => number,
): AsyncGenerator<{ study: Row; series: Row; rows: Row[] }> {
  const { sql, parameters } = walk.plan.instances
  for await (const study of studies(walk, after?.study, true)) {
    const inside = after !== undefined && study[2] === after.study[2] ? after : undefined
    for await (const series of seriesOf(walk, study[STUDY_ID] as number, inside?.series, true)) {
      const sameSeries = inside?.series !== undefined && series[1] === inside.series[1]
      const from = (sameSeries ? inside.instance : undefined) ?? BEFORE_ALL_NUMBERS
      const rows = walk.statements.all(text(sql), series[2]!, ...from, ...parameters, wanted())
      yield { study, series, rows }
      await walk.breath.due()
    }
  }
}

export const studyPosition = (row: Row): StudyPosition => row.slice(0, 3) as unknown as StudyPosition
export const numberPosition = (row: Row): NumberPosition => row.slice(0, 2) as unknown as NumberPosition
