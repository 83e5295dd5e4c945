/** A button that does something: asks once, in words, and tells what it did. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { useWords } from './language.tsx'
import { useNotices } from './notices.tsx'

export interface ActProps {
  readonly label: string
  /** What it would do, and to what. */
  readonly question: string
  /** Of the text that it takes; without it none is asked for. */
  readonly reason?: string
  /** What it takes one of, instead of a text: value and name. */
  readonly choices?: { readonly label: string; readonly of: readonly (readonly [string, string])[] }
  readonly danger?: boolean
  /** For screen readers, where several buttons of a list say the same. */
  readonly about?: string
  /** Of what {@link run} returns: the node's words unless given. */
  readonly words?: 'page'
  /** @param reason  the text, or what was chosen
   *  @returns what was done, in words */
  run(reason: string): Promise<string>
  /** After it was done. */
  after?(): void
}

export function Act(props: ActProps) {
  /** Number of the question that is open, 0 for none: that one was closed the browser tells late, when the next may have been asked. */
  const [open, setOpen] = useState(0)
  const asked = useRef(0)
  return (
    <>
      <button type="button" class={props.danger ? 'danger' : ''} onClick={() => setOpen(++asked.current)}>
        {props.label}
        {props.about !== undefined && <span class="unseen"> {props.about}</span>}
      </button>
      {open > 0 && <Question key={open} {...props} close={() => setOpen((now) => (now === open ? 0 : now))} />}
    </>
  )
}

function Question({ label, question, reason, choices, danger, words, run, after, close }: ActProps & { close(): void }) {
  const { say } = useWords()
  const notices = useNotices()
  const dialog = useRef<HTMLDialogElement>(null)
  const [text, setText] = useState(choices?.of[0]?.[0] ?? '')
  const [busy, setBusy] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])
  const confirm = async (event: Event): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    try {
      notices.done(await run(text.trim()), words)
      after?.()
    } catch (error) {
      notices.failed(error as Error)
    }
    // Closed, not only taken away: the browser then gives the focus back to the button.
    dialog.current?.close()
  }
  return (
    <dialog ref={dialog} aria-labelledby="question" onClose={close}>
      <form onSubmit={confirm}>
        <h2 id="question">{label}</h2>
        <p>{question}</p>
        {reason !== undefined && (
          <label>
            {reason}
            <input required maxLength={200} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          </label>
        )}
        {choices !== undefined && (
          <label>
            {choices.label}
            <select value={text} onChange={(event) => setText(event.currentTarget.value)}>
              {choices.of.map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            {say('action.cancel')}
          </button>
          <button type="submit" class={danger ? 'danger main' : 'main'} disabled={busy}>
            {label}
          </button>
        </div>
      </form>
    </dialog>
  )
}
