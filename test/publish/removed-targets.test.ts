/** Deliveries to a target that was taken out of the configuration, and comes back; targets whose dialect wants what nobody configured. */
import { afterAll, expect, it } from 'vitest'
import { newUid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { missingIssuers } from '../../src/manifest/missing-issuers.ts'
import { seeToRemovedTargets } from '../../src/publish/removed-targets.ts'
import { runAriane } from '../admin/run-ariane.ts'
import { holdNothing, receive, target } from '../manifest/held-studies.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { temporaryFolder } from '../storage/temporary-storage.ts'

silenceLog()
afterAll(closeAll)

it('are closed with the reason, listed, and go on when the target is back', async () => {
  const held = await holdNothing({ settings: { targets: [target('gone'), target('stays')] } })
  const { catalog, path } = held
  const study = newUid()
  await receive(held, { study })
  await buildManifest(held.parts, study, 'test')
  const due = async () => (await catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 10)).map((one) => one.target).sort()
  expect(await due()).toEqual(['gone', 'stays'])
  await seeToRemovedTargets(catalog, ['stays'], 5)
  await seeToRemovedTargets(catalog, ['stays'], 5)
  expect(await due()).toEqual(['stays'])
  expect((await catalog.deliveriesOpen(10)).items).toMatchObject([
    { target: 'gone', state: 'failed', lastError: 'its target is not in the configuration' },
    { target: 'stays', state: 'waiting' },
  ])
  const run = (...args: string[]) => runAriane(temporaryFolder(), ['manifest', 'deliveries', ...args], { ARIANE_STORAGE_PATH: path })
  expect((await run()).stdout).toMatch(/gone +publish +failed .*its target is not in the configuration/)
  const [failed, ...others] = (await run('--failed', '--json')).stdout.trim().split('\n')
  expect([JSON.parse(failed!), others]).toMatchObject([{ target: 'gone', isConfigured: false }, []])
  await seeToRemovedTargets(catalog, ['gone', 'stays'], 7)
  expect(await due()).toEqual(['gone', 'stays'])
})

it('leaves alone what failed for another reason', async () => {
  const held = await holdNothing({ settings: { targets: [target('gone')] } })
  const study = newUid()
  await receive(held, { study })
  await buildManifest(held.parts, study, 'test')
  const [one] = await held.catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 10)
  await held.catalog.settleDelivery(one!.id, { state: 'failed', attempts: 1, nextAttemptAt: 0, lastError: 'refused' })
  await seeToRemovedTargets(held.catalog, ['gone'], 7)
  expect((await held.catalog.deliveriesOpen(10)).items).toMatchObject([{ state: 'failed', lastError: 'refused' }])
})

it('names the settings that a dialect wants', () => {
  const publish = (['xds-i', 'mado', 'mado-fhir', 'drimbox'] as const).map((dialect) => ({ name: `to ${dialect}`, dialect }))
  const missing = (manifest: object) => missingIssuers({ publish, manifest } as unknown as Parameters<typeof missingIssuers>[0])
  expect(missing({ accessionIssuerOid: '1.2' }).map(({ target, settings }) => [target, settings])).toEqual([
    ['to mado', ['manifest.patientIdIssuerOid', 'manifest.placerIssuerOid']],
    ['to mado-fhir', ['manifest.patientIdIssuerOid', 'manifest.placerIssuerOid']],
  ])
  expect(missing({}).map(({ target }) => target)).toContain('to drimbox')
  expect(missing({ accessionIssuerOid: '1', patientIdIssuerOid: '2', placerIssuerOid: '3' })).toEqual([])
})
