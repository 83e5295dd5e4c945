/** Whether a caller takes DICOM JSON (PS3.18 8.3.3.1, 8.7.4; RFC 9110 12.5.1), for services that answer in nothing else.
 *
 *  The query parameter `accept` goes before the header. Without either everything is acceptable.
 *  Errors: WebRefusal 406, saying what there is. */
import { parseMediaType } from './media-type.ts'
import { WebRefusal, type WebRequest } from './web-service.ts'

export const DICOM_JSON = 'application/dicom+json'
const JSON_TYPE = 'application/json'
const ANY_OF_BOTH = new Set(['*/*', 'application/*'])

/** @returns the media type to answer in */
export function acceptedJson({ headers, query }: Pick<WebRequest, 'headers' | 'query'>): string {
  const named = query.getAll('accept').join(',')
  const wanted = named === '' ? headers.accept : named
  if (wanted === undefined || wanted.trim() === '') return DICOM_JSON
  const types = new Set(splitList(wanted).flatMap(acceptable))
  if (types.has(DICOM_JSON) || [...ANY_OF_BOTH].some((any) => types.has(any))) return DICOM_JSON
  if (types.has(JSON_TYPE)) return JSON_TYPE
  throw new WebRefusal(406, `answers are ${DICOM_JSON} here; what is accepted is something else (application/dicom+xml is not written)`)
}

/** What is written behind a plus in a query parameter has become a space. */
function acceptable(text: string): string[] {
  const media = parseMediaType(text.replace('dicom json', 'dicom+json'))
  if (media === undefined || Number(media.parameters.get('q') ?? 1) === 0) return []
  return [media.type]
}

/** By the commas that are not inside of quotes. */
function splitList(text: string): string[] {
  return text.slice(0, 8192).match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []
}
