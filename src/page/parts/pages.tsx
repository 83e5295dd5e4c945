/** A list in pages (paged.ts) as it is shown: how many, the list, a button for more, and what failed. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { useWords } from './language.tsx'
import type { Paged } from './paged.ts'
import { Failure, Waiting } from './pieces.tsx'

interface PagesProps extends Omit<Paged<unknown>, 'items'> {
  /** In words; undefined until there is something. */
  readonly count?: string
  readonly children: ComponentChildren
}

export function Pages({ count, failure, more, pending, showMore, again, children }: PagesProps) {
  const { say } = useWords()
  const told = useRef<HTMLParagraphElement>(null)
  const wasMore = useRef(more)
  useEffect(() => {
    // The button goes with the last page: whoever was on it stays at the list.
    if (wasMore.current && !more && document.activeElement === document.body) told.current?.focus({ preventScroll: true })
    wasMore.current = more
  }, [more])
  return (
    <>
      {count !== undefined && (
        <p role="status" class="count" ref={told} tabIndex={-1}>
          {count}
        </p>
      )}
      {count === undefined && failure === undefined && <Waiting />}
      {children}
      {failure !== undefined && <Failure failure={failure} again={again} />}
      {more && (
        <button type="button" onClick={() => pending || showMore()} aria-disabled={pending}>
          {say('action.more')}
        </button>
      )}
    </>
  )
}
