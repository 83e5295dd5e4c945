import { expect, it } from 'vitest'
import type { ManifestRecord } from '../../src/catalog/contract.ts'
import { uid } from '../../src/dicom/uid.ts'
import { findAll, instance, KOS, query, RULES, temporaryCatalog, temporaryFile } from './catalog-material.ts'

const STUDY = uid('1.1')
const QUIET_MS = RULES.quietSeconds * 1000

function made(version: number, targets: readonly string[] = ['drop'], study = 1) {
  const facts = instance(study, 9, version, { Modality: 'KO', SeriesNumber: '9' }, { role: 'manifest', sopClassUid: KOS })
  const record: ManifestRecord = {
    sopInstanceUid: facts.sopInstanceUid,
    studyInstanceUid: facts.studyInstanceUid,
    confidentiality: 'N',
    dialect: 'xds-i',
    seriesInstanceUid: facts.seriesInstanceUid,
    version,
    contentDigest: `digest ${version}`,
    state: 'in force',
    instanceCount: version,
    createdAt: 5000 + version,
    reason: 'quiet for 60 s',
  }
  return { kind: 'made', facts, record, targets, actor: 'ariane' } as const
}

it('lists studies with work, oldest first, until settled at the revision they have', async () => {
  const catalog = temporaryCatalog()
  expect((await catalog.studiesWaiting(1)).items).toEqual([])
  await catalog.keep(instance(1, 1, 1, {}, { receivedAt: 300 }))
  await catalog.keep(instance(2, 1, 1, {}, { receivedAt: 200 }))
  await catalog.keep(instance(3, 1, 1, {}, { receivedAt: 100 }))
  await catalog.keep(instance(3, 1, 2, { PatientID: 'other' }, { receivedAt: 100 }))
  const pending = async (quietSince: number, limit: number) => catalog.studiesPending(RULES, quietSince + QUIET_MS, limit)
  const due = async (quietSince: number, limit = 10) =>
    (await pending(quietSince, limit))
      .filter((study) => study.due.at <= quietSince + QUIET_MS)
      .map(({ studyInstanceUid }) => studyInstanceUid)
  expect(await due(199)).toEqual([])
  expect(await due(200)).toEqual(['1.2'])
  expect(await due(300)).toEqual(['1.2', '1.1'])
  expect(await due(300, 1)).toEqual(['1.2'])
  const [state] = await pending(300, 1)
  expect(state).toMatchObject({ revision: 1, manifestRevision: 0, pendingSince: 200, due: { at: 200 + QUIET_MS, signal: 'quiet' } })
  await catalog.keep(instance(2, 1, 2, {}, { receivedAt: 250 }))
  await catalog.settleStudy(uid('1.2'), state!.revision)
  expect(await due(300)).toEqual(['1.2', '1.1'])
  await catalog.settleStudy(uid('1.2'), 2)
  await catalog.settleStudy(uid('1.2'), 1)
  expect(await due(300)).toEqual(['1.1'])
  expect(await pending(0, 1)).toMatchObject([{ lastReceivedAt: 300 }])
  await expect(catalog.settleStudy(uid('1.99'), 1)).rejects.toMatchObject({ code: 'CATALOG_FAILED' })
})

it('keeps manifest, record, succession and deliveries in one step', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1))
  await catalog.settleStudy(STUDY, 1, [made(1, ['drop', 'registry'])])
  await catalog.keep(instance(1, 1, 2))
  await catalog.settleStudy(STUDY, 2, [made(2)])
  expect(await catalog.findStudy(STUDY)).toMatchObject({ revision: 2, manifestRevision: 2 })
  expect(await catalog.manifestsOf(STUDY)).toEqual([made(2).record, { ...made(1).record, state: 'superseded', supersededBy: '1.1.9.2' }])
  expect(await catalog.findManifest(uid('1.1.9.1'))).toMatchObject({ state: 'superseded' })
  expect(await catalog.findInstance(uid('1.1.9.2'))).toMatchObject({ role: 'manifest' })
  expect(await catalog.totals()).toMatchObject({ series: 1, instances: 2, manifestsInForce: 1, deliveriesWaiting: 1 })
  expect((await catalog.deliveriesDue(9000, 10)).map(({ target, manifestUid }) => [target, manifestUid])).toEqual([['drop', '1.1.9.2']])
})

it('keeps nothing of a manifest whose UID or version is taken', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1))
  await catalog.settleStudy(STUDY, 1, [made(1)])
  await catalog.keep(instance(1, 1, 2))
  const again = made(2)
  await expect(catalog.settleStudy(STUDY, 2, [{ ...again, record: { ...again.record, version: 1 } }])).rejects.toMatchObject({
    code: 'CATALOG_FAILED',
  })
  await expect(catalog.settleStudy(STUDY, 2, [made(1)])).rejects.toMatchObject({ code: 'CATALOG_FAILED' })
  expect(await catalog.findInstance(uid('1.1.9.2'))).toBeUndefined()
  expect(await catalog.findStudy(STUDY)).toMatchObject({ manifestRevision: 1 })
  expect(await catalog.manifestsOf(STUDY)).toEqual([made(1).record])
  expect(await catalog.deliveriesDue(9000, 10)).toHaveLength(1)
})

it('lists all manifests newest first, page by page', async () => {
  const catalog = temporaryCatalog()
  for (let study = 1; study <= 5; study++) {
    await catalog.keep(instance(study))
    await catalog.settleStudy(uid(`1.${study}`), 1, [made(study % 2 === 0 ? 1 : 2, [], study)])
  }
  const seen: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await catalog.manifests(2, after)
    seen.push(...page.items.map(({ studyInstanceUid }) => studyInstanceUid))
    if (page.next === undefined) break
    after = page.next
  }
  expect(seen).toEqual(['1.5', '1.3', '1.1', '1.4', '1.2'])
})

it('hands out deliveries when their time has come, after a restart too', async () => {
  const file = temporaryFile()
  const first = temporaryCatalog(file)
  await first.keep(instance(1))
  await first.settleStudy(STUDY, 1, [made(1, ['a', 'b'])])
  expect(await first.earliestDelivery()).toBe(5001)
  expect(await first.deliveriesDue(5000, 10)).toEqual([])
  const [a, b] = await first.deliveriesDue(5001, 10)
  await first.settleDelivery(a!.id, { state: 'waiting', attempts: 1, nextAttemptAt: 7000, lastError: 'no route' })
  await first.settleDelivery(b!.id, { state: 'done', attempts: 1, nextAttemptAt: 0 })
  const second = temporaryCatalog(file)
  expect(await second.deliveriesDue(6999, 10)).toEqual([])
  expect(await second.deliveriesDue(7000, 10)).toEqual([
    {
      ...{ id: a!.id, target: 'a', manifestUid: '1.1.9.1', action: 'publish', state: 'waiting', attempts: 1, nextAttemptAt: 7000 },
      lastError: 'no route',
    },
  ])
  await second.settleDelivery(a!.id, { state: 'failed', attempts: 2, nextAttemptAt: 0 })
  expect(await second.earliestDelivery()).toBeUndefined()
  await expect(second.settleDelivery(999, { state: 'done', attempts: 1, nextAttemptAt: 0 })).rejects.toMatchObject({
    code: 'CATALOG_FAILED',
  })
})

it('gives as evidence the content of a study in manifest order, and nothing else', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 2, 1, { SeriesNumber: '10' }))
  await catalog.keep(instance(1, 1, 2, { SeriesNumber: '9', AccessionNumber: 'A', SeriesDescription: 'nine' }))
  await catalog.keep(instance(1, 1, 10, { SeriesNumber: '9' }))
  await catalog.keep(instance(1, 1, 3, { SeriesNumber: '9', InstanceNumber: undefined }))
  await catalog.keep(instance(1, 3, 1, {}, { role: 'foreign-manifest', sopClassUid: KOS }))
  await catalog.keep(instance(1, 3, 2, {}, { role: 'rejection-note', sopClassUid: KOS }))
  await catalog.settleStudy(STUDY, 6, [made(1)])
  const evidence = await catalog.evidence(STUDY)
  expect(
    evidence.map(({ seriesInstanceUid, instances }) => [seriesInstanceUid, instances.map(({ sopInstanceUid }) => sopInstanceUid)]),
  ).toEqual([
    ['1.1.1', ['1.1.1.2', '1.1.1.10', '1.1.1.3']],
    ['1.1.2', ['1.1.2.1']],
  ])
  expect(evidence[0]).toMatchObject({ keys: { SeriesDescription: 'nine', Modality: 'CT' }, instances: [{ instanceNumber: '2' }, {}, {}] })
  expect(await catalog.findStudy(STUDY)).toMatchObject({ keys: { AccessionNumber: 'A' } })
  expect(await catalog.evidence(uid('1.99'))).toEqual([])
})

it('gives the evidence of 20,000 instances at once, each once', async () => {
  const catalog = temporaryCatalog()
  await Promise.all(
    Array.from({ length: 20_000 }, (_, at) => catalog.keep(instance(1, 1 + (at % 7), at, { InstanceNumber: String(at % 50) }))),
  )
  const start = performance.now()
  const evidence = await catalog.evidence(STUDY)
  expect(performance.now() - start).toBeLessThan(500)
  expect(new Set(evidence.flatMap(({ instances }) => instances.map(({ sopInstanceUid }) => sopInstanceUid))).size).toBe(20_000)
  expect(evidence.reduce((sum, { instances }) => sum + instances.length, 0)).toBe(20_000)
  expect(await findAll(catalog, query('SERIES'))).toHaveLength(7)
})
