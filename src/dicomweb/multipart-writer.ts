/** Bodies of multipart/related (RFC 2046 5.1, RFC 2387, PS3.18 8.6.1.2), written while their parts come.
 *
 *  Promises: the closing boundary is written only behind the last part: an answer that was cut never looks whole. Small pieces go out together.
 *  Does not: look for the boundary inside of parts: 128 random bits do not occur there. */
import { randomBytes } from 'node:crypto'

export interface OutgoingPart {
  readonly headers: Readonly<Record<string, string>>
  readonly chunks: AsyncIterable<Buffer> | Iterable<Buffer>
}

/** What is smaller waits for more. */
const TOGETHER_BELOW = 16 * 1024

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

export async function* together(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    held.push(chunk)
    size += chunk.length
    if (size < TOGETHER_BELOW) continue
    // What is large is not copied for the sake of a header before it.
    if (chunk.length >= TOGETHER_BELOW && held.length > 1) {
      yield Buffer.concat(held.slice(0, -1))
      yield chunk
    } else yield held.length === 1 ? chunk : Buffer.concat(held, size)
    held = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(held, size)
}
