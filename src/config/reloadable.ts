/** What SIGHUP can change: the settings that the table marks live; everything else waits for the next start. */
import { isDeepStrictEqual } from 'node:util'
import type { Setting } from './setting.ts'
import { type Config, SETTINGS, type SettingKey } from './settings.ts'

export interface Reload {
  /** What is in force from now on: the new live values, the former others. Frozen like its parts. */
  readonly config: Config
  /** Changed keys that take effect at once. */
  readonly atOnce: readonly SettingKey[]
  /** Changed keys that take effect at the next start. */
  readonly needRestart: readonly SettingKey[]
}

/** Pure: whoever calls applies `config`. */
export function reloadable(former: Config, next: Config): Reload {
  const changed = SETTINGS.filter((row) => !isDeepStrictEqual(settingValue(former, row.key), settingValue(next, row.key)))
  return {
    config: withLiveValues(former, next) as Config,
    atOnce: changed.filter(isLive).map((row) => row.key),
    needRestart: changed.filter((row) => !isLive(row)).map((row) => row.key),
  }
}

/** The value of a setting, by its key. */
export function settingValue(config: Config, key: SettingKey): unknown {
  let value: unknown = config
  for (const step of key.split('.')) value = (value as Record<string, unknown>)[step]
  return value
}

function isLive(row: Setting): boolean {
  return row.live === true
}

function withLiveValues(former: unknown, next: unknown, prefix = ''): unknown {
  const merged = Object.keys({ ...(former as object), ...(next as object) }).map((name) => {
    const key = `${prefix}${name}`
    const row: Setting | undefined = SETTINGS.find((setting) => setting.key === key)
    const [before, after] = [former, next].map((section) => (section as Record<string, unknown>)[name])
    return [name, row === undefined ? withLiveValues(before, after, `${key}.`) : isLive(row) ? after : before]
  })
  return Object.freeze(Object.fromEntries(merged))
}
