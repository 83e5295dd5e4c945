/** What a caller takes (RFC 9110 12.5.1, PS3.18 8.3.3.1, 8.7.5): the media ranges of its Accept header, or of the query parameter `accept`, which goes
 *  before it because an address that is clicked on has no headers.
 *
 *  Promises: ranges in the order of their weight, equal ones as they are written; commas and semicolons in quotes are text. What cannot be read is left
 *  out, as PS3.18 8.7.7 has it; where nothing is left, that is told. Without Accept everything is taken (RFC 9110 12.5.1).
 *  @throws WebRefusal 400, 406 */
import { parseMediaType } from './media-type.ts'
import { WebRefusal, type WebRequest } from './web-service.ts'

export interface MediaRange {
  /** `application/dicom`, `image/*`, `*` `/*`; lower case. */
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  /** 0: not taken. */
  readonly weight: number
}

const LONGEST = 16 * 1024
const MOST_RANGES = 200
const ANYTHING: MediaRange = { type: '*/*', parameters: new Map(), weight: 1 }

export function acceptedBy({ query, headers }: Pick<WebRequest, 'query' | 'headers'>): readonly MediaRange[] {
  // "+" is a space in a query, and "application/dicom+json" is often written there as it is.
  const asked = query
    .getAll('accept')
    .join(',')
    .replace(/(\/[\w.-]+) (json|xml)\b/g, '$1+$2')
  const text = asked !== '' ? asked : (headers.accept ?? '')
  if (text.trim() === '') return [ANYTHING]
  if (text.length > LONGEST) throw new WebRefusal(400, `Accept is longer than ${LONGEST} characters`)
  const ranges = listOf(text).flatMap((one) => rangeOf(one) ?? [])
  if (ranges.length === 0)
    throw new WebRefusal(406, `Accept names no media type: found ${quoted(text)}, expected one like "application/dicom"`)
  if (ranges.length > MOST_RANGES) throw new WebRefusal(400, `Accept has more than ${MOST_RANGES} media ranges`)
  return ranges.sort((a, b) => b.weight - a.weight)
}

/** For words of a refusal: what came, cut short, without what would disturb a reader. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)
}

/** At commas that are not in quotes. A quote that is not closed takes the rest: to look for another reading would take the square of the length. */
function listOf(text: string): string[] {
  return (text.match(/(?:"(?:[^"\\]|\\.)*"?|[^,"])+/g) ?? []).filter((one) => one.trim() !== '')
}

function rangeOf(text: string): MediaRange | undefined {
  const media = parseMediaType(text)
  if (media === undefined || !/^(?:\*\/\*|[\w!#$&^.+-]+\/(?:\*|[\w!#$&^.+-]+))$/.test(media.type)) return undefined
  const weight = media.parameters.get('q')
  if (weight !== undefined && !/^(?:0(?:\.\d*)?|1(?:\.0*)?|\.\d+)$/.test(weight)) return undefined
  return { ...media, weight: weight === undefined ? 1 : Number(weight) }
}
