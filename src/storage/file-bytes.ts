/** The bytes of one kept file from some place on, read into buffers of the reader's own: nothing is allocated or copied on the way to a socket.
 *
 *  A small file is read whole when it is opened, because each call to the system's threads costs more than its bytes do; into buffers that are used
 *  again, because memory outside of the heap makes V8 collect garbage (decision 0009).
 *  Promises: `read` fills what it is given, except at the end; `close` can be called at any time, more than once. Sizes in bytes.
 *  Errors: NodeError STORAGE_FAILED. */
import { closeSync, fstatSync, open } from 'node:fs'
import { promisify } from 'node:util'
import { ChunkPool } from './chunk-pool.ts'
import type { ByteSource } from './contract.ts'
import { diskError } from './disk-errors.ts'
import { readInto } from './fragments.ts'

const openAsync = promisify(open)

/** Up to here a file is small. */
const SMALL_BYTES = 64 * 1024

export class FileOpener {
  readonly #buffers = new ChunkPool(SMALL_BYTES)

  /** @throws NodeError STORAGE_FAILED where the file is lost or cannot be read */
  async open(path: string, start: number): Promise<ByteSource> {
    try {
      const fd = await openAsync(path, 'r')
      let isKept = false
      try {
        // Of a file that has just been opened the system knows this without looking at the disk.
        const sizeBytes = fstatSync(fd).size - start
        if (sizeBytes <= SMALL_BYTES) return await this.#whole(fd, start, sizeBytes)
        isKept = true
        return new FileBytes(fd, start, sizeBytes)
      } finally {
        if (!isKept) closeSync(fd)
      }
    } catch (error) {
      throw diskError('open', error)
    }
  }

  async #whole(fd: number, start: number, sizeBytes: number): Promise<ByteSource> {
    const buffer = this.#buffers.take()
    const done = (): void => this.#buffers.give(buffer)
    let filled: number
    try {
      filled = await readInto(fd, [buffer.subarray(0, Math.max(0, sizeBytes))], start)
    } catch (error) {
      done()
      throw error
    }
    return new SmallFileBytes(buffer, filled, done)
  }
}

class FileBytes implements ByteSource {
  readonly sizeBytes: number
  readonly #start: number
  readonly #fd: number
  #reads = 0
  #isClosed = false

  constructor(fd: number, start: number, sizeBytes: number) {
    this.#fd = fd
    this.#start = start
    this.sizeBytes = sizeBytes
  }

  async read(into: readonly Buffer[], position: number): Promise<number> {
    if (this.#isClosed) throw closed()
    this.#reads++
    try {
      return await readInto(this.#fd, into, this.#start + position)
    } catch (error) {
      throw diskError('read', error)
    } finally {
      this.#reads--
      if (this.#isClosed && this.#reads === 0) closeSync(this.#fd)
    }
  }

  /** The system's number of the file goes to another one as soon as it is free: not while something is being read by it. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#reads === 0) closeSync(this.#fd)
  }
}

class SmallFileBytes implements ByteSource {
  readonly sizeBytes: number
  #buffer: Buffer | undefined
  readonly #done: () => void

  constructor(buffer: Buffer, sizeBytes: number, done: () => void) {
    this.#buffer = buffer
    this.sizeBytes = sizeBytes
    this.#done = done
  }

  async read(into: readonly Buffer[], position: number): Promise<number> {
    if (this.#buffer === undefined) throw closed()
    let at = position
    for (const place of into) at += this.#buffer.copy(place, 0, at, this.sizeBytes)
    return at - position
  }

  close(): void {
    if (this.#buffer === undefined) return
    this.#buffer = undefined
    this.#done()
  }
}

function closed(): Error {
  return diskError('read', new Error('the file is closed'))
}
