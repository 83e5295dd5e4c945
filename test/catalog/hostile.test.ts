import { expect, it } from 'vitest'
import type { Condition } from '../../src/catalog/contract.ts'
import { openDatabase } from '../../src/catalog/database.ts'
import { catalogOn } from '../../src/catalog/sqlite-catalog.ts'
import { findAll, instance, query, temporaryCatalog, temporaryFile } from './catalog-material.ts'

it('takes %, _, brackets, quotes and backslash in names literally', async () => {
  const catalog = temporaryCatalog()
  const names = ['%', '_', '[a-z]', "O'Brien", '"quoted"', "'; DROP TABLE studies --", 'Plain', '(a+)+$', 'A%B', '\u0000x', '😀smile']
  for (const [at, PatientName] of names.entries()) await catalog.keep(instance(at + 1, 1, 1, { PatientName, PatientID: `${PatientName}` }))
  for (const [at, name] of names.entries()) {
    const byName = await findAll(catalog, query('STUDY', [{ keyword: 'PatientName', kind: 'value', value: name }]))
    expect(byName.map((match) => match.StudyInstanceUID)).toEqual([`1.${at + 1}`])
    const byId = await findAll(catalog, query('STUDY', [{ keyword: 'PatientID', kind: 'wildcard', pattern: `${name}*` }]))
    expect(byId.map((match) => match.StudyInstanceUID)).toContain(`1.${at + 1}`)
  }
  const some = await findAll(catalog, query('STUDY', [{ keyword: 'PatientName', kind: 'wildcard', pattern: 'a%?' }]))
  expect(some.map((match) => match.PatientName)).toEqual(['A%B'])
  expect(await findAll(catalog, query('STUDY'))).toHaveLength(names.length)
})

it('answers 64 times *? in the time of any other pattern', async () => {
  const catalog = temporaryCatalog()
  await Promise.all(
    Array.from({ length: 500 }, (_, at) =>
      catalog.keep(instance(at + 1, 1, 1, { StudyDescription: 'a'.repeat(64), PatientName: 'a'.repeat(64) })),
    ),
  )
  const pattern = `${'*?'.repeat(64)}b`
  const start = performance.now()
  for (const keyword of ['StudyDescription', 'PatientName', 'ReferringPhysicianName'] as const) {
    expect(await findAll(catalog, query('STUDY', [{ keyword, kind: 'wildcard', pattern }]))).toEqual([])
  }
  expect(performance.now() - start).toBeLessThan(2000)
})

it('looks once at each character of a key that seems to end again and again', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { InstanceNumber: '1', PatientComments: `x${' '.repeat(60_000)}y` }))
  const keys: Condition[] = [
    { keyword: 'PatientName', kind: 'value', value: `${'^'.repeat(60_000)}x` },
    { keyword: 'PatientName', kind: 'value', value: `x${' ^'.repeat(30_000)}x` },
    { keyword: 'PatientID', kind: 'value', value: `x${' '.repeat(60_000)}y` },
    { keyword: 'InstanceNumber', kind: 'value', value: `${'0'.repeat(60_000)}x` },
    { keyword: 'InstanceNumber', kind: 'value', value: `${' '.repeat(60_000)}x` },
  ]
  const start = performance.now()
  for (const key of keys) expect(await findAll(catalog, query('IMAGE', [key]))).toEqual([])
  expect(performance.now() - start).toBeLessThan(2000)
})

it('answers a list of 10,000 UIDs of 64 characters with a statement as long as for one', async () => {
  const file = temporaryFile()
  const db = openDatabase(file)
  const texts: string[] = []
  const prepare = db.prepare.bind(db)
  db.prepare = ((sql: string) => {
    texts.push(sql)
    return prepare(sql)
  }) as typeof db.prepare
  const catalog = catalogOn(db)
  await Promise.all([1, 2, 3].map((study) => catalog.keep(instance(study))))
  const values = [...Array.from({ length: 10_000 }, (_, at) => `1.${String(at).padStart(62, '9')}`), '1.2', '1.1']
  const list = (uids: readonly string[]): Condition => ({ keyword: 'StudyInstanceUID', kind: 'list', values: uids })
  expect(await findAll(catalog, query('STUDY', [list(['1.3'])]))).toHaveLength(1)
  const known = texts.length
  const start = performance.now()
  expect((await findAll(catalog, query('STUDY', [list(values)]))).map((match) => match.StudyInstanceUID)).toEqual(['1.2', '1.1'])
  expect(performance.now() - start).toBeLessThan(1000)
  expect(texts.slice(known)).toEqual([])
  await catalog.close()
})

it('keeps values that are none of their kind, and finds the row by its UID', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(
    instance(1, 1, 1, {
      PatientID: 'x'.repeat(65_536),
      PatientName: '^'.repeat(200),
      StudyDate: '20260230',
      StudyTime: '25:61',
      SeriesNumber: '99999999999999999999',
      InstanceNumber: '1.0',
      NumberOfFrames: 'abc',
      Rows: 'NaN',
      PatientBirthDate: '00000000',
      RequestAttributesSequence: '{"not":"a list"}',
    }),
  )
  const [match] = await findAll(catalog, query('IMAGE', [{ keyword: 'SOPInstanceUID', kind: 'value', value: '1.1.1.1' }]))
  expect(match).toMatchObject({ StudyDate: '20260230', StudyTime: '25:61', SeriesNumber: '99999999999999999999', Rows: 'NaN' })
  expect(await findAll(catalog, query('STUDY', [{ keyword: 'StudyDate', kind: 'range', from: '19000101', to: '99991231' }]))).toEqual([])
})

it('treats a Patient ID of * as text', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { PatientID: '*' }))
  await catalog.keep(instance(2, 1, 1, { PatientID: 'P' }))
  const found = await findAll(catalog, query('STUDY', [{ keyword: 'PatientID', kind: 'value', value: '*' }]))
  expect(found.map((match) => match.StudyInstanceUID)).toEqual(['1.1'])
})
