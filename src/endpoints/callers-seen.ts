/** Remembers who called, for `ariane peer seen`, without costing an association a write to disk.
 *
 *  Promises: a caller is in the catalog at once where nobody else knocked in the last {@link WRITE_AFTER_MS}, so that whoever looks after a refusal finds
 *  it; else as soon as they are over, and at the latest when the node stops; what is gathered is
 *  bounded, so that a storm of calls under ever new names costs neither memory nor disk. After a crash the last seconds are missing.
 *  Does not: decide anything. */
import type { Catalog } from '../catalog/contract.ts'
import { log } from '../log.ts'

type Seen = Parameters<Catalog['notePeer']>[0]

/** Between two writes. */
const WRITE_AFTER_MS = 2_000
const MOST_WAITING = 200

export interface CallersSeen {
  note(seen: Seen): void
  flush(): Promise<void>
}

export function callersSeen(catalog: Catalog): CallersSeen {
  const waiting = new Map<string, { seen: Seen; calls: number }>()
  let timer: NodeJS.Timeout | undefined
  let wroteAt = Number.NEGATIVE_INFINITY

  const flush = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    wroteAt = performance.now()
    const batch = [...waiting.values()]
    waiting.clear()
    try {
      await Promise.all(batch.map(({ seen, calls }) => catalog.notePeer(seen, calls)))
    } catch (error) {
      log.warn('callers not noted', { callers: batch.length, error: String(error) })
    }
  }

  return {
    flush,
    note: (seen) => {
      const key = JSON.stringify([seen.callingAeTitle, seen.calledAeTitle, seen.address])
      const calls = (waiting.get(key)?.calls ?? 0) + 1
      if (calls === 1 && waiting.size >= MOST_WAITING) return
      waiting.set(key, { seen, calls })
      timer ??= setTimeout(() => void flush(), Math.max(0, wroteAt + WRITE_AFTER_MS - performance.now()))
    },
  }
}
