/** Parameters of a search on the web (PS3.18 8.3.4).
 *
 *  Promises: what is meant as an attribute and is none is refused by name (a value of the parameter `match`, PS3.18 8.3.4.1): a search by a misspelt one would
 *  find everybody. Other parameters that are not known change nothing, and are told (PS3.18 8.3). Those of the web itself (`accept`, `charset`) are let
 *  through. Names of parameters may be in capitals; keywords are as in PS3.6.
 *  Errors: WebRefusal 400. */
import { tellable } from './rendering-parameters.ts'
import { isMeantAsAttribute, parseAttributePath, SearchKeys } from './search-keys.ts'
import { WebRefusal } from './web-service.ts'

export interface SearchParameters {
  readonly keys: SearchKeys
  readonly includesAll: boolean
  readonly isFuzzy: boolean
  /** Undefined: as many as the server gives. */
  readonly limit: number | undefined
  readonly offset: number
  /** Parameters that are not known here, as they can be told. */
  readonly ignored: readonly string[]
  /** Parameters that were set to true and do nothing here (PS3.18 8.3.4.5, 8.3.4.6). */
  readonly without: readonly string[]
}

const OF_THE_WEB = new Set(['accept', 'charset'])
const FLAGS = ['fuzzymatching', 'emptyvaluematching', 'multiplevaluematching'] as const
const NUMBERS = ['limit', 'offset'] as const

export function readSearchParameters(query: URLSearchParams): SearchParameters {
  const keys = new SearchKeys()
  const flags = new Map<string, boolean>()
  const numbers = new Map<string, number>()
  const foreign: string[] = []
  let includesAll = false
  for (const [name, value] of query) {
    const lower = name.toLowerCase()
    if (OF_THE_WEB.has(lower)) continue
    if ((FLAGS as readonly string[]).includes(lower)) once(flags, lower, parseFlag(lower, value))
    else if ((NUMBERS as readonly string[]).includes(lower)) once(numbers, lower, parseCount(lower, value))
    else if (lower === 'includefield') includesAll = include(keys, value) || includesAll
    else if (parseAttributePath(name) === undefined && !isMeantAsAttribute(name)) foreign.push(name)
    else keys.match(pathOf(name), value, name)
  }
  return {
    keys,
    includesAll,
    isFuzzy: flags.get('fuzzymatching') ?? false,
    limit: numbers.get('limit'),
    offset: numbers.get('offset') ?? 0,
    ignored: tellable(foreign),
    without: ['emptyvaluematching', 'multiplevaluematching'].filter((name) => flags.get(name) === true),
  }
}

function once<T>(into: Map<string, T>, name: string, value: T): void {
  if (into.has(name)) throw new WebRefusal(400, `${name}: given twice`)
  into.set(name, value)
}

function parseFlag(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new WebRefusal(400, `${name}: true or false`)
  return value === 'true'
}

function parseCount(name: string, value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new WebRefusal(400, `${name}: a number, 0 or more`)
  return Number(value)
}

/** @returns whether everything is asked for */
function include(keys: SearchKeys, value: string): boolean {
  const names = attributesIn(value)
  for (const name of names) if (name !== 'all') keys.include(pathOf(name), name)
  return names.includes('all')
}

/** A list by comma, in which `0010,0020` is one. */
function attributesIn(list: string): string[] {
  const names: string[] = []
  const pieces = list.split(',').map((piece) => piece.trim())
  for (let at = 0; at < pieces.length; at++) {
    const isHalf = /(^|\.)[0-9a-f]{4}$/i.test(pieces[at]!) && /^[0-9a-f]{4}(\.|$)/i.test(pieces[at + 1] ?? '')
    if (isHalf) pieces[at + 1] = `${pieces[at]}${pieces[at + 1]}`
    else if (pieces[at] !== '') names.push(pieces[at]!)
  }
  return names
}

function pathOf(name: string): readonly number[] {
  const path = parseAttributePath(name)
  if (path !== undefined) return path
  throw new WebRefusal(400, `${printable(name)}: neither a parameter of a search nor an attribute (a keyword of PS3.6, or ggggeeee)`)
}

const printable = (name: string): string => JSON.stringify(name.slice(0, 80))
