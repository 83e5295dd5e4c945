/** What the node is doing now, as it tells: server-sent events, and where those do not come a question every five seconds. */
import { useEffect, useState } from 'preact/hooks'
import type { Now } from '../../endpoints/api/api-contract.ts'
import { get } from '../api.ts'

/** Milliseconds. */
const ASK_EVERY = 5000

export interface Live {
  readonly now?: Now
  readonly failure?: Error
  /** Whether what is shown is what is. */
  readonly fresh: boolean
}

export function useLive(): Live {
  const [live, setLive] = useState<Live>({ fresh: false })
  useEffect(() => {
    let ended = false
    const take = (now: Now): void => setLive({ now, fresh: true })
    const look = (): Promise<void> =>
      get<Now>('api/now').then(
        (now) => ended || take(now),
        (failure: Error) => ended || setLive((before) => ({ now: before.now, failure, fresh: false })),
      ) as Promise<void>
    void look()
    const events = new EventSource('api/events')
    events.addEventListener('now', (event) => take(JSON.parse((event as MessageEvent<string>).data) as Now))
    const timer = setInterval(() => events.readyState !== EventSource.OPEN && void look(), ASK_EVERY)
    return () => {
      ended = true
      clearInterval(timer)
      events.close()
    }
  }, [])
  return live
}
