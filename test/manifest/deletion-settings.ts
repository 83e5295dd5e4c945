/** Settings of the manifest stage for a process of its own: nothing of the test tools. */
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { uid } from '../../src/dicom/uid.ts'
import type { ManifestSettings } from '../../src/manifest/build-manifest.ts'
import { dialectDefaults } from './sample-study.ts'

export const settings: ManifestSettings = {
  aeTitle: aeTitle('ARIANE'),
  retrieveLocationUid: uid('2.25.123456789012345678901234567890'),
  timezone: 'Europe/Paris',
  seriesNumber: 59,
  mixedLevels: 'split',
  ...dialectDefaults,
  targets: [{ name: 'drop', dialect: 'xds-i', levels: ['N'] }],
}
