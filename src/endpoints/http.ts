/** The web port: which routes there are, and to which stage each of them leads. A table of contents, no work. */
import type { Config } from '../config/settings.ts'
import { healthRoutes } from './routes-health.ts'
import { queryRoutes, type WebServing, type WebStoring } from './routes-query.ts'
import { sessionRoutes } from './routes-session.ts'
import { openWebGate, type WebGate } from './web-access.ts'
import { listenOnWeb, type WebListener } from './web-listener.ts'
import type { WebRoute } from './web-route.ts'

export interface WebParts {
  config(): Config
  readonly serving: WebServing
  readonly storing: WebStoring
}

function routes(parts: WebParts, gate: WebGate): WebRoute[] {
  return [...healthRoutes(), ...sessionRoutes(gate), ...queryRoutes(parts)]
}

export function startWeb(parts: WebParts): Promise<WebListener> {
  const gate = openWebGate(parts.config)
  return listenOnWeb({ config: parts.config, gate, routes: routes(parts, gate) })
}
