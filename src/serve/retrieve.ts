/** What C-MOVE and C-GET have in common: count, plan, send, sum up (PS3.4 C.4.2.3, C.4.3.3).
 *
 *  Promises: pending responses begin as soon as the instances are counted, before they are looked at; exactly one final response.
 *  Errors: NodeError CATALOG_FAILED before the first sub-operation; nothing has been answered then. */
import type { LevelSet, RetrieveKeys, View } from '../catalog/contract.ts'
import type { Request } from '../dimse/contract.ts'
import { OpenedAhead } from './opened-ahead.ts'
import { planRetrieval, type RetrievePlan } from './retrieve-plan.ts'
import { type Lane, sendInstances } from './send-instances.ts'
import type { Serving } from './serving.ts'
import { SubOperations } from './sub-operations.ts'

/** @param levels    confidentiality levels of what may be sent
 *  @param lanesFor  where the instances go; asked only where there are any */
export async function retrieve(
  serving: Serving,
  request: Request,
  keys: RetrieveKeys,
  levels: LevelSet,
  lanesFor: (plan: RetrievePlan) => readonly Lane[],
): Promise<void> {
  const { association, stopped } = request
  const { catalog } = serving
  const view: View = { levels, includeManifests: serving.listManifests() }
  const operations = new SubOperations(request, await catalog.countRetrievables(keys, view))
  try {
    if (operations.total > 0) {
      const plan = await planRetrieval(catalog, keys, view, stopped)
      if (!stopped.aborted) operations.total = plan.total
      const instances = new OpenedAhead(plan.instances(), serving.storage)
      await sendInstances({ association, instances, lanes: lanesFor(plan), operations, stopped })
    }
  } catch (error) {
    await operations.abandon()
    throw error
  }
  await operations.finish()
}
