import { createHash } from 'node:crypto'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readPart10Header } from '../../src/dicom/part10.ts'
import { uid } from '../../src/dicom/uid.ts'
import { NodeError } from '../../src/errors.ts'
import { receiveInstance } from '../../src/receive/store-instance.ts'
import { brokenRow, giveUp } from '../../src/storage/broken-rows.ts'
import { canMount, filesBelow, smallFileSystem } from '../storage/temporary-storage.ts'
import {
  CT,
  closeAll,
  EXPLICIT,
  KOS,
  MiB,
  type OpenedDoor,
  openDoor,
  type Sample,
  sample,
  silenceLog,
  store,
  withMethods,
} from './sample-instances.ts'

beforeAll(silenceLog)
afterEach(closeAll)

function flipLastByte(path: string): void {
  const bytes = readFileSync(path)
  bytes[bytes.length - 1]! ^= 1
  writeFileSync(path, bytes)
}

/** Without those that went to quarantine. */
const heldFiles = ({ path }: OpenedDoor): string[] => filesBelow(path).filter((name) => !name.startsWith('quarantine/'))

async function expectNothingLeft({ path, catalog }: OpenedDoor): Promise<void> {
  expect(filesBelow(path)).toEqual([])
  expect(await catalog.totals()).toMatchObject({ instances: 0, series: 0, studies: 0, patients: 0 })
}

describe('an instance that may in', () => {
  it('is kept byte for byte behind our header, entered, announced, and answered 0000', async () => {
    const opened = await openDoor({ now: () => 1_790_000_000_000 })
    const instance = sample({ pixelBytes: 600_000 })
    expect(await store(opened.door, instance)).toEqual({ status: 0x0000 })
    const facts = await opened.catalog.findInstance(uid(instance.sopInstanceUid))
    expect(facts).toMatchObject({
      sopClassUid: CT,
      studyInstanceUid: instance.studyInstanceUid,
      transferSyntaxUid: EXPLICIT,
      role: 'content',
      source: 'MODALITY',
      receivedAt: 1_790_000_000_000,
      sha256: createHash('sha256').update(instance.dataSet).digest('hex'),
    })
    expect(filesBelow(opened.path)).toEqual([facts!.storageKey])
    const file = readFileSync(join(opened.path, facts!.storageKey))
    expect(file.length).toBe(facts!.fileSizeBytes)
    expect(file.subarray(facts!.dataSetOffset).equals(instance.dataSet)).toBe(true)
    expect(readPart10Header(file)).toMatchObject({
      sopClassUid: CT,
      sopInstanceUid: instance.sopInstanceUid,
      transferSyntaxUid: EXPLICIT,
      sourceAeTitle: 'MODALITY',
      dataSetOffset: facts!.dataSetOffset,
    })
    expect(opened.told).toEqual([instance.studyInstanceUid])
  })

  it('may come in one fragment or byte by byte', async () => {
    const { door, path } = await openDoor()
    for (const fragmentBytes of [1, 7, 1_000_000]) expect(await store(door, sample(), fragmentBytes)).toEqual({ status: 0 })
    expect(filesBelow(path)).toHaveLength(3)
  })

  it('may arrive before the draft is there, and be larger than what waits in memory', async () => {
    const { door, storage } = await openDoor()
    const instance = sample({ pixelBytes: 5 * MiB })
    const slow = withMethods(storage, {
      draft: async (area) => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        return storage.draft(area)
      },
    })
    expect(await store({ ...door, storage: slow }, instance)).toEqual({ status: 0 })
    const facts = await door.catalog.findInstance(uid(instance.sopInstanceUid))
    expect(await storage.digest(facts!.storageKey, facts!.dataSetOffset)).toBe(facts!.sha256)
  })

  it('is told in the log as a conflict, and kept, when its study has another patient', async () => {
    const { door, catalog } = await openDoor()
    const studyInstanceUid = '1.2.3'
    expect(await store(door, sample({ studyInstanceUid, patientId: 'P1' }))).toEqual({ status: 0 })
    expect(await store(door, sample({ studyInstanceUid, patientId: 'P2' }))).toEqual({ status: 0 })
    expect(await catalog.totals()).toMatchObject({ instances: 2, studiesInConflict: 1 })
  })

  it.each<[string, Sample['title'], string]>([
    ['a manifest of another node', ['113030', 'DCM', 'Manifest'], 'foreign-manifest'],
    ['a signed manifest', ['113031', 'DCM', 'Signed Manifest'], 'foreign-manifest'],
    ['a MADO manifest', ['MADOTEMP001', '99IHE', 'x'], 'foreign-manifest'],
    ['a MADO manifest under its final code', ['130000', 'DCM', 'Manifest with Description'], 'foreign-manifest'],
    ['a rejection for quality', ['113001', 'DCM', 'x'], 'rejection-note'],
    ['a rejection for safety', ['113037', 'DCM', 'x'], 'rejection-note'],
    ['a worklist error', ['113038', 'DCM', 'x'], 'rejection-note'],
    ['an expired retention', ['113039', 'DCM', 'x'], 'rejection-note'],
    ['key images', ['113000', 'DCM', 'Of Interest'], 'content'],
    ['the same number of another scheme', ['113030', '99X', 'x'], 'content'],
  ])('is %s', async (_, title, role) => {
    const { door, catalog } = await openDoor()
    const instance = sample({ sopClassUid: KOS, title })
    // A rejection note that names nothing is kept, but its sender is told.
    expect(await store(door, instance)).toMatchObject({ status: role === 'rejection-note' ? 0xb007 : 0 })
    expect((await catalog.findInstance(uid(instance.sopInstanceUid)))?.role).toBe(role)
  })
})

describe('an instance that may not in leaves nothing', () => {
  it.each<[string, number, string | undefined, Record<string, string | undefined>]>([
    ['no SOP Instance UID in the command', 0xc001, 'AffectedSOPInstanceUID is missing or invalid', { sopInstanceUid: undefined }],
    ['an empty one', 0xc001, 'AffectedSOPInstanceUID is missing or invalid', { sopInstanceUid: '' }],
    ['one that is a path', 0xc001, undefined, { sopInstanceUid: '../../../../tmp/x' }],
    ['one with a NUL inside', 0xc001, undefined, { sopInstanceUid: '1.2\u00003' }],
    ['one of 65 characters', 0xc001, undefined, { sopInstanceUid: `1.${'2'.repeat(63)}` }],
    ['no SOP Class UID in the command', 0xc001, 'AffectedSOPClassUID is missing or invalid', { sopClassUid: undefined }],
    ['another SOP Instance UID in the command', 0xa900, undefined, { sopInstanceUid: '1.2.3' }],
    ['another SOP Class UID in the command', 0xa900, undefined, { sopClassUid: '1.2.840.10008.5.1.4.1.1.4' }],
    ['another SOP class than its presentation context', 0xa900, undefined, { contextSopClassUid: '1.2.840.10008.5.1.4.1.1.4' }],
    ['a SOP class that is no storage class', 0x0122, undefined, { sopClassUid: '1.2.840.10008.1.3.10' }],
  ])('%s', async (_, status, comment, command) => {
    const opened = await openDoor()
    const answer = await store(opened.door, { ...sample({ pixelBytes: 400_000 }), ...command })
    expect(answer.status).toBe(status)
    expect(answer.errorComment!.length).toBeLessThanOrEqual(64)
    if (comment !== undefined) expect(answer.errorComment).toBe(comment)
    await expectNothingLeft(opened)
    expect(opened.told).toEqual([])
  })

  it.each<[keyof Sample, string]>([
    ['studyInstanceUid', 'StudyInstanceUID is missing or invalid'],
    ['seriesInstanceUid', 'SeriesInstanceUID is missing or invalid'],
    ['sopInstanceUid', 'SOPInstanceUID is missing or invalid'],
    ['sopClassUid', 'SOPClassUID is missing or invalid'],
  ])('empty %s in the data set', async (keyword, comment) => {
    const opened = await openDoor()
    for (const value of ['', '   ', '1.2.x', '.1', `1.${'2'.repeat(70)}`]) {
      const announced = { sopClassUid: CT, sopInstanceUid: '1.2.3' }
      const { dataSet } = sample({ ...announced, [keyword]: value })
      expect(await store(opened.door, { ...announced, transferSyntaxUid: EXPLICIT, source: 'X', dataSet })).toEqual({
        status: 0xc001,
        errorComment: comment,
      })
    }
    await expectNothingLeft(opened)
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from([8])],
    ['noise', Buffer.from('this is not a data set, whatever its length may be')],
    ['a header cut in the middle', sample().dataSet.subarray(0, 101)],
  ])('%s', async (_, dataSet) => {
    const opened = await openDoor()
    const { status } = await store(opened.door, { ...sample(), dataSet })
    expect(status & 0xf000).toBe(0xc000)
    await expectNothingLeft(opened)
  })

  it('larger than allowed: A700, and the rest of it is swallowed', async () => {
    const opened = await openDoor({ maxInstanceBytes: MiB })
    const { status } = await store(opened.door, sample({ pixelBytes: 3 * MiB }))
    expect(status).toBe(0xa700)
    await expectNothingLeft(opened)
  })

  it('no room: A700', async () => {
    const opened = await openDoor({ reserveBytes: Number.MAX_SAFE_INTEGER })
    expect((await store(opened.door, sample({ pixelBytes: 3 * MiB }))).status).toBe(0xa700)
    await expectNothingLeft(opened)
  })

  it('no row: A700, the file is removed, and the next one passes', async () => {
    const opened = await openDoor()
    const keep = (): Promise<never> => Promise.reject(new NodeError('CATALOG_FAILED'))
    const failing = { ...opened.door, catalog: withMethods(opened.catalog, { keep }) }
    expect((await store(failing, sample())).status).toBe(0xa700)
    await expectNothingLeft(opened)
    expect(await store(opened.door, sample())).toEqual({ status: 0 })
  })

  it('storage folder taken away: A700, and service goes on when it is back', async () => {
    const opened = await openDoor()
    rmSync(join(opened.path, 'drafts'), { recursive: true })
    writeFileSync(join(opened.path, 'drafts'), '')
    expect((await store(opened.door, sample())).status).toBe(0xa700)
    rmSync(join(opened.path, 'drafts'))
    await openDoor({ path: opened.path })
    expect(await store(opened.door, sample())).toEqual({ status: 0 })
  })

  it('an unforeseen error of ours stays with the instance', async () => {
    const opened = await openDoor()
    const broken = { ...opened.door, now: () => JSON.parse('{') as number }
    expect((await store(broken, sample())).status).toBe(0x0110)
    expect((await opened.catalog.totals()).instances).toBe(0)
    expect(filesBelow(join(opened.path, 'drafts'))).toEqual([])
  })
})

describe('an association that ends early leaves nothing', () => {
  it('at any byte of a small instance', async () => {
    const opened = await openDoor()
    const { dataSet, ...incoming } = sample({ pixelBytes: 64 })
    for (let length = 0; length <= dataSet.length; length++) {
      const sink = receiveInstance(opened.door, incoming)
      if (length > 0) await sink.write(dataSet.subarray(0, length))
      sink.abandon()
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    await expectNothingLeft(opened)
  })

  it.each([1, 100_000, 262_144, 700_000, 2 * MiB])('after %i bytes of a large one, while it is being written', async (length) => {
    const opened = await openDoor()
    const { dataSet, ...incoming } = sample({ pixelBytes: 4 * MiB })
    const sink = receiveInstance(opened.door, incoming)
    for (let at = 0; at < length; at += 65_536) void sink.write(dataSet.subarray(at, Math.min(at + 65_536, length)))
    sink.abandon()
    sink.abandon()
    await new Promise((resolve) => setTimeout(resolve, 100))
    await expectNothingLeft(opened)
    expect((await sink.end()).status).not.toBe(0)
    await expectNothingLeft(opened)
  })
})

describe('the same SOP Instance UID again', () => {
  it.each(['keep', 'replace', 'refuse'] as const)('with the same bytes: success, nothing new (%s)', async (duplicates) => {
    const opened = await openDoor({ duplicates })
    const instance = sample()
    await store(opened.door, instance)
    const before = filesBelow(opened.path)
    expect(await store(opened.door, instance)).toEqual({ status: 0 })
    expect(filesBelow(opened.path)).toEqual(before)
    expect(opened.told).toHaveLength(1)
  })

  it.each(['lost', 'short', 'changed'])('with the same bytes, when the file is %s: repaired', async (damage) => {
    const opened = await openDoor()
    const instance = sample()
    await store(opened.door, instance)
    const former = (await opened.catalog.findInstance(uid(instance.sopInstanceUid)))!
    const path = join(opened.path, former.storageKey)
    if (damage === 'lost') rmSync(path)
    else if (damage === 'short') truncateSync(path, 400)
    else flipLastByte(path)
    expect(await store(opened.door, instance)).toEqual({ status: 0 })
    const facts = (await opened.catalog.findInstance(uid(instance.sopInstanceUid)))!
    expect(facts.storageKey).not.toBe(former.storageKey)
    expect(await opened.storage.size(facts.storageKey)).toBe(facts.fileSizeBytes)
    expect(await opened.storage.digest(facts.storageKey, facts.dataSetOffset)).toBe(facts.sha256)
    const files = filesBelow(opened.path)
    expect(files.filter((name) => name.startsWith('instances/'))).toEqual([facts.storageKey])
    expect(files.filter((name) => name.startsWith('quarantine/'))).toHaveLength(damage === 'lost' ? 0 : 2)
  })

  it('with the same bytes, when the disk can no longer read the file: repaired', async () => {
    const opened = await openDoor()
    const instance = sample()
    await store(opened.door, instance)
    const former = (await opened.catalog.findInstance(uid(instance.sopInstanceUid)))!
    const digest = (): Promise<string> => Promise.reject(new NodeError('STORAGE_FAILED', { step: 'digest', errno: 'EIO' }))
    expect(await store({ ...opened.door, storage: withMethods(opened.storage, { digest }) }, instance)).toEqual({ status: 0 })
    const facts = (await opened.catalog.findInstance(uid(instance.sopInstanceUid)))!
    expect(facts.storageKey).not.toBe(former.storageKey)
    expect(await opened.storage.digest(facts.storageKey, facts.dataSetOffset)).toBe(facts.sha256)
  })

  it.each(['lost', 'changed'])(
    'with the same bytes, while a check gives the %s file up: one of the two repairs, nothing is lost',
    async (damage) => {
      for (const moment of ['before the row is asked', 'before it is pointed at the new file']) {
        const opened = await openDoor()
        const instance = sample()
        const { catalog, storage } = opened
        await store(opened.door, instance)
        const former = (await catalog.findInstance(uid(instance.sopInstanceUid)))!
        if (damage === 'lost') rmSync(join(opened.path, former.storageKey))
        else flipLastByte(join(opened.path, former.storageKey))
        const broken = (await brokenRow(storage, former, true))!
        expect(broken.problem).toBe(damage === 'lost' ? 'lost' : 'wrong digest')
        const methods: Partial<typeof catalog> =
          moment === 'before the row is asked'
            ? { keep: (...facts) => giveUp(opened, broken).then(() => catalog.keep(...facts)) }
            : { relocate: (...to) => giveUp(opened, broken).then(() => catalog.relocate(...to)) }
        expect(await store({ ...opened.door, catalog: withMethods(catalog, methods) }, instance)).toEqual({ status: 0 })
        // and once more, when the repair is done: the row is no longer the broken one
        expect(await giveUp(opened, broken)).toBe(false)
        const facts = (await catalog.findInstance(uid(instance.sopInstanceUid)))!
        expect(await storage.digest(facts.storageKey, facts.dataSetOffset)).toBe(facts.sha256)
        expect(filesBelow(opened.path).filter((name) => name.startsWith('instances/'))).toEqual([facts.storageKey])
      }
    },
  )

  it('with the same bytes, while a second copy repairs the lost file: one file, and the row names it', async () => {
    const opened = await openDoor()
    const instance = sample()
    await store(opened.door, instance)
    rmSync(join(opened.path, (await opened.catalog.findInstance(uid(instance.sopInstanceUid)))!.storageKey))
    const answers = await Promise.all(Array.from({ length: 20 }, () => store(opened.door, instance)))
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(0))
    const facts = (await opened.catalog.findInstance(uid(instance.sopInstanceUid)))!
    expect(await opened.storage.digest(facts.storageKey, facts.dataSetOffset)).toBe(facts.sha256)
    expect(filesBelow(opened.path)).toEqual([facts.storageKey])
  })

  it('with other bytes, keep: warning, the first one stays', async () => {
    const opened = await openDoor()
    const first = sample({ sopInstanceUid: '1.2.3', fill: 1 })
    await store(opened.door, first)
    const before = await opened.catalog.findInstance(uid('1.2.3'))
    expect(await store(opened.door, sample({ sopInstanceUid: '1.2.3', fill: 2 }))).toEqual({
      status: 0xb000,
      errorComment: 'Duplicate SOP Instance UID: first one kept',
    })
    expect(await opened.catalog.findInstance(uid('1.2.3'))).toEqual(before)
    expect(heldFiles(opened)).toEqual([before!.storageKey])
  })

  it('with other bytes, keep: what was answered with a warning is in quarantine, each content once', async () => {
    const opened = await openDoor()
    const held = async (): Promise<string[]> => filesBelow(join(opened.path, 'quarantine'))
    for (const fill of [1, 2, 3, 2, 2, 3])
      await store(opened.door, sample({ sopInstanceUid: '1.2.3', studyInstanceUid: '1.2', seriesInstanceUid: '1.2.9', fill }))
    expect((await held()).filter((name) => name.endsWith('.dcm'))).toHaveLength(2)
    const second = sample({ sopInstanceUid: '1.2.4', fill: 9 })
    await store(opened.door, sample({ sopInstanceUid: '1.2.4', fill: 8 }))
    expect((await store(opened.door, second)).status).toBe(0xb000)
    const name = `${createHash('sha256').update(second.dataSet).digest('hex')}.dcm`
    const file = readFileSync(join(opened.path, 'quarantine', name))
    expect(file.subarray(-second.dataSet.length).equals(second.dataSet)).toBe(true)
    expect(readFileSync(join(opened.path, 'quarantine', `${name}.reason.txt`), 'utf8')).toContain('SOP Instance UID 1.2.4 when MODALITY')
  })

  it('with other bytes, refuse: 0111, the first one stays', async () => {
    const opened = await openDoor({ duplicates: 'refuse' })
    await store(opened.door, sample({ sopInstanceUid: '1.2.3', fill: 1 }))
    expect((await store(opened.door, sample({ sopInstanceUid: '1.2.3', fill: 2 }))).status).toBe(0x0111)
    expect(filesBelow(opened.path)).toHaveLength(1)
  })

  it('with other bytes, replace: the last one, the study is looked at again, the former file goes', async () => {
    const opened = await openDoor({ duplicates: 'replace' })
    const common = { sopInstanceUid: '1.2.3', studyInstanceUid: '1.2', seriesInstanceUid: '1.2.9' }
    await store(opened.door, sample({ ...common, fill: 1 }))
    const revision = (await opened.catalog.findStudy(uid('1.2')))!.revision
    const last = sample({ ...common, fill: 2, pixelBytes: 900 })
    expect(await store(opened.door, last)).toEqual({ status: 0 })
    const facts = (await opened.catalog.findInstance(uid('1.2.3')))!
    expect(facts.sha256).toBe(createHash('sha256').update(last.dataSet).digest('hex'))
    expect(filesBelow(opened.path)).toEqual([facts.storageKey])
    expect((await opened.catalog.findStudy(uid('1.2')))!.revision).toBeGreaterThan(revision)
    expect(opened.told).toEqual(['1.2', '1.2'])
  })

  it('with other bytes in another study, replace: an instance does not move, the first one stays', async () => {
    const opened = await openDoor({ duplicates: 'replace' })
    await store(opened.door, sample({ sopInstanceUid: '1.2.3', studyInstanceUid: '1.2' }))
    const before = await opened.catalog.findInstance(uid('1.2.3'))
    expect((await store(opened.door, sample({ sopInstanceUid: '1.2.3', studyInstanceUid: '1.3' }))).status).toBe(0xb000)
    expect(await opened.catalog.findInstance(uid('1.2.3'))).toEqual(before)
    expect(heldFiles(opened)).toEqual([before!.storageKey])
    expect((await opened.catalog.totals()).studies).toBe(1)
  })

  it.each(['keep', 'replace', 'refuse'] as const)('as one of our manifests: it is never overwritten (%s)', async (duplicates) => {
    const opened = await openDoor({ duplicates })
    const ours = sample({ sopClassUid: KOS, sopInstanceUid: '1.2.3', title: ['113030', 'DCM', 'Manifest'] })
    await store(
      {
        ...opened.door,
        catalog: withMethods(opened.catalog, { keep: (facts, options) => opened.catalog.keep({ ...facts, role: 'manifest' }, options) }),
      },
      ours,
    )
    const before = await opened.catalog.findInstance(uid('1.2.3'))
    expect(before?.role).toBe('manifest')
    const theirs = sample({ sopClassUid: KOS, sopInstanceUid: '1.2.3', title: ['113030', 'DCM', 'Manifest'], pixelBytes: 2 })
    expect((await store(opened.door, theirs)).status).toBe(duplicates === 'refuse' ? 0x0111 : 0xb000)
    expect(await opened.catalog.findInstance(uid('1.2.3'))).toEqual(before)
    expect(heldFiles(opened)).toEqual([before!.storageKey])
  })

  it.each(['keep', 'replace', 'refuse'] as const)('20 at once with equal bytes: all 0000, one file, one row (%s)', async (duplicates) => {
    const opened = await openDoor({ duplicates })
    const instance = sample({ pixelBytes: 100_000 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => store(opened.door, instance)))
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(0))
    const facts = (await opened.catalog.findInstance(uid(instance.sopInstanceUid)))!
    expect(filesBelow(opened.path)).toEqual([facts.storageKey])
    expect((await opened.catalog.totals()).instances).toBe(1)
  })

  it.each([
    ['keep', [0x0000, 0xb000]],
    ['refuse', [0x0000, 0x0111]],
    ['replace', [0x0000]],
  ] as const)('20 at once with other bytes each: one coherent file and row (%s)', async (duplicates, statuses) => {
    const opened = await openDoor({ duplicates })
    const common = { sopInstanceUid: '1.2.3', studyInstanceUid: '1.2', seriesInstanceUid: '1.2.9', pixelBytes: 70_000 }
    const answers = await Promise.all(Array.from({ length: 20 }, (_, fill) => store(opened.door, sample({ ...common, fill }))))
    expect([...new Set(answers.map((answer) => answer.status))].sort()).toEqual(statuses)
    if (duplicates !== 'replace') expect(answers.filter((answer) => answer.status === 0)).toHaveLength(1)
    const facts = (await opened.catalog.findInstance(uid('1.2.3')))!
    expect(heldFiles(opened)).toEqual([facts.storageKey])
    expect(await opened.storage.digest(facts.storageKey, facts.dataSetOffset)).toBe(facts.sha256)
  })
})

describe.skipIf(!canMount)('on a small disk', () => {
  it('answers A700 when it is full, keeps what was acknowledged, and resumes when room returns', async () => {
    const path = smallFileSystem(20)!
    const opened = await openDoor({ path, reserveBytes: 4 * MiB })
    const kept: string[] = []
    let status = 0
    for (let count = 0; count < 60 && status === 0; count++) {
      const instance = sample({ studyInstanceUid: '1.2', pixelBytes: MiB })
      status = (await store(opened.door, instance)).status
      if (status === 0) kept.push(instance.sopInstanceUid)
    }
    expect(status).toBe(0xa700)
    expect(kept.length).toBeGreaterThan(8)
    expect(filesBelow(path)).toHaveLength(kept.length)
    expect((await opened.catalog.totals()).instances).toBe(kept.length)
    // A smaller one may still find room above the reserve.
    for (let again = 0; again < 3; again++) expect((await store(opened.door, sample({ pixelBytes: MiB }))).status).toBe(0xa700)
    for (const gone of kept.slice(0, 3)) {
      const facts = (await opened.catalog.findInstance(uid(gone)))!
      await opened.catalog.forget(uid(gone))
      await opened.storage.remove(facts.storageKey)
    }
    expect(await store(opened.door, sample({ pixelBytes: MiB }))).toEqual({ status: 0 })
  })

  it('answers A700 without a reserve too, when every byte is taken', async () => {
    const path = smallFileSystem(6)!
    const opened = await openDoor({ path })
    const acknowledged: string[] = []
    for (let count = 0; count < 40; count++) {
      const instance = sample({ pixelBytes: 300_000 })
      const { status } = await store(opened.door, instance)
      if (status === 0) acknowledged.push(instance.sopInstanceUid)
      else expect(status).toBe(0xa700)
    }
    expect(acknowledged.length).toBeLessThan(40)
    expect(filesBelow(path)).toHaveLength(acknowledged.length)
    for (const sopInstanceUid of acknowledged) {
      const facts = (await opened.catalog.findInstance(uid(sopInstanceUid)))!
      expect(await opened.storage.digest(facts.storageKey, facts.dataSetOffset)).toBe(facts.sha256)
    }
  })

  it('answers A700 when only the catalog finds no room, and both go on when there is some again', async () => {
    const path = smallFileSystem(6)!
    const opened = await openDoor({ path })
    expect(await store(opened.door, sample())).toEqual({ status: 0 })
    const filler = join(path, 'filler')
    writeFileSync(filler, Buffer.alloc((await opened.storage.freeBytes()) - 80 * 1024))
    const acknowledged: string[] = []
    let refused = 0
    for (let count = 0; count < 60; count++) {
      const instance = sample({ pixelBytes: 64 })
      const { status } = await store(opened.door, instance)
      if (status === 0) acknowledged.push(instance.sopInstanceUid)
      else refused++
      expect([0, 0xa700]).toContain(status)
    }
    expect(refused).toBeGreaterThan(0)
    expect(filesBelow(path)).toHaveLength(acknowledged.length + 2)
    rmSync(filler)
    expect(await store(opened.door, sample())).toEqual({ status: 0 })
    for (const sopInstanceUid of acknowledged) expect(await opened.catalog.findInstance(uid(sopInstanceUid))).toBeDefined()
    expect((await opened.catalog.totals()).instances).toBe(acknowledged.length + 2)
  })
})
