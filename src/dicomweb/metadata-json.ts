/** A data set as DICOM JSON for others to read (PS3.18 F.2): metadata of WADO-RS.
 *
 *  Promises: text in Unicode, whatever the character set was, with Specific Character Set (0008,0005) saying so; a DS or IS is a number where the number is
 *  exactly what is written, else text (PS3.18 F.2.2); empty values among others are null; person names by component group; small binary values in base64,
 *  little endian; what was left out as bulk data by its address. No private element is left out, no group length is kept.
 *  Does not: keep numbers that JSON cannot express (NaN, infinite): they are text. */
import { personNameJson } from '../dicom/dicom-json.ts'
import { tagText } from '../dicom/dictionary.ts'
import type { DataSet, Element } from '../dicom/element-reader.ts'
import { isText, numberBytes } from '../dicom/value-representations.ts'

export interface MetadataSource {
  readonly littleEndian: boolean
  /** What was left out of the data set or item at this path ('' for the data set). */
  bulkOf(path: string): readonly { readonly tag: number; readonly vr: string }[]
  /** Of bulk data, without a slash at its end. */
  readonly bulkUrl: string
  /** A binary value in little endian. */
  swapped(value: Buffer, vr: string): Buffer
}

const SPECIFIC_CHARACTER_SET = 0x00080005
const MOST_EXACT_DIGITS = 15

/** As text: tags in ascending order (PS3.18 F.2.2), which an object does not keep where they look like numbers. */
export function metadataJson(dataSet: DataSet, source: MetadataSource, path = ''): string {
  const entries = [...dataSet.elements.values()].map((element) => [element.tag, elementJson(dataSet, element, source, path)] as const)
  const bulk = source
    .bulkOf(path)
    .map(({ tag, vr }) => [tag, JSON.stringify({ vr, BulkDataURI: `${source.bulkUrl}/${path}${tagText(tag)}` })] as const)
  const ordered = [...entries, ...bulk].sort(([a], [b]) => a - b)
  return `{${ordered.map(([tag, json]) => `"${tagText(tag)}":${json}`).join(',')}}`
}

function elementJson(dataSet: DataSet, element: Element, source: MetadataSource, path: string): string {
  const { tag, vr, value } = element
  if (vr === 'SQ') {
    const items = dataSet.items(tag).map((item, index) => metadataJson(item, source, `${path}${tagText(tag)}/${index + 1}/`))
    return items.length === 0 ? '{"vr":"SQ"}' : `{"vr":"SQ","Value":[${items.join(',')}]}`
  }
  if (tag === SPECIFIC_CHARACTER_SET) return '{"vr":"CS","Value":["ISO_IR 192"]}'
  if (!isText(vr) && numberBytes(vr) === undefined) return JSON.stringify({ vr, ...inline(value, vr, source) })
  const values = dataSet.values(tag)
  return JSON.stringify(values.length === 0 ? { vr } : { vr, Value: values.map((text) => valueJson(vr, text)) })
}

function inline(value: Buffer, vr: string, { littleEndian, swapped }: MetadataSource): { InlineBinary?: string } {
  return value.length === 0 ? {} : { InlineBinary: (littleEndian ? value : swapped(value, vr)).toString('base64') }
}

function valueJson(vr: string, text: string): unknown {
  if (text === '') return null
  if (vr === 'PN') return personNameJson(text)
  if (vr === 'AT' || (isText(vr) && vr !== 'DS' && vr !== 'IS')) return text
  const number = Number(text)
  return Number.isFinite(number) && isExact(text, number) ? number : text
}

/** Fifteen digits come back as they went in (IEEE 754 double). */
function isExact(text: string, number: number): boolean {
  if (String(number) === text.trim()) return true
  const digits = /^\s*[+-]?(\d*)\.?(\d*)(?:[eE][+-]?\d+)?\s*$/.exec(text)
  if (digits === null) return false
  return `${digits[1]}${digits[2]}`.replace(/^0+/, '').length <= MOST_EXACT_DIGITS
}
