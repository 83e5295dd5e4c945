/** What makes a storage folder one node's: only one process works in it, and its Retrieve Location UID.
 *
 *  Promises: a second node on the same folder is refused at once; a crash leaves no lock behind. The UID is drawn once, written
 *  durably beside the instances, and read ever after, also when the catalog is rebuilt. */
import { createHash } from 'node:crypto'
import { access, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { newUid, parseUid, type Uid } from '../dicom/uid.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { writeSmallFile } from './write-small-file.ts'

export interface Lock {
  release(): void
}

/** Held by a socket in Linux's abstract name space: it ends with the process, whatever ends it.
 *  @throws Error where another node works in this folder */
export async function lockStorage(path: string): Promise<Lock> {
  const name = `\0ariane-${createHash('sha256')
    .update(await realpath(path))
    .digest('hex')
    .slice(0, 32)}`
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new Error(`another node is running on the storage ${path}`, { cause })))
    server.listen({ path: name }, resolve)
  })
  server.unref()
  return { release: () => void server.close() }
}

const UID_FILE = 'retrieve-location-uid.txt'

/** The node's Retrieve Location UID (0040,E011): 2.25, from a random UUID.
 *  @param published  what manifests that are out say: taken where the file is lost */
export async function retrieveLocationUid(path: string, published?: Uid): Promise<Uid> {
  const file = join(path, UID_FILE)
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new NodeError('STORAGE_FAILED', { file: UID_FILE }, { cause: error })
  })
  if (known !== undefined) {
    const uid = parseUid(known.trim())
    if (uid === undefined) throw new NodeError('STORAGE_FAILED', { file: UID_FILE, reason: 'does not hold a UID; put the former one back' })
    return uid
  }
  if (published !== undefined) log.warn(`${UID_FILE} is lost: written again, from the newest manifest`, { retrieveLocationUid: published })
  const uid = published ?? newUid()
  await writeSmallFile(path, UID_FILE, `${uid}\n`)
  return uid
}

const CLEAN_STOP_FILE = 'stopped-cleanly'

/** Whether the last stop was a clean one; the mark is taken away, so that a crash from here on shows. */
export async function takeCleanStop(path: string): Promise<boolean> {
  const mark = join(path, CLEAN_STOP_FILE)
  const isThere = await readFile(mark).then(
    () => true,
    () => false,
  )
  await rm(mark, { force: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`storage.path ${path} cannot be written: ${cause.code ?? cause.message}`, { cause })
  })
  return isThere
}

/** The very last thing of a stop. */
export async function leaveCleanStop(path: string): Promise<void> {
  await writeFile(join(path, CLEAN_STOP_FILE), '')
}

/** False where the disk is not mounted any more: what is open stays open. */
export async function isStorageThere(path: string): Promise<boolean> {
  return access(join(path, 'catalog.sqlite')).then(
    () => true,
    () => false,
  )
}
