/** What a text value may be (PS3.5 6.2, PS3.5 6.2.1 for names), for those who take one from a person or have to say that one is not valid.
 *
 *  Does not: mend anything, know enumerated values, or look at VRs that are no text. Lengths are characters, not bytes. */
import { parseDate, parseTime } from './dates.ts'

const LONGEST: Readonly<Record<string, number>> = { AE: 16, AS: 4, CS: 16, DS: 16, IS: 12, LO: 64, SH: 16, ST: 1024, LT: 10_240 }
/** PS3.5 6.1.3: lines and pages in LT, ST and UT; ESC of code extensions is gone once a text is decoded. */
const CONTROL = /[\x00-\x1f\x7f-\x9f]/
const CONTROL_IN_LINES = /[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]/
const LONGEST_GROUP = 64

/** @param text  one value, decoded, without padding
 *  @returns what was expected, where the text is not that: "a date YYYYMMDD that exists" */
export function expectedOf(vr: string, text: string): string | undefined {
  if (text === '') return undefined
  if (vr === 'DA') return /^\d{8}$/.test(text) && parseDate(text) !== undefined ? undefined : 'a date YYYYMMDD that exists'
  if (vr === 'TM') return /^[\d.]+$/.test(text) && parseTime(text) !== undefined ? undefined : 'a time HHMMSS'
  if (vr === 'CS') return /^[A-Z0-9_ ]{1,16}$/.test(text) ? undefined : 'at most 16 capitals, digits, spaces and underscores'
  if (vr === 'AS') return /^\d{3}[DWMY]$/.test(text) ? undefined : 'an age like 042Y'
  if (vr === 'DS') return text.length <= 16 && Number.isFinite(Number(text)) ? undefined : 'a number of at most 16 characters'
  if (vr === 'PN') return expectedOfName(text)
  const isLines = vr === 'LT' || vr === 'ST' || vr === 'UT'
  if ((isLines ? CONTROL_IN_LINES : CONTROL).test(text)) return 'no control characters'
  if (!isLines && text.includes('\\')) return 'one value, without a backslash'
  const longest = LONGEST[vr]
  return longest === undefined || [...text].length <= longest ? undefined : `at most ${longest} characters`
}

function expectedOfName(text: string): string | undefined {
  if (CONTROL.test(text)) return 'no control characters'
  if (text.includes('\\')) return 'one name, without a backslash'
  const groups = text.split('=')
  if (groups.length > 3) return 'at most three component groups, separated by ='
  if (groups.some((group) => group.split('^').length > 5)) return 'at most five components in each group, separated by ^'
  return groups.every((group) => [...group].length <= LONGEST_GROUP) ? undefined : `at most ${LONGEST_GROUP} characters in each group`
}
