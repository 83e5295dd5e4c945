/** The threads that write files (clerk.ts), and the way there and back.
 *
 *  Promises: a thread is started when all others are at work, {@link MOST_CLERKS} at most; a draft stays with its thread. They keep the process
 *  alive only while something is asked of them. Where a thread ends (it should not), everything asked of it fails, and the next draft gets another.
 *  Errors: NodeError STORAGE_FULL, STORAGE_FAILED. */
import { Worker } from 'node:worker_threads'
import type { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import type { ClerkAnswer, ClerkJob, Discard, Keep, Sync, Write } from './clerk.ts'
import { diskError } from './disk-errors.ts'

/** As many syncs as a disk does at a time with profit; each thread takes about 5 MB. */
const MOST_CLERKS = 4

export class Clerks {
  readonly #all = new Set<Clerk>()

  /** @returns the one with the least to do */
  choose(): Clerk {
    let best: Clerk | undefined
    for (const clerk of this.#all) if (best === undefined || clerk.waiting < best.waiting) best = clerk
    if (best !== undefined && (best.waiting === 0 || this.#all.size >= MOST_CLERKS)) return best
    const clerk = new Clerk(() => this.#all.delete(clerk))
    this.#all.add(clerk)
    return clerk
  }
}

interface Waiting {
  readonly resolve: (sha256: string | undefined) => void
  readonly reject: (error: NodeError) => void
}

export class Clerk {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #jobs = 0
  #hasEnded = false

  /** @param ended  called when it takes nothing any more */
  constructor(ended: () => void) {
    // Built and unbuilt sources differ in the extension.
    this.#worker = new Worker(new URL(`./clerk${import.meta.url.slice(-3)}`, import.meta.url))
    this.#worker.unref()
    this.#worker.on('message', (answer: ClerkAnswer) => this.#answered(answer))
    this.#worker.on('error', (error) => log.error('a thread that writes files has failed', { error: String(error) }))
    this.#worker.on('exit', () => {
      this.#hasEnded = true
      ended()
      for (const { reject } of this.#waiting.values()) reject(endedError())
      this.#waiting.clear()
    })
  }

  /** How many jobs it has not answered yet. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** @param draft  path of the draft
   *  @returns the digest of what was kept */
  ask(draft: string, what: Write | Keep | Sync | Discard): Promise<string | undefined> {
    if (this.#hasEnded) return Promise.reject(endedError())
    const job = this.#jobs++
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) this.#worker.ref()
      this.#waiting.set(job, { resolve, reject })
      this.#worker.postMessage({ ...what, job, draft } satisfies ClerkJob)
    })
  }

  #answered({ job, sha256, failed }: ClerkAnswer): void {
    const waiting = this.#waiting.get(job)
    this.#waiting.delete(job)
    if (this.#waiting.size === 0) this.#worker.unref()
    if (failed === undefined) waiting?.resolve(sha256)
    else waiting?.reject(diskError(failed.step, Object.assign(new Error(failed.message), { code: failed.code })))
  }
}

function endedError(): NodeError {
  return diskError('write', new Error('the thread that writes has ended'))
}
