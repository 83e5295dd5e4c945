/** The frame of the page: where one is, where one can go, and the view that the address names. */
import { useEffect, useRef } from 'preact/hooks'
import type { Language } from './format.ts'
import { useWords } from './parts/language.tsx'
import { Nothing, Title } from './parts/pieces.tsx'
import { useSession, WithSession } from './parts/session.tsx'
import { addressOf, type Route, useRoute } from './route.ts'
import { DeliveriesView } from './views/deliveries.tsx'
import { ManifestView } from './views/manifest.tsx'
import { NowView } from './views/now.tsx'
import { OpenView } from './views/open.tsx'
import { PeersView } from './views/peers.tsx'
import { SettingsView } from './views/settings.tsx'
import { StudiesView } from './views/studies.tsx'
import { StudyView } from './views/study.tsx'
import { ViewerView } from './views/viewer.tsx'
import type { Key } from './words/words.ts'

const PLACES: readonly (readonly [string, Key])[] = [
  ['', 'now.title'],
  ['studies', 'studies.title'],
  ['deliveries', 'deliveries.title'],
  ['open', 'open.title'],
  ['peers', 'peers.title'],
  ['settings', 'settings.title'],
]

const LANGUAGES: readonly (readonly [Language, string])[] = [
  ['en', 'English'],
  ['fr', 'Français'],
]

export function App() {
  const { say } = useWords()
  const route = useRoute()
  const main = useRef<HTMLElement>(null)
  const path = route.steps.join('/')
  const shown = useRef(path)
  // Whoever follows a link reads on from the heading of what came, not from where the link was.
  useEffect(() => {
    if (shown.current === path) return
    shown.current = path
    main.current?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [path])
  return (
    <>
      <a class="skip" href="#main">
        {say('skip')}
      </a>
      <Head here={route.steps[0] ?? ''} />
      <main id="main" ref={main} tabIndex={-1}>
        <WithSession>
          <View route={route} />
        </WithSession>
      </main>
    </>
  )
}

function Head({ here }: { here: string }) {
  const { say, language, choose } = useWords()
  return (
    <header class="head">
      <a class="brand" href="#/">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M16 25a9 9 0 1 1 9-9 6 6 0 1 1-6-6 3.4 3.4 0 1 1-3.2 3.6" />
        </svg>
        {say('brand')}
      </a>
      <nav aria-label={say('nav')}>
        {PLACES.map(([step, key]) => (
          <a key={step} href={addressOf(step === '' ? [] : [step])} aria-current={here === step ? 'page' : undefined}>
            {say(key)}
          </a>
        ))}
      </nav>
      <fieldset class="languages">
        <legend class="unseen">{say('language')}</legend>
        {LANGUAGES.map(([one, name]) => (
          <button key={one} type="button" lang={one} aria-pressed={one === language} onClick={() => choose(one)}>
            {name}
          </button>
        ))}
      </fieldset>
    </header>
  )
}

function View({ route }: { route: Route }) {
  const { say } = useWords()
  const { tokenNeeded } = useSession()
  const [place, first, second] = route.steps
  if (place === undefined) return <NowView />
  if (place === 'studies' && first === undefined) return <StudiesView query={route.query} />
  if (place === 'studies') return <StudyView key={first} study={first!} />
  if (place === 'manifests' && first !== undefined) return <ManifestView key={first} manifest={first} />
  if (place === 'view' && second !== undefined)
    return <ViewerView key={`${first} ${second}`} study={first!} series={second} opened={route.query.has('opened')} />
  if (place === 'open') return <OpenView />
  if (place === 'deliveries') return <DeliveriesView state={route.query.get('state') ?? ''} />
  if (place === 'peers') return <PeersView />
  if (place === 'settings') return <SettingsView />
  if (place === 'session' && tokenNeeded) return <NowView />
  return (
    <>
      <Title>{say('lost.title')}</Title>
      <Nothing>{say('lost.text')}</Nothing>
    </>
  )
}
