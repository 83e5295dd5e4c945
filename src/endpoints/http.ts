/** The web port: which routes there are, and to which stage each of them leads. A table of contents, no work. */
import type { Config } from '../config/settings.ts'
import type { RefusedCall } from './failed-attempts.ts'
import { pageFiles } from './page-files.ts'
import { apiRoutes } from './routes-api.ts'
import { queryRoutes, type WebServing, type WebStoring } from './routes-query.ts'
import { sessionRoutes } from './routes-session.ts'
import { statusRoutes } from './routes-status.ts'
import type { StatusParts } from './status-parts.ts'
import { openWebGate, type WebGate } from './web-access.ts'
import { listenOnWeb, type WebListener } from './web-listener.ts'
import type { WebRoute } from './web-route.ts'
import { webServiceOf } from './web-service-of.ts'

export interface WebParts {
  config(): Config
  readonly serving: WebServing
  readonly storing: WebStoring
  readonly status: StatusParts
  /** For `ariane peer seen`. */
  refused(call: RefusedCall): void
}

function routes(parts: WebParts, gate: WebGate): WebRoute[] {
  const all: WebRoute[] = []
  all.push(...statusRoutes(parts.status))
  all.push(...sessionRoutes(gate))
  all.push(...queryRoutes(parts))
  all.push(...apiRoutes(parts.status, () => all))
  return all
}

export function startWeb(parts: WebParts): Promise<WebListener> {
  const gate = openWebGate(parts.config)
  const { meters } = parts.status
  return listenOnWeb({
    config: parts.config,
    gate,
    routes: routes(parts, gate),
    page: pageFiles,
    answered: ({ method, path, status, seconds }) => meters.answered(webServiceOf(method, path), status, seconds),
    refused: (call) => parts.refused(call),
  })
}
