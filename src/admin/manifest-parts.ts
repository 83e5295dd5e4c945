/** What the manifest stage works with, for commands that build or preview. */
import type { ManifestParts } from '../manifest/build-manifest.ts'
import { manifestSettings } from '../manifest/manifest-settings.ts'
import { publishedNames } from '../manifest/published-names.ts'
import type { ActionParts } from '../manifest/study-actions.ts'
import { retrieveLocationUid } from '../storage/node-identity.ts'
import { checkedUid } from './named-manifest.ts'
import type { Parts } from './open-parts.ts'

export async function manifestParts({ config, storage, catalog }: Parts): Promise<ManifestParts> {
  const published = await publishedNames({ catalog, storage })
  const locationUid = config.manifest.retrieveLocationUid ?? (await retrieveLocationUid(config.storage.path, published.retrieveLocationUid))
  const settings = manifestSettings(config, checkedUid(locationUid))
  return { catalog, storage, settings: () => settings, now: Date.now }
}

/** The same for commands that decide something. */
export async function actionParts(parts: Parts): Promise<ActionParts> {
  return { ...(await manifestParts(parts)), path: parts.config.storage.path }
}
