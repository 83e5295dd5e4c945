/** Drawing in worker threads: the event loop stays free, and what a hostile or broken image does ends with its thread.
 *
 *  Promises: so many frames at a time as there are threads; so many wait as {@link RenderPoolOptions.queue} says, first come, first served; more are
 *  refused at once. A frame is read when its turn comes, not before, so that memory does not grow with those who wait. One that takes longer than
 *  its limit, or whose caller is gone, ends with its thread; that costs one request. Threads are started when needed, ended when idle; they
 *  never keep the process alive.
 *  Errors: {@link RenderFailure}; what reading throws. Times in milliseconds. */
import { Worker } from 'node:worker_threads'
import type { RenderJob, RenderResult } from './render-worker.ts'

export interface RenderPoolOptions {
  readonly workers: number
  readonly queue: number
  readonly timeLimitMs: number
}

/** `busy`: no room to wait. `slow`: not in time. `broken`: cannot be drawn. `stopped`: the caller is gone. */
export class RenderFailure extends Error {
  readonly kind: 'busy' | 'slow' | 'broken' | 'stopped'

  constructor(kind: RenderFailure['kind'], why: string) {
    super(why)
    this.name = 'RenderFailure'
    this.kind = kind
  }
}

const IDLE_MS = 30_000
const HEAP_LIMIT_MB = 512

type Drawn = RenderResult & { readonly kind?: RenderFailure['kind'] }
export type LoadJob = (headerBytes: number) => Promise<RenderJob>

/** Most headers end within the first; those of thousands of frames do not. In bytes. */
const HEADER_BYTES = [256 * 1024, 4 * 1024 * 1024, 64 * 1024 * 1024]

interface Turn {
  /** @returns whether the thread can be used again */
  run(worker: Worker): Promise<boolean>
  fail(error: unknown): void
}

export class RenderPool {
  readonly #options: RenderPoolOptions
  readonly #waiting: Turn[] = []
  readonly #idle = new Map<Worker, NodeJS.Timeout>()
  #busy = 0
  #closed = false

  constructor(options: RenderPoolOptions) {
    this.#options = options
  }

  /** Frames that are being drawn or wait for it. */
  get load(): number {
    return this.#busy + this.#waiting.length
  }

  async prepare(): Promise<void> {
    // The library must be loaded here before it is in a thread, or it goes when the thread does.
    await import('sharp')
  }

  /** @param load  reads what is needed, when its turn comes, with so many bytes of the header */
  render(load: LoadJob, stopped: AbortSignal): Promise<Buffer> {
    if (this.#closed) return Promise.reject(new RenderFailure('busy', 'the node stops'))
    if (this.#waiting.length >= this.#options.queue)
      return Promise.reject(new RenderFailure('busy', 'too many images are asked for at once'))
    return new Promise((resolve, reject) => {
      const run = async (worker: Worker): Promise<boolean> => {
        stopped.removeEventListener('abort', leave)
        let isUsable = true
        try {
          const result = await this.#draw(worker, load, stopped)
          isUsable = result.unusable !== true
          if (result.image === undefined) throw new RenderFailure(result.kind ?? 'broken', result.why ?? 'it cannot be drawn')
          resolve(Buffer.from(result.image.buffer))
        } catch (error) {
          reject(error)
        }
        return isUsable
      }
      const turn: Turn = { run, fail: reject }
      const leave = (): void => {
        const at = this.#waiting.indexOf(turn)
        if (at < 0) return
        this.#waiting.splice(at, 1)
        reject(new RenderFailure('stopped', 'the caller is gone'))
      }
      if (stopped.aborted) return reject(new RenderFailure('stopped', 'the caller is gone'))
      stopped.addEventListener('abort', leave, { once: true })
      this.#waiting.push(turn)
      void this.#serve()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const [worker, timer] of this.#idle) {
      clearTimeout(timer)
      await worker.terminate()
    }
    this.#idle.clear()
  }

  async #serve(): Promise<void> {
    if (this.#busy >= this.#options.workers) return
    const turn = this.#waiting.shift()
    if (turn === undefined) return
    this.#busy += 1
    try {
      const worker = this.#takeIdle() ?? startWorker()
      if ((await turn.run(worker)) && !this.#closed) this.#rest(worker)
      else await worker.terminate()
    } catch (error) {
      turn.fail(error)
    } finally {
      this.#busy -= 1
      void this.#serve()
    }
  }

  async #draw(worker: Worker, load: LoadJob, stopped: AbortSignal): Promise<Drawn> {
    for (const headerBytes of HEADER_BYTES) {
      const result = await this.#ask(worker, await load(headerBytes), stopped)
      if (result.needsMore !== true) return result
    }
    return { why: 'its header is too large' }
  }

  #takeIdle(): Worker | undefined {
    const worker = [...this.#idle.keys()].at(-1)
    if (worker === undefined) return undefined
    clearTimeout(this.#idle.get(worker))
    this.#idle.delete(worker)
    return worker
  }

  #rest(worker: Worker): void {
    const end = (): void => {
      this.#idle.delete(worker)
      void worker.terminate()
    }
    this.#idle.set(worker, setTimeout(end, IDLE_MS).unref())
  }

  #ask(worker: Worker, job: RenderJob, stopped: AbortSignal): Promise<Drawn> {
    const { timeLimitMs } = this.#options
    return new Promise((resolve) => {
      const settle = (result: RenderResult, kind?: RenderFailure['kind']) => {
        clearTimeout(timer)
        worker.off('message', settle).off('error', failed).off('exit', ended)
        stopped.removeEventListener('abort', onStop)
        resolve({ ...result, kind })
      }
      const failed = () => settle({ why: 'its pixel data cannot be decoded', unusable: true }, 'broken')
      const ended = () => settle({ why: 'its pixel data cannot be decoded', unusable: true }, 'broken')
      const onStop = () => settle({ why: 'the caller is gone', unusable: true }, 'stopped')
      const timer = setTimeout(() => settle({ why: `it was not drawn within ${timeLimitMs} ms`, unusable: true }, 'slow'), timeLimitMs)
      worker.on('message', settle).on('error', failed).on('exit', ended)
      if (stopped.aborted) return onStop()
      stopped.addEventListener('abort', onStop)
      const { header, bytes } = job
      try {
        worker.postMessage(job, transferable(header, bytes))
      } catch (error) {
        settle({ why: `it cannot be handed to a thread: ${String(error)}` })
      }
    })
  }
}

/** Memory of its own moves to the thread; a part of a larger one is copied. */
function transferable(...parts: Uint8Array[]): ArrayBuffer[] {
  const own = parts.filter(({ buffer, byteLength }) => buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && byteLength > 0)
  return [...new Set(own.map(({ buffer }) => buffer as ArrayBuffer))]
}

function startWorker(): Worker {
  // Built and unbuilt sources differ in the extension.
  const file = new URL(`./render-worker${import.meta.url.slice(-3)}`, import.meta.url)
  const worker = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MB }, stdout: true, stderr: true })
  worker.on('error', () => undefined) // between two frames nobody else listens
  worker.unref()
  return worker
}
