/** The sentences of the node (said/…) as patterns, to be found again in what it says. */
import { ACTIONS } from './actions.ts'
import { EXPECTED } from './expected.ts'
import { FOUND } from './found.ts'
import { PEERS } from './peers.ts'
import { REASONS } from './reasons.ts'
import type { Sentence } from './sentence.ts'
import { WEB } from './web.ts'

export const SENTENCES: readonly Sentence[] = [...ACTIONS, ...REASONS, ...PEERS, ...WEB, ...FOUND, ...EXPECTED]

export interface Pattern {
  readonly matches: RegExp
  /** The longest text of its own: without it no need to look. */
  readonly own: string
  readonly names: readonly string[]
  readonly french: string
  /** Letters of its own. */
  readonly weight: number
}

interface Table {
  /** Sentences without a value. */
  readonly exact: ReadonlyMap<string, string>
  /** What says more of its own first: it is the narrower one. */
  readonly patterns: readonly Pattern[]
}

let made: Table | undefined

/** Made when it is first needed: readers of English never do. */
export function sentences(): Table {
  made ??= {
    exact: new Map(SENTENCES.filter(([english]) => !english.includes('{'))),
    patterns: SENTENCES.filter(([english]) => english.includes('{'))
      .map(([english, french]) => patternOf(english, french))
      .sort((a, b) => b.weight - a.weight),
  }
  return made
}

function patternOf(english: string, french: string): Pattern {
  const [first = '', ...rest] = english.split(/\{(\w+)\}/)
  const names = rest.filter((_, index) => index % 2 === 0)
  const between = [first, ...rest.filter((_, index) => index % 2 === 1)]
  const source = between.map(
    (part, at) => `${at === 0 ? '' : valueIn(english, names[at - 1]!)}${part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`,
  )
  const own = between.reduce((longest, part) => (part.length > longest.length ? part : longest))
  const weight = between.join('').replace(/[^\p{L}]/gu, '').length
  return { matches: new RegExp(`^${source.join('')}$`), own, names, french, weight }
}

/** A count is a number; what is joined by "; " is several sentences, unless the pattern has such a joint itself. */
function valueIn(english: string, name: string): string {
  if (name === 'n') return '(\\d+)'
  return name.startsWith('said') && english.includes('; ') ? '(.+?)' : '((?:(?!; ).)+?)'
}
