/** `/api/deliveries`: what goes to whom, what failed and why; another attempt now. */
import { WebRefusal } from '../../dicomweb/web-service.ts'
import { log } from '../../log.ts'
import type { StatusParts } from '../status/status-parts.ts'
import type { WebRoute } from '../web/web-route.ts'
import { DELIVERIES, DELIVERIES_QUERY, DONE } from './api-contract.ts'
import { refuseAfter } from './api-studies.ts'
import { jsonRoute } from './json-route.ts'
import { iso } from './now.ts'
import { isSeen } from './seen-levels.ts'

const USUAL_PAGE = 50

export function deliveryRoutes(parts: StatusParts): WebRoute[] {
  return [
    jsonRoute({
      method: 'GET',
      path: '/api/deliveries',
      right: 'status',
      summary: 'Deliveries of manifests, newest first',
      query: DELIVERIES_QUERY,
      answer: DELIVERIES,
      serve: async ({ caller: { levels } }, { query: { state, limit, after } }) => {
        const page = await parts.catalog.deliveries({ state, levels }, limit ?? USUAL_PAGE, after).catch(refuseAfter)
        const items = page.items.map(({ confidentiality: _level, manifestState: _state, nextAttemptAt, ...one }) => ({
          ...one,
          nextAttemptAt: iso(nextAttemptAt),
        }))
        return page.next === undefined ? { items } : { items, next: page.next }
      },
    }),
    jsonRoute({
      method: 'POST',
      path: '/api/deliveries/:id/retry',
      right: 'operate',
      summary: 'Try a delivery that waits or failed now',
      answer: DONE,
      serve: async ({ params, caller }) => ({ done: await retried(parts, params.id ?? '', caller) }),
    }),
  ]
}

async function retried(parts: StatusParts, id: string, caller: { readonly name: string; readonly levels: number }): Promise<string> {
  if (!/^\d{1,15}$/.test(id)) throw new WebRefusal(400, 'id: expected the number of a delivery')
  const delivery = await parts.catalog.findDelivery(Number(id))
  if (delivery === undefined || !isSeen(delivery.confidentiality, caller.levels)) throw new WebRefusal(404, 'no such delivery here')
  const { target, state, action, manifestState, manifestUid } = delivery
  if (state === 'done') throw new WebRefusal(409, `it is done: ${target} has it`)
  if (action === 'publish' && manifestState !== 'in force')
    throw new WebRefusal(409, `its manifest is ${manifestState}: it is not delivered any more`)
  if (!parts.config().publish.some(({ name }) => name === target))
    throw new WebRefusal(409, `${target} is not a target of the configuration any more`)
  await parts.catalog.retryDelivery(delivery.id, parts.now())
  log.info('delivery is tried again, as asked', { target, SOPInstanceUID: manifestUid, actor: caller.name })
  parts.published()
  return `tried now: ${action === 'publish' ? 'the manifest' : 'its withdrawal'} to ${target}`
}
