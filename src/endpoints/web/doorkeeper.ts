/** Stands before each route: asks the gate who calls, once for each request and before its body is read, and demands the route's right.
 *
 *  Promises: a wrong token or certificate, again and again, is answered 429; routes for anybody are open to callers who show nothing. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { type WebCaller, WebRefusal } from '../../dicomweb/web-service.ts'
import { certificateOf } from './client-certificates.ts'
import { type FailedAttempts, failedAttempts, type RefusedCall } from './failed-attempts.ts'
import { type Knock, NOBODY, rightMissing, type WebGate } from './web-access.ts'
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
  readonly #failures: FailedAttempts

  constructor(gate: WebGate, seen: (call: RefusedCall) => void) {
    this.#gate = gate
    this.#failures = failedAttempts(seen)
  }

  async admit(request: FastifyRequest, { right, also }: WebRoute): Promise<void> {
    const caller = await this.#callerOf(request, right)
    this.#callers.set(request, caller)
    const missing = [right, also].find((one) => one !== undefined && one !== 'anybody' && !caller.rights.has(one))
    if (missing !== undefined && missing !== 'anybody') {
      const refusal = rightMissing(missing)
      this.#failures.note({ ...callOf(request, refusal.message), caller: caller.name })
      throw refusal
    }
    waiting.get(request.raw)?.writeContinue()
  }

  callerOf(request: FastifyRequest): WebCaller {
    return this.#callers.get(request) ?? NOBODY
  }

  nameOf(request: FastifyRequest): string | undefined {
    return this.#callers.get(request)?.name
  }

  async #callerOf(request: FastifyRequest, right: WebRoute['right']): Promise<WebCaller> {
    const knock = knockOf(request)
    const { headers, certificate } = knock
    try {
      return await this.#gate.callerOf(knock)
    } catch (error) {
      if (!(error instanceof WebRefusal) || error.status !== 401) throw error
      const hasShownToken = headers.authorization !== undefined
      if (right === 'anybody' && !hasShownToken) return NOBODY
      const call = callOf(request, error.message)
      if (!hasShownToken && certificate === undefined) this.#failures.note(call)
      else if (this.#failures.noteGuess(call))
        throw new WebRefusal(429, `${error.message}; too many attempts of this kind`, { ...error.headers, 'Retry-After': '60' })
      throw error
    }
  }
}

export function knockOf({ raw }: FastifyRequest): Knock {
  const { headers, socket, httpVersion } = raw
  const [address, localAddress] = [socket.remoteAddress ?? '', socket.localAddress ?? '']
  return { address, localAddress, httpVersion, headers, certificate: certificateOf(socket) }
}

function callOf(request: FastifyRequest, why: string): RefusedCall {
  return { address: request.ip, method: request.method, path: pathOf(request), why }
}
