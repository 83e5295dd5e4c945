/** `/api`: all that the page does, for programs too. A table of contents; what is taken and answered is in api-contract.ts. */
import { jsonAnswer } from '../../dicomweb/web-service.ts'
import type { StatusParts } from '../status/status-parts.ts'
import type { WebRoute } from '../web/web-route.ts'
import { NOW } from './api-contract.ts'
import { deliveryRoutes } from './api-deliveries.ts'
import { manifestRoutes } from './api-manifests.ts'
import { openRoutes } from './api-open.ts'
import { peerRoutes } from './api-peers.ts'
import { settingRoutes } from './api-settings.ts'
import { studyRoutes } from './api-studies.ts'
import { studyRoute } from './api-study.ts'
import { studyActionRoutes } from './api-study-actions.ts'
import { LiveEvents } from './events.ts'
import { jsonRoute } from './json-route.ts'
import { nowBoard, onlooker } from './now.ts'
import { openApi } from './openapi.ts'

/** @param all  every route of the web, for the description */
export function apiRoutes(parts: StatusParts, all: () => readonly WebRoute[]): WebRoute[] {
  const board = nowBoard(parts)
  const events = new LiveEvents(board)
  return [
    {
      method: 'GET',
      path: '/api',
      right: 'anybody',
      summary: 'This description: OpenAPI 3.1',
      answer: 'application/json',
      serve: async ({ base }) => jsonAnswer(openApi(all(), base)),
    },
    jsonRoute({
      method: 'GET',
      path: '/api/now',
      right: 'status',
      summary: 'How the node does at this moment',
      answer: NOW,
      serve: ({ caller }) => board.look(onlooker(caller)),
    }),
    {
      method: 'GET',
      path: '/api/events',
      right: 'status',
      summary: 'The same, live: server-sent events named `now`, every two seconds while something changes',
      answer: 'text/event-stream',
      serve: (request) => events.subscribe(request),
    },
    ...studyRoutes(parts),
    studyRoute(parts),
    ...studyActionRoutes(parts),
    ...manifestRoutes(parts),
    ...deliveryRoutes(parts),
    ...peerRoutes(parts),
    ...settingRoutes(parts),
    ...openRoutes(parts),
  ]
}
