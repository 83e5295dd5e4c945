/** What an action did, or why it did nothing: said once, to eyes and to screen readers, until the next one or until it is dismissed. */
import { type ComponentChildren, createContext } from 'preact'
import { useContext, useMemo, useState } from 'preact/hooks'
import { Unreachable } from '../api.ts'
import { useWords } from './language.tsx'
import { Said } from './pieces.tsx'

export interface Notices {
  /** @param words  whose: the node's are told in the reader's language */
  done(text: string, words?: 'page'): void
  failed(error: Error): void
}

interface Notice {
  readonly text: string
  readonly good: boolean
  readonly words?: 'page'
}

const Telling = createContext<Notices | undefined>(undefined)
export const useNotices = (): Notices => useContext(Telling)!

export function WithNotices({ children }: { children: ComponentChildren }) {
  const { say } = useWords()
  const [notice, setNotice] = useState<Notice>()
  const telling = useMemo<Notices>(
    () => ({
      done: (text, words) => setNotice({ text, good: true, words }),
      failed: (error) =>
        setNotice(
          error instanceof Unreachable
            ? { text: say('failure.unreachable'), good: false, words: 'page' }
            : { text: error.message, good: false },
        ),
    }),
    [say],
  )
  return (
    <Telling.Provider value={telling}>
      {children}
      <div class="notice-place" role="status">
        {notice && (
          <div class={notice.good ? 'notice good' : 'notice bad'}>
            <p>{notice.words === 'page' ? notice.text : <Said>{notice.text}</Said>}</p>
            <button type="button" class="quiet" onClick={() => setNotice(undefined)}>
              {say('action.dismiss')}
            </button>
          </div>
        )}
      </div>
    </Telling.Provider>
  )
}
