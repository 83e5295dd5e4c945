/** What the catalog remembers of the studies that arrive is true after everything that changes their rows. */
import { expect, it } from 'vitest'
import { openDatabase } from '../../src/catalog/database.ts'
import { PlaceMemory } from '../../src/catalog/place-memory.ts'
import { catalogOn } from '../../src/catalog/sqlite-catalog.ts'
import { uid } from '../../src/dicom/uid.ts'
import { findAll, instance, query, temporaryCatalog, temporaryFile } from './catalog-material.ts'

const STUDY = uid('1.1')

it('says of a conflict that has come, and of one that was resolved', async () => {
  const catalog = temporaryCatalog()
  const keep = async (number: number, PatientID: string) =>
    (await catalog.keep(instance(1, 1, number, { PatientID }))) as { conflict: boolean }
  expect(await keep(1, 'A')).toMatchObject({ conflict: false })
  expect(await keep(2, 'A')).toMatchObject({ conflict: false })
  expect(await keep(3, 'B')).toMatchObject({ conflict: true })
  expect(await keep(4, 'A')).toMatchObject({ conflict: true })
  await catalog.resolveStudy(STUDY, 1)
  expect(await keep(5, 'A')).toMatchObject({ conflict: false })
  expect(await keep(6, 'B')).toMatchObject({ conflict: false })
  expect(await catalog.identitiesOf(STUDY)).toMatchObject([{ instances: 4 }, { instances: 2 }])
})

it('gives values that were missing to the rows, and what belongs to the instance to the instance', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { Rows: '32' }))
  await catalog.keep(instance(1, 1, 2, { StudyDescription: 'Thorax', SeriesDescription: 'Lung', PatientSex: 'F', Rows: '64' }))
  await catalog.keep(instance(1, 1, 3, { Rows: '128' }))
  expect(await findAll(catalog, query('IMAGE'))).toMatchObject(
    ['32', '64', '128'].map((Rows) => ({ StudyDescription: 'Thorax', SeriesDescription: 'Lung', PatientSex: 'F', Rows })),
  )
})

it('makes the rows anew when the last instance of a study was forgotten', async () => {
  const catalog = temporaryCatalog()
  for (const number of [1, 2]) await catalog.keep(instance(1, 1, number))
  for (const number of [1, 2])
    await catalog.forget(uid(`1.1.1.${number}`), (await catalog.findInstance(uid(`1.1.1.${number}`)))!.storageKey)
  expect(await catalog.findStudy(STUDY)).toBeUndefined()
  expect(await catalog.keep(instance(1, 1, 3))).toEqual({ kind: 'kept', conflict: false })
  expect(await findAll(catalog, query('IMAGE'))).toHaveLength(1)
})

it('makes the rows anew when another process has removed them', async () => {
  const file = temporaryFile()
  const [ours, theirs] = [temporaryCatalog(file), temporaryCatalog(file)]
  for (const number of [1, 2]) await ours.keep(instance(1, 1, number))
  for (const number of [1, 2]) await theirs.forget(uid(`1.1.1.${number}`), (await ours.findInstance(uid(`1.1.1.${number}`)))!.storageKey)
  expect(await ours.keep(instance(1, 1, 3))).toEqual({ kind: 'kept', conflict: false })
  expect(await findAll(theirs, query('IMAGE'))).toHaveLength(1)
})

it('does not remember rows of a group that could not be committed', async () => {
  const db = openDatabase(temporaryFile())
  const catalog = catalogOn(db)
  await catalog.keep(instance(1))
  db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`)
  const text = 'x'.repeat(5000)
  const large = (number: number) => catalog.keep(instance(2, 1, number, { StudyDescription: text }))
  for (const outcome of await Promise.allSettled([1, 2, 3].map(large))) expect(outcome.status).toBe('rejected')
  db.pragma('max_page_count = 1000000')
  for (const number of [1, 2, 3]) expect(await large(number)).toEqual({ kind: 'kept', conflict: false })
  expect(db.pragma('foreign_key_check')).toEqual([])
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  await catalog.close()
})

it('does not remember rows that went with a job that failed', async () => {
  const catalog = temporaryCatalog()
  const { storageKey } = instance(9)
  const outcomes = await Promise.allSettled([
    catalog.keep(instance(1, 1, 1, {}, { storageKey })),
    catalog.keep(instance(2, 1, 1, {}, { storageKey })),
    catalog.keep(instance(2, 1, 2)),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await findAll(catalog, query('IMAGE'))).toHaveLength(2)
})

it('keeps instances whose headers all differ, as many as there are', async () => {
  const catalog = temporaryCatalog()
  const some = Array.from({ length: 300 }, (_, at) => instance(at % 100, 1, at + 1, { OperatorsName: `Operator^${at}` }))
  for (const one of some) expect(await catalog.keep(one)).toMatchObject({ kind: 'kept' })
  expect(await findAll(catalog, query('STUDY'))).toHaveLength(100)
})

it('does not take values for each other whose texts meet in the same way', async () => {
  const catalog = temporaryCatalog()
  // A peer may send any byte inside of a value.
  await catalog.keep(instance(1, 1, 1, { PatientName: 'A\u0000B', PatientID: 'C', IssuerOfPatientID: 'D' }))
  expect(await catalog.keep(instance(1, 1, 2, { PatientName: 'A', PatientID: 'B\u0000C', IssuerOfPatientID: 'D' }))).toMatchObject({
    conflict: true,
  })
  expect(await catalog.keep(instance(1, 1, 3, { PatientName: 'A', PatientID: 'B', IssuerOfPatientID: 'C\u0000D' }))).toMatchObject({
    conflict: true,
  })
  expect(await catalog.identitiesOf(STUDY)).toMatchObject([{ instances: 1 }, { instances: 1 }, { instances: 1 }])
})

it('does not remember what is long: a peer may send megabytes above the instance, in every study', () => {
  const memory = new PlaceMemory()
  const place = { studyId: 1, seriesId: 1, identityId: 1, conflict: false, isRejecting: false }
  const [short, long] = ['x'.repeat(8 * 1024), 'x'.repeat(8 * 1024 + 1)]
  for (const brought of [short, long]) memory.remember('1.1', brought, place)
  expect(memory.find('1.1', short)).toBe(place)
  expect(memory.find('1.1', long)).toBeUndefined()
})
