/** Every setting that is in force and where its value comes from: for `ariane config`, and for the page. */
import type { LoadedConfig, LoadOptions } from './load-config.ts'
import { settingValue } from './reloadable.ts'
import type { Setting } from './setting.ts'
import { SETTINGS } from './settings.ts'

export interface InForce {
  readonly key: string
  /** null where there is none. */
  readonly value: unknown
  readonly unit?: string
  readonly source: string
}

/** In the order of the table. */
export function inForce(loaded: LoadedConfig): InForce[] {
  return SETTINGS.map((row) => ({
    key: row.key,
    value: settingValue(loaded.config, row.key) ?? null,
    unit: (row as Setting).unit,
    source: loaded.sources.get(row.key) ?? 'default',
  }))
}

/** How a running node has come to its configuration, and how it takes a changed one. */
export interface ConfigSource {
  readonly options: LoadOptions
  /** As it was read last. */
  current(): LoadedConfig
  /** Reads it again and puts in force what can be; what cannot waits for the next start.
   *  @throws ConfigError where it has a mistake: the former one stays */
  reload(): Promise<void>
}
