/** Stands before each route: asks the gate who calls, once for each request and before its body is read, and demands the route's right.
 *
 *  Promises: a wrong token or certificate, again and again, is answered 429; routes for anybody are open to callers who show nothing. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { type WebCaller, WebRefusal } from '../dicomweb/web-service.ts'
import { certificateOf } from './client-certificates.ts'
import { failedAttempts } from './failed-attempts.ts'
import { demandRight, NOBODY, type WebGate } from './web-access.ts'
import { pathOf } from './web-log.ts'
import type { WebRoute } from './web-route.ts'

/** Callers that ask before they send a large body (Expect: 100-continue) are told to go on once the gate has let them in. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>()

export function sendContinueWhenAllowed(server: Server): void {
  server.on('checkContinue', (request, response) => {
    waiting.set(request, response)
    server.emit('request', request, response)
  })
}

/** Asks the gate, once for each request, before its body is read. */
export class Doorkeeper {
  readonly #gate: WebGate
  readonly #callers = new WeakMap<FastifyRequest, WebCaller>()
  readonly #failures = failedAttempts()

  constructor(gate: WebGate) {
    this.#gate = gate
  }

  async admit(request: FastifyRequest, { right, also }: WebRoute): Promise<void> {
    const caller = await this.#callerOf(request, right)
    this.#callers.set(request, caller)
    if (right !== 'anybody') demandRight(caller, right)
    if (also !== undefined) demandRight(caller, also)
    waiting.get(request.raw)?.writeContinue()
  }

  callerOf(request: FastifyRequest): WebCaller {
    return this.#callers.get(request) ?? NOBODY
  }

  nameOf(request: FastifyRequest): string | undefined {
    return this.#callers.get(request)?.name
  }

  async #callerOf(request: FastifyRequest, right: WebRoute['right']): Promise<WebCaller> {
    const { headers, socket } = request.raw
    const certificate = certificateOf(socket)
    try {
      return await this.#gate.callerOf({
        address: socket.remoteAddress ?? '',
        localAddress: socket.localAddress ?? '',
        httpVersion: request.raw.httpVersion,
        headers,
        certificate,
      })
    } catch (error) {
      if (!(error instanceof WebRefusal) || error.status !== 401) throw error
      const hasShownToken = headers.authorization !== undefined
      if (right === 'anybody' && !hasShownToken) return NOBODY
      const attempt = { method: request.method, path: pathOf(request), why: error.message }
      if ((hasShownToken || certificate !== undefined) && this.#failures.note(request.ip, attempt))
        throw new WebRefusal(429, `${error.message}; too many attempts of this kind`, { ...error.headers, 'Retry-After': '60' })
      throw error
    }
  }
}
