/** The HTTP server: takes requests in, asks the gate who calls, hands them to the route, sends the answer.
 *
 *  Promises: no route without a right; every refusal in words (RFC 9457); a stream is sent with back-pressure and destroyed where the caller goes
 *  away; what fails unexpectedly is logged in full and told without details.
 *  Does not: know what a route does. */
import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Config } from '../config/settings.ts'
import { type WebAnswer, WebRefusal, type WebRequest } from '../dicomweb/web-service.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { demandRight, type WebGate } from './web-access.ts'
import type { WebRoute } from './web-route.ts'

export interface WebListener {
  /** The port in use. */
  readonly port: number
  /** @param graceSeconds  how long answers under way may go on */
  close(graceSeconds: number): Promise<void>
}

export interface WebListenerOptions {
  config(): Config
  readonly gate: WebGate
  readonly routes: readonly WebRoute[]
}

/** Of JSON. Streams have no limit here. */
const LARGEST_JSON_BYTES = 1024 * 1024

export async function listenOnWeb(options: WebListenerOptions): Promise<WebListener> {
  const { web } = options.config()
  const server = Fastify({ logger: false, bodyLimit: LARGEST_JSON_BYTES, forceCloseConnections: true })
  await server.register(async (scope) => withStreams(scope, options))
  await server.register(async (scope) => withJson(scope, options))
  server.setErrorHandler((error, _request, reply) => void refuse(reply, error))
  server.setNotFoundHandler((_request, reply) => void refuse(reply, new WebRefusal(404, 'no such address here')))
  await server.listen({ host: web.host, port: web.port })
  const address = server.server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : web.port,
    close: async (graceSeconds) => {
      const timer = setTimeout(() => server.server.closeAllConnections(), graceSeconds * 1000)
      await server.close()
      clearTimeout(timer)
    },
  }
}

function withStreams(scope: FastifyInstance, options: WebListenerOptions): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  for (const route of options.routes) if (route.body === undefined) addRoute(scope, route, options)
}

function withJson(scope: FastifyInstance, options: WebListenerOptions): void {
  for (const route of options.routes) if (route.body !== undefined) addRoute(scope, route, options)
}

function addRoute(scope: FastifyInstance, route: WebRoute, options: WebListenerOptions): void {
  scope.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const asked = await requestOf(request, reply, route, options)
      return send(reply, await route.serve(asked))
    },
  })
}

async function requestOf(request: FastifyRequest, reply: FastifyReply, route: WebRoute, options: WebListenerOptions): Promise<WebRequest> {
  const caller = await options.gate.callerOf({ address: request.ip, headers: request.headers })
  if (route.right !== 'anybody') demandRight(caller, route.right)
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const { search } = new URL(request.url, 'http://host')
  return {
    method: request.method,
    params: request.params as Record<string, string>,
    query: new URLSearchParams(search),
    headers: request.headers,
    caller,
    stopped: gone.signal,
    body: bodyOf(request, route),
    base: options.config().web.publicUrl ?? `${request.protocol}://${request.host}`,
  }
}

function bodyOf(request: FastifyRequest, { body }: WebRoute): unknown {
  if (body === undefined) return request.body
  const read = body.safeParse(request.body)
  if (read.success) return read.data
  const { path, message } = read.error.issues[0]!
  throw new WebRefusal(400, `${path.join('.') || 'body'}: ${message}`)
}

function send(reply: FastifyReply, { status, headers, body }: WebAnswer): FastifyReply {
  void reply.code(status).headers(headers ?? {})
  return reply.send(body instanceof Readable || body !== undefined ? body : '')
}

function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, detail, headers } = refusalOf(error)
  return reply.code(status).headers(headers).type('application/problem+json').send(JSON.stringify({ status, detail }))
}

function refusalOf(error: unknown): { status: number; detail: string; headers: Readonly<Record<string, string>> } {
  if (error instanceof WebRefusal) return { status: error.status, detail: error.message, headers: error.headers }
  const status = (error as { statusCode?: unknown }).statusCode
  // What the server itself finds wrong with a request.
  if (typeof status === 'number' && status >= 400 && status < 500) return { status, detail: (error as Error).message, headers: {} }
  log.error('request on the web failed', { error: String(error), stack: error instanceof Error ? error.stack : undefined })
  if (error instanceof NodeError && error.retry === 'transient')
    return { status: 503, detail: error.tell, headers: { 'Retry-After': '10' } }
  return { status: 500, detail: 'the node failed; its log says more', headers: {} }
}
