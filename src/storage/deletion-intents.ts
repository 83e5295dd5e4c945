/** Deletions that are not finished, as files: `deletions/<id>.json` in the storage, each from before the catalog is told of it until everything is gone.
 *
 *  Promises: on disk before anything is hidden or removed, so that a deletion that has begun ends, also where the catalog is lost on the way: what
 *  it left behind does not come back from its files. Gone before the catalog forgets the deletion: nothing is deleted a second time.
 *  Does not: delete anything.
 *  Errors: NodeError STORAGE_FAILED. A file that cannot be read is told of and left alone. */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deletion } from '../catalog/contract.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { makeFolder, syncFolder } from './day-folders.ts'
import { writeSmallFile } from './write-small-file.ts'

const FOLDER = 'deletions'
const NAME = /^[0-9a-f-]{36}\.json$/

/** @param path  `storage.path` */
export async function intend(path: string, deletion: Deletion): Promise<void> {
  try {
    await makeFolder(path, FOLDER)
    await writeSmallFile(join(path, FOLDER), nameOf(deletion.id), `${JSON.stringify(deletion)}\n`)
  } catch (cause) {
    throw new NodeError('STORAGE_FAILED', { folder: FOLDER }, { cause })
  }
}

/** It has ended, or has never begun. */
export async function forgetIntent(path: string, id: string): Promise<void> {
  try {
    await makeFolder(path, FOLDER)
    await rm(fileOf(path, id), { force: true })
    await syncFolder(join(path, FOLDER))
  } catch (cause) {
    throw new NodeError('STORAGE_FAILED', { folder: FOLDER }, { cause })
  }
}

/** Oldest first. */
export async function intents(path: string): Promise<readonly Deletion[]> {
  const names = await readdir(join(path, FOLDER)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw new NodeError('STORAGE_FAILED', { folder: FOLDER }, { cause })
  })
  const found = await Promise.all(names.filter((name) => NAME.test(name)).map((name) => read(join(path, FOLDER, name))))
  return found.filter((one) => one !== undefined).sort((a, b) => a.at - b.at)
}

export async function isIntended(path: string, id: string): Promise<boolean> {
  return (await read(fileOf(path, id))) !== undefined
}

const nameOf = (id: string): string => `${id}.json`
const fileOf = (path: string, id: string): string => join(path, FOLDER, nameOf(id))

async function read(file: string): Promise<Deletion | undefined> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined
    throw new NodeError('STORAGE_FAILED', { folder: FOLDER }, { cause })
  })
  const deletion = text === undefined ? undefined : parsed(text)
  if (text !== undefined && deletion === undefined) log.warn('a deletion that was begun cannot be read: it is not taken up', { file })
  return deletion
}

function parsed(text: string): Deletion | undefined {
  try {
    const { id, at, studyInstanceUid, reason, actor, withdraw } = JSON.parse(text) as Partial<Deletion>
    const isWhole = [id, studyInstanceUid, reason, actor].every((value) => typeof value === 'string')
    return isWhole && typeof at === 'number' && typeof withdraw === 'boolean' ? (JSON.parse(text) as Deletion) : undefined
  } catch {
    return undefined
  }
}
