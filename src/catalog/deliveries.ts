/** Deliveries of manifests: rows that wait until a target has its copy. They outlive restarts; who works on them decides about retries. */

import { NodeError } from '../errors.ts'
import type { Row } from './columns.ts'
import type { Delivery, DeliveryState, Page, Uid } from './contract.ts'
import { decodePosition, encodePosition, isRowId } from './position.ts'
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
  return statements.all(DELIVERY_SQL.due, now, limit).map(deliveryOf)
}

/** Waiting or failed, in the order in which they came to be. */
export function deliveriesOpen(statements: Statements, pageSize: number, after?: string): Page<Delivery> {
  const from = after === undefined ? 0 : decodePosition(after, isRowId)
  const items = statements.all(DELIVERY_SQL.open, from, pageSize + 1).map(deliveryOf)
  if (items.length <= pageSize) return { items }
  return { items: items.slice(0, pageSize), next: encodePosition(items[pageSize - 1]!.id) }
}

const NOT_CONFIGURED = 'its target is not in the configuration'

/** Runs inside a transaction. @returns how many of each target were closed */
export function closeDeliveriesExcept(statements: Statements, targets: readonly string[]): { target: string; deliveries: number }[] {
  const configured = JSON.stringify(targets)
  const closed = statements.all(DELIVERY_SQL.waitingExcept, configured)
  if (closed.length > 0) statements.run(DELIVERY_SQL.closeExcept, NOT_CONFIGURED, configured)
  return closed.map(([target, deliveries]) => ({ target: target as string, deliveries: deliveries as number }))
}

/** Runs inside a transaction. @returns how many */
export function reopenDeliveries(statements: Statements, targets: readonly string[], at: number): number {
  return statements.run(DELIVERY_SQL.reopen, at, JSON.stringify(targets), NOT_CONFIGURED).changes
}

function deliveryOf(row: Row): Delivery {
  return {
    id: row[0] as number,
    target: row[1] as string,
    manifestUid: row[2] as Uid,
    action: row[3] as Delivery['action'],
    state: row[4] as DeliveryState,
    attempts: row[5] as number,
    nextAttemptAt: row[6] as number,
    ...(row[7] === null ? {} : { lastError: row[7] as string }),
  }
}

export function settleDelivery(statements: Statements, id: number, outcome: DeliveryOutcome): void {
  const { state, attempts, nextAttemptAt, lastError } = outcome
  const { changes } = statements.run(DELIVERY_SQL.settle, state, attempts, nextAttemptAt, lastError ?? null, id)
  if (changes === 0) throw new NodeError('CATALOG_FAILED', { step: 'settle delivery', reason: 'no such delivery', id })
}

export function earliestDelivery(statements: Statements): number | undefined {
  return statements.value<number>(DELIVERY_SQL.earliest) ?? undefined
}
