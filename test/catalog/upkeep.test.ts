import { expect, it } from 'vitest'
import type { Catalog, StorageKey } from '../../src/catalog/contract.ts'
import { uid } from '../../src/dicom/uid.ts'
import { instance, temporaryCatalog } from './catalog-material.ts'

const key = (at: number) => `instances/2026/11/${String(10 + (at % 10))}/${at}.dcm` as StorageKey

async function keys(catalog: Catalog, since?: number): Promise<string[]> {
  const all: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await catalog.files(3, after, since)
    all.push(...page.items.map(({ storageKey }) => storageKey))
    if (page.next === undefined) return all
    after = page.next
  }
}

it('lists files in key order, the recent ones in the order of reception', async () => {
  const catalog = temporaryCatalog()
  for (let at = 1; at <= 20; at++) await catalog.keep(instance(1, 1, at, {}, { storageKey: key(at), receivedAt: at }))
  const all = Array.from({ length: 20 }, (_, at) => key(at + 1) as string)
  expect(await keys(catalog)).toEqual(all.toSorted())
  expect(await keys(catalog, 12)).toEqual(all.slice(11))
  expect(await keys(catalog, 21)).toEqual([])
  expect(await catalog.lastEntryReceivedAt()).toBe(20)
  expect((await catalog.files(1)).items).toMatchObject([
    { sopInstanceUid: '1.1.1.10', studyInstanceUid: '1.1', keys: { InstanceNumber: '10' } },
  ])
})

it('lists recent files when nearly all are recent', async () => {
  const catalog = temporaryCatalog()
  expect(await catalog.lastEntryReceivedAt()).toBeUndefined()
  // Several were received in the same millisecond, and pages end among them.
  const receivedAt = (at: number) => Math.floor(at / 7)
  await Promise.all(
    Array.from({ length: 6000 }, (_, at) => catalog.keep(instance(1, 1, at, {}, { storageKey: key(at), receivedAt: receivedAt(at) }))),
  )
  const found: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await catalog.files(1000, after, receivedAt(504))
    found.push(...page.items.map(({ storageKey }) => storageKey))
    if (page.next === undefined) break
    after = page.next
  }
  expect(found).toEqual(Array.from({ length: 5496 }, (_, at) => key(at + 504) as string))
})

it('relocates a row to another file of the same instance, only while it names the former', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, {}, { storageKey: key(1) }))
  expect(await catalog.relocate(uid('1.1.1.1'), key(3), { storageKey: key(4), fileSizeBytes: 1, dataSetOffset: 1 })).toBe(false)
  expect(await catalog.relocate(uid('1.1.1.1'), key(1), { storageKey: key(2), fileSizeBytes: 77, dataSetOffset: 5 })).toBe(true)
  expect(await catalog.findByStorageKey(key(1))).toBeUndefined()
  expect(await catalog.findByStorageKey(key(2))).toMatchObject({ sopInstanceUid: '1.1.1.1', fileSizeBytes: 77, dataSetOffset: 5 })
  expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ revision: 1 })
})

it('gives back the facts of an instance as they were kept', async () => {
  const catalog = temporaryCatalog()
  const facts = instance(1, 1, 1, { IssuerOfPatientID: 'H', StudyDescription: 'Thorax', BodyPartExamined: 'CHEST', ImageType: 'A\\B' })
  await catalog.keep(facts)
  const { keys: values, ...rest } = (await catalog.findInstance(facts.sopInstanceUid))!
  expect(rest).toEqual({ ...facts, keys: undefined })
  expect(values).toMatchObject(facts.keys)
})

it('counts who knocked, the newest thousand of them', async () => {
  const catalog = temporaryCatalog()
  const seen = { callingAeTitle: 'CT1', calledAeTitle: 'ARIANE', address: '10.0.0.1' }
  await catalog.notePeer({ ...seen, outcome: 'rejected', reason: 'calling AE title not known', at: 10 })
  await catalog.notePeer({ ...seen, outcome: 'accepted', reason: '', at: 20 })
  expect(await catalog.peersSeen()).toEqual([{ ...seen, outcome: 'accepted', reason: '', firstSeenAt: 10, lastSeenAt: 20, count: 2 }])
  await Promise.all(
    Array.from({ length: 1500 }, (_, at) =>
      catalog.notePeer({ ...seen, address: `10.1.${at >> 8}.${at & 255}`, outcome: 'rejected', reason: 'x', at: 100 + at }),
    ),
  )
  const peers = await catalog.peersSeen()
  expect(peers).toHaveLength(1000)
  expect([peers[0]!.lastSeenAt, peers.at(-1)!.lastSeenAt]).toEqual([1599, 600])
})

it('notes small facts', async () => {
  const catalog = temporaryCatalog()
  expect(await catalog.noted('cleanStop')).toBeUndefined()
  await catalog.note('cleanStop', 'no')
  await catalog.note('cleanStop', 'yes')
  expect(await catalog.noted('cleanStop')).toBe('yes')
})

it('counts what there is', async () => {
  const catalog = temporaryCatalog()
  expect(await catalog.totals()).toEqual({
    patients: 0,
    studies: 0,
    series: 0,
    instances: 0,
    bytes: 0,
    manifestsInForce: 0,
    deliveriesWaiting: 0,
    studiesInConflict: 0,
  })
  await catalog.keep(instance(1, 1, 1))
  await catalog.keep(instance(1, 2, 1, { PatientID: 'other' }))
  expect(await catalog.totals()).toMatchObject({ patients: 1, studies: 1, series: 2, instances: 2, bytes: 2000, studiesInConflict: 1 })
})
