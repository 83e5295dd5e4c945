/** A large file goes to the disk while the rest of it still comes: what is synced when, and what a disk that fails there does. */
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Draft } from '../../src/storage/contract.ts'
import { openStorage } from '../../src/storage/file-storage.ts'
import { filesBelow, temporaryFolder } from './temporary-storage.ts'

const disk = vi.hoisted(() => ({ syncs: 0, failures: 0 }))
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const fdatasync = (fd: number, done: (error: NodeJS.ErrnoException | null) => void): void => {
    disk.syncs++
    if (disk.failures-- > 0) setImmediate(done, Object.assign(new Error('the disk does not answer'), { code: 'EIO' }))
    else fs.fdatasync(fd, done)
  }
  return { ...fs, fdatasync }
})

const MiB = 1024 * 1024
const piece = randomBytes(256 * 1024)

beforeEach(() => {
  disk.syncs = 0
  disk.failures = 0
})

async function opened() {
  const path = temporaryFolder()
  return { path, storage: await openStorage({ reserveBytes: 0, maxInstanceBytes: 64 * MiB, path }) }
}

/** Bytes that come so slowly that the disk keeps pace. */
async function write(draft: Draft, bytes: number): Promise<void> {
  for (let at = 0; at < bytes; at += piece.length) {
    await draft.write(piece)
    await new Promise(setImmediate)
  }
}

async function someTime(isOver: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !isOver(); turn++) await new Promise((resolve) => setTimeout(resolve, 10))
}

it('one that comes alone is synced before its end has come', async () => {
  const { storage } = await opened()
  const draft = await storage.draft('instances')
  await write(draft, 4 * MiB)
  await someTime(() => disk.syncs > 0)
  expect(disk.syncs).toBeGreaterThan(0)
  await write(draft, 4 * MiB)
  const { key, fileSizeBytes } = await draft.keep()
  expect([fileSizeBytes, (await storage.readStart(key, 9 * MiB)).length]).toEqual([8 * MiB, 8 * MiB])
})

it('small ones, and those that come beside each other, are synced at their end only', async () => {
  const { storage } = await opened()
  const small = await storage.draft('instances')
  await write(small, MiB)
  await small.keep()
  expect(disk.syncs).toBe(0)
  const drafts = [await storage.draft('instances'), await storage.draft('instances')]
  await Promise.all(drafts.map((draft) => draft.write(Buffer.alloc(MiB))))
  await new Promise((resolve) => setTimeout(resolve, 50))
  await Promise.all(drafts.map((draft) => write(draft, 4 * MiB)))
  expect(disk.syncs).toBe(0)
  await Promise.all(drafts.map((draft) => draft.discard()))
})

it('where the disk fails meanwhile, which a later sync would not tell again, nothing is kept', async () => {
  const { path, storage } = await opened()
  disk.failures = 1
  const draft = await storage.draft('instances')
  const told = write(draft, 16 * MiB).then(() => draft.keep())
  await expect(told).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { step: 'sync', errno: 'EIO' } })
  await draft.discard()
  expect([filesBelow(join(path, 'instances')), readdirSync(join(path, 'drafts'))]).toEqual([[], []])
})
