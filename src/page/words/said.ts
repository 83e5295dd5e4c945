/** What the node says itself, for whoever reads the page: its sentences in French (said/…), errors of the system in words.
 *
 *  The node answers, and keeps, English sentences: they are the keys, so that what was written years ago is read in French too. A test reads
 *  the node's sources and fails where a sentence has no French.
 *  Promises: what is not known here (text of an operator, of a peer, of the system) is shown as it came, in the midst of what is known.
 *  Does not: guess. */
import { type Language, size } from '../format.ts'
import { type Pattern, sentences } from './said/patterns.ts'
import { phrase } from './words.ts'

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

/** Joined by "; ": more than the node ever joins is not its own. */
const MOST_PARTS = 40

/** Whole, else line by line, else as the longest runs of what is joined by "; ". */
function french(text: string): Found {
  const whole = sentence(text)
  if (whole?.known) return whole
  if (text.includes('\n')) return joined(text.split('\n').map(french), '\n')
  const parts = text.split('; ')
  if (parts.length === 1) return whole ?? asItCame(text)
  const inRuns = joined(runsOf(parts), ' ; ')
  return inRuns.known || whole === undefined ? inRuns : whole
}

function runsOf(parts: readonly string[]): readonly Found[] {
  const runs: Found[] = []
  for (let from = 0; from < parts.length; ) {
    let to = parts.length > MOST_PARTS ? from + 1 : parts.length
    let found = sentence(parts.slice(from, to).join('; '))
    while (to > from + 1 && !found?.known) found = sentence(parts.slice(from, --to).join('; '))
    runs.push(found ?? asItCame(parts[from]!))
    from = to
  }
  return runs
}

const joined = (found: readonly Found[], by: string): Found => ({
  text: found.map((one) => one.text).join(by),
  known: found.every((one) => one.known),
  some: found.some((one) => one.some),
})

/** What has no word in it is the same in every language. */
const asItCame = (text: string): Found => ({ text, known: !/\p{L}{2,}/u.test(text), some: false })

/** What was looked for before: a list says the same in many rows, and what stands in a sentence comes up again and again while that is looked for. */
const kept = new Map<string, Found | undefined>()
const MOST_KEPT = 2000
/** In characters: longer ones are lists, of which each part is looked for. */
const LONGEST = 4000

function sentence(text: string): Found | undefined {
  if (text.length > LONGEST) return undefined
  if (kept.has(text)) return kept.get(text)
  const found = lookedUp(text)
  if (kept.size >= MOST_KEPT) kept.clear()
  kept.set(text, found)
  return found
}

function lookedUp(text: string): Found | undefined {
  const room = roomIn(text, 'fr')
  if (room !== undefined) return { text: room, known: true, some: true }
  const { exact, patterns } = sentences()
  const same = exact.get(text)
  if (same !== undefined) return { text: same, known: true, some: true }
  let first: Found | undefined
  for (const pattern of patterns) {
    const found = text.includes(pattern.own) ? filledIn(pattern, text) : undefined
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
