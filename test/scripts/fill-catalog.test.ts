import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { fillCatalog, MADE_UP } from '../../scripts/benchmark/fill-catalog.ts'
import { madeUpStudy } from '../../scripts/benchmark/made-up-studies.ts'
import { openDatabase } from '../../src/catalog/database.ts'
import { catalogOn } from '../../src/catalog/sqlite-catalog.ts'
import { parseStorageKey } from '../../src/storage/storage-key.ts'

const OPTIONS = { ...MADE_UP, studies: 60 }
let folder: string | undefined
afterEach(async () => folder !== undefined && (await rm(folder, { recursive: true })))

it('fills a catalogue with what reception and the manifest stage would have written', async () => {
  folder = await mkdtemp(join(tmpdir(), 'ariane-fill-'))
  const file = join(folder, 'catalog.sqlite')
  fillCatalog(file, OPTIONS)
  const db = openDatabase(file, { verify: 'thoroughly' })
  const catalog = catalogOn(db)
  expect(await catalog.totals()).toMatchObject({
    studies: 60,
    instances: 600,
    manifestsInForce: 60,
    deliveriesWaiting: 0,
    studiesInConflict: 0,
  })
  for (const number of [0, 59]) {
    const { instances, manifest } = madeUpStudy(number, OPTIONS)
    for (const facts of [...instances, manifest.facts]) {
      const { keys, ...row } = (await catalog.findInstance(facts.sopInstanceUid))!
      expect(row).toEqual({ ...facts, keys: undefined })
      expect(keys).toMatchObject(facts.keys)
      expect(parseStorageKey(row.storageKey)).toBe(row.storageKey)
    }
    expect(await catalog.manifestsOf(manifest.record.studyInstanceUid)).toEqual([manifest.record])
  }
  await catalog.close()
})

it('has nothing left to be done, and makes the same studies of the same seed', async () => {
  folder = await mkdtemp(join(tmpdir(), 'ariane-fill-'))
  const file = join(folder, 'catalog.sqlite')
  fillCatalog(file, OPTIONS)
  const catalog = catalogOn(openDatabase(file))
  expect((await catalog.studiesWaiting(1)).items).toEqual([])
  expect(await catalog.earliestDelivery()).toBeUndefined()
  expect(madeUpStudy(7, OPTIONS)).toEqual(madeUpStudy(7, OPTIONS))
  expect(madeUpStudy(7, OPTIONS)).not.toEqual(madeUpStudy(7, { ...OPTIONS, seed: 2 }))
  await catalog.close()
})
