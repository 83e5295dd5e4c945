/** In which form of DICOM JSON a caller takes an answer (PS3.18 8.3.3.1, 8.7.4), for services that answer in nothing else.
 *
 *  Promises: what the caller weighs most, else what it names first; `application/dicom+json` for whoever takes both alike by a range.
 *  Errors: WebRefusal 400 and 406, saying what there is. */
import { acceptedBy } from './accept.ts'
import { DICOM_JSON } from './media-type.ts'
import { WebRefusal, type WebRequest } from './web-service.ts'

const TYPES = [DICOM_JSON, 'application/json'] as const

/** @returns the media type to answer in */
export function acceptedJson(request: Pick<WebRequest, 'headers' | 'query'>): string {
  const ranges = acceptedBy(request)
  const refused = new Set(ranges.filter(({ weight }) => weight === 0).map(({ type }) => type))
  for (const { type, weight } of ranges) {
    const found = TYPES.find((one) => !refused.has(one) && (type === one || type === 'application/*' || type === '*/*'))
    if (found !== undefined && weight > 0) return found
  }
  throw new WebRefusal(406, `none of what is accepted can be sent; possible: ${TYPES.join(', ')}`)
}
