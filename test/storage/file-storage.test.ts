import { createHash, randomBytes } from 'node:crypto'
import { chownSync, existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NodeError } from '../../src/errors.ts'
import type { KeptFile, Storage, StorageKey } from '../../src/storage/contract.ts'
import { openStorage } from '../../src/storage/file-storage.ts'
import { retrieveLocationUid } from '../../src/storage/node-identity.ts'
import { parseStorageKey } from '../../src/storage/storage-key.ts'
import { canMount, filesBelow, smallFileSystem, temporaryFolder } from './temporary-storage.ts'

const MiB = 1024 * 1024
const HEADER = Buffer.from('header of 20 bytes!!')

async function opened(more: Partial<Parameters<typeof openStorage>[0]> = {}): Promise<{ path: string; storage: Storage }> {
  const path = more.path ?? temporaryFolder()
  return { path, storage: await openStorage({ reserveBytes: 0, maxInstanceBytes: 64 * MiB, ...more, path }) }
}

async function kept(storage: Storage, dataSet: Buffer, fragmentBytes = 16_384): Promise<KeptFile> {
  const draft = await storage.draft('instances')
  try {
    draft.begin(HEADER)
    for (let at = 0; at < dataSet.length; at += fragmentBytes) await draft.write(dataSet.subarray(at, at + fragmentBytes))
    return await draft.keep()
  } finally {
    await draft.discard()
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(NodeError)
  return (error as NodeError).code
}

async function readAll(storage: Storage, key: StorageKey, start?: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of storage.open(key, start)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

describe('bytes for a reader with buffers of its own', () => {
  it.each([0, 1, 9_000, 65_536, 65_537, 300_001])('%i of them come as they were kept, wherever the reader begins', async (size) => {
    const { storage } = await opened()
    const dataSets = [randomBytes(size), randomBytes(size)]
    const files = await Promise.all(dataSets.map((one) => kept(storage, one)))
    // The second round has the buffers of the first.
    for (let round = 0; round < 2; round++) {
      const sources = await Promise.all(files.map(({ key }) => storage.openBytes(key, 20)))
      for (const [at, source] of sources.entries()) {
        expect(source.sizeBytes).toBe(size)
        const places = [Buffer.alloc(7), Buffer.alloc(size)]
        expect(await source.read(places, 0)).toBe(size)
        expect(Buffer.concat(places).subarray(0, size).equals(dataSets[at]!)).toBe(true)
        const rest = Buffer.alloc(size)
        expect(await source.read([rest], size >> 1)).toBe(size - (size >> 1))
        expect(rest.subarray(0, size - (size >> 1)).equals(dataSets[at]!.subarray(size >> 1))).toBe(true)
        expect(await source.read([rest], size)).toBe(0)
        source.close()
        source.close()
        expect(await codeOf(source.read([rest], 0))).toBe('STORAGE_FAILED')
      }
    }
  })

  it('may be closed while they are read: the read ends with its own bytes', async () => {
    const { storage } = await opened()
    const dataSet = randomBytes(8 * MiB)
    const { key } = await kept(storage, dataSet)
    const source = await storage.openBytes(key, 20)
    const place = Buffer.alloc(dataSet.length)
    const reading = source.read([place], 0)
    source.close()
    const count = await reading
    expect(place.subarray(0, count).equals(dataSet.subarray(0, count))).toBe(true)
  })

  it('of a lost file are none', async () => {
    const { path, storage } = await opened()
    const { key } = await kept(storage, Buffer.alloc(10))
    rmSync(join(path, key))
    expect(await codeOf(storage.openBytes(key, 20))).toBe('STORAGE_FAILED')
  })
})

describe('keeping', () => {
  it.each([0, 1, 9_000, 65_536, 262_144, 300_001, 5 * MiB + 3])('gives back %i bytes as they came', async (size) => {
    const { path, storage } = await opened({ now: () => Date.UTC(2026, 10, 23, 23, 59, 7, 89) })
    const dataSet = randomBytes(size)
    const file = await kept(storage, dataSet)
    expect(file.key).toMatch(/^instances\/2026\/11\/23\/235907089000-[a-z2-7]{26}\.dcm$/)
    expect(file).toMatchObject({ fileSizeBytes: size + 20, dataSetOffset: 20, sha256: createHash('sha256').update(dataSet).digest('hex') })
    expect(readFileSync(join(path, file.key)).equals(Buffer.concat([HEADER, dataSet]))).toBe(true)
    expect((await readAll(storage, file.key, 20)).equals(dataSet)).toBe(true)
    expect(await storage.digest(file.key, 20)).toBe(file.sha256)
    expect(await storage.size(file.key)).toBe(size + 20)
    expect((await storage.readStart(file.key, 30)).equals(Buffer.concat([HEADER, dataSet]).subarray(0, 30))).toBe(true)
    expect(filesBelow(path)).toEqual([file.key])
    expect(statSync(join(path, file.key)).mode & 0o777).toBe(0o600)
    expect(statSync(join(path, 'instances/2026')).mode & 0o777).toBe(0o700)
  })

  it('takes single bytes, in a buffer that is used again for the next, asks for a pause, and keeps them in order', async () => {
    const { storage } = await opened()
    const draft = await storage.draft('instances')
    draft.begin(HEADER)
    const bytes = randomBytes(1.5 * MiB)
    const one = Buffer.alloc(1)
    let pauses = 0
    for (const byte of bytes) {
      one[0] = byte
      const pause = draft.write(one)
      if (pause === undefined) continue
      pauses++
      await pause
    }
    const { key } = await draft.keep()
    expect(pauses).toBeGreaterThan(0)
    expect((await readAll(storage, key, 20)).equals(bytes)).toBe(true)
  })

  it('asks for a pause once more than 1 MiB waits, and lets go', async () => {
    const { storage } = await opened()
    const draft = await storage.draft('instances')
    expect(draft.write(Buffer.alloc(MiB / 2))).toBeUndefined()
    const pause = draft.write(Buffer.alloc(MiB))
    expect(pause).toBeInstanceOf(Promise)
    await pause
    await draft.discard()
  })

  it('keeps 60 at once in one folder, across a change of day', async () => {
    let now = Date.UTC(2026, 11, 31, 23, 59, 59)
    const { path, storage } = await opened({ now: () => now })
    const some = Array.from({ length: 30 }, () => kept(storage, randomBytes(5000)))
    await some[0]
    now += 2000
    const others = Array.from({ length: 30 }, () => kept(storage, randomBytes(5000)))
    const keys = (await Promise.all([...some, ...others])).map((file) => file.key)
    expect(filesBelow(path)).toEqual(keys.sort())
    expect(keys.at(-1)).toMatch(/^instances\/2027\/01\/01\//)
  })

  it('names files in the order of reception, within a millisecond too', async () => {
    let now = Date.UTC(2026, 10, 23, 9, 59, 59, 998)
    const { storage } = await opened({ now: () => now })
    const keys: string[] = []
    for (let count = 0; count < 30; count++) {
      keys.push((await kept(storage, randomBytes(10))).key)
      if (count % 10 === 9) now += 1
    }
    expect(keys[0]).toContain('/095959998000-')
    expect(keys[29]).toContain('/100000000009-')
    const listed: string[] = []
    for await (const { key } of storage.list()) listed.push(key)
    expect(listed).toEqual(keys)
  })

  it('knows names that were given before they told the time', async () => {
    const { path, storage } = await opened()
    const file = await kept(storage, Buffer.from('old'))
    const key = parseStorageKey(file.key.replace(/[0-9]{12}-/, ''))!
    renameSync(join(path, file.key), join(path, key))
    expect((await readAll(storage, key, 20)).toString()).toBe('old')
    const listed: string[] = []
    for await (const one of storage.list()) listed.push(one.key)
    expect(listed).toEqual([key])
  })

  it('keeps what is still being written when it is asked to keep, and leaves no draft behind', async () => {
    let now = 0
    // So that the file system is asked for room before each write.
    const { path, storage } = await opened({ now: () => (now += 2000) })
    const dataSet = randomBytes(600_000)
    const sha256 = createHash('sha256').update(dataSet).digest('hex')
    for (let round = 0; round < 120; round++) {
      const draft = await storage.draft('instances')
      draft.begin(HEADER)
      void draft.write(dataSet.subarray(0, 400_000))
      if (round % 3 > 0) await new Promise((resolve) => setImmediate(resolve))
      for (const until = performance.now() + (round % 30) * 0.05; performance.now() < until; );
      void draft.write(dataSet.subarray(400_000))
      const file = await draft.keep()
      expect(file.sha256).toBe(sha256)
      expect(await storage.digest(file.key, 20)).toBe(sha256)
    }
    expect(filesBelow(join(path, 'drafts'))).toEqual([])
  })

  it('makes the folder again when somebody removed it', async () => {
    const { path, storage } = await opened()
    await kept(storage, Buffer.from('a'))
    rmSync(join(path, 'instances'), { recursive: true })
    const file = await kept(storage, Buffer.from('b'))
    expect(existsSync(join(path, file.key))).toBe(true)
  })
})

const isRoot = process.getuid?.() === 0

it.skipIf(!isRoot)('made by root beside a service: files and folders belong to the user of the storage (needs root)', async () => {
  const path = temporaryFolder()
  chownSync(path, 65_534, 65_534)
  const storage = await openStorage({ path, reserveBytes: 0, maxInstanceBytes: MiB })
  for (const folder of ['drafts', 'instances', 'manifests', 'quarantine']) expect(statSync(join(path, folder)).uid, folder).toBe(65_534)
  const { key } = await kept(storage, Buffer.from('bytes'))
  for (let one = join(path, key); one !== path; one = dirname(one)) expect(statSync(one).uid, one).toBe(65_534)
  expect(await retrieveLocationUid(path)).toMatch(/^2\.25\./)
  await storage.quarantine(key, 'a test')
  for (const name of filesBelow(path)) expect(statSync(join(path, name)).uid, name).toBe(65_534)
})

describe('nothing is left', () => {
  it.each([0, 100, 300_000, 3 * MiB])('after a discard with %i bytes written', async (size) => {
    const { path, storage } = await opened()
    const draft = await storage.draft('instances')
    draft.begin(HEADER)
    void draft.write(Buffer.alloc(size))
    await draft.discard()
    await draft.discard()
    expect(filesBelow(path)).toEqual([])
    await expect(draft.keep()).rejects.toThrow()
    expect(filesBelow(path)).toEqual([])
  })

  it('when the instance is larger than allowed', async () => {
    const { path, storage } = await opened({ maxInstanceBytes: MiB })
    expect(await codeOf(kept(storage, Buffer.alloc(MiB)))).toBe('INSTANCE_TOO_LARGE')
    expect(filesBelow(path)).toEqual([])
    expect((await kept(storage, Buffer.alloc(MiB - 20))).fileSizeBytes).toBe(MiB)
  })

  it('when drafts cannot be made', async () => {
    const { path, storage } = await opened()
    rmSync(join(path, 'drafts'), { recursive: true })
    expect(await codeOf(kept(storage, Buffer.alloc(10)))).toBe('STORAGE_FAILED')
    expect(filesBelow(path)).toEqual([])
  })

  it('when the final folder cannot be made', async () => {
    const { path, storage } = await opened()
    rmSync(join(path, 'instances'), { recursive: true })
    writeFileSync(join(path, 'instances'), 'in the way')
    expect(await codeOf(kept(storage, Buffer.alloc(10)))).toBe('STORAGE_FAILED')
    expect(filesBelow(path)).toEqual(['instances'])
    rmSync(join(path, 'instances'))
    await kept(storage, Buffer.alloc(10))
  })
})

describe('room', () => {
  it('refuses when the reserve would be touched', async () => {
    const { storage } = await opened({ reserveBytes: Number.MAX_SAFE_INTEGER })
    expect(await codeOf(Promise.resolve(storage.draft('instances')))).toBe('STORAGE_FULL')
  })

  it('holds the quota over all files, also after a restart, and again has room after a removal', async () => {
    const { path, storage } = await opened({ maxTotalBytes: 10_000 })
    const first = await kept(storage, Buffer.alloc(6000))
    expect(await codeOf(kept(storage, Buffer.alloc(6000)))).toBe('STORAGE_FULL')
    await kept(storage, Buffer.alloc(3000))
    const again = (await opened({ path, maxTotalBytes: 10_000 })).storage
    expect(await codeOf(kept(again, Buffer.alloc(2000)))).toBe('STORAGE_FULL')
    await again.remove(first.key)
    await kept(again, Buffer.alloc(2000))
  })

  it.skipIf(!canMount)('says STORAGE_FULL on a full disk, leaves nothing, and goes on by itself when room returns', async () => {
    const path = smallFileSystem(8)!
    const { storage } = await opened({ path })
    const files: KeptFile[] = []
    const code = await codeOf(
      (async () => {
        for (;;) files.push(await kept(storage, randomBytes(MiB)))
      })(),
    )
    expect(code).toBe('STORAGE_FULL')
    expect(filesBelow(path)).toEqual(files.map((file) => file.key).sort())
    expect(files.length).toBeGreaterThan(5)
    for (const file of files) expect(await storage.digest(file.key, 20)).toBe(file.sha256)
    for (const file of files.slice(0, 3)) await storage.remove(file.key)
    await kept(storage, randomBytes(MiB))
  })

  it.skipIf(!canMount)('stops at the reserve in the middle of a large instance', async () => {
    const path = smallFileSystem(20)!
    const { storage } = await opened({ path, reserveBytes: 8 * MiB })
    let now = 0
    const impatient = await openStorage({ path, reserveBytes: 8 * MiB, maxInstanceBytes: 64 * MiB, now: () => (now += 2000) })
    expect(await codeOf(kept(impatient, Buffer.alloc(16 * MiB)))).toBe('STORAGE_FULL')
    expect(filesBelow(path)).toEqual([])
    expect(await storage.freeBytes()).toBeGreaterThan(19 * MiB)
  })
})

describe('upkeep', () => {
  it('lists in key order, by time of change, and only its own names', async () => {
    let now = Date.now() - 5 * 86_400_000
    const { path, storage } = await opened({ now: () => now })
    const old = await kept(storage, Buffer.alloc(10))
    utimesSync(join(path, old.key), now / 1000, now / 1000)
    utimesSync(join(path, old.key, '..'), now / 1000, now / 1000)
    now = Date.now()
    const recent = [await kept(storage, Buffer.alloc(20)), await kept(storage, Buffer.alloc(20))]
    writeFileSync(join(path, recent[0]!.key, '..', 'x.dcm'), 'not ours')
    const all: string[] = []
    for await (const file of storage.list()) all.push(file.key)
    expect(all).toEqual([old.key, ...recent.map((file) => file.key).sort()])
    const some: string[] = []
    for await (const file of storage.list(now - 60_000)) {
      some.push(file.key)
      expect(file).toMatchObject({ sizeBytes: 40 })
    }
    expect(some).toEqual(all.slice(1))
  })

  it('sweeps what a crash left, not what is being written', async () => {
    const { path, storage } = await opened()
    writeFileSync(join(path, 'drafts', '999999999-abc'), 'left over')
    writeFileSync(join(path, 'drafts', `${process.pid}-abc`), 'left over by a former process of the same number')
    writeFileSync(join(path, 'drafts', `${process.ppid}-abc`), 'of a live process')
    const draft = await storage.draft('instances')
    await draft.write(Buffer.alloc(2 * MiB))
    expect(await storage.sweepDrafts()).toBe(2)
    await draft.keep()
    expect(filesBelow(join(path, 'drafts'))).toEqual([`${process.ppid}-abc`])
  })

  it('moves to quarantine with the reason beside it', async () => {
    const { path, storage } = await opened()
    const { key } = await kept(storage, Buffer.from('odd'))
    await storage.quarantine(key, 'header cannot be read')
    const [file, reason] = filesBelow(path)
    expect(file).toMatch(/^quarantine\/[0-9]{12}-[a-z2-7]{26}\.dcm$/)
    expect(readFileSync(join(path, file!), 'latin1')).toBe(`${HEADER}odd`)
    expect(readFileSync(join(path, reason!), 'utf8')).toContain(`${key}\nheader cannot be read`)
    expect(await storage.size(key)).toBeUndefined()
  })

  it('reads a short file as far as it goes, and reports a lost one on the stream', async () => {
    const { path, storage } = await opened()
    const { key } = await kept(storage, Buffer.alloc(100))
    truncateSync(join(path, key), 50)
    expect((await storage.readStart(key, 1000)).length).toBe(50)
    await storage.remove(key)
    await storage.remove(key)
    await expect(readAll(storage, key)).rejects.toThrow('ENOENT')
    expect(await codeOf(storage.readStart(key, 10))).toBe('STORAGE_FAILED')
  })

  it.each([
    'instances/2026/11/23/../../../../etc/passwd',
    '/etc/passwd',
    '../x',
    'instances/2026/13/23/aaaaaaaaaaaaaaaaaaaaaaaaaa.dcm',
    'instances/2026/11/23/09595999800-aaaaaaaaaaaaaaaaaaaaaaaaaa.dcm',
    'instances/2026/11/23/095959998000aaaaaaaaaaaaaaaaaaaaaaaaaa.dcm',
    '',
  ])('knows that %j is no key', async (text) => {
    expect(parseStorageKey(text)).toBeUndefined()
    const { storage } = await opened()
    expect(await codeOf(storage.size(text as StorageKey))).toBe('STORAGE_FAILED')
  })

  it.each([40_000, 300_000])(
    'fills more buffers than the system takes at a time, of %i bytes, and says where the file ends',
    async (size) => {
      const { storage } = await opened()
      const dataSet = randomBytes(size)
      const { key } = await kept(storage, dataSet)
      const bytes = await storage.openBytes(key, 20)
      const places = Array.from({ length: 3000 }, () => Buffer.alloc(101))
      expect(await bytes.read(places, 7)).toBe(Math.min(size - 7, 303_000))
      expect(
        Buffer.concat(places)
          .subarray(0, size - 7)
          .equals(dataSet.subarray(7)),
      ).toBe(true)
      expect(await bytes.read([Buffer.alloc(10)], size - 3)).toBe(3)
      expect(await bytes.read([Buffer.alloc(10)], size)).toBe(0)
      bytes.close()
    },
  )

  it('opens again what is there', async () => {
    const { path, storage } = await opened()
    const { key } = await kept(storage, Buffer.from('stays'))
    const again = (await opened({ path })).storage
    expect((await readAll(again, key, 20)).toString()).toBe('stays')
  })
})

describe('a storage.path that cannot be used is told in words', () => {
  it.each([
    ['/proc/ariane', /no folder can be made there/],
    ['/dev/null/storage', /it is not a folder/],
  ])('%s', async (path, words) => {
    await expect(openStorage({ path, reserveBytes: 0, maxInstanceBytes: MiB })).rejects.toThrow(words)
  })
})
