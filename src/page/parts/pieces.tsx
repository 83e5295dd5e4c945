/** Small pieces that every view is made of. Text from outside is always a text node. */
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { Unreachable } from '../api.ts'
import { personName } from '../format.ts'
import { nodeSays } from '../words/said.ts'
import { stateKey } from '../words/words.ts'
import { useNow } from './clock.ts'
import { useWords } from './language.tsx'

/** The heading of a view: the document's title too. */
export function Title({ children, aside }: { children: string; aside?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${children} · Ariane`
  }, [children])
  return (
    <div class="title">
      <h1>{children}</h1>
      {aside}
    </div>
  )
}

export function Panel({
  title,
  aside,
  children,
  wide,
}: {
  title: string
  aside?: ComponentChildren
  children: ComponentChildren
  wide?: boolean
}) {
  return (
    <section class={wide ? 'panel wide' : 'panel'}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}

/** A table that scrolls by itself where the screen is narrow, by keyboard too.
 *  @param caption  read out, not shown: the heading above says the same */
export function Table({ caption, head, children }: { caption: string; head: readonly string[]; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scrolls" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  )
}

/** A moment: how long ago, and when. */
export function Moment({ at }: { at: string }) {
  const now = useNow()
  const { relative, absolute } = useWords()
  const time = Date.parse(at)
  if (Number.isNaN(time)) return <span>{at}</span>
  return (
    <time class="moment" dateTime={at}>
      {relative(time, now)} <small>{absolute(time, now)}</small>
    </time>
  )
}

const TONES: Readonly<Record<string, string>> = {
  'in force': 'good',
  done: 'good',
  ok: 'good',
  accepted: 'good',
  collecting: 'busy',
  waiting: 'busy',
  withheld: 'warn',
  warning: 'warn',
  conflict: 'bad',
  failed: 'bad',
  error: 'bad',
  rejected: 'bad',
}

/** A state: a word, never a colour alone. */
export function State({ state }: { state: string }) {
  const { say } = useWords()
  const key = stateKey(state)
  return <span class={`state ${TONES[state] ?? 'calm'}`}>{key === undefined ? <Said>{state}</Said> : say(key)}</span>
}

/** What the node said: in the reader's language where it is known (words/said.ts), else in its own English. */
export function Said({ children }: { children: string }) {
  const { language } = useWords()
  const { text, lang } = nodeSays(children, language)
  return <span lang={lang}>{text}</span>
}

/** A patient's name, in whatever direction it is written. */
export function Name({ children }: { children: string }) {
  const { say } = useWords()
  const name = personName(children)
  return name === '' ? <span class="faint">{say('patient.noName')}</span> : <bdi>{name}</bdi>
}

export function Uid({ children }: { children: string }) {
  return <code class="uid">{children}</code>
}

export function Waiting() {
  const { say } = useWords()
  return <p class="faint">{say('loading')}</p>
}

export function Nothing({ children }: { children: ComponentChildren }) {
  return <p class="nothing">{children}</p>
}

/** Why the node did not give what was asked for, or that it gave no answer. */
export function Why({ failure }: { failure: Error }) {
  const { say } = useWords()
  return failure instanceof Unreachable ? <span>{say('failure.unreachable')}</span> : <Said>{failure.message}</Said>
}

export function Failure({ failure, again }: { failure: Error; again(): void }) {
  const { say } = useWords()
  return (
    <div class="failure" role="alert">
      <p>
        <Why failure={failure} />
      </p>
      <button type="button" onClick={again}>
        {say('action.again')}
      </button>
    </div>
  )
}

/** Pairs of a name and a value. */
export function Facts({ children }: { children: readonly (readonly [string, ComponentChildren] | false | undefined)[] }) {
  return (
    <dl class="facts">
      {children.map(
        (pair) =>
          pair && (
            <div key={pair[0]}>
              <dt>{pair[0]}</dt>
              <dd>{pair[1]}</dd>
            </div>
          ),
      )}
    </dl>
  )
}
