/** The folders by day, and giving a file its final name in one of them.
 *
 *  Promises: when {@link DayFolders.name} resolves, the file and its name are on disk (and parents of the name where they are new); when it
 *  throws, the name is not there. Where the file system takes the name along with the file (journaling.ts), one sync after the renaming does
 *  both; else the file is synced first and the folder after, and concurrent callers share one sync of the folder: each waits for one that began
 *  after its rename. They are answered in the order of their names, so that rows are entered in the order in which a rebuild of the catalog will
 *  come upon the files. */
import { close, fdatasync, fsync, mkdir, open, rename, unlink } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { StorageArea, StorageKey } from './contract.ts'
import { diskError, errnoOf } from './disk-errors.ts'
import { giveToOwner } from './owner.ts'
import { NameSource } from './storage-key.ts'

const closeAsync = promisify(close)
const fdatasyncAsync = promisify(fdatasync)
const fsyncAsync = promisify(fsync)
const mkdirAsync = promisify(mkdir)
const openAsync = promisify(open)
const renameAsync = promisify(rename)
const unlinkAsync = promisify(unlink)

/** A file whose sync others would notice. */
const LARGE_BYTES = 4 * 1024 * 1024

const failedTo =
  (step: string) =>
  (error: unknown): never => {
    throw diskError(step, error)
  }

export class DayFolders {
  readonly #root: string
  readonly #now: () => number
  readonly #fileTakesName: boolean
  readonly #names = new NameSource()
  /** The folder in use per area; that of yesterday is dropped when today's is first used. */
  readonly #current = new Map<StorageArea, { folder: string; opened: Promise<SyncedFolder> }>()
  /** When the last key was given, and how many before it in the same millisecond. */
  #last = { at: 0, number: 0 }
  /** Settles when everything named so far has been answered for. */
  #answered: Promise<void> = Promise.resolve()

  /** @param fileTakesName  what {@link syncTakesName} says of the file system */
  constructor(root: string, now: () => number, fileTakesName: boolean) {
    this.#root = root
    this.#now = now
    this.#fileTakesName = fileTakesName
  }

  /** Moves a draft to a new key of today. @param fd  of the draft, everything written */
  async name(draftPath: string, area: StorageArea, fd: number, sizeBytes: number): Promise<StorageKey> {
    // The others that come meanwhile do not wait for the bytes of a large one.
    if (!this.#fileTakesName || sizeBytes > LARGE_BYTES) await fdatasyncAsync(fd).catch(failedTo('sync'))
    const at = this.#now()
    this.#last = { at, number: at === this.#last.at ? this.#last.number + 1 : 0 }
    const folderName = this.#names.dayFolder(area, at)
    const key = this.#names.newStorageKey(folderName, at, this.#last.number)
    const before = this.#answered
    const named = this.#named(draftPath, area, fd, folderName, key)
    this.#answered = Promise.allSettled([before, named]).then(() => undefined)
    await before
    return named
  }

  async #named(draftPath: string, area: StorageArea, fd: number, folderName: string, key: StorageKey): Promise<StorageKey> {
    const path = join(this.#root, key)
    const folder = await this.#moved(draftPath, path, area, folderName)
    try {
      await (this.#fileTakesName ? fsyncAsync(fd) : folder.sync())
    } catch (error) {
      await unlinkAsync(path).catch(() => undefined)
      throw diskError('sync name', error)
    } finally {
      folder.release()
    }
    return key
  }

  /** @returns the folder, held until it is released */
  async #moved(from: string, to: string, area: StorageArea, folderName: string): Promise<SyncedFolder> {
    for (let attempt = 1; ; attempt++) {
      const folder = await this.#folder(area, folderName)
      folder.hold()
      try {
        await renameAsync(from, to)
        return folder
      } catch (error) {
        folder.release()
        // somebody may have removed the folder under us: once more, with a new one
        if (errnoOf(error) !== 'ENOENT' || attempt === 2) throw diskError('name', error)
        this.#current.delete(area)
      }
    }
  }

  #folder(area: StorageArea, folder: string): Promise<SyncedFolder> {
    const current = this.#current.get(area)
    if (current?.folder === folder) return current.opened
    const opened = openFolder(this.#root, folder)
    this.#current.set(area, { folder, opened })
    opened.catch(() => {
      if (this.#current.get(area)?.opened === opened) this.#current.delete(area)
    })
    current?.opened.then((former) => former.retire()).catch(() => undefined)
    return opened
  }
}

/** An open folder whose fsync is shared by all who ask while one is running. */
class SyncedFolder {
  readonly #fd: number
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #holders = 0
  #isRetired = false
  #isClosed = false

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Resolves when an fsync that began after this call has ended. */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#start()
      })
    return this.#next
  }

  hold(): void {
    this.#holders++
  }

  release(): void {
    this.#holders--
    this.#closeWhenUnused()
  }

  /** Closes the handle as soon as nobody holds the folder. */
  retire(): void {
    this.#isRetired = true
    this.#closeWhenUnused()
  }

  #closeWhenUnused(): void {
    if (!this.#isRetired || this.#holders > 0 || this.#isClosed) return
    this.#isClosed = true
    void closeAsync(this.#fd).catch(() => undefined)
  }

  #start(): Promise<void> {
    const running = fsyncAsync(this.#fd).finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }
}

/** Makes `root/a/b/c` as far as it is missing and syncs the parent of each folder made. */
export async function makeFolder(root: string, folder: string): Promise<void> {
  const parts = folder.split('/')
  let path = root
  for (const part of parts) {
    path = join(path, part)
    try {
      await mkdirAsync(path, 0o700)
      await giveToOwner(path)
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') continue
      throw diskError('make folder', error)
    }
    await syncFolder(dirname(path))
  }
}

/** Syncs a folder once. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const fd = await openAsync(path, 'r')
    try {
      await fsyncAsync(fd)
    } finally {
      await closeAsync(fd)
    }
  } catch (error) {
    throw diskError('sync folder', error)
  }
}

async function openFolder(root: string, folder: string): Promise<SyncedFolder> {
  await makeFolder(root, folder)
  try {
    return new SyncedFolder(await openAsync(join(root, folder), 'r'))
  } catch (error) {
    throw diskError('open folder', error)
  }
}
