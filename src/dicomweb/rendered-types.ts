/** Which media type a rendered resource is given in: what the caller takes (accept.ts) against what there is (PS3.18 8.7.4).
 *
 *  Promises: in the caller's order. Nothing that it has excluded by q=0.
 *  Errors: WebRefusal 406. */
import type { MediaRange } from './accept.ts'
import { WebRefusal } from './web-service.ts'

export type RenderedType = 'image/jpeg' | 'image/png' | 'application/pdf'

export interface Offer {
  readonly type: RenderedType
  /** `any`: as it suits. */
  readonly packaging: 'single' | 'multipart' | 'any'
}

const TYPES: readonly RenderedType[] = ['image/jpeg', 'image/png', 'application/pdf']

/** @returns at least one */
export function renderedOffers(ranges: readonly MediaRange[]): readonly Offer[] {
  const excluded = ranges.filter(({ weight }) => weight === 0).map(({ type }) => type)
  const offers = ranges
    .filter(({ weight }) => weight > 0)
    .flatMap(offersOf)
    .filter(({ type }) => !excluded.includes(type))
  if (offers.length > 0) return offers
  throw new WebRefusal(406, `possible are ${TYPES.slice(0, 2).join(', ')}, and multipart/related of these`)
}

function offersOf({ type: range, parameters }: MediaRange): Offer[] {
  if (range !== 'multipart/related' && range !== 'multipart/*') {
    const packaging = range === '*/*' ? 'any' : 'single'
    return TYPES.filter((type) => matches(range, type)).map((type) => ({ type, packaging }))
  }
  const inside = parameters.get('type')?.toLowerCase() ?? 'image/*'
  return TYPES.filter((type) => matches(inside, type)).map((type) => ({ type, packaging: 'multipart' }))
}

function matches(range: string, type: RenderedType): boolean {
  return range === type || range === '*/*' || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)))
}
