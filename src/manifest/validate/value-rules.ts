/** What a value of each VR may be (PS3.5 6.2), as a table. Values come one by one, without the padding that does not count. */
import { parseDate, parseDateTime, parseTime } from '../../dicom/dates.ts'
import { isStrictUid } from '../../dicom/uid.ts'

export interface ValueRule {
  readonly expected: string
  readonly fits: (value: string) => boolean
}

/** Control characters; ESC is none where code extensions are used, and is gone when a value is decoded. */
const NO_CONTROL = /^[^\x00-\x1f\x7f]*$/
/** TAB, LF, FF and CR are text. */
const NO_CONTROL_BUT_LINES = /^[^\x00-\x08\x0b\x0e-\x1f\x7f]*$/

const text = (longest: number): ValueRule => ({
  expected: Number.isFinite(longest) ? `at most ${longest} characters, no control characters` : 'no control characters',
  fits: (value) => NO_CONTROL.test(value) && lengthOf(value) <= longest,
})
const lines = (longest: number): ValueRule => ({
  expected: Number.isFinite(longest)
    ? `at most ${longest} characters, of control characters TAB, LF, FF and CR only`
    : 'of control characters TAB, LF, FF and CR only',
  fits: (value) => NO_CONTROL_BUT_LINES.test(value) && lengthOf(value) <= longest,
})
const matching = (pattern: RegExp, expected: string, also: (value: string) => boolean = () => true): ValueRule => ({
  expected,
  fits: (value) => pattern.test(value) && also(value),
})

export const VALUE_RULES: Readonly<Record<string, ValueRule>> = {
  AE: matching(/^[\x20-\x5b\x5d-\x7e]{1,16}$/, 'an AE title of at most 16 ASCII characters, not of spaces alone'),
  AS: matching(/^\d{3}[DWMY]$/, 'an age nnnD, nnnW, nnnM or nnnY'),
  CS: matching(/^[A-Z0-9_ ]{1,16}$/, 'at most 16 capitals, digits, spaces and underscores'),
  DA: matching(/^\d{8}$/, 'a date YYYYMMDD of the calendar', (value) => parseDate(value) !== undefined),
  DS: matching(/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/, 'a decimal number of at most 16 characters', (value) => value.length <= 16),
  DT: matching(/^[\d.+-]+$/, 'a date and time YYYYMMDDHHMMSS.FFFFFF&ZZXX', (value) => parseDateTime(value) !== undefined),
  IS: matching(/^[+-]?\d{1,11}$/, 'an integer of 32 bits, at most 12 characters', (value) => Math.abs(Number(value)) <= 2 ** 31),
  LO: text(64),
  LT: lines(10_240),
  PN: { expected: 'at most 3 component groups of 64 characters and 5 components', fits: isPersonName },
  SH: text(16),
  ST: lines(1024),
  TM: matching(/^[\d.]+$/, 'a time HHMMSS.FFFFFF', (value) => parseTime(value) !== undefined),
  UC: text(Number.POSITIVE_INFINITY),
  UI: { expected: 'a UID: at most 64 digits and dots, no component empty or with a leading zero', fits: isStrictUid },
  UR: matching(/^[\x21-\x7e]+$/, 'a URL without spaces and without characters outside of ASCII', (value) => !/["<>\\^`{|}]/.test(value)),
  UT: lines(Number.POSITIVE_INFINITY),
}

/** PS3.5 6.2.1. */
function isPersonName(value: string): boolean {
  const groups = value.split('=')
  return groups.length <= 3 && groups.every((group) => NO_CONTROL.test(group) && lengthOf(group) <= 64 && group.split('^').length <= 5)
}

/** In characters, not in UTF-16 units. */
function lengthOf(value: string): number {
  return value.length <= 16 ? value.length : [...value].length
}
