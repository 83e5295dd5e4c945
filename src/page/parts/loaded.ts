/** What a view has asked the node for: not there yet, there, or refused. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import { get } from '../api.ts'

export interface Loaded<T> {
  readonly value?: T
  readonly failure?: Error
  /** Asked, not answered. A former value stays meanwhile. */
  readonly pending: boolean
  again(): void
}

/** @param path  undefined asks for nothing */
export function useLoaded<T>(path: string | undefined): Loaded<T> {
  const [state, setState] = useState<{ path?: string; value?: T; failure?: Error; pending: boolean }>({ pending: path !== undefined })
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (path === undefined) return
    const asked = new AbortController()
    setState((before) => ({ ...(before.path === path ? before : { path }), pending: true, failure: undefined }))
    get<T>(path, asked.signal).then(
      (value) => setState({ path, value, pending: false }),
      (failure: Error) => asked.signal.aborted || setState({ path, failure, pending: false }),
    )
    return () => asked.abort()
  }, [path, round])
  const again = useCallback(() => setRound((before) => before + 1), [])
  const current = state.path === path
  return { value: current ? state.value : undefined, failure: current ? state.failure : undefined, pending: state.pending, again }
}
