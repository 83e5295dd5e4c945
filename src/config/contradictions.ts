/** Settings that are right each by itself but not together. */
import { join } from 'node:path'
import type { Mistake, TreePath } from './mistakes.ts'
import { retrieveUrlOf } from './retrieve-url.ts'
import { ruleContradictions } from './rule-contradictions.ts'
import type { Config } from './settings.ts'
import { webContradictions } from './web-contradictions.ts'

/** Folders in `storage.path` where the node would take a foreign file for its own, or sweep it away. */
const OWN_FOLDERS = ['drafts', 'instances', 'quarantine']

/** @param config complete, paths absolute */
export function contradictionsIn(config: Config): Mistake[] {
  return [
    ...repeated(
      config.peers.map((peer) => peer.aeTitle),
      (at) => ['peers', at, 'aeTitle'],
      'a peer',
    ),
    ...config.peers.flatMap((peer, at) =>
      peer.port !== undefined && peer.host === undefined
        ? [mistake(['peers', at, 'port'], 'found a port without a host, expected both or neither')]
        : [],
    ),
    ...repeated(
      config.publish.map((target) => target.name),
      (at) => ['publish', at, 'name'],
      'a target',
    ),
    ...repeated(
      config.publish.map((target) => target.path),
      (at) => ['publish', at, 'path'],
      'a target',
    ),
    ...repeated(
      config.retrieve.locations.map((location) => location.locationUid),
      (at) => ['retrieve', 'locations', at, 'locationUid'],
      'a location',
    ),
    ...config.retrieve.locations.flatMap(({ url, aeTitle }, at) =>
      url === undefined && aeTitle === undefined
        ? [mistake(['retrieve', 'locations', at], 'found neither url nor aeTitle, expected one of them or both')]
        : [],
    ),
    ...config.publish.flatMap((target, at) =>
      isOwnFolder(target.path, config.storage.path)
        ? [mistake(['publish', at, 'path'], 'found a folder that the storage uses itself, expected another, such as ./storage/outbox')]
        : [],
    ),
    ...config.publish.flatMap((target, at) =>
      target.dialect === 'drimbox' && retrieveUrlOf(config) === undefined
        ? [
            mistake(
              ['publish', at, 'dialect'],
              'found drimbox, expected manifest.retrieveUrl or web.publicUrl to be set: such a manifest is read by its URLs',
            ),
          ]
        : [],
    ),
    ...(config.manifest.retrieveUrl?.endsWith('/studies')
      ? [mistake(['manifest', 'retrieveUrl'], 'found an address that ends in /studies, expected the part before it')]
      : []),
    ...ruleContradictions(config.confidentiality.rules),
    ...webContradictions(config.web),
  ]
}

function repeated(values: readonly string[], pathOf: (at: number) => TreePath, what: string): Mistake[] {
  return values.flatMap((value, at) => {
    const first = values.indexOf(value)
    return first < at
      ? [mistake(pathOf(at), `found ${JSON.stringify(value)} again (first in entry ${first + 1}), expected ${what} of its own`)]
      : []
  })
}

function isOwnFolder(path: string, storagePath: string): boolean {
  return path === storagePath || OWN_FOLDERS.some((folder) => `${path}/`.startsWith(`${join(storagePath, folder)}/`))
}

function mistake(path: TreePath, text: string): Mistake {
  return { path, at: 'value', text }
}
