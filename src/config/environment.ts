/** Environment variables that override settings: `ARIANE_` and the path in capitals joined by `_`, e.g. ARIANE_DICOM_TIMEOUTS_IDLESECONDS.
 *  Lists are JSON text. A variable that is set but empty counts as not set (compose files pass such ones). */
import { expectationOf, KINDS } from './kinds.ts'
import { shown } from './mistakes.ts'
import { schemaOf } from './schema.ts'
import type { Setting } from './setting.ts'
import { SETTINGS } from './settings.ts'
import { nearest } from './suggest.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Variables that the start scripts use; they are no settings. */
export const RESERVED_VARIABLES: readonly string[] = ['ARIANE_HOME', 'ARIANE_NODE']

export interface Overrides {
  /** Key → the variable and its value as a file would hold it. */
  readonly values: ReadonlyMap<string, { readonly variable: string; readonly value: unknown }>
  readonly mistakes: readonly string[]
}

/** `dicom.port` → `ARIANE_DICOM_PORT` */
export function variableOf(key: string): string {
  return `ARIANE_${key.replaceAll('.', '_').toUpperCase()}`
}

export function readEnvironment(env: Environment): Overrides {
  const rows = new Map<string, Setting>(SETTINGS.map((row) => [variableOf(row.key), row]))
  const values = new Map<string, { variable: string; value: unknown }>()
  const mistakes: string[] = []
  for (const [variable, text] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (text === undefined || !variable.startsWith('ARIANE_') || RESERVED_VARIABLES.includes(variable)) continue
    const row = rows.get(variable)
    if (row === undefined) mistakes.push(unknownVariable(variable, [...rows.keys()]))
    else if (text !== '') {
      const read = readValue(row, text)
      if (read.mistake !== undefined) mistakes.push(`${variable}: ${read.mistake}`)
      else values.set(row.key, { variable, value: read.value })
    }
  }
  return { values, mistakes }
}

function unknownVariable(variable: string, known: readonly string[]): string {
  const suggestion = nearest(variable, known)
  return `${shown(variable).slice(1, -1)}: no setting has this variable${suggestion === undefined ? '' : `, did you mean ${suggestion}?`}`
}

function readValue(row: Setting, text: string): { value?: unknown; mistake?: string } {
  const isList = row.type === 'entries' || row.type === 'choices' || row.type === 'uids' || row.type === 'list'
  const value = isList ? parseJson(text) : row.type === 'choice' ? text : (KINDS[row.type].fromText?.(text) ?? text)
  if (isList && !Array.isArray(value)) return { mistake: `found ${shown(text)}, expected ${expectationOf(row)}, as JSON` }
  const issue = schemaOf(row).safeParse(value).error?.issues[0]
  if (issue === undefined) return { value }
  const inside =
    issue.path.length > 0
      ? ` (wrong at ${issue.path.map(String).join('.')}${issue.code === 'unrecognized_keys' ? `: ${issue.keys.join(', ')}` : ''})`
      : ''
  return { mistake: `found ${shown(text)}, expected ${expectationOf(row)}${isList ? `, as JSON${inside}` : ''}` }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
