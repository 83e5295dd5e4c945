/** A list that comes in pages: the first one, and more of it where somebody asks; asked again, as many as were shown. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import { get, withQuery } from '../api.ts'

interface Page<Item> {
  readonly items: readonly Item[]
  /** What `after` takes for the page behind. */
  readonly next?: string
}

export interface Paged<Item> {
  /** undefined until the first page is there. */
  readonly items?: readonly Item[]
  readonly failure?: Error
  /** Whether there is more than is shown. */
  readonly more: boolean
  /** One page is asked for. */
  readonly pending: boolean
  showMore(): void
  again(): void
}

interface Asked {
  readonly list: string
  /** How many at the least. */
  readonly wanted: number
  /** Counts the questions for the same. */
  readonly round: number
}

const PAGE_SIZE = 50

/** @param query  without `limit` and `after` */
export function usePaged<Item>(path: string, query: Readonly<Record<string, string | undefined>>): Paged<Item> {
  const list = withQuery(path, query)
  const [asked, ask] = useState<Asked>({ list, wanted: PAGE_SIZE, round: 0 })
  const [shown, show] = useState<{ list: string; page?: Page<Item>; failure?: Error; pending: boolean }>({ list, pending: true })
  const current: Asked = asked.list === list ? asked : { list, wanted: PAGE_SIZE, round: 0 }
  useEffect(() => {
    const ended = new AbortController()
    const before = shown.list === list && current.wanted > (shown.page?.items.length ?? 0) ? shown.page : undefined
    show((former) => ({ ...(former.list === list ? former : { list }), failure: undefined, pending: true }))
    loaded<Item>(path, query, { wanted: current.wanted, before, signal: ended.signal }).then(
      (page) => ended.signal.aborted || show({ list, page, pending: false }),
      (failure: Error) => ended.signal.aborted || show((former) => ({ ...former, failure, pending: false })),
    )
    return () => ended.abort()
  }, [list, current.wanted, current.round])
  const is = shown.list === list
  const count = is ? (shown.page?.items.length ?? 0) : 0
  return {
    items: is ? shown.page?.items : undefined,
    failure: is ? shown.failure : undefined,
    more: is && shown.page?.next !== undefined,
    pending: shown.pending,
    showMore: useCallback(() => ask(({ round }) => ({ list, wanted: count + PAGE_SIZE, round: round + 1 })), [list, count]),
    again: useCallback(() => ask(({ round }) => ({ list, wanted: Math.max(PAGE_SIZE, count), round: round + 1 })), [list, count]),
  }
}

/** @param before  what is shown already, to be gone on from */
async function loaded<Item>(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  { wanted, before, signal }: { readonly wanted: number; readonly before?: Page<Item>; readonly signal: AbortSignal },
): Promise<Page<Item>> {
  const items = [...(before?.items ?? [])]
  let next = before?.next
  do {
    const page: Page<Item> = await get(withQuery(path, { ...query, limit: String(PAGE_SIZE), after: next }), signal)
    items.push(...page.items)
    next = page.next
  } while (next !== undefined && items.length < wanted)
  return next === undefined ? { items } : { items, next }
}
