/** Part of a representation (RFC 9110 14), and whether the caller has it already (RFC 9110 13.1).
 *
 *  Promises: one range is served; several, or a unit that is not bytes, are answered with the whole, as RFC 9110 14.2 allows.
 *  @throws WebRefusal 400, 416 */
import type { IncomingHttpHeaders } from 'node:http'
import { quoted } from './accept.ts'
import { WebRefusal } from './web-service.ts'

export interface ByteRange {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/** @returns undefined where the whole is to be sent */
export function rangeOf(headers: IncomingHttpHeaders, sizeBytes: number, etag?: string): ByteRange | undefined {
  const text = headers.range
  if (text === undefined || !isCurrent(headers['if-range'], etag)) return undefined
  if (!/^bytes\s*=/i.test(text) || text.includes(',')) return undefined
  const found = /^bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(text)
  const [first, last] = [found?.[1] ?? '', found?.[2] ?? '']
  if (first === '' && last === '') throw new WebRefusal(400, `Range is ${quoted(text)}, expected one like "bytes=0-1023"`)
  const from = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const to = first === '' || last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1)
  if (from >= sizeBytes || to <= from)
    throw new WebRefusal(416, `Range is ${quoted(text)}, there are ${sizeBytes} bytes`, { 'Content-Range': `bytes */${sizeBytes}` })
  return { from, to }
}

function isCurrent(ifRange: string | string[] | undefined, etag: string | undefined): boolean {
  return ifRange === undefined || (etag !== undefined && ifRange === etag && !etag.startsWith('W/'))
}

/** If-None-Match: whether what the caller has is what it would get. */
export function isUnchanged(headers: IncomingHttpHeaders, etag: string): boolean {
  const known = headers['if-none-match']
  if (known === undefined) return false
  const plain = (tag: string): string => tag.trim().replace(/^W\//, '')
  return known.trim() === '*' || known.split(',').some((tag) => plain(tag) === plain(etag))
}
