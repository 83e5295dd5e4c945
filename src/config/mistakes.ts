/** What is wrong with a configuration: each mistake with its place in the tree, in words for the person who wrote it.
 *
 *  Does not: know files, lines or variables; {@link ConfigError} gets them from load-config.ts. */
import type { z } from 'zod'
import { elementExpectationOf, expectationOf } from './kinds.ts'
import { FILE_SCHEMA } from './schema.ts'
import type { Setting } from './setting.ts'
import { SETTINGS } from './settings.ts'
import { nearest } from './suggest.ts'

/** Names and list positions from the root, e.g. `['peers', 0, 'port']`. */
export type TreePath = readonly (string | number)[]

export interface Mistake {
  readonly path: TreePath
  /** Whether the name itself is the mistake, or its value. */
  readonly at: 'name' | 'value'
  /** `found 70000, expected a whole number from 0 to 65535` */
  readonly text: string
}

/** A configuration that cannot be used. The message has one line per mistake:
 *  `file:line:column key: what was found, what is expected`. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[]

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'))
    this.name = 'ConfigError'
    this.mistakes = mistakes
  }
}

/** Everything that the schema does not accept, and what is not known although it says nothing: `11,112` is 11 and a key 112 without a value.
 *  @param asWritten  the tree with the keys that have no value, where it may have some */
export function mistakesIn(tree: unknown, asWritten: unknown = {}): Mistake[] {
  const result = FILE_SCHEMA.safeParse(tree)
  const notAccepted = result.success ? [] : result.error.issues.flatMap((issue) => mistakesOf(issue, tree))
  return [...notAccepted, ...unknownWithoutValue(asWritten, [])]
}

/** `peers[0].port` */
export function keyOf(path: TreePath): string {
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${printable(step)}`)).join('')
}

/** What was found, short and on one line. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === null) return 'an empty value'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (typeof value === 'object') return 'a section'
  const text = JSON.stringify(value)
  return printable(text.length > 80 ? `${text.slice(0, 79)}…` : text)
}

function mistakesOf(issue: z.core.$ZodIssue, tree: unknown): Mistake[] {
  const path = issue.path as TreePath
  if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => unknownKey([...path, name]))
  const found = valueAt(tree, path)
  return [{ path, at: 'value', text: `found ${shown(found)}${hint(found, path)}, expected ${expectedAt(path)}` }]
}

function unknownWithoutValue(section: unknown, path: TreePath): Mistake[] {
  if (typeof section !== 'object' || section === null || Array.isArray(section)) return []
  const known = namesIn(path)
  return Object.entries(section).flatMap(([name, value]) => {
    const inner = [...path, name]
    if (!known.includes(name)) return value === null ? [unknownKey(inner)] : []
    return rowAt(inner) === undefined ? unknownWithoutValue(value, inner) : []
  })
}

function unknownKey(path: TreePath): Mistake {
  const name = String(path.at(-1))
  const siblings = namesIn(path.slice(0, -1))
  const suggestion = nearest(name, siblings)
  const elsewhere = SETTINGS.map((row) => row.key).filter((key) => key.split('.').at(-1) === name)
  const expected =
    suggestion !== undefined
      ? `did you mean ${suggestion}?`
      : elsewhere.length > 0
        ? `did you mean ${elsewhere.map((key) => (key.includes('.') ? key : `${key}, which stands in no section`)).join(' or ')}?`
        : `expected one of ${siblings.join(', ')}`
  return { path, at: 'name', text: `unknown key, ${expected}` }
}

/** A number where text is expected was most often meant as text: YAML reads 12 and 2.25 as numbers. */
function hint(found: unknown, path: TreePath): string {
  const row = rowAt(path)
  const wantsText = row !== undefined && ['aeTitle', 'uid', 'uids', 'text', 'line', 'name', 'list'].includes(row.type)
  return wantsText && (typeof found === 'number' || typeof found === 'boolean') ? ` (put it in quotes)` : ''
}

function expectedAt(path: TreePath): string {
  const row = rowAt(path)
  if (row === undefined)
    return path.length === 0 ? `the keys ${namesIn(path).join(', ')}` : `a section with the keys ${namesIn(path).join(', ')}`
  return typeof path.at(-1) === 'number' ? elementExpectationOf(row) : expectationOf(row)
}

/** The row that a path leads to; the row of the list where it ends at a position in it. */
export function rowAt(path: TreePath): Setting | undefined {
  const position = path.findIndex((step) => typeof step === 'number')
  const key = (position < 0 ? path : path.slice(0, position)).join('.')
  const row: Setting | undefined = SETTINGS.find((setting) => setting.key === key)
  if (position < 0 || row?.type !== 'entries' || path.length === position + 1) return row
  return row.rows.find((field) => field.key === path[position + 1])
}

/** The names that may stand at a place: in a section, or in an entry of a list. */
function namesIn(path: TreePath): string[] {
  const row = rowAt(path)
  if (row?.type === 'entries') return row.rows.map((field) => field.key)
  const prefix = path.length === 0 ? '' : `${path.join('.')}.`
  const names = SETTINGS.filter((setting) => setting.key.startsWith(prefix)).map(
    (setting) => setting.key.slice(prefix.length).split('.')[0]!,
  )
  return [...new Set(names)]
}

function valueAt(tree: unknown, path: TreePath): unknown {
  let value = tree
  for (const step of path)
    value = typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined
  return value
}

function printable(text: string): string {
  return text.replace(
    /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
