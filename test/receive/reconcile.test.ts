import { spawnSync } from 'node:child_process'
import { readFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ManifestRecord } from '../../src/catalog/contract.ts'
import { part10Header } from '../../src/dicom/part10.ts'
import { uid } from '../../src/dicom/uid.ts'
import { type ReconcileCounts, reconcile } from '../../src/receive/reconcile.ts'
import { filesBelow, temporaryFolder } from '../storage/temporary-storage.ts'
import {
  CT,
  closeAll,
  EXPLICIT,
  KOS,
  type OpenedDoor,
  openDoor,
  removeCatalog,
  sample,
  silenceLog,
  store,
  withMethods,
} from './sample-instances.ts'

beforeAll(silenceLog)
afterEach(closeAll)

const NOTHING: ReconcileCounts = {
  draftsSwept: 0,
  filesSeen: 0,
  adopted: 0,
  manifestsAdopted: 0,
  duplicatesRemoved: 0,
  quarantined: 0,
  lost: 0,
}

/** A file that passed the door's storage but never got a row. */
async function keptWithoutRow(
  { storage }: OpenedDoor,
  instance: { dataSet: Buffer; sopInstanceUid: string },
  area: 'instances' | 'manifests' = 'instances',
) {
  const draft = await storage.draft(area)
  const { sopInstanceUid, dataSet } = instance
  draft.begin(part10Header({ sopClassUid: CT, sopInstanceUid, transferSyntaxUid: EXPLICIT, sourceAeTitle: 'MODALITY' }))
  draft.write(dataSet)
  return draft.keep()
}

async function expectCoherent({ path, catalog, storage }: OpenedDoor, sopInstanceUids: readonly string[]): Promise<void> {
  const files: string[] = []
  for (const sopInstanceUid of sopInstanceUids) {
    const facts = (await catalog.findInstance(uid(sopInstanceUid)))!
    expect(facts, sopInstanceUid).toBeDefined()
    expect(await storage.size(facts.storageKey)).toBe(facts.fileSizeBytes)
    expect(await storage.digest(facts.storageKey, facts.dataSetOffset)).toBe(facts.sha256)
    files.push(facts.storageKey)
  }
  expect(filesBelow(path).filter((name) => !name.startsWith('quarantine/'))).toEqual(files.sort())
  expect((await catalog.totals()).instances).toBe(sopInstanceUids.length)
}

describe('after a kill', () => {
  it.each([
    ['in the draft', { draftsSwept: 1 }],
    ['before the name', { draftsSwept: 1 }],
    ['after the name', { adopted: 1 }],
    ['after the row', {}],
  ] as const)('%s', async (point, changes) => {
    const path = temporaryFolder()
    const child = spawnSync(process.execPath, [join(import.meta.dirname, 'crash-child.ts'), path, point], {
      encoding: 'utf8',
      timeout: 30_000,
    })
    expect(child.signal, child.stderr).toBe('SIGKILL')
    expect(child.stdout.trim().split('\n')).toEqual(['1.2.3.1', '1.2.3.2'])
    const opened = await openDoor({ path })
    const isKept = point.startsWith('after')
    expect(await reconcile(opened)).toEqual({ ...NOTHING, filesSeen: isKept ? 3 : 2, ...changes })
    await expectCoherent(opened, ['1.2.3.1', '1.2.3.2', ...(isKept ? ['1.2.3.3'] : [])])
    expect(filesBelow(join(path, 'drafts'))).toEqual([])
    expect(await reconcile(opened)).toEqual({ ...NOTHING, filesSeen: isKept ? 3 : 2 })
  })

  it('with the write-ahead log lost: every acknowledged instance is there', async () => {
    const path = temporaryFolder()
    const child = spawnSync(process.execPath, [join(import.meta.dirname, 'crash-child.ts'), path, 'after the name'], { timeout: 30_000 })
    expect(child.signal).toBe('SIGKILL')
    removeCatalog(path, ['-wal', '-shm'])
    const opened = await openDoor({ path })
    const counts = await reconcile(opened)
    expect(counts.adopted).toBeGreaterThanOrEqual(1)
    await expectCoherent(opened, ['1.2.3.1', '1.2.3.2', '1.2.3.3'])
  })
})

describe('rows rebuilt from files', () => {
  it('give back the whole catalog as it was', async () => {
    const opened = await openDoor({ now: () => Math.floor(Date.now() / 1000) * 1000 })
    const instances = Array.from({ length: 25 }, (_, index) => sample({ studyInstanceUid: `1.2.${index % 3}`, patientId: `P${index % 3}` }))
    const kos = sample({ sopClassUid: KOS, title: ['113030', 'DCM', 'Manifest'], studyInstanceUid: '1.2.0', patientId: 'P0' })
    for (const instance of [...instances, kos]) expect(await store(opened.door, instance)).toEqual({ status: 0 })
    const all = [...instances, kos].map((instance) => uid(instance.sopInstanceUid))
    const before = await Promise.all(all.map((one) => opened.catalog.findInstance(one)))
    const totals = await opened.catalog.totals()
    await closeAll()
    removeCatalog(opened.path)
    const again = await openDoor({ path: opened.path })
    expect(await reconcile(again)).toEqual({ ...NOTHING, filesSeen: 26, adopted: 26 })
    const after = await Promise.all(all.map((one) => again.catalog.findInstance(one)))
    for (const [index, facts] of after.entries()) {
      expect(facts).toEqual({ ...before[index], receivedAt: facts!.receivedAt })
      expect(Math.abs(facts!.receivedAt - before[index]!.receivedAt)).toBeLessThan(2000)
    }
    expect(await again.catalog.totals()).toEqual(totals)
    await expectCoherent(again, all)
  })

  it('take only the period since the last row into account, the whole when asked', async () => {
    const opened = await openDoor()
    const old = await keptWithoutRow(opened, sample())
    const hourAgo = Date.now() / 1000 - 3600
    utimesSync(join(opened.path, old.key), hourAgo, hourAgo)
    await store(opened.door, sample())
    expect(await reconcile(opened)).toEqual({ ...NOTHING, filesSeen: 1 })
    expect(await reconcile({ ...opened, since: 0 })).toEqual({ ...NOTHING, filesSeen: 2, adopted: 1 })
  })

  it('take the period before the row that was entered last, though a clock that was ahead once made a newer one', async () => {
    const opened = await openDoor()
    const [dayAhead, threeHoursAgo] = [Date.now() + 86_400_000, Date.now() - 3 * 3_600_000]
    await store({ ...opened.door, now: () => dayAhead }, sample())
    await store({ ...opened.door, now: () => threeHoursAgo }, sample())
    const unnamed = await keptWithoutRow(opened, sample())
    utimesSync(join(opened.path, unnamed.key), threeHoursAgo / 1000 + 1, threeHoursAgo / 1000 + 1)
    expect(await reconcile(opened)).toMatchObject({ adopted: 1 })
  })

  it.each([undefined, 0])('are all rebuilt when a rebuild of everything was interrupted (since %s)', async (since) => {
    const opened = await openDoor()
    const manifest = await keptWithoutRow(opened, sample({ sopClassUid: KOS, title: ['113030', 'DCM', 'Manifest'] }), 'manifests')
    const hourAgo = Date.now() / 1000 - 3600
    utimesSync(join(opened.path, manifest.key), hourAgo, hourAgo)
    for (let count = 0; count < 3; count++) await keptWithoutRow(opened, sample())
    const keep: typeof opened.catalog.keep = async (facts) => {
      if (facts.role !== 'manifest') return opened.catalog.keep(facts)
      // after the instances
      await vi.waitUntil(() => opened.catalog.lastEntryReceivedAt())
      throw new Error('ends here')
    }
    const interrupted = reconcile({ ...opened, catalog: withMethods(opened.catalog, { keep }), since })
    await expect(interrupted).rejects.toThrow('ends here')
    expect(await reconcile(opened)).toMatchObject({ filesSeen: 4, manifestsAdopted: 1 })
    await store(opened.door, sample())
    expect(await reconcile(opened)).toMatchObject({ filesSeen: 4, manifestsAdopted: 0 })
  })

  it('name the sender of the file meta information', async () => {
    const opened = await openDoor()
    await keptWithoutRow(opened, sample({ sopInstanceUid: '1.2.3' }))
    await reconcile(opened)
    expect(await opened.catalog.findInstance(uid('1.2.3'))).toMatchObject({ source: 'MODALITY', role: 'content' })
  })

  it('of our own manifests: role and record', async () => {
    const opened = await openDoor()
    const manifest = sample({ sopClassUid: KOS, sopInstanceUid: '1.2.3', title: ['113030', 'DCM', 'Manifest'] })
    await keptWithoutRow(opened, { ...manifest, dataSet: manifest.dataSet }, 'manifests')
    const records: Omit<ManifestRecord, 'state' | 'supersededBy'>[] = []
    const restoreManifest = async (record: Omit<ManifestRecord, 'state' | 'supersededBy'>): Promise<void> => void records.push(record)
    const catalog = withMethods(opened.catalog, { restoreManifest })
    expect(await reconcile({ ...opened, catalog })).toEqual({ ...NOTHING, filesSeen: 1, manifestsAdopted: 1 })
    expect((await opened.catalog.findInstance(uid('1.2.3')))?.role).toBe('manifest')
    expect(records).toMatchObject([{ sopInstanceUid: '1.2.3', studyInstanceUid: manifest.studyInstanceUid, version: 1 }])
  })
})

it('a file that another process is about to enter is entered once, and stays', async () => {
  const opened = await openDoor()
  const instance = sample()
  const keep: typeof opened.catalog.keep = async (...facts) => {
    expect(await reconcile(opened)).toMatchObject({ adopted: 1 })
    return opened.catalog.keep(...facts)
  }
  expect(await store({ ...opened.door, catalog: withMethods(opened.catalog, { keep }) }, instance)).toEqual({ status: 0 })
  await expectCoherent(opened, [instance.sopInstanceUid])
})

describe('files that cannot be named', () => {
  it('are removed where the same bytes are held', async () => {
    const opened = await openDoor()
    const instance = sample()
    await store(opened.door, instance)
    await keptWithoutRow(opened, instance)
    expect(await reconcile(opened)).toEqual({ ...NOTHING, filesSeen: 2, duplicatesRemoved: 1 })
    await expectCoherent(opened, [instance.sopInstanceUid])
  })

  it('take the place of a lost one', async () => {
    const opened = await openDoor()
    const instance = sample()
    await store(opened.door, instance)
    const { key } = await keptWithoutRow(opened, instance)
    const lost = (await opened.catalog.findInstance(uid(instance.sopInstanceUid)))!
    rmSync(join(opened.path, lost.storageKey))
    expect(await reconcile(opened)).toMatchObject({ duplicatesRemoved: 1, lost: 0 })
    expect((await opened.catalog.findInstance(uid(instance.sopInstanceUid)))?.storageKey).toBe(key)
    await expectCoherent(opened, [instance.sopInstanceUid])
  })

  it('go to quarantine where other bytes are held under their UID', async () => {
    const opened = await openDoor()
    await store(opened.door, sample({ sopInstanceUid: '1.2.3', fill: 1 }))
    const { key } = await keptWithoutRow(opened, sample({ sopInstanceUid: '1.2.3', fill: 2 }))
    // As long as it may be about to replace the one that is held, by an import beside the start, it is left alone.
    expect(await reconcile(opened)).toEqual({ ...NOTHING, filesSeen: 2 })
    expect(filesBelow(opened.path)).toContain(key)
    const minutesAgo = Date.now() / 1000 - 120
    utimesSync(join(opened.path, key), minutesAgo, minutesAgo)
    expect(await reconcile(opened)).toEqual({ ...NOTHING, filesSeen: 2, quarantined: 1 })
    await expectCoherent(opened, ['1.2.3'])
    const reason = filesBelow(opened.path).find((name) => name.endsWith('.reason.txt'))!
    expect(readFileSync(join(opened.path, reason), 'utf8')).toContain(key)
  })

  it.each<[string, Buffer]>([
    ['empty', Buffer.alloc(0)],
    ['no Part 10', Buffer.from('no DICOM at all')],
    ['only a header', part10Header({ sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT })],
    [
      'cut in the pixel data',
      Buffer.concat([
        part10Header({ sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT }),
        sample().dataSet.subarray(0, -100),
      ]),
    ],
    [
      'without a Study Instance UID',
      Buffer.concat([
        part10Header({ sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT }),
        sample({ studyInstanceUid: '' }).dataSet,
      ]),
    ],
  ])('go to quarantine where they are %s', async (_, bytes) => {
    const opened = await openDoor()
    const { key } = await keptWithoutRow(opened, sample())
    writeFileSync(join(opened.path, key), bytes)
    expect(await reconcile(opened)).toEqual({ ...NOTHING, filesSeen: 1, quarantined: 1 })
    const files = filesBelow(opened.path)
    expect(files).toHaveLength(2)
    expect(readFileSync(join(opened.path, files[0]!)).equals(bytes)).toBe(true)
    await expectCoherent(opened, [])
  })
})

describe('rows without a whole file', () => {
  it('are forgotten, so that no manifest names them, and a damaged file is set aside', async () => {
    const opened = await openDoor()
    const instances = [sample({ sopInstanceUid: '1.1' }), sample({ sopInstanceUid: '1.2' }), sample({ sopInstanceUid: '1.3' })]
    for (const instance of instances) await store(opened.door, instance)
    const keyOf = async (text: string): Promise<string> => (await opened.catalog.findInstance(uid(text)))!.storageKey
    renameSync(join(opened.path, await keyOf('1.1')), join(opened.path, 'taken-away'))
    truncateSync(join(opened.path, await keyOf('1.2')), 500)
    expect(await reconcile(opened)).toEqual({ ...NOTHING, filesSeen: 2, lost: 2 })
    expect(filesBelow(opened.path).filter((name) => name.startsWith('quarantine/'))).toHaveLength(2)
    rmSync(join(opened.path, 'taken-away'))
    await expectCoherent(opened, ['1.3'])
    for (const instance of instances) expect(await store(opened.door, instance)).toEqual({ status: 0 })
    await expectCoherent(opened, ['1.1', '1.2', '1.3'])
  })
})
