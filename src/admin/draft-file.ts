/** A file that is written under a temporary name and gets its own when it is whole.
 *
 *  Promises: memory is two buffers of {@link BUFFER_BYTES}; what is discarded leaves nothing; a name that is there already is replaced at once.
 *  Does not: sync: what is lost in a power cut can be retrieved again.
 *  @throws CannotKeep */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CannotKeep } from '../manifest/open/arrival.ts'

const BUFFER_BYTES = 256 * 1024

export class DraftFile {
  readonly #temporary: string
  readonly #handle: Promise<FileHandle>
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  #filled = 0
  /** Everything handed over so far is written when it resolves. */
  #written: Promise<void> = Promise.resolve()
  #isOver = false

  constructor(temporary: string) {
    this.#temporary = temporary
    this.#handle = open(temporary, 'wx')
    this.#handle.catch(() => undefined)
  }

  /** Copies the bytes. @returns a promise while a buffer is being written */
  write(bytes: Buffer): Promise<void> | undefined {
    let waiting: Promise<void> | undefined
    for (let at = 0; at < bytes.length; ) {
      const count = bytes.copy(this.#buffer, this.#filled, at)
      at += count
      this.#filled += count
      if (this.#filled === BUFFER_BYTES) waiting = this.#flush()
    }
    return waiting
  }

  async keep(name: string): Promise<void> {
    await this.#flush()
    await (await this.#handle).close()
    this.#isOver = true
    try {
      await mkdir(dirname(name), { recursive: true })
      await rename(this.#temporary, name)
    } catch (cause) {
      await rm(this.#temporary, { force: true })
      throw cannot(cause)
    }
  }

  async discard(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    await this.#written.catch(() => undefined)
    await this.#handle.then((handle) => handle.close()).catch(() => undefined)
    await rm(this.#temporary, { force: true })
  }

  #flush(): Promise<void> {
    const full = this.#buffer.subarray(0, this.#filled)
    this.#buffer = Buffer.allocUnsafe(BUFFER_BYTES)
    this.#filled = 0
    this.#written = this.#written.then(() => this.#append(full))
    this.#written.catch(() => undefined)
    return this.#written
  }

  async #append(bytes: Buffer): Promise<void> {
    try {
      await (await this.#handle).writeFile(bytes)
    } catch (cause) {
      throw cannot(cause)
    }
  }
}

function cannot(cause: unknown): CannotKeep {
  const { code, message } = cause as NodeJS.ErrnoException
  const words: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EACCES: 'no permission to write there',
    EROFS: 'the disk is read-only',
  }
  return new CannotKeep(`nothing more can be kept: ${words[code ?? ''] ?? message}`, { cause })
}
