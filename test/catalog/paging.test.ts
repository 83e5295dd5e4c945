import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Catalog, Level, Match } from '../../src/catalog/contract.ts'
import { uid } from '../../src/dicom/uid.ts'
import { EVERY_LEVEL } from '../support/levels.ts'
import { findAll, instance, query, temporaryCatalog } from './catalog-material.ts'

/** 5,000 instances in 250 studies of 40 patients: few distinct dates, times and numbers, some missing. */
async function crowd(): Promise<Catalog> {
  const catalog = temporaryCatalog()
  const keeping: Promise<unknown>[] = []
  for (let at = 0; at < 5000; at++) {
    const study = at % 250
    const keys = {
      PatientID: `P${study % 40}`,
      PatientName: `Name${study % 7}^X`,
      StudyDate: study % 10 === 0 ? undefined : `2026010${1 + (study % 3)}`,
      StudyTime: study % 2 === 0 ? undefined : '10',
      SeriesNumber: at % 3 === 0 ? undefined : '1',
      InstanceNumber: at % 5 === 0 ? undefined : String(at % 4),
    }
    keeping.push(catalog.keep(instance(study + 1, 1 + (Math.floor(at / 250) % 4), at + 1, keys)))
  }
  await Promise.all(keeping)
  return catalog
}

const unique = { PATIENT: 'PatientID', STUDY: 'StudyInstanceUID', SERIES: 'SeriesInstanceUID', IMAGE: 'SOPInstanceUID' } as const

it('gives every match once, in one order, whatever the page size, at every level', async () => {
  const catalog = await crowd()
  for (const [level, count] of Object.entries({ PATIENT: 40, STUDY: 250, SERIES: 1000, IMAGE: 5000 })) {
    const uids = async (pageSize: number) =>
      (await findAll(catalog, query(level as Level), pageSize)).map((match) => match[unique[level as Level]])
    const whole = await uids(10_000)
    expect(new Set(whole).size).toBe(count)
    expect(whole).toHaveLength(count)
    for (const pageSize of [1, 7, 200].slice(level === 'IMAGE' ? 1 : 0)) expect(await uids(pageSize)).toEqual(whole)
  }
})

it('orders studies newest first, series and instances by number, then UID, those without last', async () => {
  const catalog = await crowd()
  const key = (match: Match) => `${match.StudyDate ?? ''}/${match.StudyTime ?? ''}`
  const studies = await findAll(catalog, query('STUDY'))
  expect(studies.map(key)).toEqual(studies.map(key).toSorted().toReversed())
  const images = await findAll(catalog, query('IMAGE', [{ keyword: 'StudyInstanceUID', kind: 'value', value: '1.7' }]), 3)
  const place = (match: Match) =>
    [match.SeriesNumber ?? '9', match.SeriesInstanceUID, match.InstanceNumber ?? '9', match.SOPInstanceUID].join(' ')
  expect(images).toHaveLength(20)
  expect(images.map(place)).toEqual(images.map(place).toSorted())
})

it('pages through what a key narrows and what it does not, alike', async () => {
  const catalog = await crowd()
  const expected = (await findAll(catalog, query('STUDY'), 1000)).filter((match) => match.PatientName === 'Name3^X')
  for (const pattern of ['name3*', '*3^x']) {
    const found = await findAll(catalog, query('STUDY', [{ keyword: 'PatientName', kind: 'wildcard', pattern }]), 4)
    expect(found.map((match) => match.StudyInstanceUID)).toEqual(expected.map((match) => match.StudyInstanceUID))
  }
})

it('loses nothing and repeats nothing when instances arrive between two pages', async () => {
  const catalog = await crowd()
  const before = (await findAll(catalog, query('IMAGE'), 10_000)).map((match) => match.SOPInstanceUID)
  const during: (string | undefined)[] = []
  for (let after: string | undefined, page = 0; ; page++) {
    const { items, next } = await catalog.find(query('IMAGE'), 100, after)
    during.push(...items.map((match) => match.SOPInstanceUID))
    await catalog.keep(instance(1 + (page % 250), 8, 100_000 + page, { StudyDate: undefined, StudyTime: undefined }))
    if (next === undefined) break
    after = next
  }
  expect(new Set(during).size).toBe(during.length)
  const missing = new Set(before)
  for (const one of during) missing.delete(one)
  expect([...missing]).toEqual([])
})

it('costs the same for the first page and the last', async () => {
  const catalog = temporaryCatalog()
  await Promise.all(Array.from({ length: 20_000 }, (_, at) => catalog.keep(instance(1, 1 + (at % 3), at))))
  const asked = query('IMAGE', [{ keyword: 'StudyInstanceUID', kind: 'value', value: '1.1' }])
  const took: number[] = []
  for (let after: string | undefined; ; ) {
    const start = performance.now()
    const page = await catalog.find(asked, 200, after)
    took.push(performance.now() - start)
    if (page.next === undefined) break
    after = page.next
  }
  const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length >> 1]!
  expect(took).toHaveLength(100)
  expect(median(took.slice(-20))).toBeLessThan(3 * median(took.slice(0, 20)) + 2)
})

it('leaves the thread to others while it searches for what is not there', async () => {
  const catalog = temporaryCatalog()
  await Promise.all(Array.from({ length: 20_000 }, (_, at) => catalog.keep(instance(at + 1))))
  let longest = 0
  let done = false
  const watch = (async () => {
    for (let last = performance.now(); !done; ) {
      await wait(0)
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }
  })()
  const start = performance.now()
  expect(await findAll(catalog, query('STUDY', [{ keyword: 'Manufacturer', kind: 'wildcard', pattern: '*?*?nobody*' }]))).toEqual([])
  // All of one date and time: a walk that cannot seek among them would take many times that.
  expect(performance.now() - start).toBeLessThan(2000)
  done = true
  await watch
  expect(longest).toBeLessThan(250)
})

it('retrieves in pages what is named, manifests of our own only by name', async () => {
  const catalog = temporaryCatalog()
  for (const study of [1, 2])
    for (const series of [1, 2]) for (const number of [3, 1, 2]) await catalog.keep(instance(study, series, number))
  await catalog.keep(instance(1, 9, 1, {}, { role: 'manifest' }))
  const all = async (keys: Parameters<Catalog['retrievables']>[0], includeManifests = false) => {
    const uids: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await catalog.retrievables(keys, { levels: EVERY_LEVEL, includeManifests }, 2, after)
      uids.push(...page.items.map(({ sopInstanceUid }) => sopInstanceUid))
      if (page.next === undefined) break
      after = page.next
    }
    expect(await catalog.countRetrievables(keys, { levels: EVERY_LEVEL, includeManifests })).toBe(uids.length)
    return uids
  }
  const ofFirst = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.2.1', '1.1.2.2', '1.1.2.3']
  expect(await all({ studyInstanceUids: [uid('1.1')] })).toEqual(ofFirst)
  expect(await all({ studyInstanceUids: [uid('1.1')] }, true)).toEqual([...ofFirst, '1.1.9.1'])
  expect(await all({ patientId: 'P1' })).toHaveLength(12)
  expect(await all({ patientId: 'P2', studyInstanceUids: [uid('1.1')] })).toEqual([])
  expect(await all({ seriesInstanceUids: [uid('1.1.9'), uid('1.2.1')] })).toEqual(['1.2.1.1', '1.2.1.2', '1.2.1.3', '1.1.9.1'])
  expect(await all({ sopInstanceUids: [uid('1.1.9.1'), uid('1.2.2.3'), uid('1.5')] })).toEqual(['1.2.2.3', '1.1.9.1'])
  expect(await all({ studyInstanceUids: [uid('1.2')], sopInstanceUids: [uid('1.1.1.1')] })).toEqual([])
  expect(await all({})).toEqual([])
  expect(
    (await catalog.retrievables({ sopInstanceUids: [uid('1.1.1.1')] }, { levels: EVERY_LEVEL, includeManifests: false }, 10)).items,
  ).toMatchObject([
    {
      studyInstanceUid: '1.1',
      seriesInstanceUid: '1.1.1',
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      fileSizeBytes: 1000,
      dataSetOffset: 300,
    },
  ])
})
