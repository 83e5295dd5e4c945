/** Callers that show a wrong token or certificate again and again: slowed down, and told of in the log without filling it.
 *
 *  Promises: what is right is never slowed down (the credential is looked at first; to guess one is hopeless anyway); memory is bounded.
 *  Times in milliseconds. */
import { isIPv6 } from 'node:net'
import { log } from '../log.ts'

const WINDOW_MS = 60_000
const MOST_FAILURES = 20
const MOST_ADDRESSES = 10_000

export interface FailedAttempts {
  /** @returns whether there were too many */
  note(address: string, attempt: { readonly method: string; readonly path: string; readonly why: string }): boolean
}

export function failedAttempts(): FailedAttempts {
  const seen = new Map<string, { readonly since: number; failures: number }>()
  return {
    note: (address, attempt) => {
      const key = networkOf(address)
      const now = performance.now()
      let one = seen.get(key)
      if (one === undefined || now - one.since > WINDOW_MS) {
        one = { since: now, failures: 0 }
        seen.delete(key)
        seen.set(key, one)
        const oldest = seen.keys().next()
        if (seen.size > MOST_ADDRESSES && !oldest.done) seen.delete(oldest.value)
      }
      one.failures++
      if (one.failures === 1) log.warn('caller refused on the web', { address, ...attempt })
      if (one.failures === MOST_FAILURES) log.warn('caller refused on the web again and again, answered 429 for a minute', { address })
      return one.failures > MOST_FAILURES
    },
  }
}

/** Whoever has an IPv6 network has 2^64 addresses. */
function networkOf(address: string): string {
  return isIPv6(address) && !address.startsWith('::ffff:')
    ? new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.split(':').slice(0, 4).join(':')
    : address
}
