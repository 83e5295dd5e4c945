/** What the node says itself, for whoever reads the page: its sentences in French (said/…), errors of the system in words.
 *
 *  The node answers, and keeps, English sentences: they are the keys, so that what was written years ago is read in French too. A test reads
 *  the node's sources and fails where a sentence has no French.
 *  Promises: what is not known here (text of an operator, of a peer, of the system) is shown as it came, in the midst of what is known.
 *  Does not: guess. */
import { type Language, size } from '../format.ts'
import { ACTIONS } from './said/actions.ts'
import { EXPECTED } from './said/expected.ts'
import { FOUND } from './said/found.ts'
import { PEERS } from './said/peers.ts'
import { REASONS } from './said/reasons.ts'
import type { Sentence } from './said/sentence.ts'
import { WEB } from './said/web.ts'
import { phrase } from './words.ts'

export const SENTENCES: readonly Sentence[] = [...ACTIONS, ...REASONS, ...PEERS, ...WEB, ...FOUND, ...EXPECTED]

export interface SaidText {
  readonly text: string
  /** Whether all of it is in the reader's language. */
  readonly known: boolean
  /** '' where nothing of it is: somebody wrote it, in whatever language (HTML Living Standard, lang). */
  readonly lang?: ''
}

/** `ENOTDIR: not a directory, mkdir '/srv/registry'`, as Node.js writes it. */
const OF_THE_SYSTEM = /\bE[A-Z]+: ([^,]+), \w+ '([^']+)'(?: -> '[^']+')?/g
const NO_ROOM = /^no room: (\d+) bytes are free, (\d+) are kept in reserve \(storage\.reserveBytes\)$/
const NO_ROOM_IN: Readonly<Record<Language, string>> = {
  en: 'no room on the disk: {free} are free, {reserve} must stay free (storage.reserveBytes)',
  fr: 'plus de place sur le disque : {free} libres, {reserve} doivent le rester (storage.reserveBytes)',
}
/** `Invalid argument value (reason=no such manifest, manifestUid=1.2)`, as errors.ts writes what it knows. */
const WITH_DETAILS = /^(.+?) \((\w+=.*)\)$/

/** Not a name, a path or a number alone. */
const WORDS = /\p{L}{2,}[^\p{L}]* [^\p{L}]*\p{L}{2,}/u

export function nodeSays(text: string, language: Language): SaidText {
  const plain = text.replace(OF_THE_SYSTEM, '$1: $2')
  if (language === 'en')
    return {
      text: plain
        .split('; ')
        .map((part) => roomIn(part, 'en') ?? part)
        .join('; '),
      known: true,
    }
  const said = french(plain)
  return { text: said.text, known: said.known, ...(said.some || !WORDS.test(plain) ? {} : { lang: '' }) }
}

function roomIn(text: string, language: Language): string | undefined {
  const [, free, reserve] = NO_ROOM.exec(text) ?? []
  if (free === undefined) return undefined
  return phrase(language, NO_ROOM_IN[language], { free: size(Number(free), language), reserve: size(Number(reserve), language) })
}

interface Found {
  readonly text: string
  readonly known: boolean
  /** Whether something of it is known. */
  readonly some: boolean
}

/** Whole, else line by line, else as the longest runs of what is joined by "; ". */
function french(text: string): Found {
  const whole = sentence(text)
  if (whole?.known) return whole
  if (text.includes('\n')) return joined(text.split('\n').map(french), '\n')
  const parts = text.split('; ')
  if (parts.length === 1) return whole ?? asItCame(text)
  const runs: Found[] = []
  for (let from = 0; from < parts.length; ) {
    let to = parts.length
    let found = whole
    for (; to > from + 1; to--) {
      found = to - from < parts.length ? sentence(parts.slice(from, to).join('; ')) : undefined
      if (found?.known) break
    }
    runs.push(to > from + 1 ? found! : (sentence(parts[from]!) ?? asItCame(parts[from]!)))
    from = to
  }
  const inRuns = joined(runs, ' ; ')
  return inRuns.known || whole === undefined ? inRuns : whole
}

const joined = (found: readonly Found[], by: string): Found => ({
  text: found.map((one) => one.text).join(by),
  known: found.every((one) => one.known),
  some: found.some((one) => one.some),
})

/** What has no word in it is the same in every language. */
const asItCame = (text: string): Found => ({ text, known: !/\p{L}{2,}/u.test(text), some: false })

interface Pattern {
  readonly matches: RegExp
  readonly names: readonly string[]
  readonly french: string
  /** Letters of its own. */
  readonly weight: number
}

let table: { readonly exact: ReadonlyMap<string, string>; readonly patterns: readonly Pattern[] } | undefined

/** Made when it is first needed: most readers of English never do. */
function sentences(): NonNullable<typeof table> {
  const patterns = SENTENCES.filter(([english]) => english.includes('{')).map(([english, words]) => patternOf(english, words))
  table ??= {
    exact: new Map(SENTENCES.filter(([english]) => !english.includes('{'))),
    // What says more of its own first: it is the narrower one.
    patterns: patterns.sort((a, b) => b.weight - a.weight),
  }
  return table
}

function patternOf(english: string, words: string): Pattern {
  const [first = '', ...rest] = english.split(/\{(\w+)\}/)
  const names = rest.filter((_, index) => index % 2 === 0)
  const between = [first, ...rest.filter((_, index) => index % 2 === 1)]
  const source = between.map(
    (part, at) => `${at === 0 ? '' : valueIn(english, names[at - 1]!)}${part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`,
  )
  const weight = between.join('').replace(/[^\p{L}]/gu, '').length
  return { matches: new RegExp(`^${source.join('')}$`), names, french: words, weight }
}

/** A count is a number; what is joined by "; " is several sentences, unless the pattern has such a joint itself. */
function valueIn(english: string, name: string): string {
  if (name === 'n') return '(\\d+)'
  return name.startsWith('said') && english.includes('; ') ? '(.+?)' : '((?:(?!; ).)+?)'
}

function sentence(text: string): Found | undefined {
  const room = roomIn(text, 'fr')
  if (room !== undefined) return { text: room, known: true, some: true }
  const { exact, patterns } = sentences()
  const same = exact.get(text)
  if (same !== undefined) return { text: same, known: true, some: true }
  let first: Found | undefined
  for (const pattern of patterns) {
    const found = filledIn(pattern, text)
    if (found?.known) return found
    first ??= found
  }
  return detailed(text) ?? first
}

function filledIn({ matches, names, french: words, weight }: Pattern, text: string): Found | undefined {
  const values = matches.exec(text)?.slice(1)
  if (values === undefined) return undefined
  const inner = values.map((value, at) => (names[at]!.startsWith('said') ? french(value) : undefined))
  // What joins two sentences and says nothing itself (":", "or") holds where it knows the first.
  if (weight < 3 && !inner[0]?.some) return undefined
  const filled = names.map((name, at) => {
    const value = inner[at]?.text ?? values[at]!
    return [name, name === 'n' && /^\d{1,9}$/.test(value) ? Number(value) : value] as const
  })
  return { text: phrase('fr', words, Object.fromEntries(filled)), known: inner.every((one) => one?.known !== false), some: true }
}

function detailed(text: string): Found | undefined {
  const [, what, details] = WITH_DETAILS.exec(text) ?? []
  const told = what === undefined ? undefined : sentence(what)
  if (told === undefined) return undefined
  const given = details!.split(', ').map((pair) => {
    const at = pair.indexOf('=') + 1
    const value = french(pair.slice(at))
    return { ...value, text: `${pair.slice(0, at)}${value.text}` }
  })
  return { text: `${told.text} (${joined(given, ', ').text})`, known: told.known, some: true }
}
