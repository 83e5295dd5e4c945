/** `/api/session`: how the page signs somebody in without a token in any address: POST with the token in Authorization gives a cookie, DELETE
 *  ends it, GET says who one is. */
import { WEB_RIGHTS, type WebAnswer, type WebCaller, type WebRequest } from '../../dicomweb/web-service.ts'
import { SESSION, type Session } from '../api/api-contract.ts'
import { levelNames } from '../api/seen-levels.ts'
import type { WebGate } from './web-access.ts'
import type { WebRoute } from './web-route.ts'

export function sessionRoutes(gate: WebGate): WebRoute[] {
  const path = '/api/session'
  return [
    {
      method: 'GET',
      path,
      right: 'anybody',
      summary: 'Who the caller is, what it may do and see, and whether it has to sign in',
      answer: SESSION,
      serve: async ({ caller }) => sessionAnswer(caller),
    },
    {
      method: 'POST',
      path,
      right: 'anybody',
      summary: 'Sign in: takes the bearer token of the header Authorization, sets a session cookie',
      answer: SESSION,
      serve: async (request) => {
        const { caller, cookie } = await gate.signIn(request.headers, isSecure(request))
        return sessionAnswer(caller, cookie)
      },
    },
    {
      method: 'DELETE',
      path,
      right: 'anybody',
      summary: 'Sign out: ends the session of the cookie',
      serve: async (request) => ({
        status: 204,
        headers: { 'Set-Cookie': gate.signOut(request.headers, isSecure(request)), 'Cache-Control': 'no-store' },
      }),
    },
  ]
}

function sessionAnswer({ name, rights, levels }: WebCaller, cookie?: string): WebAnswer {
  const told: Session = {
    caller: name,
    rights: WEB_RIGHTS.filter((right) => rights.has(right)),
    levels: levelNames(levels),
    tokenNeeded: rights.size === 0,
  }
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...(cookie === undefined ? {} : { 'Set-Cookie': cookie }) },
    body: JSON.stringify(told),
  }
}

function isSecure({ base }: WebRequest): boolean {
  return base.startsWith('https:')
}
