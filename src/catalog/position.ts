/** Where a page ends and the next one begins: the sort keys of its last row, level by level, as opaque text. What is read in order by such
 *  a key costs the same for the first page and the last one, and rows that come or go meanwhile shift nothing. */
import { NodeError } from '../errors.ts'

/** Date, time (normal form) and UID of a study. Not its row id: SQLite does not seek by the row id inside an index. */
export type StudyPosition = readonly [date: string, time: string, uid: string]
/** Number and UID of a series or an instance. */
export type NumberPosition = readonly [order: number, uid: string]

export interface Position {
  readonly study: StudyPosition
  readonly series?: NumberPosition
  readonly instance?: NumberPosition
}

/** Above every study: dates are digits. */
export const BEFORE_ALL: StudyPosition = ['~', '', '']
/** Below every study: studies without a date have ''. */
export const AFTER_ALL: StudyPosition = ['', '', '']
export const BEFORE_ALL_NUMBERS: NumberPosition = [-(2 ** 33), '']

export function encodePosition(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/** @throws NodeError INVALID_ARGUMENT where the text is none of ours */
export function decodePosition<T>(text: string, is: (value: unknown) => value is T): T {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    value = undefined
  }
  if (!is(value)) throw new NodeError('INVALID_ARGUMENT', { step: 'page position' })
  return value
}

export function isPosition(value: unknown): value is Position {
  if (typeof value !== 'object' || value === null || !('study' in value)) return false
  const { study, series, instance } = value as Record<string, unknown>
  return isTuple(study, ['string', 'string', 'string']) && isNumberPosition(series) && isNumberPosition(instance)
}

export function isRowId(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isNumberPosition(value: unknown): boolean {
  return value === undefined || isTuple(value, ['number', 'string'])
}

export function isTuple(value: unknown, types: readonly ('number' | 'string')[]): boolean {
  return Array.isArray(value) && value.length === types.length && types.every((type, at) => typeof value[at] === type)
}
