import { describe, expect, it } from 'vitest'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import type { IndexKeys } from '../../src/dicom/index-attributes.ts'
import { uid } from '../../src/dicom/uid.ts'
import { instance, temporaryCatalog, temporaryFile } from './catalog-material.ts'

const record = (version: number) => ({
  sopInstanceUid: uid(`1.9.${version}`),
  studyInstanceUid: uid('1.1'),
  confidentiality: 'N' as const,
  dialect: 'xds-i',
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

describe('the manifest in force says which identity was decided on', () => {
  const of = (version: number, patient: IndexKeys) => ({ ...record(version), createdAt: 9e12 + version, instanceCount: 9, patient })

  async function undecided(one: IndexKeys = { PatientID: 'A' }, other: IndexKeys = { PatientID: 'B' }) {
    const catalog = temporaryCatalog()
    await catalog.keep(instance(1, 1, 1, one))
    await catalog.keep(instance(1, 1, 2, other))
    return catalog
  }

  it.each([[[1, 2]], [[2, 1]]])('whichever of two comes first: %j', async (order) => {
    const catalog = await undecided()
    for (const version of order) await catalog.restoreManifest(of(version, { PatientID: version === 1 ? 'A' : 'B' }))
    expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ inConflict: false, keys: { PatientID: 'B' } })
  })

  it('an older one decides nothing where the newest cannot be followed', async () => {
    const catalog = await undecided()
    await catalog.restoreManifest(of(1, { PatientID: 'A' }))
    expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ inConflict: false })
    await catalog.restoreManifest(of(2, { PatientID: 'C' }))
    expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ inConflict: true })
  })

  it('what its patient lacks contradicts nothing, but two that are as good are none', async () => {
    const completed = await undecided({ PatientID: 'A', IssuerOfPatientID: 'H1' }, { PatientID: 'B' })
    await completed.restoreManifest(of(1, { PatientID: 'A' }))
    expect(await completed.findStudy(uid('1.1'))).toMatchObject({ inConflict: false, keys: { PatientID: 'A' } })
    const both = await undecided({ PatientID: 'A', IssuerOfPatientID: 'H1' }, { PatientID: 'A', IssuerOfPatientID: 'H2' })
    await both.restoreManifest(of(1, { PatientID: 'A' }))
    expect(await both.findStudy(uid('1.1'))).toMatchObject({ inConflict: true })
  })

  it('never against a decision that is in the catalog', async () => {
    const catalog = await undecided()
    await catalog.resolveStudy(uid('1.1'), 2)
    await catalog.restoreManifest(of(1, { PatientID: 'A' }))
    expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ inConflict: false, keys: { PatientID: 'B' } })
    await catalog.settleStudy(uid('1.1'), 3)
    await catalog.restoreManifest(of(2, { PatientID: 'A' }))
    expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ inConflict: false, keys: { PatientID: 'B' } })
  })
})
