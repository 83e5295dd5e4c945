/** Numbers, sizes, dates and names, as people of a language write them. Nothing of a value is lost that would mislead: what cannot be read
 *  is shown as it is. Sizes in bytes, spans in milliseconds. */

export type Language = 'en' | 'fr'

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', fr: 'fr-FR' }
export const localeOf = (language: Language): string => LOCALES[language]

export const number = (value: number, language: Language, digits = 0): string =>
  new Intl.NumberFormat(localeOf(language), { maximumFractionDigits: digits }).format(value)

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const

/** `1.5 MB`, `1,5 Mo`; powers of 1000, as disks are sold. */
export function size(bytes: number, language: Language): string {
  const step = Math.min(SIZES.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** step
  const format = { style: 'unit', unit: SIZES[step], maximumFractionDigits: value < 10 && step > 0 ? 1 : 0 } as const
  return new Intl.NumberFormat(localeOf(language), format).format(value)
}

const SPANS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const

/** `12 seconds ago`, `in 5 minutes`. */
export function relative(at: number, now: number, language: Language): string {
  const span = at - now
  const [unit, length] = SPANS.find(([, milliseconds]) => Math.abs(span) >= milliseconds) ?? SPANS[3]
  return new Intl.RelativeTimeFormat(localeOf(language), { numeric: 'auto' }).format(Math.trunc(span / length), unit)
}

/** The time of a moment of today, date and time of another. */
export function absolute(at: number, now: number, language: Language): string {
  const today = new Date(at).toDateString() === new Date(now).toDateString()
  const format: Intl.DateTimeFormatOptions = today ? { timeStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' }
  return new Intl.DateTimeFormat(localeOf(language), format).format(at)
}

/** DA of DICOM (PS3.5 6.2): `20260301` as `1 Mar 2026`. */
export function dicomDate(text: string, language: Language): string {
  const found = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text.trim())
  if (found === null) return text
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number]
  const date = new Date(Date.UTC(year, month - 1, day))
  if (date.getUTCMonth() !== month - 1) return text
  return new Intl.DateTimeFormat(localeOf(language), { dateStyle: 'medium', timeZone: 'UTC' }).format(date)
}

/** TM of DICOM: `101500.12` as `10:15`. */
export function dicomTime(text: string): string {
  const found = /^(\d{2}):?(\d{2})/.exec(text.trim())
  return found === null ? text : `${found[1]}:${found[2]}`
}

/** PN of DICOM (PS3.5 6.2.1): `DOE^JANE^^DR` as `DOE, JANE`; the first group that says something. */
export function personName(text: string): string {
  const group = text.split('=').find((one) => /[^^\s]/.test(one)) ?? ''
  const [family = '', given = '', middle = ''] = group.split('^').map((part) => part.trim())
  const first = [given, middle].filter(Boolean).join(' ')
  return [family, first].filter(Boolean).join(', ')
}
