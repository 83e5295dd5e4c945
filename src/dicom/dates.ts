/** Dates, times and ranges of them (PS3.5 6.2 VRs DA, TM, DT; PS3.4 C.2.2.2.5) as text that compares as text.
 *
 *  A date is YYYYMMDD, `2026.01.01` of ACR-NEMA 300 becomes that. A time of less than full precision is a span: `10` is
 *  from 10:00:00 to 10:59:59.999999. The start of a span is written as short as possible (`10`, no trailing `00`), its end
 *  in full (`105959.999999`): so `from <= stored && stored <= to` is right for stored times of any precision, unpadded ones
 *  too. Offsets from UTC in DT are read over, not applied. A range whose end lies before its start matches nothing. Nothing
 *  throws: what cannot be read is `undefined`, or a range of kind `invalid`. */

export interface Span {
  readonly from: string
  readonly to: string
}

export type DateRange =
  /** Empty, `*` or `-`. */
  | { readonly kind: 'universal' }
  /** One value, as the span of what it leaves open; a date has both ends equal. */
  | ({ readonly kind: 'single' } & Span)
  /** `a-b`, `a-`, `-b`; both ends included, one may be open. */
  | { readonly kind: 'range'; readonly from?: string; readonly to?: string }
  | { readonly kind: 'invalid' }

const DATE = /^(\d{4})(\.?)(\d{2})\2(\d{2})$/
const TIME = /^(\d{2})(?:(:?)(\d{2})(?:\2(\d{2})(?:\.(\d{1,6}))?)?)?$/
const DATE_TIME = /^(\d{4})(?:(\d{2})(?:(\d{2})(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?)?)?$/
/** Two DT of 26 characters with a hyphen between them, and some spaces. */
const LONGEST_RANGE = 64
/** -1200 to +1400; a year behind a hyphen is the end of a range. */
const OFFSET = /[+-](?:0\d|1[0-4])[0-5]\d$/

/** @returns YYYYMMDD; undefined where it is no date of the calendar */
export function parseDate(text: string): string | undefined {
  const [, year, , month, day] = DATE.exec(text.trim()) ?? []
  if (year === undefined || Number(day) < 1 || Number(day) > daysInMonth(Number(year), Number(month))) return undefined
  return `${year}${month}${day}`
}

/** HHMMSS.FFFFFF or less of it; `HH:MM:SS` of ACR-NEMA too. Second 60 is a leap second. */
export function parseTime(text: string): Span | undefined {
  const [, hours, , minutes, seconds, fraction] = TIME.exec(text.trim()) ?? []
  if (hours === undefined || Number(hours) > 23 || Number(minutes ?? 0) > 59 || Number(seconds ?? 0) > 60) return undefined
  const given = hours + (minutes ?? '') + (seconds ?? '')
  const full = hours + (minutes ?? '00') + (seconds ?? '00')
  const start = fraction ? `${full}.${fraction}`.replace(/\.?0+$/, '') : full
  return {
    from: start.includes('.') ? start : full.replace(/(?:00){1,2}$/, ''),
    to: `${given}${'235959'.slice(given.length)}.${(fraction ?? '').padEnd(6, '9')}`,
  }
}

/** A time in full, HHMMSS.FFFFFF, missing parts zero: for sorting and for columns of one form. */
export function fullTime(text: string): string | undefined {
  const from = parseTime(text)?.from
  if (from === undefined) return undefined
  const [whole = '', fraction = ''] = from.split('.')
  return `${whole.padEnd(6, '0')}.${fraction.padEnd(6, '0')}`
}

/** YYYYMMDDHHMMSS.FFFFFF&ZZXX or less of it, down to the year. */
export function parseDateTime(text: string): Span | undefined {
  const [, year, month, day, time] = DATE_TIME.exec(text.trim().replace(OFFSET, '')) ?? []
  if (year === undefined) return undefined
  const lastMonth = month ?? '12'
  const date = parseDate(`${year}${lastMonth}${day ?? String(daysInMonth(Number(year), Number(lastMonth)))}`)
  const span = parseTime(time ?? '00')
  if (date === undefined || span === undefined) return undefined
  if (time === undefined) return { from: year + (month ?? '') + (day ?? ''), to: `${date}235959.999999` }
  return { from: date + span.from, to: date + span.to }
}

/** A key of VR DA, TM or DT, with or without a hyphen. */
export function parseRange(text: string, vr: string): DateRange {
  const key = text.trim()
  if (key === '' || key === '*' || key === '-') return { kind: 'universal' }
  if (key.length > LONGEST_RANGE) return { kind: 'invalid' }
  const parse = vr === 'TM' ? parseTime : vr === 'DT' ? parseDateTime : dateSpan
  const single = parse(key)
  if (single) return { kind: 'single', ...single }
  // The hyphen of a DT may belong to an offset from UTC: the first place where both sides can be read is the right one.
  for (let at = key.indexOf('-'); at >= 0; at = key.indexOf('-', at + 1)) {
    const [start, end] = [key.slice(0, at).trim(), key.slice(at + 1).trim()]
    const from = parse(start)
    const to = parse(end)
    if ((from || start === '') && (to || end === '')) return { kind: 'range', from: from?.from, to: to?.to }
  }
  return { kind: 'invalid' }
}

function dateSpan(text: string): Span | undefined {
  const date = parseDate(text)
  return date === undefined ? undefined : { from: date, to: date }
}

/** @returns 0 for a month that does not exist */
function daysInMonth(year: number, month: number): number {
  if (month < 1 || month > 12) return 0
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}
