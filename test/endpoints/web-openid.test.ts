/** OpenID Connect bearer tokens on the web of a real node, of a small provider that the test runs: discovery, keys, claims, and what must not pass. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type NodeProcess, startNode } from '../support/node-process.ts'

interface Key {
  readonly kid: string
  readonly alg: string
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}

class Provider {
  keys: Key[] = []
  isDown = false
  asked = 0
  issuer = ''
  readonly #server: Server = createServer(async (request, response) => {
    if (this.isDown) return void response.writeHead(500).end()
    const answer = (value: unknown) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
    if (request.url === '/realm/.well-known/openid-configuration') return answer({ issuer: this.issuer, jwks_uri: `${this.issuer}/keys` })
    if (request.url !== '/realm/keys') return response.writeHead(404).end()
    this.asked++
    return answer({
      keys: await Promise.all(
        this.keys.map(async ({ kid, alg, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' })),
      ),
    })
  })

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()))
    this.issuer = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/realm`
  }
  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

const provider = new Provider()
let node: NodeProcess

const newKey = async (kid: string, alg: string): Promise<Key> => ({ kid, alg, ...(await generateKeyPair(alg, { extractable: true })) })

beforeAll(async () => {
  await provider.start()
  provider.keys = await Promise.all([newKey('rsa', 'RS256'), newKey('ec', 'ES256'), newKey('ed', 'EdDSA'), newKey('pss', 'PS512')])
  node = await startNode({
    settings: {
      web: {
        auth: {
          local: 'refuse',
          openid: {
            issuer: provider.issuer,
            audience: 'ariane',
            grants: [
              { value: 'radiologist', rights: ['find', 'get'], levels: ['N', 'R'] },
              { value: 'technician', rights: ['status', 'operate'] },
            ],
          },
        },
      },
    },
  })
})
afterAll(async () => {
  await node?.stop()
  provider.stop()
})

const CLAIMS = { sub: 'u1', preferred_username: 'house', realm_access: { roles: ['radiologist', 'other'] }, aud: ['account', 'ariane'] }

const signed = (claims: JWTPayload = {}, { key = provider.keys[0]!, expires = '5m' as string | number | Date } = {}): Promise<string> =>
  new SignJWT({ iss: provider.issuer, ...CLAIMS, ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(key.privateKey)

interface Told {
  readonly caller?: string
  readonly rights?: string[]
  readonly levels?: string[]
  readonly detail?: string
}

const ask = async (token: string, method = 'GET', headers: Record<string, string> = {}) => {
  const answer = await fetch(`${node.webUrl}/api/session`, {
    method,
    headers: { ...(token === '' ? {} : { Authorization: `Bearer ${token}` }), ...headers },
  })
  return { status: answer.status, told: (await answer.json()) as Told, headers: answer.headers }
}
const unsigned = (header: object, claims: object): string =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`

it('knows the bearer of a token, and what the roles give', async () => {
  expect((await ask(await signed())).told).toEqual({
    caller: 'openid:house',
    rights: ['find', 'get'],
    levels: ['N', 'R'],
    tokenNeeded: false,
  })
  const both = await ask(await signed({ realm_access: { roles: ['technician', 'radiologist'] } }))
  expect(both.told).toMatchObject({ rights: ['find', 'get', 'status', 'operate'], levels: ['N', 'R'] })
  const none = await ask(await signed({ realm_access: { roles: ['radiologist2', 'RADIOLOGIST'] } }))
  expect([none.status, none.told]).toMatchObject([200, { rights: [], levels: [] }])
  expect((await ask(await signed({ realm_access: undefined }))).told.rights).toEqual([])
})

it.each(['rsa', 'ec', 'ed', 'pss'])('takes the signature of %s', async (kid) => {
  expect((await ask(await signed({}, { key: provider.keys.find((key) => key.kid === kid)! }))).status).toBe(200)
})

it('asks for the keys once, not for each token', async () => {
  const before = provider.asked
  for (let round = 0; round < 10; round++) expect((await ask(await signed())).status).toBe(200)
  expect(provider.asked - before).toBe(0)
})

it('refuses what has expired, is for another, or comes from another, each in its words', async () => {
  const cases: [string, string][] = [
    [await signed({}, { expires: Math.floor(Date.now() / 1000) - 120 }), 'it has expired'],
    [await signed({ aud: 'another' }), 'claim aud'],
    [await signed({ aud: undefined }), 'claim aud'],
    [await signed({ iss: 'https://evil.example' }), 'claim iss'],
    [await signed({ sub: undefined }), 'claim sub'],
    [await signed({ nbf: Math.floor(Date.now() / 1000) + 3600 }), 'claim nbf'],
  ]
  for (const [token, words] of cases) {
    const answer = await ask(token)
    expect([answer.status, answer.told.detail]).toEqual([401, expect.stringContaining(words)])
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
  }
})

it('takes no signature but that of a key of the issuer', async () => {
  const [rsa] = provider.keys as [Key]
  const stranger = await newKey('rsa', 'RS256')
  const good = await signed()
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const claims = { iss: provider.issuer, ...CLAIMS, exp: 9_999_999_999 }
  // The public key, which everybody has, as the secret of an HMAC.
  const secret = new TextEncoder().encode(await exportSPKI(rsa.publicKey))
  const confused = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'rsa' }).sign(secret)
  const embedded = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', jwk: await exportJWK(stranger.publicKey), jku: 'http://evil.example/keys' })
    .sign(stranger.privateKey)
  const forged = [
    unsigned({ alg: 'none' }, claims),
    unsigned({ alg: 'None', kid: 'rsa' }, claims),
    confused,
    embedded,
    await signed({}, { key: stranger }),
    `${header}.${Buffer.from(JSON.stringify({ ...claims, realm_access: { roles: ['technician'] } })).toString('base64url')}.${signature}`,
    `${header}.${payload}.`,
    `${header}.${payload}.${signature.slice(0, -6)}AAAAAA`,
    `${header}.${payload}`,
    'e30.e30.e30',
    '...',
  ]
  for (const token of forged) expect((await ask(token)).status, token).toBeOneOf([401, 429])
  expect((await ask(good)).status).toBe(200)
})

it('goes on with the keys that it has while the provider cannot be asked about another', async () => {
  provider.isDown = true
  const unknown = await signed({}, { key: await newKey('unknown', 'RS256') })
  await new Promise((resolve) => setTimeout(resolve, 10_500))
  for (let round = 0; round < 3; round++) {
    expect((await ask(unknown)).status).toBe(503)
    expect((await ask(await signed())).status).toBe(200)
  }
  provider.isDown = false
}, 30_000)

it('opens a session that ends with the token', async () => {
  const opened = await ask(await signed({}, { expires: '2m' }), 'POST')
  const cookie = opened.headers.get('set-cookie')!
  // Two minutes, and one for clocks that differ.
  expect(Number(/Max-Age=(\d+)/.exec(cookie)![1])).toBeLessThanOrEqual(180)
  expect((await ask('', 'GET', { Cookie: cookie.split(';')[0]! })).told).toMatchObject({ caller: 'openid:house' })
})

it('holds no events open behind the end of the token', async () => {
  // Some seconds are left of the minute for clocks that differ.
  const token = await signed({ realm_access: { roles: ['technician'] } }, { expires: Math.floor(Date.now() / 1000) - 54 })
  const events = await fetch(`${node.webUrl}/api/events`, { headers: { Authorization: `Bearer ${token}` } })
  expect(events.status).toBe(200)
  await expect(events.text()).rejects.toThrow()
})

it('learns a new key when a token names it', async () => {
  const next = await newKey('next', 'RS256')
  const token = await signed({}, { key: next })
  provider.keys = [next]
  // Not more often than every ten seconds: who shows unknown keys must not make us ask.
  const before = provider.asked
  const deadline = Date.now() + 20_000
  let answer = await ask(token)
  while (answer.status !== 200 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    answer = await ask(token)
  }
  expect(answer.status).toBe(200)
  expect(provider.asked - before).toBeLessThanOrEqual(2)
}, 30_000)

it('answers 503 where the provider cannot be asked: the token may be right', async () => {
  const other = await startNode({
    settings: { web: { auth: { local: 'refuse', openid: { issuer: provider.issuer, audience: 'ariane' } } } },
  })
  try {
    const url = `${other.webUrl}/api/session`
    const headers = { Authorization: `Bearer ${await signed()}` }
    provider.isDown = true
    const answer = await fetch(url, { headers })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10'])
    expect(((await answer.json()) as Told).detail).toContain('cannot be asked')
    expect((await fetch(url)).status).toBe(200)
    expect(other.log()).toContain('keys of the OpenID provider cannot be had')
    provider.isDown = false
    const deadline = Date.now() + 10_000
    let status = 503
    while (status === 503 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      status = (await fetch(url, { headers })).status
    }
    expect(status).toBe(200)
  } finally {
    provider.isDown = false
    await other.stop()
  }
}, 30_000)
