/** Local date and time, and Timezone Offset From UTC (0008,0201), of an IANA time zone at a given moment (PS3.3 C.12.1.1.8).
 *  Daylight saving is that of the moment asked for, not of today. The clock is handed in.
 *  @throws RangeError for a zone that the platform does not know: check it once, with the configuration */

const formats = new Map<string, Intl.DateTimeFormat>()

/** `+0100`, `-0330`, `+0000` */
export function offsetFromUtc(zone: string, at: Date): string {
  const [, sign = '+', hours = '00', minutes = '00'] = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(parts(zone, at).timeZoneName ?? '') ?? []
  return `${sign}${hours}${minutes}`
}

/** DA and TM text in full; milliseconds are what the platform's clock gives. */
export function localDateTime(zone: string, at: Date): { date: string; time: string } {
  const { year = '', month = '', day = '', hour = '', minute = '', second = '', fractionalSecond = '' } = parts(zone, at)
  return { date: `${year.padStart(4, '0')}${month}${day}`, time: `${hour}${minute}${second}.${fractionalSecond}000` }
}

function parts(zone: string, at: Date): Partial<Record<Intl.DateTimeFormatPartTypes, string>> {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      fractionalSecondDigits: 3,
      timeZoneName: 'longOffset',
    })
    formats.set(zone, format)
  }
  return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]))
}
