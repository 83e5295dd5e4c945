/** Which media type a rendered resource is given in: Accept, or the parameter `accept`, against what there is (PS3.18 8.3.3.1, 8.7.4, RFC 9110 12.5.1).
 *
 *  Promises: in order of q, and then as written; the parameter goes before the header. Nothing that the caller has excluded by q=0.
 *  Errors: WebRefusal 400, 406. */
import { type MediaType, parseMediaType } from './media-type.ts'
import { WebRefusal } from './web-service.ts'

export type RenderedType = 'image/jpeg' | 'image/png' | 'application/pdf'

export interface Offer {
  readonly type: RenderedType
  /** `any`: as it suits. */
  readonly packaging: 'single' | 'multipart' | 'any'
}

const TYPES: readonly RenderedType[] = ['image/jpeg', 'image/png', 'application/pdf']
const LONGEST = 4096

/** @returns at least one */
export function renderedOffers(accept: string | undefined, parameter: string | null): readonly Offer[] {
  const text = parameter ?? accept ?? '*/*'
  if (text.length > LONGEST) throw new WebRefusal(400, `accept: longer than ${LONGEST} characters`)
  const ranges = splitList(text).map((one) => rangeOf(one, parameter === null ? 'Accept' : 'accept'))
  const excluded = ranges.filter(({ q }) => q === 0).map(({ media }) => media.type)
  const wanted = ranges.filter(({ q }) => q > 0).sort((a, b) => b.q - a.q)
  const offers = wanted.flatMap(({ media }) => offersOf(media)).filter(({ type }) => !excluded.includes(type))
  if (offers.length > 0) return offers
  throw new WebRefusal(406, `possible are ${TYPES.slice(0, 2).join(', ')}, and multipart/related of these`)
}

function offersOf(media: MediaType): Offer[] {
  if (media.type !== 'multipart/related') {
    const packaging = media.type === '*/*' ? 'any' : 'single'
    return TYPES.filter((type) => matches(media.type, type)).map((type) => ({ type, packaging }))
  }
  const inside = media.parameters.get('type')?.toLowerCase() ?? 'image/*'
  return TYPES.filter((type) => matches(inside, type)).map((type) => ({ type, packaging: 'multipart' }))
}

function matches(range: string, type: RenderedType): boolean {
  return range === type || range === '*/*' || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)))
}

function rangeOf(text: string, name: string): { media: MediaType; q: number } {
  const media = parseMediaType(text)
  const q = Number(media?.parameters.get('q') ?? 1)
  if (media === undefined || !(q >= 0 && q <= 1)) throw new WebRefusal(400, `${name}: not a list of media types`)
  return { media, q }
}

/** At commas that are not between quotes. */
function splitList(text: string): string[] {
  return (text.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? []).map((one) => one.trim()).filter((one) => one !== '')
}
