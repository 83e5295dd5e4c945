/** The bytes of one kept file from some place on, read into buffers of the reader's own: nothing is allocated or copied on the way to a socket.
 *
 *  Promises: `read` fills what it is given, except at the end; `close` can be called at any time, more than once.
 *  Errors: NodeError STORAGE_FAILED. */
import { closeSync, fstat, open, readv } from 'node:fs'
import { promisify } from 'node:util'
import type { ByteSource } from './contract.ts'
import { diskError } from './disk-errors.ts'

const openAsync = promisify(open)
const fstatAsync = promisify(fstat)
const readvAsync = promisify(readv)

/** @throws NodeError STORAGE_FAILED where the file is lost or cannot be read */
export async function openFileBytes(path: string, start: number): Promise<ByteSource> {
  try {
    const fd = await openAsync(path, 'r')
    try {
      return new FileBytes(fd, start, (await fstatAsync(fd)).size - start)
    } catch (error) {
      closeSync(fd)
      throw error
    }
  } catch (error) {
    throw diskError('open', error)
  }
}

class FileBytes implements ByteSource {
  readonly sizeBytes: number
  readonly #start: number
  #fd: number | undefined
  #reading: Promise<unknown> = Promise.resolve()

  constructor(fd: number, start: number, sizeBytes: number) {
    this.#fd = fd
    this.#start = start
    this.sizeBytes = sizeBytes
  }

  async read(into: readonly Buffer[], position: number): Promise<number> {
    const fd = this.#fd
    if (fd === undefined) throw diskError('read', new Error('the file is closed'))
    const reading = readvAsync(fd, into as Buffer[], this.#start + position)
    this.#reading = reading.catch(() => undefined)
    try {
      return (await reading).bytesRead
    } catch (error) {
      throw diskError('read', error)
    }
  }

  close(): void {
    const fd = this.#fd
    this.#fd = undefined
    if (fd !== undefined) void this.#reading.then(() => closeSync(fd))
  }
}
