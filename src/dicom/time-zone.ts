/** Timezone Offset From UTC (0008,0201) of an IANA time zone, and dates and times local to an offset (PS3.3 C.12.1.1.8).
 *  Daylight saving is that of the moment asked for, not of today. The clock is handed in.
 *  @throws RangeError for a zone that the platform does not know: check it once, with the configuration */
import { fullTime, parseDate } from './dates.ts'

/** The offset applies to every date and time of an instance: so it is the one that holds for its Study Date and Study Time. */
export interface StudyMoment {
  /** What the instances state themselves, where they agree (see {@link soleOffset}). */
  readonly stated?: string
  /** DA and TM as they are. */
  readonly date?: string
  readonly time?: string
}

const formats = new Map<string, Intl.DateTimeFormat>()
const MINUTE_MS = 60_000
const NOON = '120000'

/** `+0100`, `-0330`, `+0000` */
export function offsetFromUtc(zone: string, at: Date): string {
  const name = formatOf(zone)
    .formatToParts(at)
    .find((part) => part.type === 'timeZoneName')
  const [, sign = '+', hours = '00', minutes = '00'] = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(name?.value ?? '') ?? []
  return `${sign}${hours}${minutes}`
}

/** What is stated; else that of the zone at the date and time of the study, at noon where it has no time; else at `otherwise`. */
export function offsetOfStudy({ stated, date, time }: StudyMoment, zone: string, otherwise: Date): string {
  if (stated !== undefined) return stated
  const day = parseDate(date ?? '')
  if (day === undefined) return offsetFromUtc(zone, otherwise)
  const [, hours, minutes] = /^(\d{2})(\d{2})/.exec(fullTime(time ?? '') ?? NOON) ?? []
  const local = Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${hours}:${minutes}:00Z`)
  // The second look is right wherever the clocks do not change between the two.
  const near = offsetFromUtc(zone, new Date(local))
  return offsetFromUtc(zone, new Date(local - minutesOf(near) * MINUTE_MS))
}

/** @returns the one offset that these values state; undefined where none is valid or they differ. -1200 to +1400, never -0000 */
export function soleOffset(values: Iterable<string | undefined>): string | undefined {
  const offsets = new Set<string>()
  for (const value of values) {
    const offset = value?.trim()
    if (offset !== undefined && isOffset(offset)) offsets.add(offset)
  }
  return offsets.size === 1 ? [...offsets][0] : undefined
}

function isOffset(text: string): boolean {
  if (!/^[+-]\d{2}[0-5]\d$/.test(text) || text === '-0000') return false
  const minutes = minutesOf(text)
  return minutes >= -12 * 60 && minutes <= 14 * 60
}

/** DA and TM text in full, local to an offset; milliseconds are what the platform's clock gives. */
export function localDateTime(offset: string, at: Date): { date: string; time: string } {
  const [date = '', time = ''] = new Date(at.getTime() + minutesOf(offset) * MINUTE_MS).toISOString().slice(0, -1).split('T')
  return { date: date.replaceAll('-', ''), time: `${time.replaceAll(':', '')}000` }
}

function minutesOf(offset: string): number {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3, 5))
  return offset.startsWith('-') ? -minutes : minutes
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, calendar: 'gregory', numberingSystem: 'latn', timeZoneName: 'longOffset' })
    formats.set(zone, format)
  }
  return format
}
