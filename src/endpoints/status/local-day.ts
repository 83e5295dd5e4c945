/** Days of the node's time zone: which one a moment is in, and when that began. */
import { offsetFromUtc } from '../../dicom/time-zone.ts'

const MINUTE_MS = 60_000

/** `2026-11-24` */
export function localDay(at: number, timezone: string): string {
  return new Date(at + offsetMs(at, timezone)).toISOString().slice(0, 10)
}

/** Milliseconds since 1970. On the two days of the year that begin with another offset than they go on with, right as well. */
export function midnight(at: number, timezone: string): number {
  const utc = Date.parse(`${localDay(at, timezone)}T00:00:00Z`)
  return utc - offsetMs(utc - offsetMs(at, timezone), timezone)
}

function offsetMs(at: number, timezone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)$/.exec(offsetFromUtc(timezone, new Date(at)))!
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS
}
