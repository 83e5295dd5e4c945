/** What the manifest stage is told of the configuration, the same for the node and for commands.
 *
 *  Does not: say which Retrieve Location UID is right (storage/node-identity.ts). */
import { retrieveUrlOf } from '../config/retrieve-url.ts'
import type { Config } from '../config/settings.ts'
import { aeTitle } from '../dicom/ae-title.ts'
import type { Uid } from '../dicom/uid.ts'
import type { ManifestSettings } from './build-manifest.ts'
import { targetsOf } from './chains.ts'

export function manifestSettings(config: Config, retrieveLocationUid: Uid): ManifestSettings {
  const { manifest, confidentiality, publish } = config
  const titles = { aeTitle: aeTitle(config.aeTitle), retrieveLocationUid }
  return { ...manifest, ...titles, retrieveUrl: retrieveUrlOf(config), mixedLevels: confidentiality.mixed, targets: targetsOf(publish) }
}
