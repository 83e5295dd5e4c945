/** Walks what a query matches in a stable order: studies newest first, series and instances by number, then UID.
 *
 *  Each step is one short statement over an index; between steps others get the thread ({@link Breath}). Studies come either from a short list
 *  of candidates, or window by window from all of them, so that a key that matches next to nothing does not hold the thread. */

import { Breath, Window } from './breath.ts'
import { FEW, narrowest } from './candidates.ts'
import type { Row, Values } from './columns.ts'
import { AFTER_ALL, BEFORE_ALL, BEFORE_ALL_NUMBERS, type NumberPosition, type Position, type StudyPosition } from './position.ts'
import type { QueryPlan } from './query-plan.ts'
import { studiesNamed } from './sieve.ts'
import { FIND_SQL } from './sql/find.ts'
import type { Statements } from './statements.ts'

/** Studies or patients that the first statement looks at. */
const FIRST_WINDOW = 128
/** Parents fetched in one statement when their children are what is wanted. */
const PARENTS = 32
/** To find a candidate and its position costs so many times what a study costs that is walked over. */
const CANDIDATE_COST = 2
/** Studies that are walked over before the names are gone through. */
const WALKED = 12_288
/** Candidates whose positions are looked up in one statement. */
const PLACES = 1000

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

/** Rows of FIND_SQL.studies…: position, row ids, values; some at a time.
 *  @param inclusive  whether the study at `after` comes again (its children are not all done)
 *  @param atOnce     rows per statement */
export async function* studies(
  walk: Walk,
  after: StudyPosition | undefined,
  inclusive: boolean,
  atOnce = PARENTS,
): AsyncGenerator<readonly Row[]> {
  const candidates = narrowest(walk.statements, walk.plan.candidates, worthwhile(walk))
  const { dates } = walk.plan
  const from = firstPosition(walk.plan, after, inclusive)
  const last: StudyPosition = dates === undefined ? AFTER_ALL : [dates.from, '', '']
  if (candidates === undefined) yield* studiesInOrder(walk, from, last, atOnce)
  else yield* studiesOfCandidates(walk, candidates, from, last, atOnce)
}

/** How many candidates are looked at rather than all studies of the days that are asked for. */
function worthwhile({ statements, plan: { dates, candidates } }: Walk): number {
  if (dates === undefined || candidates.every(({ always }) => always)) return FEW
  const between = statements.value<number>(FIND_SQL.countBetweenDates, dates.from, dates.to, FEW * CANDIDATE_COST)!
  return Math.ceil(between / CANDIDATE_COST)
}

async function* studiesInOrder(walk: Walk, first: StudyPosition, last: StudyPosition, atOnce: number): AsyncGenerator<readonly Row[]> {
  const { statements, plan, breath, window } = walk
  const { sql, parameters } = plan.studies
  const text = FIND_SQL.studiesInOrder(sql, plan.values)
  let from = first
  let sieve = plan.nameHolds
  for (let walked = 0; ; walked += window.rows) {
    if (sieve !== undefined && walked >= WALKED) {
      const named = await studiesNamed(statements, sieve, FEW, breath)
      if (named !== undefined) return yield* studiesOfCandidates(walk, [...new Set(named)], from, last, atOnce)
      sieve = undefined
    }
    const end = endOfWindow(walk, from, last)
    const rows = window.measure(() => statements.all(text, ...from, ...end, ...parameters, atOnce))
    yield rows
    await breath.due()
    if (rows.length === atOnce) from = studyPosition(rows.at(-1)!)
    else if (end === last) return
    else from = end
  }
}

async function* studiesOfCandidates(
  walk: Walk,
  candidates: readonly number[],
  from: StudyPosition,
  last: StudyPosition,
  atOnce: number,
): AsyncGenerator<readonly Row[]> {
  const { statements, plan, breath, window } = walk
  const { sql, parameters } = plan.studies
  const text = FIND_SQL.studiesOfCandidates(sql, plan.values)
  const ids = await inOrder(walk, candidates, from, last)
  for (let at = 0; at < ids.length; ) {
    const some = ids.slice(at, at + Math.min(window.rows, atOnce))
    yield window.measure(() => statements.all(text, JSON.stringify(some), ...parameters))
    at += some.length
    await breath.due()
  }
}

/** Those between two positions, newest first. Sorted here: SQLite would sort the whole rows of all of them for each page. */
async function inOrder(walk: Walk, candidates: readonly number[], from: StudyPosition, last: StudyPosition): Promise<readonly number[]> {
  const { statements, breath } = walk
  const places: Row[] = []
  for (let at = 0; at < candidates.length; at += PLACES) {
    for (const row of statements.all(FIND_SQL.placesOfCandidates, JSON.stringify(candidates.slice(at, at + PLACES)))) {
      if (compare(row, from) < 0 && compare(row, last) >= 0) places.push(row)
    }
    await breath.due()
  }
  return places.sort((a, b) => compare(b, a)).map((row) => row[3] as number)
}

/** By date, time, UID, all of them ASCII: JavaScript's order is SQLite's. */
function compare(a: Row | StudyPosition, b: Row | StudyPosition): number {
  for (let at = 0; at < 3; at++) if (a[at] !== b[at]) return (a[at] as string) < (b[at] as string) ? -1 : 1
  return 0
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

/** Rows of FIND_SQL.series: position, row id, values; some at a time. */
export async function* seriesOf(
  walk: Walk,
  studyId: number,
  after: NumberPosition | undefined,
  inclusive: boolean,
  atOnce = PARENTS,
): AsyncGenerator<readonly Row[]> {
  const { sql, parameters } = walk.plan.series
  const text = FIND_SQL.series(sql, walk.plan.values)
  let from = after === undefined ? BEFORE_ALL_NUMBERS : inclusive ? justBefore(after) : after
  for (;;) {
    const rows = walk.statements.all(text, studyId, ...from, ...parameters, atOnce)
    yield rows
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
  text: (where: string, values: Values) => string,
  after: Position | undefined,
  wanted: () => number,
): AsyncGenerator<{ study: Row; series: Row; rows: readonly Row[] }> {
  const { sql, parameters } = walk.plan.instances
  const statement = text(sql, walk.plan.values)
  for await (const { study, series } of seriesUnder(walk, after)) {
    const sameSeries = after?.series !== undefined && study[2] === after.study[2] && series[1] === after.series[1]
    const from = (sameSeries ? after.instance : undefined) ?? BEFORE_ALL_NUMBERS
    yield { study, series, rows: walk.statements.all(statement, series[2]!, ...from, ...parameters, wanted()) }
    await walk.breath.due()
  }
}

/** Every series that matches, each with its study; from that at `after` on. */
export async function* seriesUnder(walk: Walk, after?: Position): AsyncGenerator<{ study: Row; series: Row }> {
  for await (const some of studies(walk, after?.study, true)) {
    for (const study of some) {
      const inside = after !== undefined && study[2] === after.study[2] ? after.series : undefined
      for await (const rows of seriesOf(walk, study[STUDY_ID] as number, inside, true)) for (const series of rows) yield { study, series }
    }
  }
}

export const studyPosition = (row: Row): StudyPosition => row.slice(0, 3) as unknown as StudyPosition
export const numberPosition = (row: Row): NumberPosition => row.slice(0, 2) as unknown as NumberPosition
