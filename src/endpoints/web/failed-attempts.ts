/** Callers that are refused: told of in the log and in `ariane peer seen` without filling either, and slowed down where they guess.
 *
 *  Promises: what is right is never slowed down (the credential is looked at first; to guess one is hopeless anyway); of each address there
 *  is a line a minute at most, and one more where it guesses on; memory is bounded.
 *  Times in milliseconds. */
import { isIPv6 } from 'node:net'
import { log } from '../../log.ts'

const WINDOW_MS = 60_000
const MOST_GUESSES = 20
const MOST_ADDRESSES = 10_000

export interface RefusedCall {
  readonly address: string
  readonly method: string
  readonly path: string
  /** Who it is known as, where it has not the right. */
  readonly caller?: string
  readonly why: string
}

export interface FailedAttempts {
  note(call: RefusedCall): void
  /** Of a token or certificate that does not hold. @returns whether there were too many */
  noteGuess(call: RefusedCall): boolean
}

/** @param seen  told of what the log is told of */
export function failedAttempts(seen: (call: RefusedCall) => void): FailedAttempts {
  const windows = new Map<string, { readonly since: number; count: number }>()
  const count = (key: string): number => {
    const now = performance.now()
    let window = windows.get(key)
    if (window === undefined || now - window.since > WINDOW_MS) {
      window = { since: now, count: 0 }
      windows.delete(key)
      windows.set(key, window)
      const oldest = windows.keys().next()
      if (windows.size > MOST_ADDRESSES && !oldest.done) windows.delete(oldest.value)
    }
    return ++window.count
  }
  const tell = (call: RefusedCall): void => {
    log.warn('caller refused on the web', { ...call })
    seen(call)
  }
  return {
    note: (call) => {
      if (count(`${call.caller ?? ''} ${networkOf(call.address)}`) === 1) tell(call)
    },
    noteGuess: (call) => {
      const guesses = count(networkOf(call.address))
      if (guesses === 1) tell(call)
      if (guesses === MOST_GUESSES)
        log.warn('wrong tokens on the web again and again, answered 429 for a minute', { address: call.address })
      return guesses > MOST_GUESSES
    },
  }
}

/** Whoever has an IPv6 network has 2^64 addresses. */
function networkOf(address: string): string {
  return isIPv6(address) && !address.startsWith('::ffff:')
    ? new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.split(':').slice(0, 4).join(':')
    : address
}
