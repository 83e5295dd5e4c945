/** `GET /health`: whether the process lives. */
import { jsonAnswer } from '../dicomweb/web-service.ts'
import type { WebRoute } from './web-route.ts'

export function healthRoutes(): WebRoute[] {
  return [
    {
      method: 'GET',
      path: '/health/live',
      right: 'anybody',
      summary: 'Whether the process lives',
      serve: async () => jsonAnswer({ live: true }),
    },
  ]
}
