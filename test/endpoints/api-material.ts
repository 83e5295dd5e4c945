/** The web of a node without the node: its status and API routes over a storage of their own, with a gate that takes the caller's word for who it is. */
import { afterAll } from 'vitest'
import { loadConfig } from '../../src/config/load-config.ts'
import type { Config } from '../../src/config/settings.ts'
import { type Confidentiality, levelSet } from '../../src/dicom/confidentiality.ts'
import { WEB_RIGHTS, type WebRight } from '../../src/dicomweb/web-service.ts'
import { apiRoutes } from '../../src/endpoints/api/routes-api.ts'
import { Meters } from '../../src/endpoints/status/meters.ts'
import { statusRoutes } from '../../src/endpoints/status/routes-status.ts'
import type { StatusParts } from '../../src/endpoints/status/status-parts.ts'
import { sessionRoutes } from '../../src/endpoints/web/routes-session.ts'
import { NOBODY, type WebGate } from '../../src/endpoints/web/web-access.ts'
import { listenOnWeb, type WebListener } from '../../src/endpoints/web/web-listener.ts'
import type { WebRoute } from '../../src/endpoints/web/web-route.ts'
import type { ManifestSettings } from '../../src/manifest/build-manifest.ts'
import { type Held, holdNothing } from '../manifest/held-studies.ts'

export interface Api {
  readonly url: string
  readonly held: Held
  readonly parts: StatusParts
  readonly routes: readonly WebRoute[]
}

const listeners: WebListener[] = []
afterAll(async () => {
  for (const listener of listeners.splice(0)) await listener.close(0)
})

/** `x-rights: find status`, `x-levels: N R`, `x-name: anna`; without rights nobody. */
const trusting: WebGate = {
  callerOf: async ({ headers }) => {
    const words = (name: string): string[] => String(headers[name] ?? '').split(' ')
    const rights = words('x-rights').filter((one): one is WebRight => (WEB_RIGHTS as readonly string[]).includes(one))
    if (rights.length === 0) return NOBODY
    return {
      name: String(headers['x-name'] ?? 'tester'),
      rights: new Set(rights),
      levels: levelSet(words('x-levels') as Confidentiality[]),
    }
  },
  signIn: () => Promise.reject(new Error('nobody signs in here')),
  signOut: () => '',
  stamp: async () => '',
  close: async () => undefined,
}

export async function openApiFor(settings: Partial<ManifestSettings> = {}, over: Partial<StatusParts> = {}): Promise<Api> {
  const held = await holdNothing({ settings })
  const config: Config = loadConfig({
    cwd: held.path,
    env: { ARIANE_STORAGE_PATH: held.path, ARIANE_STORAGE_RESERVEBYTES: '0', ARIANE_WEB_PORT: '0' },
  }).config
  const meters = new Meters('Europe/Paris')
  const parts: StatusParts = {
    ...held.parts,
    path: held.path,
    config: () => config,
    meters,
    dicom: { port: 11112, isOpen: () => true, open: () => 0 },
    workers: () => ({ 'manifest worker': Date.now(), 'publish worker': Date.now() }),
    totals: () => held.catalog.totals(),
    isThere: async () => true,
    published: () => undefined,
    changed: () => undefined,
    ...over,
  }
  const routes: WebRoute[] = []
  routes.push(...statusRoutes(parts), ...sessionRoutes(trusting), ...apiRoutes(parts, () => routes))
  const listener = await listenOnWeb({ config: () => config, gate: trusting, routes })
  listeners.push(listener)
  return { url: `http://127.0.0.1:${listener.port}`, held, parts, routes }
}

export const AS = (rights: string, levels = 'N', name = 'tester'): Record<string, string> => ({
  'x-rights': rights,
  'x-levels': levels,
  'x-name': name,
})
