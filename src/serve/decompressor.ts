/** Decoding in a worker thread: the event loop stays free, and what a hostile or broken image does ends with the thread.
 *
 *  Promises: one image at a time, in the order asked, each within {@link TIME_LIMIT_MS}; its file is read when its turn comes. One that is
 *  stopped ends at once: while it waits its turn is left out, while it is being decoded the thread is ended. The thread is started when
 *  needed and ended when idle for {@link IDLE_MS}; it never keeps the process alive.
 *  Errors: NodeError UNREADABLE where the image cannot be decoded, or not in time; PEER_ABORTED where it was stopped; what reading throws.
 *  Times in milliseconds. */
import { Worker } from 'node:worker_threads'
import { NodeError } from '../errors.ts'
import { UNDECODABLE } from './decode-limits.ts'
import { wasStopped } from './decoded-budget.ts'
import type { DecompressJob, DecompressResult } from './decompress-worker.ts'

export interface ImageToDecode {
  /** Reads the data set, without Part 10 header; it is not used otherwise. */
  readonly load: () => Promise<Buffer>
  readonly transferSyntaxUid: string
  /** Explicit VR Little Endian comes out; Implicit VR otherwise. */
  readonly toExplicit: boolean
}

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

  /** @returns the data set with native pixel data, in parts that follow each other */
  decompress(image: ImageToDecode, stopped: AbortSignal): Promise<Buffer[]> {
    const turn = this.#queue.then(() => this.#run(image, stopped))
    this.#queue = turn.catch(() => undefined)
    return new Promise((resolve, reject) => {
      const onStop = (): void => reject(wasStopped())
      if (stopped.aborted) onStop()
      stopped.addEventListener('abort', onStop, { once: true })
      turn.then(resolve, reject).finally(() => stopped.removeEventListener('abort', onStop))
    })
  }

  async close(): Promise<void> {
    await this.#queue
    await this.#end()
  }

  async #run({ load, transferSyntaxUid, toExplicit }: ImageToDecode, stopped: AbortSignal): Promise<Buffer[]> {
    if (stopped.aborted) throw wasStopped()
    const dataSet = await load()
    clearTimeout(this.#idleTimer)
    this.#worker ??= this.#start()
    const result = await this.#ask(this.#worker, { dataSet, transferSyntaxUid, toExplicit }, stopped)
    if (result.unusable) await this.#end()
    else this.#idleTimer = setTimeout(() => void this.#end(), IDLE_MS).unref()
    const { parts, why, codec } = result
    if (parts === undefined) throw new NodeError('UNREADABLE', { why, ...(codec !== undefined && { codec }), transferSyntaxUid })
    return parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))
  }

  #ask(worker: Worker, job: DecompressJob, stopped: AbortSignal): Promise<DecompressResult> {
    return new Promise((resolve) => {
      const settle = (result: DecompressResult) => {
        clearTimeout(timer)
        worker.off('message', settle).off('error', failed).off('exit', ended)
        stopped.removeEventListener('abort', onStop)
        resolve(result)
      }
      const failed = (error: unknown) => settle({ why: UNDECODABLE, codec: String(error), unusable: true })
      const ended = () => settle({ why: UNDECODABLE, codec: 'it ended', unusable: true })
      const onStop = () => settle({ why: 'stopped', unusable: true })
      const timer = setTimeout(() => settle({ why: `not decoded within ${this.#timeLimitMs} ms`, unusable: true }), this.#timeLimitMs)
      worker.on('message', settle).on('error', failed).on('exit', ended)
      if (stopped.aborted) onStop()
      else {
        stopped.addEventListener('abort', onStop)
        worker.postMessage(job)
      }
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
