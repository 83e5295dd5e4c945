/** The HTTP server: takes requests in, asks the gate who calls, hands them to the route, sends the answer.
 *
 *  Promises: no route without a right, and nobody's body is read before the right is there; every refusal in words (RFC 9457); a stream is sent
 *  with back-pressure and destroyed where the caller goes away; what fails unexpectedly is logged in full and told without details.
 *  Does not: know what a route does. Who may in: web-access.ts; from where: web-names.ts; how long and how many: web-patience.ts; what
 *  browsers are told: web-headers.ts. */

import type { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Config } from '../../config/settings.ts'
import { isLoopbackHost } from '../../config/web-contradictions.ts'
import { type WebCaller, WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { listenFailure } from '../../dimse/listener.ts'
import { log } from '../../log.ts'
import { canonicalAddress, isLoopback } from '../access.ts'
import { AnswersUnderWay } from './answers-under-way.ts'
import { Doorkeeper, knockOf, sendContinueWhenAllowed } from './doorkeeper.ts'
import type { RefusedCall } from './failed-attempts.ts'
import type { WebGate } from './web-access.ts'
import { refuse, send } from './web-answers.ts'
import { letPagesRead, tellBrowsers } from './web-headers.ts'
import { logRequests } from './web-log.ts'
import { addressAsked, admitRequest } from './web-names.ts'
import {
  closeSoon,
  LARGEST_HEADERS_BYTES,
  LARGEST_JSON_BYTES,
  LONGEST_PARAMETER,
  rawAnswer,
  readPast,
  watchConnections,
} from './web-patience.ts'
import type { WebRoute } from './web-route.ts'
import { keepTlsFresh, readTls } from './web-tls.ts'

export interface WebListener {
  /** The port in use. */
  readonly port: number
  /** Reads certificates again; everything else that may change is read with each request. */
  reload(): Promise<void>
  /** @param graceSeconds  how long answers under way may go on */
  close(graceSeconds: number): Promise<void>
}

export interface WebListenerOptions {
  config(): Config
  readonly gate: WebGate
  readonly routes: readonly WebRoute[]
  /** Called for each answer, when it is out or its caller has gone.
   *  @param path  of the route as the table has it; undefined where there is none */
  readonly answered?: (answered: { method: string; path?: string; status: number; seconds: number }) => void
  /** Adds the page's files. */
  readonly page?: (scope: FastifyInstance) => Promise<void>
  /** Told of callers that are not let in, seldom enough for a catalog. */
  readonly refused?: (call: RefusedCall) => void
}

/** Why a request is given up, as an abort is told; made once, because each request that is over tells it. */
const GONE = Object.assign(new Error('the caller has gone'), { name: 'AbortError', code: 'ABORT_ERR' })
const CLOSE_IDLE_EVERY_MS = 50

export async function listenOnWeb(options: WebListenerOptions): Promise<WebListener> {
  const { web } = options.config()
  const tls = await readTls(web.tls)
  tellOpenness(web, tls !== undefined)
  const server = await fastifyFor(options, tls)
  const patience = watchConnections(server.server, web)
  server.server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    answerUnreadable(error, socket, patience.isAnswering(socket)),
  )
  const door: Door = {
    doorkeeper: new Doorkeeper(options.gate, options.refused ?? (() => undefined)),
    underWay: new AnswersUnderWay(options.gate),
  }

  server.setErrorHandler((error, request, reply) => void refuse(request, reply, error))
  server.setNotFoundHandler((request, reply) => void refuse(request, reply, new WebRefusal(404, 'no such address here')))
  if (options.answered !== undefined) tellAnswers(server, options.answered)
  server.addHook('onResponse', async ({ raw }) => readPast(raw))
  logRequests(server, (request) => door.doorkeeper.nameOf(request))
  await tellBrowsers(server, tls !== undefined)
  server.addHook('onRequest', async (request) => admitRequest(request.raw, options.config().web))
  await limitRate(server, options)
  await letPagesRead(server, options.config)
  await server.register(async (scope) => withStreams(scope, options, door))
  await server.register(async (scope) => withJson(scope, options, door))
  await server.register(async (scope) => options.page?.(scope))
  await server.listen({ host: web.host === 'localhost' ? '127.0.0.1' : web.host, port: web.port }).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`cannot listen at ${web.host}:${web.port}: ${listenFailure(cause, 'web')}`, { cause })
  })

  const fresh = tls === undefined ? undefined : keepTlsFresh(server.server as unknown as TlsServer, web.tls)
  const address = server.server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : web.port,
    reload: async () => fresh?.reload(),
    close: async (graceSeconds) => {
      fresh?.stop()
      const idle = setInterval(() => server.server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS)
      const timer = setTimeout(() => patience.closeAll(), graceSeconds * 1000)
      await server.close()
      clearInterval(idle)
      clearTimeout(timer)
      patience.stop()
      door.underWay.stop()
      await options.gate.close()
    },
  }
}

function tellAnswers(server: FastifyInstance, answered: NonNullable<WebListenerOptions['answered']>): void {
  server.addHook('onResponse', (request, reply, done) => {
    const { url: path } = request.routeOptions
    answered({ method: request.method, path, status: reply.statusCode, seconds: reply.elapsedTime / 1000 })
    done()
  })
}

async function fastifyFor({ config }: WebListenerOptions, tls: object | undefined): Promise<FastifyInstance> {
  const { web } = config()
  const { headersSeconds, keepAliveSeconds } = web.timeouts
  const http = {
    maxHeaderSize: LARGEST_HEADERS_BYTES,
    headersTimeout: headersSeconds * 1000,
    connectionsCheckingInterval: 1000,
    // A whole request may take as long as it makes progress.
    requestTimeout: 0,
  }
  const common = {
    logger: false,
    bodyLimit: LARGEST_JSON_BYTES,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    forceCloseConnections: 'idle' as const,
    keepAliveTimeout: keepAliveSeconds * 1000,
    requestTimeout: 0,
    trustProxy: web.trustedProxies.length === 0 ? false : [...web.trustedProxies],
    // Ours is added by listenOnWeb, which knows what is under way.
    clientErrorHandler: () => undefined,
    frameworkErrors: (error: Error & { code: string }, request: FastifyRequest, reply: FastifyReply) =>
      refuseAddress(error, request, reply, config().web),
  }
  const server =
    tls === undefined
      ? Fastify({ ...common, http })
      : (Fastify({ ...common, https: { ...http, ...tls, handshakeTimeout: headersSeconds * 1000 } }) as unknown as FastifyInstance)
  // Headers are bounded by their size. A number beyond which Node drops them silently would drop what a proxy adds at the end.
  server.server.maxHeadersCount = 0
  sendContinueWhenAllowed(server.server)
  return server
}

/** What has no route because its address cannot be read: no hook of ours has seen it. What came is not said again. */
function refuseAddress({ code }: { readonly code: string }, request: FastifyRequest, reply: FastifyReply, web: Config['web']): void {
  void reply.header('X-Content-Type-Options', 'nosniff')
  const why =
    code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? new WebRefusal(414, `a part of the address is longer than ${LONGEST_PARAMETER} characters`)
      : new WebRefusal(400, 'the address cannot be read: after % come two hexadecimal digits, of UTF-8')
  try {
    admitRequest(request.raw, web)
    refuse(request, reply, why)
  } catch (error) {
    refuse(request, reply, error)
  }
}

function tellOpenness(web: Config['web'], isTls: boolean): void {
  if (!isTls && !isLoopbackHost(web.host)) log.warn('the web is served without TLS to other machines (web.allowPlain)', { host: web.host })
  const isPublic = web.publicUrl !== undefined && !isLoopbackHost(new URL(web.publicUrl).hostname)
  if (isPublic && web.auth.local !== 'refuse')
    log.warn('web.auth.local lets in whom a proxy on this machine passes on, unless the proxy says that it does (X-Forwarded-For)')
}

async function limitRate(server: FastifyInstance, { config }: WebListenerOptions): Promise<void> {
  await server.register(rateLimit, {
    global: false,
    max: () => config().web.requestsPerMinute,
    timeWindow: 60_000,
    cache: 10_000,
    allowList: (request) => config().web.requestsPerMinute === 0 || isLoopback(canonicalAddress(request.ip)),
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { max, ttl }) =>
      new WebRefusal(429, `more than ${max} requests in a minute`, { 'Retry-After': String(Math.ceil(ttl / 1000)) }),
  })
  server.addHook('onRequest', server.rateLimit())
}

function withStreams(scope: FastifyInstance, options: WebListenerOptions, door: Door): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  for (const route of options.routes) if (route.body === undefined) addRoute(scope, route, options, door)
}

function withJson(scope: FastifyInstance, options: WebListenerOptions, door: Door): void {
  for (const route of options.routes) if (route.body !== undefined) addRoute(scope, route, options, door)
}

interface Door {
  readonly doorkeeper: Doorkeeper
  readonly underWay: AnswersUnderWay
}

function addRoute(scope: FastifyInstance, route: WebRoute, options: WebListenerOptions, { doorkeeper, underWay }: Door): void {
  scope.route({
    method: route.method,
    url: route.path,
    onRequest: async (request, reply) => {
      await doorkeeper.admit(request, route)
      if (route.right !== 'anybody') underWay.add(knockOf(request), doorkeeper.callerOf(request), route, reply.raw)
    },
    handler: async (request, reply) => {
      const asked = requestOf(request, reply, route, options, doorkeeper.callerOf(request))
      return send(reply, await route.serve(asked), route)
    },
  })
}

function requestOf(
  request: FastifyRequest,
  reply: FastifyReply,
  route: WebRoute,
  options: WebListenerOptions,
  caller: WebCaller,
): WebRequest {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort(GONE))
  const query = request.url.indexOf('?')
  return {
    method: request.method,
    params: request.params as Record<string, string>,
    query: new URLSearchParams(query < 0 ? '' : request.url.slice(query + 1)),
    headers: request.headers,
    caller,
    stopped: gone.signal,
    body: bodyOf(request, route),
    base: options.config().web.publicUrl ?? addressAsked(request),
  }
}

function bodyOf(request: FastifyRequest, { body }: WebRoute): unknown {
  if (body === undefined) return request.body
  const read = body.safeParse(request.body)
  if (read.success) return read.data
  const { path, message } = read.error.issues[0]!
  throw new WebRefusal(400, `${path.join('.') || 'body'}: ${message}`)
}

/** What cannot be read as HTTP, or did not come in time. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket, isAnswering: boolean): void {
  if (!socket.writable || isAnswering || /^(ECONNRESET|EPROTO|ERR_TLS_.+|ERR_SSL_.+)$/.test(error.code ?? '')) {
    socket.destroy()
    return
  }
  if (error.code === 'HPE_HEADER_OVERFLOW')
    socket.write(rawAnswer(431, 'Request Header Fields Too Large', `expected headers of at most ${LARGEST_HEADERS_BYTES} bytes`))
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') socket.write(rawAnswer(408, 'Request Timeout', 'the headers did not come in time'))
  else socket.write(rawAnswer(400, 'Bad Request', 'this is not HTTP as it is spoken here'))
  closeSoon(socket)
}
