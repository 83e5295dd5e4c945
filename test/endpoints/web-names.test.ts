/** What the web takes for a request that is meant for it: names, origins, forms, and HTTP that could be read in two ways. Over sockets, from a
 *  real node. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hostNameOf } from '../../src/endpoints/web/web-names.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { head, rawHttp } from '../support/raw-http.ts'

let node: NodeProcess
let own: string
const CLOSE = 'Connection: close'

beforeAll(async () => {
  node = await startNode({
    settings: {
      web: { hosts: ['pacs.example'], publicUrl: 'https://images.example/ariane', cors: ['https://viewer.example'] },
      log: { level: 'debug' },
    },
  })
  own = `Host: 127.0.0.1:${node.webPort}`
})
afterAll(() => node?.stop())

const ask = (...lines: string[]) => rawHttp(node.webPort, head(...lines))
const session = (...lines: string[]) => ask('GET /api/session HTTP/1.1', ...lines, CLOSE)
const change = (...lines: string[]) => ask('DELETE /api/session HTTP/1.1', own, ...lines, CLOSE)

describe('a Host', () => {
  it.each(['127.0.0.1', 'localhost', 'LOCALHOST:1', '[::1]:8112', 'pacs.example', 'Pacs.Example.:443', 'images.example'])(
    '%s is ours',
    async (host) => {
      expect((await session(`Host: ${host}`)).status).toBe(200)
    },
  )

  it.each([
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '0.0.0.0',
    '8.8.8.8',
    '0x7f.1',
    '2130706433',
    '[::2]',
    'pacs.example.evil',
  ])('%s is not', async (host) => {
    const answer = await session(`Host: ${host}`)
    expect(answer.status).toBe(421)
    expect(answer.text).toContain('web.hosts')
  })

  it.each(['', 'a b', 'localhost@evil.example', 'localhost/evil', 'localhost:99999999', '127.0.0.1#', '[::1', 'localhost,evil.example'])(
    '%j is none',
    async (host) => expect((await session(`Host: ${host}`)).status).toBe(400),
  )

  it('may not be there twice, or not at all', async () => {
    expect((await session(own, 'Host: evil.example')).status).toBe(400)
    expect((await session('Host: evil.example', own)).status).toBe(400)
    expect((await session()).status).toBe(400)
    expect((await ask('GET /health/live HTTP/1.0')).status).toBe(400)
  })

  it('is read without port and brackets', () => {
    expect([hostNameOf('[::1]:80'), hostNameOf('A.B:1'), hostNameOf('a.b.'), hostNameOf('a:b'), hostNameOf(undefined)]).toEqual([
      '::1',
      'a.b',
      'a.b',
      undefined,
      undefined,
    ])
  })
})

describe('what changes something', () => {
  it('is taken from no page at all, from our own, from that of publicUrl, and from those of web.cors', async () => {
    expect((await change()).status).toBe(204)
    expect((await change(`Origin: http://127.0.0.1:${node.webPort}`, 'Sec-Fetch-Site: same-origin')).status).toBe(204)
    expect((await change('Origin: https://images.example')).status).toBe(204)
    expect((await change('Origin: https://viewer.example', 'Sec-Fetch-Site: cross-site')).status).toBe(204)
    expect((await change('Sec-Fetch-Site: none')).status).toBe(204)
  })

  it.each([
    ['Origin: https://evil.example'],
    ['Origin: null'],
    ['Origin: http://127.0.0.1:1'],
    ['Origin: http://viewer.example'],
    ['Origin: https://viewer.example.evil.example'],
    ['Origin: https://viewer.example', 'Origin: https://evil.example'],
    ['Origin: '],
    ['Sec-Fetch-Site: cross-site'],
    ['Sec-Fetch-Site: same-site'],
  ])('is refused: %s %s', async (...lines) => {
    const answer = await change(...lines)
    expect([400, 403]).toContain(answer.status)
  })

  it.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain', 'TEXT/PLAIN;charset=utf-8'])(
    'is refused as a form sends it: %s',
    async (type) => {
      const answer = await ask('POST /api/session HTTP/1.1', own, `Content-Type: ${type}`, 'Content-Length: 0', CLOSE)
      expect(answer.status).toBe(415)
    },
  )
})

describe('a page of another origin', () => {
  it('may read where web.cors lists it, without cookies', async () => {
    const answer = await fetch(`${node.webUrl}/api/session`, { headers: { Origin: 'https://viewer.example' } })
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://viewer.example')
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    expect(answer.headers.get('access-control-expose-headers')).toContain('ETag')
    expect(answer.headers.get('vary')).toContain('Origin')
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
  })

  it('is told so before it asks', async () => {
    const preflight = (origin: string) =>
      fetch(`${node.webUrl}/api/session`, {
        method: 'OPTIONS',
        headers: { Origin: origin, 'Access-Control-Request-Method': 'DELETE', 'Access-Control-Request-Headers': 'authorization' },
      })
    const [listed, other] = [await preflight('https://viewer.example'), await preflight('https://evil.example')]
    expect([listed.status, listed.headers.get('access-control-allow-methods'), listed.headers.get('access-control-allow-headers')]).toEqual(
      [204, 'GET, HEAD, POST, PUT, DELETE', 'authorization'],
    )
    expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([404, null])
  })

  it('may load nothing where it is not listed, but link to here', async () => {
    const load = async (...lines: string[]) => (await ask('GET /health/live HTTP/1.1', own, ...lines, CLOSE)).status
    expect(await load('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors')).toBe(403)
    expect(await load('Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: no-cors', 'Referer: https://evil.example/')).toBe(403)
    expect(await load('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: cors', 'Origin: https://evil.example')).toBe(403)
    expect(await load('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: cors', 'Origin: https://viewer.example')).toBe(200)
    expect(await load('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Referer: https://viewer.example/a')).toBe(200)
    expect(await load('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate')).toBe(200)
    expect(await load('Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: no-cors')).toBe(200)
  })

  it('may show an image where it is listed, as Referer says', async () => {
    const policy = async (referer: string) =>
      (await fetch(`${node.webUrl}/health/live`, { headers: { Referer: referer } })).headers.get('cross-origin-resource-policy')
    expect(await policy('https://viewer.example/a/b?c')).toBe('cross-origin')
    expect(await policy('https://evil.example/https://viewer.example/')).toBe('same-origin')
    expect(await policy('nonsense')).toBe('same-origin')
  })
})

it('tells browsers what they may do', async () => {
  const { headers } = await fetch(`${node.webUrl}/nothing`)
  expect(headers.get('content-security-policy')).toBe(
    "default-src 'self';img-src 'self' blob:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'",
  )
  expect([
    headers.get('x-content-type-options'),
    headers.get('referrer-policy'),
    headers.get('x-frame-options'),
    headers.get('strict-transport-security'),
    headers.get('x-powered-by'),
  ]).toEqual(['nosniff', 'no-referrer', 'DENY', null, null])
})

describe('HTTP that is not as others speak it', () => {
  it.each([
    ['an absolute address', ['GET http://evil.example/health/live HTTP/1.1'], 400],
    ['an absolute address of ours', ['GET http://127.0.0.1/health/live HTTP/1.1'], 400],
    ['two slashes', ['GET //health/live HTTP/1.1'], 404],
    ['two slashes that look like a host', ['GET //evil.example/health/live HTTP/1.1'], 404],
    ['a bracket that opens', ['GET //[ HTTP/1.1'], 404],
    ['a dot segment', ['GET /x/../health/live HTTP/1.1'], 404],
    ['an encoded dot segment', ['GET /x/%2e%2e/api/session HTTP/1.1'], 404],
    ['an encoded slash', ['GET /api%2Fsession HTTP/1.1'], 404],
    ['capitals', ['GET /API/session HTTP/1.1'], 404],
    ['a bad escape', ['GET /%zz HTTP/1.1'], 400],
    ['a NUL', ['GET /api/session%00 HTTP/1.1'], 404],
    ['a path parameter', ['GET /api/session;x HTTP/1.1'], 404],
    ['a fragment', ['GET /health/live#x HTTP/1.1'], 200],
    ['a method that is none', ['BREW /health/live HTTP/1.1'], 400],
    ['TRACE', ['TRACE /health/live HTTP/1.1'], 404],
    ['two lengths', ['DELETE /api/session HTTP/1.1', 'Content-Length: 1', 'Content-Length: 2'], 400],
    ['a length and chunks', ['DELETE /api/session HTTP/1.1', 'Content-Length: 1', 'Transfer-Encoding: chunked'], 400],
    ['chunks in disguise', ['DELETE /api/session HTTP/1.1', 'Transfer-Encoding: xchunked'], 400],
    ['a space before the colon', ['GET /health/live HTTP/1.1', 'X : y'], 400],
    ['a folded header', ['GET /health/live HTTP/1.1', 'X: y', ' z'], 400],
    ['another protocol after an upgrade', ['GET /health/live HTTP/1.1', 'Upgrade: websocket', 'Sec-WebSocket-Key: eA=='], 200],
    ['h2c', ['GET /health/live HTTP/1.1', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'], 200],
    ['a tunnel', ['CONNECT evil.example:80 HTTP/1.1'], 0],
    ['a huge cookie', ['GET /health/live HTTP/1.1', `Cookie: ${'a'.repeat(20_000)}`], 431],
    ['a long address', [`GET /${'a'.repeat(20_000)} HTTP/1.1`], 431],
    ['two tokens', ['GET /api/session HTTP/1.1', 'Authorization: Bearer a', 'Authorization: Bearer b'], 400],
  ])('%s', async (_what, lines, status) => {
    const [first, ...rest] = lines
    const answer = await ask(first!, own, ...rest, CLOSE)
    if (status === 0) expect(answer.text).toBe('')
    else expect(answer.status, answer.text).toBe(status)
    expect((await session(own)).status).toBe(200)
  })

  it('answers HEAD as GET, without a body', async () => {
    const answer = await ask('HEAD /health/live HTTP/1.1', own, CLOSE)
    expect(answer.status).toBe(200)
    expect(answer.text).toMatch(/content-length: 13\r\n/i)
    expect(answer.text.endsWith('\r\n\r\n')).toBe(true)
  })

  it('is not HTTP at all: answered, and the node goes on', async () => {
    expect((await rawHttp(node.webPort, Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]))).status).toBe(400)
    expect((await rawHttp(node.webPort, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).status).toBeGreaterThanOrEqual(400)
    expect((await session(own)).status).toBe(200)
  })

  it('leaves no query in the log', async () => {
    await ask('GET /health/live?PatientName=DUPONT HTTP/1.1', own, CLOSE)
    await ask('GET /patients/DUPONT HTTP/1.1', own, CLOSE)
    expect(node.log()).toContain('/health/live')
    expect(node.log()).not.toContain('DUPONT')
  })
})
