/** One line in the log for each request on the web.
 *
 *  Promises: no query (it holds names of patients), no token, no path that is none of ours. What changes something, and what failed, is told
 *  at level info, the rest at debug: also what was refused, of which failed-attempts.ts tells without filling the log. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { log } from '../../log.ts'

export function logRequests(server: FastifyInstance, nameOf: (request: FastifyRequest) => string | undefined): void {
  server.addHook('onResponse', async (request, reply) => {
    const level = isWorthALine(request.method, reply.statusCode) ? 'info' : 'debug'
    if (!log.enabled(level)) return
    log[level]('request on the web', {
      method: request.method,
      path: pathOf(request),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      caller: nameOf(request),
      address: request.ip,
    })
  })
}

const READS = ['GET', 'HEAD', 'OPTIONS']
const REFUSED = [400, 401, 403, 415, 421, 429]

function isWorthALine(method: string, status: number): boolean {
  return status >= 500 || !(READS.includes(method) || REFUSED.includes(status))
}

/** Without the query; of what is no route nothing. */
export function pathOf(request: FastifyRequest): string {
  const isOurs = request.routeOptions.url !== undefined && request.routeOptions.url !== '*'
  return isOurs ? (request.url.split(/[?#]/, 1)[0] ?? '').slice(0, 500) : '(no such address)'
}
