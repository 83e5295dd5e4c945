/** Studies with changes that no manifest has dealt with, found by each signal that can make them due (when-due.ts), never by a walk over all of them. */
import type { Row } from './columns.ts'
import type { Page, Uid } from './contract.ts'
import type { DueRules, DueStudy, PendingStudy, StepsSay } from './contract-due.ts'
import { decodePosition, encodePosition, isTuple } from './position.ts'
import { DUE_SQL } from './sql/due.ts'
import type { Statements } from './statements.ts'
import { isComplete, type MissingMemory } from './steps.ts'
import { whenDue } from './when-due.ts'

/** Studies that steps hold back are looked at together: examinations that are going on. Those beyond it have their turn when the first ones are done. */
const MOST_HELD = 1_000

const SAY: readonly StepsSay[] = ['nothing', 'ended', 'in progress']

/** First due first. */
export function studiesPending(statements: Statements, rules: DueRules, now: number, limit: number, memory: MissingMemory): DueStudy[] {
  const quietSince = now - rules.quietSeconds * 1000
  const rows = [
    ...statements.all(DUE_SQL.urgent, limit),
    ...statements.all(DUE_SQL.quietLongest, limit),
    ...statements.all(DUE_SQL.associationEnded, limit),
    ...statements.all(DUE_SQL.held, MOST_HELD),
    ...statements.all(DUE_SQL.arrivingTooLong, quietSince, now - rules.maxWaitSeconds * 1000, limit),
  ]
  const studies = new Map(rows.map((row) => [row[0], row]))
  return [...studies.values()]
    .map((row) => pendingOf(statements, row, memory))
    .map((study) => ({ ...study, due: whenDue(study, rules) }))
    .sort((a, b) => a.due.at - b.due.at)
    .slice(0, limit)
}

export function pendingStudy(statements: Statements, memory: MissingMemory, studyInstanceUid: string): PendingStudy | undefined {
  const row = statements.row(DUE_SQL.one, studyInstanceUid)
  return row && pendingOf(statements, row, memory)
}

type Place = readonly [lastReceivedAt: number, id: number]
const FIRST: Place = [Number.MIN_SAFE_INTEGER, 0]

export function studiesWaiting(statements: Statements, memory: MissingMemory, pageSize: number, after?: string): Page<PendingStudy> {
  const [at, id] = after === undefined ? FIRST : decodePosition(after, isPlace)
  const rows = statements.all(DUE_SQL.page, at, at, id, pageSize + 1)
  const items = rows.slice(0, pageSize).map((row) => pendingOf(statements, row, memory))
  if (rows.length <= pageSize) return { items }
  const last = rows[pageSize - 1]!
  return { items, next: encodePosition([last[3], last[8]]) }
}

function isPlace(value: unknown): value is Place {
  return isTuple(value, ['number', 'number'])
}

/** Runs inside a transaction. */
export function associationEnded(statements: Statements, studyInstanceUids: readonly string[], at: number): void {
  for (const uid of studyInstanceUids) statements.run(DUE_SQL.endAssociation, at, uid)
}

function pendingOf(statements: Statements, row: Row, memory: MissingMemory): PendingStudy {
  const studyInstanceUid = row[0] as Uid
  const lastReceivedAt = row[3] as number
  const steps = SAY[row[6] as number]!
  return {
    studyInstanceUid,
    revision: row[1] as number,
    manifestRevision: row[2] as number,
    lastReceivedAt,
    pendingSince: (row[4] as number | null) ?? lastReceivedAt,
    ...(row[5] === null ? {} : { associationEndedAt: row[5] as number }),
    ...(row[9] === null ? {} : { urgentAt: row[9] as number }),
    steps,
    stepsHeardAt: row[7] as number,
    isComplete: steps === 'ended' && isComplete(statements, studyInstanceUid, memory),
  }
}
