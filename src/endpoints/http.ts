/** The web port: which routes there are, and to which stage each of them leads. A table of contents, no work. */
import type { Config } from '../config/settings.ts'
import type { Serving } from '../serve/serving.ts'
import { apiRoutes } from './api/routes-api.ts'
import { pageFiles } from './page-files.ts'
import { queryRoutes, type WebStoring } from './routes-query.ts'
import { openRenderer, type Renderer, renderRoutes } from './routes-render.ts'
import { capabilityRoutes, wadoRoutes } from './routes-wado.ts'
import { statusRoutes } from './status/routes-status.ts'
import type { StatusParts } from './status/status-parts.ts'
import type { RefusedCall } from './web/failed-attempts.ts'
import { sessionRoutes } from './web/routes-session.ts'
import { openWebGate, type WebGate } from './web/web-access.ts'
import { listenOnWeb, type WebListener } from './web/web-listener.ts'
import type { WebRoute } from './web/web-route.ts'
import { webServiceOf } from './web/web-service-of.ts'

export interface WebParts {
  config(): Config
  readonly serving: Serving
  readonly storing: WebStoring
  readonly status: StatusParts
  /** For `ariane peer seen`. */
  refused(call: RefusedCall): void
}

function routes(parts: WebParts, gate: WebGate, renderer: Renderer): WebRoute[] {
  const all: WebRoute[] = []
  all.push(...wadoRoutes(parts))
  all.push(...renderRoutes({ ...parts, renderer }))
  all.push(...queryRoutes(parts))
  all.push(...capabilityRoutes(all))
  all.push(...statusRoutes(parts.status))
  all.push(...sessionRoutes(gate))
  all.push(...apiRoutes(parts.status, () => all))
  return all
}

export async function startWeb(parts: WebParts): Promise<WebListener> {
  const gate = openWebGate(parts.config)
  const renderer = await openRenderer(parts)
  const { meters } = parts.status
  const listener = await listenOnWeb({
    config: parts.config,
    gate,
    routes: routes(parts, gate, renderer),
    page: pageFiles,
    answered: ({ method, path, status, seconds }) => meters.answered(webServiceOf(method, path), status, seconds),
    refused: (call) => parts.refused(call),
  })
  return { ...listener, close: (graceSeconds) => listener.close(graceSeconds).finally(() => renderer.close()) }
}
