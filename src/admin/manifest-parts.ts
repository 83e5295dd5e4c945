/** What the manifest stage works with, for commands that build or preview. */
import { aeTitle } from '../dicom/ae-title.ts'
import type { ManifestParts } from '../manifest/build-manifest.ts'
import { targetsOf } from '../manifest/chains.ts'
import { publishedNames } from '../manifest/published-names.ts'
import { retrieveLocationUid } from '../storage/node-identity.ts'
import { checkedUid } from './named-manifest.ts'
import type { Parts } from './open-parts.ts'

export async function manifestParts({ config, storage, catalog }: Parts): Promise<ManifestParts> {
  const published = await publishedNames({ catalog, storage })
  const locationUid = config.manifest.retrieveLocationUid ?? (await retrieveLocationUid(config.storage.path, published.retrieveLocationUid))
  const settings = {
    ...config.manifest,
    aeTitle: aeTitle(config.aeTitle),
    retrieveLocationUid: checkedUid(locationUid),
    mixedLevels: config.confidentiality.mixed,
    targets: targetsOf(config.publish),
  }
  return { catalog, storage, settings: () => settings, now: Date.now }
}
