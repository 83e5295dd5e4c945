/** Deliveries to targets that are not in the configuration any more: nobody would ever carry them.
 *
 *  Promises: at each start and reload they are closed as failed, with the reason, and told in the log by target and number; they are opened again as soon as a target
 *  of that name is configured again, so that a line that was taken out by mistake loses nothing. `ariane manifest deliveries` shows them.
 *  Does not: touch what was delivered, or what failed for another reason. */
import type { Catalog } from '../catalog/contract.ts'
import { log } from '../log.ts'

/** @param targets  names, as configured
 *  @param at       milliseconds since 1970 */
export async function seeToRemovedTargets(
  catalog: Pick<Catalog, 'closeDeliveriesExcept' | 'reopenDeliveries'>,
  targets: readonly string[],
  at: number,
): Promise<void> {
  for (const { target, deliveries } of await catalog.closeDeliveriesExcept(targets))
    log.warn('deliveries to a target that is not in the configuration are closed; they go on when it is back', { target, deliveries })
  const reopened = await catalog.reopenDeliveries(targets, at)
  if (reopened > 0) log.warn('deliveries to targets that are in the configuration again go on', { deliveries: reopened })
}
