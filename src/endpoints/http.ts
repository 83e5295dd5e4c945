/** The web port: which routes there are, and to which stage each of them leads. A table of contents, no work. */
import type { Config } from '../config/settings.ts'
import { healthRoutes } from './routes-health.ts'
import { openWebGate } from './web-access.ts'
import { listenOnWeb, type WebListener } from './web-listener.ts'
import type { WebRoute } from './web-route.ts'

export interface WebParts {
  config(): Config
}

function routes(_parts: WebParts): WebRoute[] {
  return [...healthRoutes()]
}

export function startWeb(parts: WebParts): Promise<WebListener> {
  return listenOnWeb({ config: parts.config, gate: openWebGate(), routes: routes(parts) })
}
