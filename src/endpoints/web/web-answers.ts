/** How answers and refusals go out.
 *
 *  Promises: every refusal in words (RFC 9457); what fails unexpectedly is logged in full and told without details; what is about patients is
 *  kept by nobody unless the service says otherwise. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type WebAnswer, WebRefusal } from '../../dicomweb/web-service.ts'
import { NodeError } from '../../errors.ts'
import { log } from '../../log.ts'
import { sendPieces } from './send-pieces.ts'
import type { WebRoute } from './web-route.ts'

/** Longer ones are sent in pieces: a slow caller is one that takes no piece, not one that takes long for the whole. */
const PIECE_BYTES = 256 * 1024
/** How a stream says that the other side has gone. */
const BROKEN = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR', 'EPIPE'])

/** Answers that need a right are about patients: nobody keeps them, unless the service says otherwise. */
export async function send(reply: FastifyReply, { status, headers, body }: WebAnswer, route: WebRoute): Promise<FastifyReply> {
  if (route.right !== 'anybody') void reply.header('Cache-Control', 'no-store')
  // What the answer depends on besides the origin of the page that asks.
  const varies = [reply.getHeader('Vary'), headers?.Vary].filter(Boolean).join(', ')
  void reply.code(status).headers(headers ?? {})
  if (varies !== '') void reply.header('Vary', varies)
  closeUnread(reply.request, reply)
  if (typeof body === 'object' && 'pieces' in body) {
    if (reply.request.method !== 'HEAD') return sendPieces(reply, body)
    await body.pieces.return?.()
    return reply.send(Readable.from([]))
  }
  if (body instanceof Readable) return reply.send(reply.request.method === 'HEAD' ? instead(body) : body)
  const bytes = Buffer.from(body ?? '')
  if (bytes.length <= PIECE_BYTES) return reply.send(body ?? '')
  return reply.header('Content-Length', bytes.length).send(Readable.from(piecesOf(bytes), { objectMode: false }))
}

/** Of HEAD only the headers go out: what would make the body is ended, not read to its end. */
function instead(body: Readable): Readable {
  body.destroy()
  return Readable.from([])
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
}

export function refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const { status, detail, headers } = refusalOf(error, request.raw.socket.destroyed)
  closeUnread(request, reply)
  const body = JSON.stringify({ status, detail })
  return reply.code(status).header('Cache-Control', 'no-store').headers(headers).type('application/problem+json').send(body)
}

/** Whoever waits to be told to go on (Expect: 100-continue) and is refused does not send the body: what comes next on the connection would be taken for
 *  it. Of others the rest is read past for a while (web-patience.ts): closed at once, the connection would be reset before they have read why. */
function closeUnread({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (!raw.complete && raw.headers.expect !== undefined && hasBody(raw)) void reply.header('Connection', 'close')
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Of a caller that has gone nobody reads the answer, and that its stream broke is no failure of ours. */
function refusalOf(error: unknown, hasGone: boolean): { status: number; detail: string; headers: Readonly<Record<string, string>> } {
  if (error instanceof WebRefusal) return { status: error.status, detail: error.message, headers: error.headers }
  const status = (error as { statusCode?: unknown }).statusCode
  // What the server itself finds wrong with a request.
  if (typeof status === 'number' && status >= 400 && status < 500) return { status, detail: (error as Error).message, headers: {} }
  if (hasGone && BROKEN.has(String((error as NodeJS.ErrnoException).code)))
    return { status: 400, detail: 'the request was cut off', headers: {} }
  log.error('request on the web failed', { error: String(error), stack: error instanceof Error ? error.stack : undefined })
  if (error instanceof NodeError && error.retry === 'transient')
    return { status: 503, detail: error.tell, headers: { 'Retry-After': '10' } }
  return { status: 500, detail: 'the node failed; its log says more', headers: {} }
}
