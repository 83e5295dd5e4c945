/** Where in the page somebody is: `#/studies/1.2.3?tab=raw`. Behind the hash, so that the node serves one file and every view has an address. */
import { useEffect, useState } from 'preact/hooks'

export interface Route {
  /** `['studies', '1.2.3']` */
  readonly steps: readonly string[]
  readonly query: URLSearchParams
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  return { steps: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(query) }
}

/** An address typed by hand may hold anything. */
function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

export function addressOf(steps: readonly string[], query?: URLSearchParams): string {
  const asked = query?.toString() ?? ''
  return `#/${steps.map(encodeURIComponent).join('/')}${asked === '' ? '' : `?${asked}`}`
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash))
  useEffect(() => {
    // `#main` is a place in the view, not another view.
    const changed = (): void => void (/^#(\/|$)|^$/.test(location.hash) && setRoute(parseRoute(location.hash)))
    addEventListener('hashchange', changed)
    // Somebody may have been quicker than this effect.
    changed()
    return () => removeEventListener('hashchange', changed)
  }, [])
  return route
}
