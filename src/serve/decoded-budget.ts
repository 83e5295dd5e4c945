/** How much decoded pixel data may be in memory at once, over all associations: a reader that takes its time holds what was decoded for it.
 *
 *  Promises: the shares given out do not exceed the limit together, unless a single one does; that one is alone then, so that at least one
 *  image can always be decoded. First come, first served, but one that fits passes those that do not, up to {@link MOST_OVERTAKINGS} times:
 *  small images do not wait behind large ones, and large ones do not wait for ever. Whoever is stopped waits no longer.
 *  Does not: measure. Sizes in bytes.
 *  Errors: NodeError PEER_ABORTED for one that was stopped while it waited. */
import { NodeError } from '../errors.ts'

export const MOST_OVERTAKINGS = 100

/** Memory that is in use until it is released. */
export interface Share {
  /** It has become known how much it really is; nobody is asked for that. */
  resize(sizeBytes: number): void
  /** May be called again. */
  release(): void
}

interface Waiting {
  readonly sizeBytes: number
  overtaken: number
  grant(): void
}

export class DecodedBudget {
  readonly #limitBytes: number
  readonly #waiting: Waiting[] = []
  #usedBytes = 0
  #shares = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  take(sizeBytes: number, stopped: AbortSignal): Promise<Share> {
    if (stopped.aborted) return Promise.reject(wasStopped())
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        sizeBytes,
        overtaken: 0,
        grant: () => {
          stopped.removeEventListener('abort', onStop)
          resolve(this.#share(sizeBytes))
        },
      }
      const onStop = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(wasStopped())
        this.#serve()
      }
      stopped.addEventListener('abort', onStop, { once: true })
      this.#waiting.push(waiting)
      this.#serve()
    })
  }

  #serve(): void {
    for (let at = 0; at < this.#waiting.length; ) {
      const one = this.#waiting[at]!
      if (this.#shares === 0 || this.#usedBytes + one.sizeBytes <= this.#limitBytes) {
        this.#waiting.splice(at, 1)
        for (const passed of this.#waiting.slice(0, at)) passed.overtaken += 1
        one.grant()
      } else if (one.overtaken >= MOST_OVERTAKINGS) return
      else at += 1
    }
  }

  #share(sizeBytes: number): Share {
    let held = sizeBytes
    let isReleased = false
    this.#usedBytes += held
    this.#shares += 1
    return {
      resize: (now) => {
        if (isReleased) return
        this.#usedBytes += now - held
        held = now
        this.#serve()
      },
      release: () => {
        if (isReleased) return
        isReleased = true
        this.#usedBytes -= held
        this.#shares -= 1
        this.#serve()
      },
    }
  }
}

/** Why something that was to be decoded is not. */
export function wasStopped(): NodeError {
  return new NodeError('PEER_ABORTED', { why: 'the retrieval was stopped' })
}
