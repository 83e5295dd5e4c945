/** `/api/settings`: what is in force and where it comes from. Read only. */

import { isDeepStrictEqual } from 'node:util'
import { inForce } from '../../config/in-force.ts'
import { settingValue } from '../../config/reloadable.ts'
import type { Setting } from '../../config/setting.ts'
import { SETTINGS } from '../../config/settings.ts'
import type { StatusParts } from '../status/status-parts.ts'
import type { WebRoute } from '../web/web-route.ts'
import { SETTINGS_IN_FORCE, type SettingsInForce } from './api-contract.ts'
import { jsonRoute } from './json-route.ts'

export function settingRoutes(parts: StatusParts): WebRoute[] {
  return [
    jsonRoute({
      method: 'GET',
      path: '/api/settings',
      right: 'status',
      summary: 'Every setting that is in force, and where it comes from',
      answer: SETTINGS_IN_FORCE,
      serve: async () => settings(parts),
    }),
  ]
}

function settings({ config, source }: StatusParts): SettingsInForce {
  const loaded = source?.current()
  const present = config()
  const items = inForce({ config: present, sources: loaded?.sources ?? new Map() }).map(({ key, value, source: from }, at) => {
    const row: Setting = SETTINGS[at]!
    const waits = loaded !== undefined && !isDeepStrictEqual(settingValue(loaded.config, SETTINGS[at]!.key) ?? null, value)
    return {
      key,
      value: SECRET.test(key) ? HIDDEN : JSON.stringify(value, withoutSecrets),
      source: waits ? `${from} (another value is there now: at the next start)` : from,
      default: row.derived ?? (row.default === undefined ? '' : JSON.stringify(row.default)),
      ...(row.unit === undefined ? {} : { unit: row.unit }),
      reason: row.reason,
      live: row.live === true,
    }
  })
  return loaded?.file === undefined ? { items } : { items, file: loaded.file }
}

/** Whoever may see the status need not see these. */
const SECRET = /secret|password|token|hash|privateKey/i
const HIDDEN = '"(not shown)"'

const withoutSecrets = (name: string, value: unknown): unknown => (SECRET.test(name) ? '(not shown)' : value)
