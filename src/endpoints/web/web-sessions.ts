/** Sessions of people who signed in on the page with a token: a cookie instead of a header, for what a browser asks by itself (images,
 *  events).
 *
 *  Promises: an identifier is 256 random bits, in memory only (a restart ends all), of which only the hash is kept; a session ends with its
 *  token; there are at most {@link MOST_SESSIONS}, the oldest goes first. The cookie is HttpOnly and SameSite=Strict: no script reads it, no
 *  other site's page sends it. */
import { randomBytes } from 'node:crypto'
import type { WebCaller } from '../../dicomweb/web-service.ts'
import { hashOfToken } from '../../storage/web-tokens.ts'

/** What somebody has shown; asked again with each request. */
export interface Credential {
  /** @returns undefined where it does not hold any more */
  now(): Promise<WebCaller | undefined>
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
}

export interface WebSessions {
  /** How many were ended by who had opened them. */
  readonly ended: number
  /** @returns the header Set-Cookie */
  open(credential: Credential, lifeSeconds: number, isSecure: boolean): string
  /** @param cookies  the header Cookie */
  callerOf(cookies: string | undefined): Promise<WebCaller | undefined>
  /** @returns the header Set-Cookie that makes the browser forget */
  end(cookies: string | undefined, isSecure: boolean): string
}

const COOKIE = 'ariane_session'
/** With this prefix browsers take it from this host by TLS only (RFC 6265bis 4.1.3.2). */
const SECURE_COOKIE = `__Host-${COOKIE}`
const MOST_SESSIONS = 10_000

export function webSessions(): WebSessions {
  const open = new Map<string, { readonly credential: Credential; readonly expiresAt: number }>()
  let ended = 0
  return {
    get ended() {
      return ended
    },
    open: (credential, lifeSeconds, isSecure) => {
      const id = randomBytes(32).toString('base64url')
      const expiresAt = Math.min(Date.now() + lifeSeconds * 1000, credential.expiresAt ?? Number.POSITIVE_INFINITY)
      dropOver(open)
      open.set(hashOfToken(id), { credential, expiresAt })
      return cookie(id, Math.max(0, Math.floor((expiresAt - Date.now()) / 1000)), isSecure)
    },
    callerOf: async (cookies) => {
      for (const id of idsIn(cookies)) {
        const session = open.get(hashOfToken(id))
        if (session === undefined) continue
        const caller = session.expiresAt > Date.now() ? await session.credential.now() : undefined
        if (caller !== undefined) return { ...caller, until: Math.min(session.expiresAt, caller.until ?? session.expiresAt) }
        open.delete(hashOfToken(id))
      }
      return undefined
    },
    end: (cookies, isSecure) => {
      for (const id of idsIn(cookies)) if (open.delete(hashOfToken(id))) ended += 1
      return cookie('', 0, isSecure)
    },
  }
}

/** Nothing for cookies of others: at most two of ours count, however long the header is. */
function idsIn(cookies: string | undefined): string[] {
  const found = (cookies ?? '').matchAll(/(?:^|;)[ \t]*(?:__Host-)?ariane_session=([\w-]{43})(?=[ \t]*(?:;|$))/g)
  return [...found].slice(0, 2).map((match) => match[1]!)
}

function cookie(value: string, maxAgeSeconds: number, isSecure: boolean): string {
  const name = isSecure ? SECURE_COOKIE : COOKIE
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
}

function dropOver(open: Map<string, { readonly expiresAt: number }>): void {
  for (const [key, { expiresAt }] of open) if (expiresAt <= Date.now()) open.delete(key)
  const oldest = open.keys().next()
  if (open.size >= MOST_SESSIONS && !oldest.done) open.delete(oldest.value)
}
