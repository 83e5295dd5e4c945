/** Bytes of files for an answer on the web, read into two buffers by turns: while one is being sent, the other is read into.
 *
 *  Promises: a buffer that was handed over is read into again only once the next one is asked for; the files of one answer share them, and memory is two
 *  buffers however large the files are. Not shared between answers at the same time.
 *  @throws NodeError STORAGE_FAILED where a file has become shorter. Sizes in bytes. */
import { NodeError } from '../errors.ts'
import { ChunkPool } from '../storage/chunk-pool.ts'
import type { ByteSource } from '../storage/contract.ts'

/** While few answers go on; where many do, slowly, their buffers are small. */
const pool = new ChunkPool()
const FEW = 16
const SMALL_BYTES = 64 * 1024

let underWay = 0

/** What `make` makes of bytes that it reads by windows of its own. */
export async function* withWindows(make: (windows: ReadWindows) => AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const windows = new ReadWindows()
  let isWhole = false
  try {
    yield* make(windows)
    isWhole = true
  } finally {
    windows.end(isWhole)
  }
}

export class ReadWindows {
  readonly #isSmall = ++underWay > FEW
  #free: Buffer | undefined
  #busy: Buffer | undefined

  /** @param from  the first byte
   *  @param to  the one behind the last */
  async *read(source: ByteSource, from: number, to: number): AsyncGenerator<Buffer> {
    let at = from
    let coming = at < to ? this.#start(source, at, to) : undefined
    try {
      while (coming !== undefined) {
        const bytes: Buffer = await coming
        at += bytes.length
        coming = at < to ? this.#start(source, at, to) : undefined
        yield bytes
      }
    } finally {
      // Nobody else gets a buffer into which the system still reads.
      await coming?.catch(() => undefined)
    }
  }

  async #start(source: ByteSource, at: number, to: number): Promise<Buffer> {
    const window = this.#free ?? (this.#isSmall ? Buffer.allocUnsafeSlow(SMALL_BYTES) : pool.take())
    this.#free = this.#busy
    this.#busy = window
    const chunk = window.subarray(0, Math.min(window.length, to - at))
    if ((await source.read([chunk], at)) < chunk.length)
      throw new NodeError('STORAGE_FAILED', { why: 'the file has become shorter while it was sent' })
    return chunk
  }

  /** To be called in the end.
   *  @param isWhole  the answer is out: nobody sends any more what the buffers hold, and they may be used for another */
  end(isWhole: boolean): void {
    underWay -= 1
    if (isWhole && !this.#isSmall) for (const window of [this.#free, this.#busy]) if (window !== undefined) pool.give(window)
  }
}
