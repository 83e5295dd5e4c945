/** Deliveries to a folder: whole or not at all, once, through trouble and restarts. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Delivery, ManifestRecord } from '../../src/catalog/contract.ts'
import { newUid } from '../../src/dicom/uid.ts'
import { NodeError } from '../../src/errors.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { madoBundle } from '../../src/manifest/mado-bundle.ts'
import { type PublishParts, type PublishWorker, startPublishWorker } from '../../src/publish/outbox.ts'
import { isPermanent, retryDelayMs } from '../../src/publish/retry-policy.ts'
import { fileIn } from '../manifest/dialect-samples.ts'
import { fileOf, type Held, holdNothing, receive, target } from '../manifest/held-studies.ts'
import { closeAll, silenceLog, withMethods } from '../receive/sample-instances.ts'
import { temporaryFolder } from '../storage/temporary-storage.ts'

silenceLog()
const running: PublishWorker[] = []

afterEach(async () => {
  for (const worker of running.splice(0)) await worker.stop()
})
afterAll(closeAll)

interface Published {
  readonly held: Held
  readonly folder: string
  readonly record: ManifestRecord
  /** Where the manifest is to be. */
  readonly file: string
}

async function oneManifest(): Promise<Published> {
  const held = await holdNothing({ settings: { targets: [target('drop')] } })
  const study = newUid()
  await receive(held, { study })
  await buildManifest(held.parts, study, 'test')
  const record = (await held.catalog.manifestsOf(study))[0]!
  const folder = join(temporaryFolder(), 'drop')
  return { held, folder, record, file: join(folder, study, `1-${record.sopInstanceUid}.dcm`) }
}

function start({ held, folder }: Published, over: Partial<PublishParts> = {}): PublishWorker {
  const { catalog, storage } = held
  const worker = startPublishWorker({
    catalog,
    storage,
    targets: () => [{ name: 'drop', kind: 'folder', levels: ['N'], path: folder, dialect: 'xds-i' }],
    formats: { 'mado-fhir': madoBundle },
    now: Date.now,
    ...over,
  })
  running.push(worker)
  return worker
}

/** Waits until the delivery has been attempted as often as that. */
async function attempted({ held }: Published, attempts: number): Promise<Delivery | undefined> {
  const end = Date.now() + 10_000
  for (;;) {
    const [delivery] = await held.catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 1)
    if (delivery === undefined || delivery.attempts >= attempts) return delivery
    if (Date.now() > end) throw new Error('not attempted in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

it('writes <StudyInstanceUID>/<version>-<SOPInstanceUID>.dcm, byte for byte, and nothing else', async () => {
  const published = await oneManifest()
  start(published)
  expect(await attempted(published, 1)).toBeUndefined()
  expect(readFileSync(published.file).equals(await fileOf(published.held, published.record))).toBe(true)
  expect(readdirSync(published.folder, { recursive: true })).toHaveLength(2)
})

it('takes a file that is there already with the same bytes as delivered', async () => {
  const published = await oneManifest()
  mkdirSync(join(published.file, '..'), { recursive: true })
  writeFileSync(published.file, await fileOf(published.held, published.record))
  start(published)
  expect(await attempted(published, 1)).toBeUndefined()
  expect(readdirSync(join(published.file, '..'))).toHaveLength(1)
})

it('never overwrites another file of that name: the delivery has failed', async () => {
  const published = await oneManifest()
  mkdirSync(join(published.file, '..'), { recursive: true })
  writeFileSync(published.file, 'something else')
  start(published)
  expect(await attempted(published, 1)).toBeUndefined()
  expect(readFileSync(published.file, 'utf8')).toBe('something else')
  expect((await published.held.catalog.totals()).deliveriesWaiting).toBe(0)
})

it('clears away what a crash left behind, of whichever manifest', async () => {
  const published = await oneManifest()
  mkdirSync(join(published.file, '..'), { recursive: true })
  writeFileSync(join(published.folder, '.ariane-abc.part'), 'half')
  writeFileSync(join(published.file, '..', 'notes.txt'), 'of somebody else')
  start(published)
  expect(await attempted(published, 1)).toBeUndefined()
  expect(readdirSync(join(published.file, '..')).sort()).toEqual([`1-${published.record.sopInstanceUid}.dcm`, 'notes.txt'].sort())
  expect(readdirSync(published.folder)).toHaveLength(1)
})

it('a stop in the middle leaves nothing unfinished where a reader looks', async () => {
  const published = await oneManifest()
  const { catalog, storage } = published.held
  const half = withMethods(storage, {
    open: () =>
      Readable.from(
        (async function* () {
          yield Buffer.from('half')
          throw new Error('the disk fails')
        })(),
      ),
  })
  start(published, { catalog, storage: half })
  expect(await attempted(published, 1)).toMatchObject({ state: 'waiting', lastError: 'the disk fails' })
  expect(readdirSync(published.folder, { recursive: true })).toEqual([published.record.studyInstanceUid])
})

it('tries again for as long as the folder cannot be written, with the reason noted', async () => {
  const published = await oneManifest()
  writeFileSync(published.folder, 'a file where the folder should be')
  const first = start(published)
  const waiting = await attempted(published, 1)
  expect(waiting).toMatchObject({ state: 'waiting', attempts: 1 })
  expect(waiting!.lastError).toMatch(/EEXIST|ENOTDIR/)
  expect(waiting!.nextAttemptAt).toBeGreaterThan(Date.now() + 2000)
  await first.stop()
  rmSync(published.folder)
  start(published, { now: () => Date.now() + 60_000 }) // a restart, when its time has come
  expect(await attempted(published, 2)).toBeUndefined()
  expect(readFileSync(published.file).length).toBeGreaterThan(132)
})

it('a delivery whose target is no longer configured waits', async () => {
  const published = await oneManifest()
  start(published, { targets: () => [] })
  expect(await attempted(published, 1)).toMatchObject({ state: 'waiting', lastError: 'no such target in the configuration' })
})

it('a restart between delivery and its record delivers once', async () => {
  const published = await oneManifest()
  const { catalog } = published.held
  let crashed = false
  const crashing = withMethods(catalog, {
    settleDelivery: async () => {
      crashed = true
      throw new NodeError('CATALOG_FAILED', { step: 'test' })
    },
  })
  const first = start(published, { catalog: crashing })
  while (!crashed) await new Promise((resolve) => setTimeout(resolve, 10))
  await first.stop()
  start(published)
  expect(await attempted(published, 1)).toBeUndefined()
  expect(readdirSync(join(published.file, '..'))).toHaveLength(1)
})

describe('the retry policy', () => {
  it('grows to an hour and no further, spread by a quarter', () => {
    const delays = [1, 2, 3, 4, 12, 100, 1e9].map((attempts) => retryDelayMs(attempts, 0.5))
    expect(delays).toEqual([5_000, 10_000, 20_000, 40_000, 3_600_000, 3_600_000, 3_600_000])
    expect(retryDelayMs(1, 0)).toBe(3_750)
    expect(retryDelayMs(1, 1)).toBe(6_250)
    expect(retryDelayMs(50, 1)).toBe(3_600_000)
  })

  it('holds only failures of our table that say so for permanent', () => {
    expect(isPermanent(new NodeError('DUPLICATE_REFUSED'))).toBe(true)
    expect(isPermanent(new NodeError('STORAGE_FAILED'))).toBe(false)
    expect(isPermanent(Object.assign(new Error('full'), { code: 'ENOSPC' }))).toBe(false)
  })
})

it('mado-fhir: the manifest goes as its FHIR document, <version>-<SOPInstanceUID>.json, once', async () => {
  const published = await oneManifest()
  const { catalog, storage } = published.held
  const mado = await fileIn('mado')
  const asMado = withMethods(storage, { open: () => Readable.from([mado]) })
  const targets = () => [{ name: 'drop', kind: 'folder', levels: ['N'], path: published.folder, dialect: 'mado-fhir' }] as const
  start(published, { catalog, storage: asMado, targets })
  expect(await attempted(published, 1)).toBeUndefined()
  const file = published.file.replace(/dcm$/, 'json')
  expect(readdirSync(join(file, '..'))).toEqual([`1-${published.record.sopInstanceUid}.json`])
  expect(readFileSync(file).equals(await madoBundle(mado))).toBe(true)
  expect(JSON.parse(readFileSync(file, 'utf8')).resourceType).toBe('Bundle')
  await catalog.ensureDeliveries(published.record.sopInstanceUid, ['drop'], 0)
  expect((await catalog.totals()).deliveriesWaiting).toBe(0)
})

it('mado-fhir: a manifest that is none of that dialect ends the delivery, with the reason noted', async () => {
  const published = await oneManifest()
  const targets = () => [{ name: 'drop', kind: 'folder', levels: ['N'], path: published.folder, dialect: 'mado-fhir' }] as const
  start(published, { targets })
  expect(await attempted(published, 1)).toBeUndefined()
  expect((await published.held.catalog.totals()).deliveriesWaiting).toBe(0)
  expect(existsSync(published.folder)).toBe(false)
})
