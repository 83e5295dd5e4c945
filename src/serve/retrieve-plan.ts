/** What a retrieval (PS3.4 C.4.2, C.4.3) is about to send: how many instances, of which classes in which transfer syntaxes, and the instances
 *  themselves, page by page.
 *
 *  Promises: memory does not grow with the number of instances; the event loop is free between pages.
 *  Does not: open files or associations. Rows that come or go between counting and sending are not in the count.
 *  Errors: NodeError CATALOG_FAILED. */
import { setImmediate } from 'node:timers/promises'
import type { Catalog, Retrievable, RetrieveKeys, View } from '../catalog/contract.ts'

const PAGE_SIZE = 200

export interface RetrievePlan {
  readonly total: number
  /** Stored transfer syntaxes per SOP class, both in the order in which they are first met. */
  readonly syntaxesOfClass: ReadonlyMap<string, ReadonlySet<string>>
  /** Every instance once; may be consumed by several lanes at the same time. */
  instances(): AsyncGenerator<Retrievable, undefined>
}

/** @param view     what exists for whom it is sent to
 *  @param stopped  ends the counting early; the plan is then incomplete */
export async function planRetrieval(catalog: Catalog, keys: RetrieveKeys, view: View, stopped: AbortSignal): Promise<RetrievePlan> {
  const instances = () => retrievables(catalog, keys, view, stopped)
  const syntaxesOfClass = new Map<string, Set<string>>()
  let total = 0
  for await (const instance of instances()) {
    total += 1
    const syntaxes = syntaxesOfClass.get(instance.sopClassUid)
    if (syntaxes === undefined) syntaxesOfClass.set(instance.sopClassUid, new Set([instance.transferSyntaxUid]))
    else syntaxes.add(instance.transferSyntaxUid)
  }
  return { total, syntaxesOfClass, instances }
}

/** Every instance once, page by page. */
export async function* retrievables(
  catalog: Catalog,
  keys: RetrieveKeys,
  view: View,
  stopped: AbortSignal,
): AsyncGenerator<Retrievable, undefined> {
  let after: string | undefined
  do {
    const page = await catalog.retrievables(keys, view, PAGE_SIZE, after)
    for (const instance of page.items) {
      if (stopped.aborted) return
      yield instance
    }
    after = page.next
    await setImmediate()
  } while (after !== undefined)
}
