/** The instances of a retrieval, with the files of the next few opened: opening takes its time on a disk, and while the peer is busy with what went
 *  before, that time is free.
 *
 *  Promises: every instance once, in order, to whichever lane asks first; a file that is lost, or not of the size that it had, is told by `bytes`, and
 *  costs nothing but its own instance; at most {@link MOST} files, {@link MOST_OF_MANY} where many retrievals go on, are open beside those that have been taken.
 *  Does not: close what has been taken. Errors: NodeError CATALOG_FAILED where the rest cannot be listed. */
import type { Retrievable } from '../catalog/contract.ts'
import { NodeError } from '../errors.ts'
import type { ByteSource, Storage } from '../storage/contract.ts'
import { isOdd } from './even-lengths.ts'

/** When fewer than so many are left, more are opened, all at once: the system's threads are then woken once for many of them, which costs more than
 *  opening does. */
const FEWEST = 8
const MOST = 24
/** Where more retrievals than this go on, each opens fewer: files that are open, and read whole, are bounded. */
const MANY = 16
const MOST_OF_MANY = 4

let underWay = 0

export interface Opened {
  readonly instance: Retrievable
  /** The data set as stored; of one that has to be mended first (even-lengths.ts) nothing is opened. */
  readonly bytes?: Promise<ByteSource>
}

export class OpenedAhead {
  readonly #instances: AsyncGenerator<Retrievable, undefined>
  readonly #storage: Storage
  readonly #queue: Promise<Opened | undefined>[] = []
  #filling: NodeJS.Immediate | undefined
  #isClosed = false

  constructor(instances: AsyncGenerator<Retrievable, undefined>, storage: Storage) {
    this.#instances = instances
    this.#storage = storage
    underWay += 1
  }

  /** The next one, its own to close; undefined at the end. */
  next(): Promise<Opened | undefined> {
    if (this.#queue.length === 0) this.#fill()
    const next = this.#queue.shift()!
    if (this.#queue.length < FEWEST) this.#fillSoon()
    return next
  }

  /** What {@link next} will give, as far as is known. */
  get coming(): Promise<Opened | undefined> | undefined {
    return this.#queue[0]
  }

  /** Leaves nothing open that has not been taken. */
  async close(): Promise<void> {
    clearImmediate(this.#filling)
    if (!this.#isClosed) underWay -= 1
    this.#isClosed = true
    for (const one of this.#queue.splice(0)) await one.then(closeOpened, () => undefined)
  }

  /** Once what is ready has been written: a peer that waits comes first. */
  #fillSoon(): void {
    this.#filling ??= setImmediate(() => this.#fill())
  }

  #fill(): void {
    clearImmediate(this.#filling)
    this.#filling = undefined
    const most = underWay > MANY ? MOST_OF_MANY : MOST
    while (this.#queue.length < most) this.#queue.push(this.#open())
  }

  #open(): Promise<Opened | undefined> {
    const opened = this.#instances
      .next()
      .then(({ value }) => value && { instance: value, bytes: isOdd(value) ? undefined : this.#bytes(value) })
    opened.catch(() => undefined) // told by `next`
    return opened
  }

  #bytes(instance: Retrievable): Promise<ByteSource> {
    const bytes = openChecked(this.#storage, instance)
    bytes.catch(() => undefined) // told to whoever sends it
    return bytes
  }
}

export async function closeOpened(opened: Opened | undefined): Promise<void> {
  await opened?.bytes?.then(
    (bytes) => bytes.close(),
    () => undefined,
  )
}

/** Its own to close. @throws NodeError STORAGE_FAILED where the file is not what it was */
export async function openChecked(storage: Storage, instance: Retrievable): Promise<ByteSource> {
  const { storageKey, dataSetOffset } = instance
  const bytes = await storage.openBytes(storageKey, dataSetOffset)
  try {
    checkSize(instance, bytes.sizeBytes + dataSetOffset)
  } catch (error) {
    bytes.close()
    throw error
  }
  return bytes
}

/** @throws NodeError STORAGE_FAILED where the file is not what it was */
export function checkSize({ storageKey, fileSizeBytes, sopInstanceUid }: Retrievable, size: number | undefined): void {
  if (size !== fileSizeBytes)
    throw new NodeError('STORAGE_FAILED', { sopInstanceUid, storageKey, expectedBytes: fileSizeBytes, found: size })
}
