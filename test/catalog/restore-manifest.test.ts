import { expect, it } from 'vitest'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { uid } from '../../src/dicom/uid.ts'
import { temporaryFile } from './catalog-material.ts'

const record = (version: number) => ({
  sopInstanceUid: uid(`1.9.${version}`),
  studyInstanceUid: uid('1.1'),
  seriesInstanceUid: uid('1.9'),
  version,
  contentDigest: '',
  instanceCount: version,
  createdAt: 1000 * version,
  reason: 'rebuilt from its file',
})

it('records that come back in any order form one chain: the highest version in force, each other one superseded by the next', async () => {
  const catalog = openCatalog(temporaryFile())
  for (const version of [2, 4, 1]) await catalog.restoreManifest(record(version))
  await catalog.restoreManifest(record(2))
  const chain = await catalog.manifestsOf(uid('1.1'))
  expect(chain.map((one) => [one.version, one.state, one.supersededBy])).toEqual([
    [4, 'in force', undefined],
    [2, 'superseded', '1.9.4'],
    [1, 'superseded', '1.9.2'],
  ])
  expect(await catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
  await catalog.close()
})
