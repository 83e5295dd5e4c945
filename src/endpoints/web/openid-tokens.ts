/** Bearer tokens of an OpenID Connect provider (Keycloak, Pro Santé Connect): JWTs (RFC 7519), verified with its published keys.
 *
 *  Promises: only signatures of asymmetric keys count, SHA-256 or better; issuer, audience and expiry are demanded. Keys are fetched when
 *  first needed, kept {@link KEYS_HOLD_MS}, and fetched again where a token names one that is not known, at most every {@link ASK_AGAIN_MS}.
 *  A provider that cannot be reached is 503, never 401: the token may be right.
 *  Does not: sign anybody in, or ask the provider whether a token was revoked: it holds until it expires.
 *  Errors: WebRefusal 401, 503. */
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Config } from '../../config/settings.ts'
import { isSafeAddress } from '../../config/web-contradictions.ts'
import { levelSet } from '../../dicom/confidentiality.ts'
import { type WebCaller, WebRefusal } from '../../dicomweb/web-service.ts'
import { log } from '../../log.ts'

type OpenId = Config['web']['auth']['openid']
type RemoteKeys = ReturnType<typeof createRemoteJWKSet>

/** What a verified token says, and until when (milliseconds since 1970). */
export interface OpenIdToken {
  readonly claims: JWTPayload
  readonly issuer: string
  readonly expiresAt: number
}

export interface OpenIdTokens {
  verify(token: string): Promise<OpenIdToken>
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const KEYS_HOLD_MS = 600_000
const ASK_AGAIN_MS = 10_000
const ASK_TIMEOUT_MS = 5_000
/** Clocks of two machines differ. */
const TOLERANCE_SECONDS = 60
/** A provider that failed is left in peace for so long: each request would wait for it. */
const FAILED_FOR_MS = 3_000

export function openIdTokens(settings: () => OpenId): OpenIdTokens {
  let keys: { readonly of: string; readonly get: JWTVerifyGetKey } | undefined
  const keysOf = (openid: OpenId): JWTVerifyGetKey => {
    const of = `${openid.issuer} ${openid.jwksUrl}`
    if (keys?.of !== of) keys = { of, get: remoteKeys(openid) }
    return keys.get
  }
  return {
    verify: async (token) => {
      const openid = settings()
      const { issuer, audience } = openid
      if (issuer === undefined) throw badToken('not a token of this node')
      try {
        const { payload } = await jwtVerify(token, keysOf(openid), {
          algorithms: ALGORITHMS,
          issuer: [issuer, `${issuer}/`],
          audience,
          clockTolerance: TOLERANCE_SECONDS,
          requiredClaims: ['exp', 'sub'],
        })
        return { claims: payload, issuer, expiresAt: (payload.exp! + TOLERANCE_SECONDS) * 1000 }
      } catch (error) {
        throw refusalOf(error)
      }
    },
  }
}

/** @returns undefined where the settings do not trust this issuer any more */
export function callerOfClaims({ claims, issuer, expiresAt }: OpenIdToken, openid: OpenId): WebCaller | undefined {
  if (openid.issuer !== issuer) return undefined
  const values = valuesAt(claims, openid.rightsClaim)
  const granted = openid.grants.filter((grant) => values.includes(grant.value))
  const name = typeof claims.preferred_username === 'string' ? claims.preferred_username : (claims.sub ?? '')
  return {
    name: `openid:${name.slice(0, 100)}`,
    rights: new Set(granted.flatMap((grant) => grant.rights)),
    levels: levelSet(granted.flatMap((grant) => grant.levels)),
    until: expiresAt,
  }
}

export function badToken(why: string): WebRefusal {
  const words = `error="invalid_token", error_description="${why}"`
  return new WebRefusal(401, `the token is not accepted: ${why}`, { 'WWW-Authenticate': `Bearer realm="ariane", ${words}` })
}

/** `realm_access.roles`: a claim of that very name goes before sections. */
function valuesAt(claims: JWTPayload, path: string): string[] {
  let value: unknown = Object.hasOwn(claims, path) ? claims[path] : claims
  if (value === claims)
    for (const step of path.split('.'))
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined
  if (typeof value === 'string') return [value, ...value.split(' ')]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** The provider's keys, found by its configuration (OpenID Connect Discovery 1.0, 4) unless the settings say where. Keys that are here go on
 *  being used while a token names one that is not and the provider cannot be asked about it. */
function remoteKeys({ issuer, jwksUrl }: OpenId): JWTVerifyGetKey {
  let found: Promise<RemoteKeys> | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  const find = async (): Promise<RemoteKeys> => {
    const address = jwksUrl ?? (await keysAddress(issuer!))
    return createRemoteJWKSet(new URL(address), {
      cacheMaxAge: KEYS_HOLD_MS,
      cooldownDuration: ASK_AGAIN_MS,
      timeoutDuration: ASK_TIMEOUT_MS,
    })
  }
  const failed = (error: unknown): void => {
    failedAt = performance.now()
    log.error('keys of the OpenID provider cannot be had, its tokens are answered 503', { issuer, error: inWords(error) })
  }
  return async (header, token) => {
    let keys: RemoteKeys | undefined
    try {
      if (performance.now() - failedAt < FAILED_FOR_MS) throw new Error('failed a moment ago')
      found ??= find()
      keys = await found
      return await keys(header, token)
    } catch (error) {
      if (keys === undefined) found = undefined
      if (!isOurTokensFault(error) && keys?.fresh !== true && performance.now() - failedAt >= FAILED_FOR_MS) failed(error)
      throw error
    }
  }
}

async function keysAddress(issuer: string): Promise<string> {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`, {
    redirect: 'error',
    signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
  })
  if (answer.status !== 200) throw new Error(`its configuration is answered with status ${answer.status}`)
  const told = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown }
  if (told.issuer !== issuer && told.issuer !== `${issuer}/`) throw new Error('its configuration names another issuer')
  if (typeof told.jwks_uri !== 'string' || !isSafeAddress(told.jwks_uri))
    throw new Error('its configuration names no https address of keys')
  return told.jwks_uri
}

function isOurTokensFault(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}

function refusalOf(error: unknown): WebRefusal {
  if (error instanceof errors.JWTExpired) return badToken('it has expired')
  if (error instanceof errors.JWTClaimValidationFailed) return badToken(`its claim ${error.claim.replace(/[^\w-]/g, '')} does not fit`)
  if (error instanceof errors.JOSEAlgNotAllowed) return badToken('it is signed with an algorithm that is not accepted')
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey)
    return badToken('its signature is none of the issuer')
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid || isOurTokensFault(error))
    return badToken('it is not well formed')
  return new WebRefusal(503, 'who issues the tokens cannot be asked for its keys now', { 'Retry-After': '10' }, { cause: error })
}

function inWords(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
