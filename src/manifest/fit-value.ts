/** What a stored header says, made fit for a data set that we sign with our name (PS3.5 6.2).
 *
 *  Promises: the result is valid for its VR, or undefined. Old spellings of dates and times are brought to the present one; control
 *  characters go; descriptions and names that are too long are cut, identifiers never: a cut identifier is another identifier.
 *  Does not: touch stored instances, which keep whatever they came with. */

import { parseDate } from '../dicom/dates.ts'

/** How a value is treated where it does not fit. */
export type FitKind = 'text' | 'identifier'

const LONGEST: Readonly<Record<string, number>> = { CS: 16, LO: 64, PN: 64, SH: 16 }
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g

/** @param text  decoded; several values joined by a backslash
 *  @returns undefined where nothing usable is left */
export function fitValue(vr: string, text: string | undefined, kind: FitKind = 'text'): string | undefined {
  if (text === undefined) return undefined
  if (vr === 'DA') return fitDate(text)
  if (vr === 'TM') return fitTime(text)
  if (vr === 'CS') return fitCode(text)
  if (kind === 'identifier') return fitIdentifier(vr, text)
  return vr === 'PN' ? fitName(firstValue(text)) : cut(clean(firstValue(text)), LONGEST[vr] ?? 1024)
}

/** PS3.5 6.2, IS: the first value, where it is a whole number of 32 bits. */
export function fitNumber(text: string | undefined): string | undefined {
  const value = text === undefined ? '' : firstValue(text).trim()
  return /^[+-]?\d{1,11}$/.test(value) && Math.abs(Number(value)) <= 2_147_483_647 ? value : undefined
}

/** Several names, each on its own. */
export function fitNames(text: string | undefined): string | undefined {
  const names = (text ?? '').split('\\').map(fitName)
  return names.filter((name) => name !== undefined).join('\\') || undefined
}

/** PS3.5 6.2, DA: YYYYMMDD, a day that exists; YYYY.MM.DD of ACR-NEMA is understood. */
function fitDate(text: string): string | undefined {
  return parseDate(firstValue(text))
}

/** PS3.5 6.2, TM: HH, HHMM, HHMMSS or HHMMSS.F to .FFFFFF; colons of ACR-NEMA are understood. */
function fitTime(text: string): string | undefined {
  const value = firstValue(text).trim().replaceAll(':', '')
  return /^([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?$/.test(value) ? value : undefined
}

function fitCode(text: string): string | undefined {
  const value = firstValue(text).trim().toUpperCase()
  return /^[A-Z0-9_ ]{1,16}$/.test(value) ? value : undefined
}

function fitIdentifier(vr: string, text: string): string | undefined {
  const value = clean(text)
  return value === undefined || value.includes('\\') || lengthOf(value) > (LONGEST[vr] ?? 64) ? undefined : value
}

/** PS3.5 6.2.1: at most three component groups of at most 64 characters, each of at most five components. */
function fitName(text: string): string | undefined {
  const groups = text.split('=').slice(0, 3)
  const fitted = groups.map((group) => cut(clean(group.split('^').slice(0, 5).join('^')), 64) ?? '')
  return fitted.join('=').replace(/=+$/, '') || undefined
}

function firstValue(text: string): string {
  const end = text.indexOf('\\')
  return end === -1 ? text : text.slice(0, end)
}

function clean(text: string): string | undefined {
  return text.replace(CONTROL, '').trim() || undefined
}

function cut(text: string | undefined, longest: number): string | undefined {
  if (text === undefined || lengthOf(text) <= longest) return text
  return [...text].slice(0, longest).join('').trimEnd()
}

function lengthOf(text: string): number {
  return [...text].length
}
