/** What an action did, or why it did nothing: said once, to eyes and to screen readers, until the next one or until it is dismissed. */
import { type ComponentChildren, createContext } from 'preact'
import { useContext, useMemo, useState } from 'preact/hooks'
import { Unreachable } from '../api.ts'
import { useWords } from './language.tsx'

export interface Notices {
  done(text: string, language?: string): void
  failed(error: Error): void
}

interface Notice {
  readonly text: string
  readonly good: boolean
  readonly language?: string
}

const Telling = createContext<Notices | undefined>(undefined)
export const useNotices = (): Notices => useContext(Telling)!

export function WithNotices({ children }: { children: ComponentChildren }) {
  const { say } = useWords()
  const [notice, setNotice] = useState<Notice>()
  const telling = useMemo<Notices>(
    () => ({
      done: (text, language) => setNotice({ text, good: true, language }),
      failed: (error) =>
        setNotice(
          error instanceof Unreachable
            ? { text: say('failure.unreachable'), good: false }
            : { text: error.message, good: false, language: 'en' },
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
            <p lang={notice.language}>{notice.text}</p>
            <button type="button" class="quiet" onClick={() => setNotice(undefined)}>
              {say('action.dismiss')}
            </button>
          </div>
        )}
      </div>
    </Telling.Provider>
  )
}
