/** Bodies of multipart/related (RFC 2046 5.1, RFC 2387, PS3.18 8.6.1.2), written while their parts come.
 *
 *  Promises: the closing boundary is written only behind the last part: an answer that was cut never looks whole. Small pieces go out together.
 *  Does not: look for the boundary inside of parts: 128 random bits do not occur there. */
import { randomBytes } from 'node:crypto'

export interface OutgoingPart {
  readonly headers: Readonly<Record<string, string>>
  readonly chunks: AsyncIterable<Buffer> | Iterable<Buffer>
}

/** What is smaller waits for more; what is larger is not copied. */
const TOGETHER_BELOW = 16 * 1024
const HELD_BYTES = 64 * 1024

export function newBoundary(): string {
  return `ariane-${randomBytes(16).toString('hex')}`
}

/** @param type  of the parts */
export function multipartType(type: string, boundary: string): string {
  return `multipart/related; type="${type}"; boundary=${boundary}`
}

export async function* multipart(boundary: string, parts: AsyncIterable<OutgoingPart>): AsyncGenerator<Buffer> {
  yield* together(delimited(boundary, parts))
}

async function* delimited(boundary: string, parts: AsyncIterable<OutgoingPart>): AsyncGenerator<Buffer> {
  let lineEnd = ''
  for await (const { headers, chunks } of parts) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    yield Buffer.from(`${lineEnd}--${boundary}\r\n${lines.join('')}\r\n`, 'latin1')
    yield* chunks
    lineEnd = '\r\n'
  }
  yield Buffer.from(`${lineEnd}--${boundary}--\r\n`, 'latin1')
}

/** Small pieces in one. What comes out may be written over once the next one is asked for, as what goes in may. */
export async function* together(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer | undefined
  let size = 0
  for await (const chunk of chunks) {
    const isLarge = chunk.length >= TOGETHER_BELOW
    if (size > 0 && (isLarge || size + chunk.length > HELD_BYTES)) {
      yield held!.subarray(0, size)
      size = 0
    }
    if (isLarge) {
      yield chunk
      continue
    }
    held ??= Buffer.allocUnsafeSlow(HELD_BYTES)
    size += chunk.copy(held, size)
  }
  if (size > 0) yield held!.subarray(0, size)
}
