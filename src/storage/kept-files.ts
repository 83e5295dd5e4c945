/** Walking what is kept, and sweeping what a crash left half-written.
 *
 *  Promises: files come in key order, with bounded memory (one day's names at a time); a file that vanishes meanwhile is left out.
 *  Does not: mention anything whose name is not a key of ours, or follow links. Times in milliseconds since 1970. */
import type { Stats } from 'node:fs'
import { lstat, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageKey } from './contract.ts'
import { diskError, errnoOf } from './disk-errors.ts'
import { AREAS, parseStorageKey } from './storage-key.ts'

/** How many files are looked at together. */
const TOGETHER = 16
/** A draft of another live process that has not grown for so long belongs to nobody (its number was given to a new process). */
const STALE_DRAFT_MS = 3_600_000

export interface KeptFileEntry {
  readonly key: StorageKey
  readonly sizeBytes: number
  readonly changedAt: number
}

export async function* keptFiles(root: string, changedSince?: number): AsyncGenerator<KeptFileEntry> {
  for (const area of AREAS) {
    for await (const folder of dayFoldersOf(root, area)) {
      if (changedSince !== undefined && (await unchangedSince(root, folder, changedSince))) continue
      const names = await namesIn(join(root, folder))
      for (let at = 0; at < names.length; at += TOGETHER) {
        const entries = await Promise.all(names.slice(at, at + TOGETHER).map((name) => entryOf(root, `${folder}/${name}`)))
        for (const entry of entries) {
          if (entry !== undefined && entry.changedAt >= (changedSince ?? Number.NEGATIVE_INFINITY)) yield entry
        }
      }
    }
  }
}

/** @returns how many were removed */
export async function sweepDrafts(draftsPath: string, active: ReadonlySet<string>, now: number): Promise<number> {
  let swept = 0
  for (const name of await namesIn(draftsPath)) {
    const path = join(draftsPath, name)
    if (active.has(name) || (await belongsToAnother(name, path, now))) continue
    try {
      await unlink(path)
      swept++
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw diskError('sweep drafts', error)
    }
  }
  return swept
}

/** Whether a process other than this one is writing it. */
async function belongsToAnother(name: string, path: string, now: number): Promise<boolean> {
  const writer = Number.parseInt(name, 10)
  if (!(writer > 0) || writer === process.pid || !isAlive(writer)) return false
  const found = await statOf(path)
  return found !== undefined && now - found.mtimeMs < STALE_DRAFT_MS
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

async function* dayFoldersOf(root: string, area: string): AsyncGenerator<string> {
  for (const year of await namesIn(join(root, area))) {
    for (const month of await namesIn(join(root, area, year))) {
      for (const day of await namesIn(join(root, area, year, month))) yield `${area}/${year}/${month}/${day}`
    }
  }
}

/** A file cannot come into a folder without changing it; a folder of the day asked or later is looked at in any case. */
async function unchangedSince(root: string, folder: string, changedSince: number): Promise<boolean> {
  const dayBefore = new Date(changedSince - 86_400_000).toISOString().slice(0, 10).replaceAll('-', '/')
  if (folder.slice(folder.indexOf('/') + 1) >= dayBefore) return false
  const found = await statOf(join(root, folder))
  return found === undefined || found.mtimeMs < changedSince
}

async function entryOf(root: string, name: string): Promise<KeptFileEntry | undefined> {
  const key = parseStorageKey(name)
  if (key === undefined) return undefined
  const found = await statOf(join(root, key))
  return found?.isFile() ? { key, sizeBytes: found.size, changedAt: found.mtimeMs } : undefined
}

/** Names in order; none where there is no such folder. */
async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return []
    throw diskError('list', error)
  }
}

/** Undefined where there is nothing. */
async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw diskError('look at file', error)
  }
}
