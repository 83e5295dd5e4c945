import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { part10Header } from '../../src/dicom/part10.ts'
import { uid } from '../../src/dicom/uid.ts'
import { type ImportedFile, type ImportOptions, importFiles } from '../../src/receive/import-files.ts'
import type { Door } from '../../src/receive/store-instance.ts'
import { filesBelow, temporaryFolder } from '../storage/temporary-storage.ts'
import { CT, closeAll, EXPLICIT, openDoor, part10, sample, silenceLog, withMethods } from './sample-instances.ts'

beforeAll(silenceLog)
afterEach(closeAll)

const IMPLICIT = '1.2.840.10008.1.2'

/** A folder with one file. */
function fileWith(bytes: Buffer | string, name = 'x.dcm'): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, bytes)
  return path
}

async function imported(door: Door, paths: readonly string[], options: Partial<ImportOptions> = {}): Promise<ImportedFile[]> {
  const results: ImportedFile[] = []
  for await (const result of importFiles(door, paths, { source: 'IMPORT', ...options })) results.push(result)
  return results.sort((one, other) => (one.path < other.path ? -1 : 1))
}

describe('a file', () => {
  it('is taken in as it is, under the name of the import; a second time it is known', async () => {
    const { door, catalog, storage, told } = await openDoor()
    const instance = sample({ pixelBytes: 700_000 })
    const path = fileWith(part10(instance))
    expect(await imported(door, [path])).toEqual([{ path, outcome: 'new', status: 0, sizeBytes: expect.any(Number) as number }])
    expect(await imported(door, [path])).toMatchObject([{ outcome: 'known' }])
    const facts = (await catalog.findInstance(uid(instance.sopInstanceUid)))!
    expect(facts.source).toBe('IMPORT')
    expect((await storage.readStart(facts.storageKey, 1e6)).subarray(facts.dataSetOffset).equals(instance.dataSet)).toBe(true)
    expect(told).toEqual([instance.studyInstanceUid])
  })

  it('with other bytes under the same UID is told', async () => {
    const { door } = await openDoor()
    await imported(door, [fileWith(part10(sample({ sopInstanceUid: '1.2.3', fill: 1 })))])
    const [result] = await imported(door, [fileWith(part10(sample({ sopInstanceUid: '1.2.3', fill: 2 })))])
    expect(result).toMatchObject({ outcome: 'first one kept', status: 0xb000 })
  })

  it.each<[string, (whole: Buffer) => Buffer]>([
    ['without preamble', (whole) => whole.subarray(132)],
    ['with a program in its preamble', (whole) => Buffer.concat([Buffer.from('\x7fELF'), whole.subarray(4)])],
    ['with a wrong group length', (whole) => Buffer.concat([whole.subarray(0, 140), Buffer.from([1, 0, 0, 0]), whole.subarray(144)])],
    ['without group length', (whole) => Buffer.concat([whole.subarray(0, 132), whole.subarray(144)])],
    [
      'with padding after the data set',
      (whole) => Buffer.concat([whole, Buffer.from([0xfc, 0xff, 0xfc, 0xff, 0x4f, 0x42, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0])]),
    ],
  ])('%s is taken in', async (_, change) => {
    const { door } = await openDoor()
    expect(await imported(door, [fileWith(change(part10(sample())))])).toMatchObject([{ outcome: 'new' }])
  })

  it('whose file meta information names another instance or class: the data set counts', async () => {
    const { door, catalog } = await openDoor()
    const instance = sample()
    const header = part10Header({ sopClassUid: '1.2.840.10008.5.1.4.1.1.4', sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT })
    expect(await imported(door, [fileWith(Buffer.concat([header, instance.dataSet]))])).toMatchObject([{ outcome: 'new' }])
    expect((await catalog.findInstance(uid(instance.sopInstanceUid)))?.sopClassUid).toBe(CT)
    expect(await catalog.findInstance(uid('1.2.3'))).toBeUndefined()
  })

  it('without file meta information is taken in only when guessing is asked for', async () => {
    const { door, catalog } = await openDoor()
    const instance = sample()
    const path = fileWith(instance.dataSet)
    expect(await imported(door, [path])).toMatchObject([{ outcome: 'refused', reason: 'names no transfer syntax: --guess would take it' }])
    expect(await imported(door, [path], { guess: true })).toMatchObject([{ outcome: 'new' }])
    expect((await catalog.findInstance(uid(instance.sopInstanceUid)))?.transferSyntaxUid).toBe(EXPLICIT)
  })

  it.each<[string, Buffer | string, string]>([
    ['empty', '', 'empty file'],
    ['131 bytes', Buffer.alloc(131), 'not a DICOM file'],
    ['nothing after DICM', Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]), 'names no transfer syntax'],
    ['DICM at the beginning', Buffer.concat([Buffer.from('DICM'), Buffer.alloc(200)]), 'not a DICOM file'],
    ['a zip', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(500)]), 'not a DICOM file'],
    ['a JPEG', Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(500)]), 'not a DICOM file'],
    ['cut in the header', part10(sample()).subarray(0, 400), 'Data set cannot be read'],
    ['cut in the pixel data', part10(sample()).subarray(0, -1), 'Data set cannot be read'],
    ['without a Study Instance UID', part10(sample({ studyInstanceUid: '' })), 'StudyInstanceUID is missing or invalid'],
    [
      'without a SOP Instance UID',
      part10({ ...sample({ sopInstanceUid: '' }), sopInstanceUid: '1.2' }),
      'SOPInstanceUID is missing or invalid',
    ],
    ['of another transfer syntax than it says', part10({ ...sample(), transferSyntaxUid: IMPLICIT }), 'Data set cannot be read'],
  ])('that is %s is refused, with guessing too, and leaves nothing', async (_, bytes, reason) => {
    const opened = await openDoor()
    for (const guess of [false, true]) {
      expect(await imported(opened.door, [fileWith(bytes)], { guess })).toMatchObject([{ outcome: 'refused', reason }])
    }
    expect(filesBelow(opened.path)).toEqual([])
    expect((await opened.catalog.totals()).studies).toBe(0)
  })

  it('that grows while it is read is refused', async () => {
    const opened = await openDoor()
    const path = fileWith(part10(sample({ pixelBytes: 400_000 })))
    const draft = (area: 'instances' | 'manifests') => {
      appendFileSync(path, 'x')
      return opened.storage.draft(area)
    }
    const door = { ...opened.door, storage: withMethods(opened.storage, { draft }) }
    expect(await imported(door, [path])).toMatchObject([{ outcome: 'refused', reason: 'changed while it was read' }])
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(filesBelow(opened.path)).toEqual([])
  })
})

describe('a folder', () => {
  it('may hold anything: what is no file is skipped, and nothing hangs', async () => {
    const { door } = await openDoor()
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'a folder.dcm'))
    writeFileSync(join(folder, 'a folder.dcm', 'inside'), part10(sample()))
    writeFileSync(join(folder, 'with\nnewline'), part10(sample()))
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/invalid-`), Buffer.from([0xff, 0xfe])]), part10(sample()))
    execFileSync('mkfifo', [join(folder, 'fifo.dcm')])
    symlinkSync(join(folder, 'a folder.dcm', 'inside'), join(folder, 'link.dcm'))
    symlinkSync(folder, join(folder, 'loop'))
    const results = await imported(door, [folder])
    expect(results.map(({ path, outcome, reason }) => [path.slice(folder.length + 1), outcome, reason])).toEqual([
      ['a folder.dcm/inside', 'new', undefined],
      ['fifo.dcm', 'skipped', 'not a regular file'],
      ['invalid-\ufffd\ufffd', 'new', undefined],
      ['link.dcm', 'skipped', 'a symbolic link'],
      ['loop', 'skipped', 'a symbolic link'],
      ['with\\x0anewline', 'new', undefined],
    ])
  })

  it('or file that is not there is told', async () => {
    const { door } = await openDoor()
    expect(await imported(door, ['/nowhere/at/all'])).toMatchObject([{ outcome: 'refused', reason: 'cannot be read: ENOENT' }])
  })

  it('may be large: several files are under way together', async () => {
    const { door, catalog } = await openDoor()
    const folder = temporaryFolder()
    for (let number = 0; number < 60; number++) writeFileSync(join(folder, `${number}`), part10(sample({ studyInstanceUid: '1.2' })))
    const results = await imported(door, [folder], { parallel: 4 })
    expect(results.filter((result) => result.outcome === 'new')).toHaveLength(60)
    expect(await catalog.totals()).toMatchObject({ studies: 1, instances: 60 })
  })
})
