/** One clock for all that is relative to now: ticks once in five seconds, while somebody looks. Milliseconds. */
import { useEffect, useState } from 'preact/hooks'

const TICK = 5000

export function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), TICK)
    return () => clearInterval(timer)
  }, [])
  // A value that came after the last tick is never in the future.
  return Math.max(now, Date.now() - TICK)
}
