/** Values in the one form in which they are compared and sorted (PS3.5 6.2; dates and times: see dicom/dates.ts). The value as received
 *  is kept beside it. A value that is none of its kind has no normal form. */

import { trimEnd, trimStart } from '../dicom/value-representations.ts'

/** Numbers that are missing or unreadable sort behind all others (IS is at most 2^31 - 1). */
export const NO_ORDER = 2 ** 32

/** IS and US without sign and leading zeros: `007`, `+7` and `7` are equal. Other text stays, trimmed. */
export function normalNumber(text: string): string {
  const trimmed = text.trim()
  const match = /^([+-]?)0*(0|[1-9]\d*)$/.exec(trimmed)
  if (match === null) return trimmed
  return match[1] === '-' && match[2] !== '0' ? `-${match[2]}` : match[2]!
}

/** DS by value: `70`, `70.0` and `7E1` are equal; 15 digits count (PS3.5 6.2 has room for no more than 16).
 *  Other text stays, trimmed. */
export function normalDecimal(text: string): string {
  const trimmed = text.trim()
  const isDecimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[Ee][+-]?\d+)?$/.test(trimmed)
  const number = isDecimal ? Number(trimmed) : Number.NaN
  return Number.isFinite(number) ? String(number + 0) : trimmed
}

/** What to sort a series or an instance by. */
export function numberOrder(text: string | undefined): number {
  const number = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isInteger(number) && Math.abs(number) < NO_ORDER ? number : NO_ORDER
}

/** Text without the padding that does not count (PS3.5 6.2: leading spaces count in LT); undefined where nothing is left. */
export function significant(text: string | undefined, vr: string): string | undefined {
  if (text === undefined) return undefined
  const trimmed = vr === 'LT' ? trimEnd(text) : trimStart(trimEnd(text))
  return trimmed === '' ? undefined : trimmed
}

/** Values of an element with several (PS3.5 6.4), each without padding. */
export function separate(text: string): string[] {
  return text.includes('\\') ? text.split('\\').map((value) => value.trim()) : [text.trim()]
}
