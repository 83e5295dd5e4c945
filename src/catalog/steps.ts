/** Procedure steps (MPPS) as rows, and what they say of their studies (`studies.steps`), kept up with each message and each manifest.
 *
 *  A step that has ended says "complete" once: when a manifest was made upon it, or when there was nothing to make one for, what comes later is judged by
 *  quiet time. A step that refers to nothing announces nothing. Writing functions run inside a transaction. */

import type { Uid } from './contract.ts'
import type { DueCatalog, Step, StepChange, StepState, StepsProgress } from './contract-due.ts'
import { STEP_SQL } from './sql/due.ts'
import type { Statements } from './statements.ts'

const FORGET_AFTER_MS = 90 * 86_400_000
/** More than one begins, so that they become fewer. */
const FORGET_AT_ONCE = 3
const MOST_STATES = 100
const MOST_NAMED = 20

export function findStep(statements: Statements, sopInstanceUid: string): Step | undefined {
  const row = statements.row(STEP_SQL.byUid, sopInstanceUid)
  if (row === undefined) return undefined
  return { state: row[1] as StepState, hasEndDate: row[2] === 1, hasEndTime: row[3] === 1, series: row[4] as number }
}

/** @returns false where it is here already */
export function addStep(statements: Statements, step: Parameters<DueCatalog['addStep']>[0]): boolean {
  forgetOld(statements, step.at)
  const { changes, id } = statements.run(STEP_SQL.insert, step.sopInstanceUid, step.source, step.at, step.at)
  if (changes === 0) return false
  for (const study of step.studyInstanceUids) statements.run(STEP_SQL.insertStudy, id, study)
  write(statements, id, { ...step, state: 'IN PROGRESS' }, 0)
  return true
}

/** @returns false where there is none, or it has ended */
export function changeStep(statements: Statements, sopInstanceUid: string, change: StepChange): boolean {
  const row = statements.row(STEP_SQL.byUid, sopInstanceUid)
  if (row === undefined || row[1] !== 'IN PROGRESS') return false
  write(statements, row[0] as number, change, row[4] as number)
  return true
}

function write(statements: Statements, id: number, change: StepChange, formerSeries: number): void {
  if (change.series !== undefined) {
    statements.run(STEP_SQL.deleteInstances, id)
    for (const { seriesInstanceUid, sopInstanceUids } of change.series)
      for (const uid of sopInstanceUids) statements.run(STEP_SQL.insertInstance, id, seriesInstanceUid, uid)
  }
  const isAwaited = change.isAwaited && change.state !== 'IN PROGRESS' && statements.value(STEP_SQL.hasReferences, id) === 1
  const series = change.series?.length ?? formerSeries
  statements.run(
    STEP_SQL.change,
    change.state,
    change.at,
    ...[change.hasEndDate, change.hasEndTime].map(Number),
    series,
    Number(isAwaited),
    id,
  )
  for (const study of statements.column<string>(STEP_SQL.studies, id)) said(statements, study)
}

/** Brings the row of a study up to what its steps say now. */
function said(statements: Statements, study: string): void {
  const isPending = statements.value<number>(STEP_SQL.isPending, study)
  if (isPending === undefined) return
  const [steps, heardAt] = saidOf(statements, study)
  const isDone = steps === 1 && isPending === 0 && statements.row(STEP_SQL.firstMissing, study) === undefined
  if (isDone) statements.run(STEP_SQL.tell, study)
  statements.run(STEP_SQL.setSaid, isDone ? 0 : steps, heardAt, study)
}

function saidOf(statements: Statements, study: string): [steps: number, heardAt: number] {
  const [steps, heardAt] = statements.row(STEP_SQL.saidOf, study)!
  return [(steps as number | null) ?? 0, (heardAt as number | null) ?? 0]
}

/** For a study that is new here: its steps may have come before it. */
export function stepsOfNewStudy(statements: Statements, study: string): void {
  const [steps, heardAt] = saidOf(statements, study)
  if (steps !== 0) statements.run(STEP_SQL.setSaid, steps, heardAt, study)
}

/** A manifest was made, or there was nothing new to say: steps that have ended have had their say. */
export function stepsTold(statements: Statements, study: string): void {
  statements.run(STEP_SQL.tell, study)
}

function forgetOld(statements: Statements, now: number): void {
  for (const id of statements.column<number>(STEP_SQL.oldest, now - FORGET_AFTER_MS, FORGET_AT_ONCE)) {
    const studies = statements.column<string>(STEP_SQL.studies, id)
    statements.run(STEP_SQL.delete, id)
    for (const study of studies) said(statements, study)
  }
}

/** Of a study, one instance that is referred to and not here: while that one is missing, no other has to be looked for. */
export type MissingMemory = Map<string, readonly [step: number, series: string, instance: string]>
const MOST_REMEMBERED = 256

/** Whether everything is here that the steps which have ended refer to. */
export function isComplete(statements: Statements, study: string, memory: MissingMemory): boolean {
  const known = memory.get(study)
  if (known !== undefined && statements.value(STEP_SQL.isStillMissing, ...known) === 1) return false
  memory.delete(study)
  const row = statements.row(STEP_SQL.firstMissing, study)
  if (row === undefined) return true
  if (memory.size >= MOST_REMEMBERED) memory.clear()
  memory.set(study, [row[0] as number, row[1] as string, row[2] as string])
  return false
}

export function stepsOf(statements: Statements, study: string): StepsProgress {
  const states = statements.all(STEP_SQL.states, study, MOST_STATES)
  const series = statements.all(STEP_SQL.bySeries, study) as [string, number, number][]
  const sum = (column: 1 | 2) => series.reduce((total, row) => total + row[column], 0)
  return {
    states: states.map(([uid, state, isAwaited, source, beganAt]) => ({
      sopInstanceUid: uid as Uid,
      state: state as StepState,
      isAwaited: isAwaited === 1,
      source: source as string,
      beganAt: beganAt as number,
    })),
    series: series.length,
    seriesHere: series.filter(([, all, here]) => all === here).length,
    instances: sum(1),
    instancesHere: sum(2),
    missing: statements.column<Uid>(STEP_SQL.someMissing, study, MOST_NAMED),
  }
}
