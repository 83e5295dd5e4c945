/** Configuration, storage and catalog for a command that works beside a node or without one.
 *
 *  Promises: works while a node runs on the same storage (the catalog's journal and the storage allow several processes).
 *  Does not: make a storage where there is none, unless asked to. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Catalog } from '../catalog/contract.ts'
import { openCatalog } from '../catalog/sqlite-catalog.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/settings.ts'
import { configureLog } from '../log.ts'
import type { Storage } from '../storage/contract.ts'
import { openStorage } from '../storage/file-storage.ts'
import { giveToOwner } from '../storage/owner.ts'
import { CommandFailure, loadOptionsOf } from './command-line.ts'

export interface Parts {
  readonly config: Config
  readonly storage: Storage
  readonly catalog: Catalog
}

/** @throws CommandFailure where there is no catalog and none is to be made; ConfigError; NodeError */
export async function openParts(command: Command, options: { create: boolean }): Promise<Parts> {
  const { config } = loadConfig(loadOptionsOf(command))
  configureLog(config.log)
  const { path, reserveBytes, maxInstanceBytes, maxTotalBytes } = config.storage
  const catalogFile = join(path, 'catalog.sqlite')
  if (!options.create && !existsSync(catalogFile)) throw new CommandFailure(`no catalog at ${catalogFile}: is storage.path right?`)
  const storage = await openStorage({ path, reserveBytes, maxInstanceBytes, maxTotalBytes: maxTotalBytes || undefined })
  const isNew = !existsSync(catalogFile)
  const catalog = openCatalog(catalogFile)
  // SQLite itself gives the files beside it to the same owner.
  if (isNew) await giveToOwner(catalogFile)
  return { config, storage, catalog }
}

/** One line that is written over again, on a terminal only. */
export function progressLine(): { show(text: () => string): void; clear(): void } {
  const stream = process.stderr
  let shownAt = 0
  return {
    show(text) {
      if (!stream.isTTY || Date.now() - shownAt < 100) return
      shownAt = Date.now()
      stream.write(`\r\x1b[K${text()}`)
    },
    clear() {
      if (stream.isTTY) stream.write('\r\x1b[K')
    },
  }
}
