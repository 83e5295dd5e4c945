/** Work of a running node that is looked at again and again until it is stopped.
 *
 *  Promises: one look at a time; one that fails is told and tried again; {@link Repeated.stop} lets the look that is under way come to its end.
 *  Does not: know what is looked at. Times in milliseconds. */
import { setTimeout as sleep } from 'node:timers/promises'
import { log } from '../log.ts'

export interface Repeated {
  stop(): Promise<void>
}

export interface Looks {
  /** Before the first look. */
  readonly firstAfterMs: number
  /** Between two looks. */
  readonly everyMs: number
  /** Said in the log of a look that failed. */
  readonly failed: string
}

/** @param look  ends early where the signal is aborted */
export function againAndAgain({ firstAfterMs, everyMs, failed }: Looks, look: (signal: AbortSignal) => Promise<unknown>): Repeated {
  const stop = new AbortController()
  const { signal } = stop
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined)
  const running = (async () => {
    if (firstAfterMs > 0) await pause(firstAfterMs)
    while (!signal.aborted) {
      await look(signal).catch((error: unknown) => log.error(failed, { error }))
      await pause(everyMs)
    }
  })()
  return {
    stop: () => {
      stop.abort()
      return running
    },
  }
}
