import { expect, it } from 'vitest'
import type { StorageKey } from '../../src/catalog/contract.ts'
import { openDatabase } from '../../src/catalog/database.ts'
import { catalogOn } from '../../src/catalog/sqlite-catalog.ts'
import { uid } from '../../src/dicom/uid.ts'
import { NodeError } from '../../src/errors.ts'
import { findAll, instance, KOS, query, temporaryCatalog, temporaryFile } from './catalog-material.ts'

const counts = ['NumberOfStudyRelatedSeries', 'NumberOfStudyRelatedInstances', 'NumberOfPatientRelatedStudies'] as const

it('takes one new study from eight keepers at once', async () => {
  const catalog = temporaryCatalog()
  const keeper = async (series: number) => {
    for (let number = 1; number <= 50; number++)
      expect(await catalog.keep(instance(1, series, number))).toEqual({ kind: 'kept', conflict: false })
  }
  await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(keeper))
  const [study, ...others] = await findAll(catalog, query('STUDY', [], { derived: counts }))
  expect(others).toEqual([])
  expect(study).toMatchObject({ NumberOfStudyRelatedSeries: '8', NumberOfStudyRelatedInstances: '400', NumberOfPatientRelatedStudies: '1' })
  expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ revision: 400, manifestRevision: 0, lastReceivedAt: 1_000_050 })
})

it('lets a row that cannot be kept spoil no other of its group', async () => {
  const catalog = temporaryCatalog()
  const storageKey = 'instances/2026/11/23/same.dcm' as StorageKey
  const outcomes = await Promise.allSettled([
    catalog.keep(instance(1, 1, 1, {}, { storageKey })),
    catalog.keep(instance(1, 1, 2, {}, { storageKey })),
    catalog.keep(instance(1, 1, 3)),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(outcomes[1]).toMatchObject({ reason: { code: 'CATALOG_FAILED', retry: 'transient' } })
  expect((await findAll(catalog, query('IMAGE'))).map((match) => match.InstanceNumber)).toEqual(['1', '3'])
  expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ revision: 2 })
})

it('rejects the whole group and keeps nothing of it when there is no room, and goes on when there is', async () => {
  const db = openDatabase(temporaryFile())
  const catalog = catalogOn(db)
  await catalog.keep(instance(1))
  const pages = db.pragma('page_count', { simple: true }) as number
  db.pragma(`max_page_count = ${pages}`)
  const text = 'x'.repeat(5000)
  const group = await Promise.allSettled([2, 3, 4].map((study) => catalog.keep(instance(study, 1, 1, { StudyDescription: text }))))
  for (const outcome of group) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CATALOG_FAILED', status: 0xa700 } })
  expect(await findAll(catalog, query('STUDY'))).toHaveLength(1)
  db.pragma('max_page_count = 1000000')
  expect(await catalog.keep(instance(2, 1, 1, { StudyDescription: text }))).toMatchObject({ kind: 'kept' })
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(db.pragma('foreign_key_check')).toEqual([])
  await catalog.close()
})

it('rejects with CATALOG_FAILED while another process holds the file, and after close', async () => {
  const file = temporaryFile()
  const db = openDatabase(file)
  db.pragma('busy_timeout = 50')
  const catalog = catalogOn(db)
  const other = openDatabase(file)
  other.exec('BEGIN IMMEDIATE')
  await expect(Promise.all([catalog.keep(instance(1)), catalog.note('a', 'b')])).rejects.toMatchObject({ code: 'CATALOG_FAILED' })
  other.exec('ROLLBACK')
  expect(await catalog.keep(instance(1))).toMatchObject({ kind: 'kept' })
  other.close()
  await catalog.close()
  await expect(catalog.keep(instance(2))).rejects.toBeInstanceOf(NodeError)
  await expect(catalog.find(query('STUDY'), 10)).rejects.toMatchObject({ code: 'CATALOG_FAILED' })
})

it('tells an identical instance from a different one, and replaces only when asked', async () => {
  const catalog = temporaryCatalog()
  const first = instance(1, 1, 1, { ImageType: 'ORIGINAL' })
  await catalog.keep(first)
  expect(await catalog.keep(instance(1))).toMatchObject({ kind: 'identical', existing: { storageKey: first.storageKey } })
  const other = instance(1, 1, 1, { ImageType: 'DERIVED' }, { sha256: 'f'.repeat(64) })
  expect(await catalog.keep(other)).toMatchObject({ kind: 'different', existing: { sha256: first.sha256 } })
  expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ revision: 1 })
  expect(await catalog.keep(other, { replace: true })).toMatchObject({ kind: 'replaced', former: { storageKey: first.storageKey } })
  expect(await catalog.findInstance(first.sopInstanceUid)).toMatchObject({ storageKey: other.storageKey, keys: { ImageType: 'DERIVED' } })
  expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ revision: 2 })
})

it('moves no SOP instance to another series or study, replace or not', async () => {
  const catalog = temporaryCatalog()
  const first = instance(1)
  await catalog.keep(first)
  for (const elsewhere of [
    { ...first, seriesInstanceUid: uid('1.1.9') },
    { ...first, studyInstanceUid: uid('1.9') },
  ]) {
    expect(await catalog.keep(elsewhere, { replace: true })).toMatchObject({ kind: 'different', existing: { studyInstanceUid: '1.1' } })
  }
  expect(await findAll(catalog, query('STUDY'))).toHaveLength(1)
  expect(await findAll(catalog, query('SERIES'))).toHaveLength(1)
})

it('keeps a series UID apart in two studies', async () => {
  const catalog = temporaryCatalog()
  const seriesInstanceUid = uid('1.7.7')
  await catalog.keep(instance(1, 1, 1, {}, { seriesInstanceUid }))
  await catalog.keep(instance(2, 1, 1, {}, { seriesInstanceUid }))
  const found = await findAll(catalog, query('SERIES', [], { derived: ['NumberOfSeriesRelatedInstances'] }))
  expect(found.map((match) => [match.StudyInstanceUID, match.SeriesInstanceUID, match.NumberOfSeriesRelatedInstances])).toEqual([
    ['1.2', '1.7.7', '1'],
    ['1.1', '1.7.7', '1'],
  ])
})

it('keeps the first value above the instance and fills what was missing', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(
    instance(1, 1, 1, { StudyDescription: undefined, StudyDate: undefined, PatientSex: undefined, SeriesDescription: 'first' }),
  )
  await catalog.keep(
    instance(1, 1, 2, { StudyDescription: 'Chest', StudyDate: '2026.02.03', PatientSex: 'F', SeriesDescription: 'second' }),
  )
  await catalog.keep(instance(1, 1, 3, { StudyDescription: 'Other', StudyDate: '20270101', PatientSex: 'M', PatientName: 'Durand^A' }))
  const condition = { keyword: 'StudyDate', kind: 'value', value: '20260203' } as const
  expect(await findAll(catalog, query('SERIES', [condition]))).toMatchObject([
    { StudyDescription: 'Chest', StudyDate: '2026.02.03', PatientSex: 'F', SeriesDescription: 'first', PatientName: 'Dupont^Jean' },
  ])
  expect(await findAll(catalog, query('PATIENT'))).toMatchObject([{ PatientSex: 'F', PatientName: 'Dupont^Jean' }])
})

it('holds each request item of a series once', async () => {
  const catalog = temporaryCatalog()
  const request = (id: string) => JSON.stringify([{ '00401001': { vr: 'SH', Value: [id] } }])
  for (const [number, id] of ['A', 'B', 'A', 'B', 'C'].entries()) {
    await catalog.keep(instance(1, 1, number + 1, { RequestAttributesSequence: request(id) }))
  }
  await catalog.keep(instance(1, 1, 9, { RequestAttributesSequence: 'no JSON' }))
  const [series] = await catalog.evidence(uid('1.1'))
  const items: unknown = JSON.parse(series!.keys.RequestAttributesSequence!)
  expect(items).toEqual(['A', 'B', 'C'].map((id) => ({ '00401001': { vr: 'SH', Value: [id] } })))
})

it('keeps a manifest of our own without touching its study, and lets nobody replace it', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1))
  const before = await catalog.findStudy(uid('1.1'))
  const manifest = instance(
    1,
    9,
    1,
    { Modality: 'KO', PatientID: 'other', StudyID: 'S' },
    { role: 'manifest', sopClassUid: KOS, receivedAt: 9e12 },
  )
  expect(await catalog.keep(manifest)).toEqual({ kind: 'kept', conflict: false })
  expect(await catalog.findStudy(uid('1.1'))).toEqual(before)
  const forged = { ...manifest, role: 'foreign-manifest', sha256: '0'.repeat(64) } as const
  expect(await catalog.keep(forged, { replace: true })).toMatchObject({ kind: 'different' })
})

it('syncs every commit but that of new instances, which their files say too', async () => {
  const db = openDatabase(temporaryFile())
  const own = catalogOn(db)
  const syncs = () => db.pragma('synchronous', { simple: true })
  const FULL = 2
  const NORMAL = 1
  await own.keep(instance(1, 1, 1))
  expect(syncs()).toBe(NORMAL)
  await own.keep(instance(1, 1, 1, {}, { sha256: 'other bytes', storageKey: 'instances/other.dcm' as StorageKey }), { replace: true })
  expect(syncs()).toBe(FULL)
  await Promise.all([own.keep(instance(1, 1, 2)), own.note('a', 'b')])
  expect(syncs()).toBe(FULL)
  await own.keep(instance(1, 1, 3))
  expect(syncs()).toBe(NORMAL)
  await own.forget(uid('1.1.1.3'))
  expect(syncs()).toBe(FULL)
  await own.close()
})

it('forgets a row and what becomes empty above it', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1))
  await catalog.keep(instance(1, 2, 1))
  await catalog.keep(instance(2, 1, 1, { PatientID: 'P2' }))
  expect(await catalog.forget(uid('1.1.2.1'), 'instances/another.dcm' as StorageKey)).toBe(false)
  expect(await catalog.forget(uid('1.1.2.1'), (await catalog.findInstance(uid('1.1.2.1')))!.storageKey)).toBe(true)
  expect(await findAll(catalog, query('SERIES', [{ keyword: 'StudyInstanceUID', kind: 'value', value: '1.1' }]))).toHaveLength(1)
  expect(await catalog.findStudy(uid('1.1'))).toMatchObject({ revision: 3 })
  expect(await catalog.forget(uid('1.1.1.1'))).toBe(true)
  expect(await catalog.forget(uid('1.1.1.1'))).toBe(false)
  expect(await catalog.findStudy(uid('1.1'))).toBeUndefined()
  expect(await findAll(catalog, query('PATIENT'))).toMatchObject([{ PatientID: 'P2' }])
  expect(await catalog.totals()).toMatchObject({ patients: 1, studies: 1, series: 1, instances: 1, bytes: 1000 })
})
