/** Decoding in a worker thread: the event loop stays free, and what a hostile or broken image does ends with the thread.
 *
 *  Promises: one image at a time, in the order asked, each within {@link TIME_LIMIT_MS}; the thread is started when needed and ended when
 *  idle for {@link IDLE_MS}; it never keeps the process alive.
 *  Errors: NodeError UNREADABLE where the image cannot be decoded, or not in time. Times in milliseconds. */
import { Worker } from 'node:worker_threads'
import { NodeError } from '../errors.ts'
import type { DecompressJob, DecompressResult } from './decompress-worker.ts'

export const TIME_LIMIT_MS = 60_000
const IDLE_MS = 30_000
const HEAP_LIMIT_MB = 512

export class Decompressor {
  readonly #timeLimitMs: number
  #worker: Worker | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #idleTimer: NodeJS.Timeout | undefined

  constructor(timeLimitMs = TIME_LIMIT_MS) {
    this.#timeLimitMs = timeLimitMs
  }

  /** @param dataSet  without Part 10 header; must not be used afterwards
   *  @returns the data set in Explicit or Implicit VR Little Endian, with native pixel data */
  decompress(dataSet: Buffer, transferSyntaxUid: string, toExplicit: boolean): Promise<Buffer> {
    const turn = this.#queue.then(() => this.#run({ dataSet, transferSyntaxUid, toExplicit }))
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async close(): Promise<void> {
    await this.#queue
    await this.#end()
  }

  async #run(job: DecompressJob): Promise<Buffer> {
    clearTimeout(this.#idleTimer)
    this.#worker ??= this.#start()
    const worker = this.#worker
    const result = await this.#ask(worker, job)
    if (result.unusable) await this.#end()
    else this.#idleTimer = setTimeout(() => void this.#end(), IDLE_MS).unref()
    if (result.dataSet === undefined) throw new NodeError('UNREADABLE', { why: result.why, transferSyntaxUid: job.transferSyntaxUid })
    return Buffer.from(result.dataSet.buffer, result.dataSet.byteOffset, result.dataSet.byteLength)
  }

  #ask(worker: Worker, job: DecompressJob): Promise<DecompressResult> {
    return new Promise((resolve) => {
      const settle = (result: DecompressResult) => {
        clearTimeout(timer)
        worker.off('message', settle).off('error', failed).off('exit', ended)
        resolve(result)
      }
      const failed = (error: unknown) => settle({ why: String(error), unusable: true })
      const ended = () => settle({ why: 'decoder ended', unusable: true })
      const timer = setTimeout(() => settle({ why: `not decoded within ${this.#timeLimitMs} ms`, unusable: true }), this.#timeLimitMs)
      worker.on('message', settle).on('error', failed).on('exit', ended)
      worker.postMessage(job)
    })
  }

  #start(): Worker {
    // Built and unbuilt sources differ in the extension.
    const file = new URL(`./decompress-worker${import.meta.url.slice(-3)}`, import.meta.url)
    const worker = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MB }, stdout: true, stderr: true })
    worker.on('error', () => undefined) // between two images nobody else listens
    worker.unref()
    return worker
  }

  async #end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    clearTimeout(this.#idleTimer)
    await worker?.terminate()
  }
}
