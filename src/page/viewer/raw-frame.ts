/** The values of a frame, uncompressed, as WADO-RS sends them (PS3.18 10.4, multipart/related): to be windowed here, at once, as often as one likes. */
import type { ImageFacts } from './image-facts.ts'

/** Values as unsigned patterns, bits above Bits Stored cleared or filled with the sign. */
export type Pixels = Uint8Array | Uint16Array

export const RAW = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'

/** The first part of a multipart answer; all of any other. */
export function firstPart(body: Uint8Array<ArrayBuffer>, contentType: string): Uint8Array<ArrayBuffer> {
  const boundary = /^multipart\/related.*boundary="?([^";]+)"?/i.exec(contentType)?.[1]
  if (boundary === undefined) return body
  const headEnd = indexOf(body, [13, 10, 13, 10], 0)
  if (headEnd < 0) throw new Error('a multipart without a part')
  const end = indexOf(
    body,
    [...`\r\n--${boundary}`].map((letter) => letter.charCodeAt(0)),
    headEnd + 4,
    true,
  )
  return body.subarray(headEnd + 4, end < 0 ? body.length : end)
}

/** @param last  from the end backwards: pixels are long, and what is looked for stands behind them */
function indexOf(bytes: Uint8Array, wanted: readonly number[], from: number, last = false): number {
  const is = (at: number): boolean => wanted.every((byte, index) => bytes[at + index] === byte)
  if (last) {
    for (let at = bytes.length - wanted.length; at >= from; at--) if (is(at)) return at
    return -1
  }
  for (let at = from; at <= bytes.length - wanted.length; at++) if (is(at)) return at
  return -1
}

/** @throws Error where there are fewer bytes than the image has pixels */
export function pixelsOf(bytes: Uint8Array<ArrayBuffer>, facts: ImageFacts): Pixels {
  const count = facts.rows * facts.columns
  if (bytes.length * 8 < count * facts.bitsAllocated) throw new Error('fewer bytes than pixels')
  if (facts.bitsAllocated === 8) return bytes.slice(0, count)
  // A copy: the part begins anywhere, a Uint16Array only at an even place.
  const pixels = new Uint16Array(bytes.slice(0, count * 2).buffer)
  return facts.bitsStored < 16 ? cleared(pixels, facts) : pixels
}

/** What stands above Bits Stored may be an overlay, or anything (PS3.5 8.1.1). */
function cleared(pixels: Uint16Array<ArrayBuffer>, { bitsStored, signed }: ImageFacts): Uint16Array {
  const unused = 16 - bitsStored
  if (signed) for (let at = 0; at < pixels.length; at++) pixels[at] = (pixels[at]! << (16 + unused)) >> (16 + unused)
  else for (let at = 0; at < pixels.length; at++) pixels[at] = pixels[at]! & ((1 << bitsStored) - 1)
  return pixels
}
