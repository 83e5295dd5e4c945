/** Values of FHIR R4 made of DICOM values: codes, dates, names, identifiers, references. Absent stays absent: JSON leaves undefined out. */
import type { DataSet } from '../dicom/data-set.ts'
import { fullTime, parseDate } from '../dicom/dates.ts'
import { uuidOfName } from '../dicom/uid.ts'
import type { Code } from './codes.ts'

export type Json = Readonly<Record<string, unknown>>

/** PS3.16 8, coding schemes that have a URI in FHIR; the code of another is given without system. */
const SYSTEMS: Readonly<Record<string, string>> = {
  DCM: 'http://dicom.nema.org/resources/ontology/DCM',
  SCT: 'http://snomed.info/sct',
  LN: 'http://loinc.org',
  UCUM: 'http://unitsofmeasure.org',
}
export const DCM_SYSTEM = SYSTEMS.DCM!
export const IDENTIFIER_TYPES = 'http://terminology.hl7.org/CodeSystem/v2-0203'

export function coding({ value, scheme, meaning }: Code): Json {
  return { system: SYSTEMS[scheme], code: value, display: meaning }
}

export function concept(code: Code): Json {
  return { coding: [coding(code)], text: code.meaning }
}

/** Without a time or an offset: the day alone, since FHIR demands an offset with every time. */
export function dateTime(date: string | undefined, time: string | undefined, offset: string | undefined): string | undefined {
  const day = fhirDate(date)
  const full = fullTime(time ?? '')
  if (day === undefined || full === undefined || !/^[+-]\d{4}$/.test(offset ?? '')) return day
  const [whole = '', fraction = ''] = full.split('.')
  const seconds = `${whole.slice(4)}.${fraction}`.replace(/\.?0*$/, '').padEnd(2, '0')
  return `${day}T${whole.slice(0, 2)}:${whole.slice(2, 4)}:${seconds}${offset!.slice(0, 3)}:${offset!.slice(3)}`
}

export function fhirDate(date: string | undefined): string | undefined {
  return parseDate(date ?? '')?.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
}

/** @returns undefined where it is no whole number from 0 */
export function unsigned(text: string | undefined): number | undefined {
  return text !== undefined && /^\+?\d{1,10}$/.test(text) ? Number(text) : undefined
}

/** The alphabetic group of a PN, else the first that there is (PS3.5 6.2.1). */
export function humanName(text: string): Json {
  const group = text.split('=').find((one) => one.replaceAll('^', '') !== '') ?? ''
  const [family, given, middle, prefix, suffix] = group.split('^').map((part) => part.trim() || undefined)
  return { family, given: listed([given, middle]), prefix: listed([prefix]), suffix: listed([suffix]) }
}

/** An empty list must not be written. */
export function listed<Value>(values: readonly (Value | undefined)[]): readonly Value[] | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known
}

/** The universal ID of an issuer as a URI: (0040,0032) with (0040,0033), PS3.3 10.17. */
export function systemOf(designator: DataSet | undefined): string | undefined {
  const id = designator?.text(0x00400032)
  if (id === undefined) return undefined
  const type = designator?.text(0x00400033)
  return type === 'ISO' ? `urn:oid:${id}` : type === 'UUID' ? `urn:uuid:${id}` : type === 'URI' ? id : undefined
}

/** The same for the same names: the bundle is a function of the document. */
export function urnFrom(...names: readonly string[]): string {
  return `urn:uuid:${uuidOfName(names.join('\n'))}`
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
