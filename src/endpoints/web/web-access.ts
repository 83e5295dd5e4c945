/** Who calls on the web, and what they may do: a token, a session that was opened with one, a client certificate, or from this machine, in
 *  this order.
 *
 *  Promises: what is shown and does not hold is refused, even from this machine; callers from this machine without anything have what
 *  `web.auth.local` says; what a proxy passes on is not from this machine. Everybody else may see only what is for anybody.
 *  A proxy that says nothing of itself looks like a caller of this machine: HTTP/1.0 (nginx, unless told otherwise) and a Host that is not
 *  this machine's give it away, else nothing does (docs/operations.md).
 *  Errors: WebRefusal 401, 503; 403 is doorkeeper.ts's. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Config } from '../../config/settings.ts'
import { type LevelSet, levelSet } from '../../dicom/confidentiality.ts'
import { WEB_RIGHTS, type WebCaller, WebRefusal, type WebRight } from '../../dicomweb/web-service.ts'
import { hashOfToken, TOKEN_PREFIX, type WebToken } from '../../storage/web-tokens.ts'
import { canonicalAddress, isLoopback } from '../access.ts'
import { entryOf, type ShownCertificate } from './client-certificates.ts'
import { knownTokens } from './known-tokens.ts'
import { badToken, callerOfClaims, openIdTokens } from './openid-tokens.ts'
import { hostNameOf, isLoopbackName } from './web-names.ts'
import { type Credential, webSessions } from './web-sessions.ts'

export const NOBODY: WebCaller = { name: 'anybody', rights: new Set(), levels: levelSet([]) }

const READING: readonly WebRight[] = ['find', 'get', 'status']
const PASSED_ON =
  /^(forwarded|via|x-forwarded(-.+)?|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-.+|true-client-ip|cf-connecting-ip|client-ip)$/
const LONGEST_TOKEN = 8192

export interface Knock {
  /** The other end of the connection. */
  readonly address: string
  /** Our end of it. */
  readonly localAddress: string
  readonly httpVersion: string
  readonly headers: IncomingHttpHeaders
  readonly certificate?: ShownCertificate
}

type Session = { readonly cookie: string; readonly caller: WebCaller }

export interface WebGate {
  /** @throws WebRefusal 401, 503 */
  callerOf(knock: Knock): Promise<WebCaller>
  /** Opens a session for the bearer of the token in the header Authorization.
   *  @throws WebRefusal 400, 401, 503 */
  signIn(headers: IncomingHttpHeaders, isSecure: boolean): Promise<Session>
  /** @returns the header Set-Cookie */
  signOut(headers: IncomingHttpHeaders, isSecure: boolean): string
  /** Another where somebody may have lost a right since: tokens, sessions that were ended, settings.
   *  @throws Error where tokens cannot be read */
  stamp(): Promise<string>
  close(): Promise<void>
}

export function openWebGate(config: () => Pick<Config, 'web' | 'storage'>): WebGate {
  const auth = (): Config['web']['auth'] => config().web.auth
  const tokens = knownTokens(config().storage.path)
  const openid = openIdTokens(() => auth().openid)
  const sessions = webSessions()
  const settings = { last: auth(), changes: 0 }

  const credentialOf = async (authorization: string): Promise<Credential> => {
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1]
    if (token === undefined || token.length > LONGEST_TOKEN) throw badToken('expected Authorization: Bearer and a token')
    if (token.startsWith(TOKEN_PREFIX)) {
      const sha256 = hashOfToken(token)
      const now = async (): Promise<WebCaller | undefined> => callerOfToken(await tokens.find(sha256))
      return { now }
    }
    const verified = await openid.verify(token)
    return { now: async () => callerOfClaims(verified, auth().openid), expiresAt: verified.expiresAt }
  }
  const bearerOf = async (authorization: string): Promise<{ credential: Credential; caller: WebCaller }> => {
    const credential = await credentialOf(authorization)
    const caller = await credential.now()
    if (caller === undefined) throw badToken('it is not known, revoked, or has expired')
    return { credential, caller }
  }

  return {
    callerOf: async (knock) => {
      const { headers, certificate } = knock
      if (headers.authorization !== undefined) return (await bearerOf(headers.authorization)).caller
      const signedIn = await sessions.callerOf(headers.cookie)
      if (signedIn !== undefined) return { ...signedIn, isPerson: true }
      const entry = certificate === undefined ? undefined : entryOf(certificate, auth().certificates)
      if (entry !== undefined) return { name: `certificate:${entry.name}`, rights: new Set(entry.rights), levels: levelSet(entry.levels) }
      const { local, localLevels } = auth()
      if (local !== 'refuse' && isFromThisMachine(knock)) return localCaller(local, levelSet(localLevels))
      throw unknown(certificate)
    },
    signIn: async ({ authorization }, isSecure) => {
      if (authorization === undefined)
        throw new WebRefusal(400, 'a session is opened with a token: expected Authorization: Bearer and the token')
      const { credential, caller } = await bearerOf(authorization)
      return { caller, cookie: sessions.open(credential, auth().sessionMinutes * 60, isSecure) }
    },
    signOut: ({ cookie }, isSecure) => sessions.end(cookie, isSecure),
    stamp: async () => {
      if (settings.last !== auth()) settings.changes += 1
      settings.last = auth()
      return `${await tokens.stamp()} ${sessions.ended} ${settings.changes}`
    },
    close: () => tokens.close(),
  }
}

export function rightMissing(right: WebRight): WebRefusal {
  return new WebRefusal(403, `not allowed: this needs the right "${right}"`, {
    'WWW-Authenticate': `Bearer realm="ariane", error="insufficient_scope", scope="${right}"`,
  })
}

function callerOfToken(token: WebToken | undefined): WebCaller | undefined {
  return token && { name: `token:${token.name}`, rights: new Set(token.rights), levels: levelSet(token.levels), until: token.expiresAt }
}

function localCaller(may: 'everything' | 'read', levels: LevelSet): WebCaller {
  return { name: 'local', rights: new Set(may === 'everything' ? WEB_RIGHTS : READING), levels, isPerson: true }
}

function isFromThisMachine({ address, localAddress, httpVersion, headers }: Knock): boolean {
  const [from, to] = [canonicalAddress(address), canonicalAddress(localAddress)]
  if (!isLoopback(from) && from !== to) return false
  if (httpVersion === '1.0' || Object.keys(headers).some((name) => PASSED_ON.test(name))) return false
  const host = hostNameOf(headers.host)
  return host !== undefined && (isLoopbackName(host) || canonicalAddress(host) === to)
}

function unknown(certificate: ShownCertificate | undefined): WebRefusal {
  const why =
    certificate === undefined
      ? 'not known here: say who you are with a token (Authorization: Bearer)'
      : certificate.isValid
        ? 'the client certificate is none of those that are let in'
        : 'the client certificate is not valid here'
  return new WebRefusal(401, why, { 'WWW-Authenticate': 'Bearer realm="ariane"' })
}
