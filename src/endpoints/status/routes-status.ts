/** `/health` and `/metrics`: for load balancers, monitoring, and whoever is called at night.
 *
 *  `/health/live`: the process answers. `/health/ready`: it takes instances in and looks after them. `/health`: and nothing needs anybody. 503 where not.
 *  Promises: reasons are told to those only who may see the status; asked however often, the node looks at itself once in {@link HOLDS_MS}. */
import { jsonAnswer, type WebAnswer, type WebCaller } from '../../dicomweb/web-service.ts'
import { HEALTH } from '../api/api-contract.ts'
import type { WebRoute } from '../web/web-route.ts'
import { type Health, healthOf } from './health.ts'
import { openMetrics } from './metrics.ts'
import { remembered } from './remembered.ts'
import type { StatusParts } from './status-parts.ts'

const HOLDS_MS = 2_000

export function statusRoutes(parts: StatusParts): WebRoute[] {
  const health = remembered(HOLDS_MS, () => healthOf(parts))
  const metrics = openMetrics(parts)
  return [
    {
      method: 'GET',
      path: '/health',
      right: 'anybody',
      summary: 'Whether the node does what it is for, and nothing needs anybody; 503 where not',
      answer: HEALTH,
      serve: async ({ caller }) => {
        const found = await health()
        return told(found, [...found.blocking, ...found.troubling], caller)
      },
    },
    {
      method: 'GET',
      path: '/health/live',
      right: 'anybody',
      summary: 'Whether the process lives',
      serve: async () => jsonAnswer({ live: true }),
    },
    {
      method: 'GET',
      path: '/health/ready',
      right: 'anybody',
      summary: 'Whether instances are taken in and looked after; 503 where not',
      answer: HEALTH,
      serve: async ({ caller }) => {
        const found = await health()
        return told(found, found.blocking, caller)
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      right: 'status',
      summary: 'The node in numbers, for Prometheus',
      answer: 'text/plain',
      serve: async () => ({ status: 200, headers: { 'Content-Type': metrics.contentType }, body: await metrics.metrics() }),
    },
  ]
}

function told({ blocking }: Health, reasons: readonly string[], { rights }: WebCaller): WebAnswer {
  const ready = blocking.length === 0
  return jsonAnswer({ live: true, ready, ...(rights.has('status') ? { reasons } : {}) }, reasons.length === 0 ? 200 : 503)
}
