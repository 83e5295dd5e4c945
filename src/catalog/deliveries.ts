/** Deliveries of manifests: rows that wait until a target has its copy. They outlive restarts; who works on them decides about retries. */

import { NodeError } from '../errors.ts'
import type { Delivery, DeliveryState, Uid } from './contract.ts'
import { DELIVERY_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'

export interface DeliveryOutcome {
  readonly state: DeliveryState
  readonly attempts: number
  readonly nextAttemptAt: number
  readonly lastError?: string
}

/** Oldest first. */
export function deliveriesDue(statements: Statements, now: number, limit: number): Delivery[] {
  return statements.all(DELIVERY_SQL.due, now, limit).map((row) => ({
    id: row[0] as number,
    target: row[1] as string,
    manifestUid: row[2] as Uid,
    action: row[3] as Delivery['action'],
    state: row[4] as DeliveryState,
    attempts: row[5] as number,
    nextAttemptAt: row[6] as number,
    ...(row[7] === null ? {} : { lastError: row[7] as string }),
  }))
}

export function settleDelivery(statements: Statements, id: number, outcome: DeliveryOutcome): void {
  const { state, attempts, nextAttemptAt, lastError } = outcome
  const { changes } = statements.run(DELIVERY_SQL.settle, state, attempts, nextAttemptAt, lastError ?? null, id)
  if (changes === 0) throw new NodeError('CATALOG_FAILED', { step: 'settle delivery', reason: 'no such delivery', id })
}

export function earliestDelivery(statements: Statements): number | undefined {
  return statements.value<number>(DELIVERY_SQL.earliest) ?? undefined
}
