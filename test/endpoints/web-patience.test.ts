/** How long the web waits, and how much it takes: a listener over sockets with routes of the test's own. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { loadFrom } from '../../src/config/load-config.ts'
import { jsonAnswer, WebRefusal } from '../../src/dicomweb/web-service.ts'
import { openWebGate } from '../../src/endpoints/web/web-access.ts'
import { listenOnWeb, type WebListener } from '../../src/endpoints/web/web-listener.ts'
import type { WebRoute } from '../../src/endpoints/web/web-route.ts'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'
import { eventually, pause } from '../support/node-process.ts'
import { head, openSocket, rawHttp } from '../support/raw-http.ts'

const folder = mkdtempSync(join(tmpdir(), 'ariane-patience-'))
const LARGE_BYTES = 64 * 1024 * 1024
let web: WebListener
let stoppedAnswers = 0
let received = 0
let reads = 0

/** As much as is asked for, made as it is taken. */
const large = (): Readable => {
  let left = LARGE_BYTES
  return new Readable({
    read() {
      if (left === 0) this.push(null)
      else {
        const size = Math.min(left, 65_536)
        left -= size
        this.push(Buffer.alloc(size, 7))
      }
    },
  })
}

const ROUTES: WebRoute[] = [
  {
    method: 'GET',
    path: '/large',
    right: 'get',
    summary: 'a large answer',
    serve: async ({ stopped }) => {
      stopped.addEventListener('abort', () => stoppedAnswers++)
      return { status: 200, headers: { 'Content-Type': 'application/octet-stream' }, body: large() }
    },
  },
  { method: 'GET', path: '/text', right: 'get', summary: 'a long text', serve: async () => jsonAnswer('é'.repeat(1_000_000)) },
  {
    method: 'GET',
    path: '/kept',
    right: 'get',
    summary: 'may be kept',
    serve: async () => ({ status: 200, headers: { 'Cache-Control': 'private' } }),
  },
  {
    method: 'GET',
    path: '/slow',
    right: 'get',
    summary: 'thinks for longer than callers may',
    serve: async () => pause(2_500).then(() => jsonAnswer({ done: true })),
  },
  {
    method: 'POST',
    path: '/take',
    right: 'store',
    summary: 'takes a body',
    serve: async ({ body }) => {
      reads++
      let size = 0
      for await (const chunk of body as Readable) {
        size += (chunk as Buffer).length
        received = size
      }
      return jsonAnswer({ size })
    },
  },
  {
    method: 'POST',
    path: '/ponder',
    right: 'store',
    summary: 'reads a body late',
    serve: async ({ body }) => {
      await pause(2_500)
      let size = 0
      for await (const chunk of body as Readable) size += (chunk as Buffer).length
      return jsonAnswer({ size })
    },
  },
  {
    method: 'POST',
    path: '/json',
    right: 'operate',
    body: z.object({ a: z.number() }),
    summary: 'reads JSON',
    serve: async ({ body }) => jsonAnswer(body),
  },
  {
    method: 'GET',
    path: '/base',
    right: 'anybody',
    summary: 'tells what addresses in answers begin with',
    serve: async ({ base }) => jsonAnswer({ base }),
  },
  {
    method: 'GET',
    path: '/refuse',
    right: 'anybody',
    summary: 'refuses',
    serve: async () => {
      throw new WebRefusal(406, 'not "this" <b>')
    },
  },
  { method: 'GET', path: '/fail', right: 'get', summary: 'fails', serve: () => Promise.reject(new Error('/secret/path')) },
]

const listen = async (settings: object): Promise<WebListener> => {
  const config = loadFrom(join(folder, 'ariane.yaml'), JSON.stringify({ storage: { path: folder }, web: { port: 0, ...settings } }), {
    env: {},
    cwd: folder,
  }).config
  return listenOnWeb({ config: () => config, gate: openWebGate(() => config), routes: ROUTES })
}
const TIMES = { timeouts: { headersSeconds: 1, readSeconds: 1, writeSeconds: 1, keepAliveSeconds: 1 } }
const url = (path: string) => `http://127.0.0.1:${web.port}${path}`
const closed = (socket: Socket, withinMs: number): Promise<number> => {
  const began = performance.now()
  return Promise.race([
    new Promise<number>((resolve) => {
      socket.on('error', () => undefined)
      socket.once('close', () => resolve(performance.now() - began))
    }),
    pause(withinMs).then(() => Promise.reject(new Error(`open after ${withinMs} ms`))),
  ])
}

beforeAll(async () => {
  web = await listen(TIMES)
})
afterAll(async () => {
  await web?.close(0)
  rmSync(folder, { recursive: true, force: true })
})
afterEach(async () => expect((await fetch(url('/kept'))).status).toBe(200))

describe('who keeps us waiting', () => {
  it('with the first byte is given up', async () => {
    const socket = await openSocket(web.port)
    socket.resume()
    expect(await closed(socket, 5_000)).toBeGreaterThan(900)
  })

  it('with the end of the headers is told, and given up', async () => {
    const answer = await rawHttp(web.port, 'GET /kept HTTP/1.1\r\nHost: localhost\r\nX: ', 5_000)
    expect(answer.status).toBe(408)
  })

  it('a byte of the headers at a time, too', async () => {
    const socket = await openSocket(web.port)
    socket.resume()
    const text = 'GET /kept HTTP/1.1\r\nHost: localhost\r\n'
    let at = 0
    const drip = setInterval(() => socket.write(text[at++ % text.length]!), 100)
    await closed(socket, 5_000).finally(() => clearInterval(drip))
  })

  it('with the body is told, and given up', async () => {
    const answer = await rawHttp(web.port, `${head('POST /take HTTP/1.1', 'Host: localhost', 'Content-Length: 1000')}abc`, 5_000)
    expect(answer.status).toBe(408)
    expect(answer.elapsed).toBeGreaterThan(900)
  })

  it('a byte of the body at a time, too', async () => {
    const socket = await openSocket(web.port)
    socket.resume()
    socket.write(head('POST /take HTTP/1.1', 'Host: localhost', 'Content-Length: 1000000'))
    const drip = setInterval(() => socket.write('x'), 50)
    await closed(socket, 5_000).finally(() => clearInterval(drip))
  })

  it('less of the body than a slow line brings, too', async () => {
    const socket = await openSocket(web.port)
    socket.resume()
    socket.write(head('POST /take HTTP/1.1', 'Host: localhost', 'Content-Length: 100000000'))
    const drip = setInterval(() => socket.write('x'.repeat(512)), 50)
    await closed(socket, 5_000).finally(() => clearInterval(drip))
  })

  it('between two requests is given up', async () => {
    const socket = await openSocket(web.port)
    socket.resume()
    socket.write(head('GET /kept HTTP/1.1', 'Host: localhost'))
    // Node adds a second of its own to what it has told the client.
    expect(await closed(socket, 6_000)).toBeGreaterThan(900)
  })

  it('with taking the answer is given up, and the answer stopped', async () => {
    const before = stoppedAnswers
    const socket = await openSocket(web.port)
    socket.on('error', () => undefined)
    socket.write(head('GET /large HTTP/1.1', 'Host: localhost'))
    await eventually('the answer to be stopped', () => stoppedAnswers > before, 6_000)
    socket.destroy()
  })

  it('sends more requests while it takes nothing: given up all the same', async () => {
    const before = stoppedAnswers
    const socket = await openSocket(web.port)
    socket.on('error', () => undefined)
    socket.write(head('GET /large HTTP/1.1', 'Host: localhost'))
    const drip = setInterval(() => socket.write('GET '), 50)
    await eventually('the answer to be stopped', () => stoppedAnswers > before, 6_000).finally(() => clearInterval(drip))
    socket.destroy()
  })
})

describe('who is slow, but comes on', () => {
  it('may send for longer than the limit', async () => {
    const socket = await openSocket(web.port)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    socket.write(head('POST /take HTTP/1.1', 'Host: localhost', `Content-Length: ${30 * 5000}`, 'Connection: close'))
    const end = closed(socket, 8_000)
    for (let round = 0; round < 30; round++) {
      socket.write(Buffer.alloc(5000))
      await pause(100)
    }
    await end
    expect(text).toContain(JSON.stringify({ size: 150_000 }))
  })

  it('may take for longer than the limit, however long one answer is', async () => {
    for (const [path, step] of [
      ['/large', 500_000],
      ['/text', 50_000],
    ] as const) {
      const socket = await openSocket(web.port)
      let size = 0
      let steps = 0
      socket.write(head(`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close'))
      socket.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size < step * (steps + 1)) return
        steps++
        socket.pause()
        setTimeout(() => socket.resume(), 50)
      })
      const elapsed = await closed(socket, 20_000)
      expect(elapsed).toBeGreaterThan(1_500)
      expect(size).toBeGreaterThan(path === '/large' ? LARGE_BYTES : 2_000_000)
    }
  }, 45_000)

  it('waits for us: no clock runs while we think, or do not read', async () => {
    expect(await (await fetch(url('/slow'))).json()).toEqual({ done: true })
    const answer = await fetch(url('/ponder'), {
      method: 'POST',
      body: randomBytes(1_000_000),
      headers: { 'Content-Type': 'application/dicom' },
    })
    expect(await answer.json()).toEqual({ size: 1_000_000 })
  })
})

describe('a body', () => {
  it('of somebody who may not is not read, and not asked for', async () => {
    const before = reads
    const lines = ['POST /take HTTP/1.1', 'Host: localhost', 'Via: 1.1 x', 'Content-Length: 2000000000']
    const asking = await rawHttp(web.port, head(...lines, 'Expect: 100-continue'), 5_000)
    expect(asking.status).toBe(401)
    expect(asking.text).not.toContain('100 Continue')
    const sending = await rawHttp(web.port, `${head(...lines)}${'x'.repeat(100_000)}`, 5_000)
    expect([sending.status, reads]).toEqual([401, before])
  })

  it('of somebody who asks first is asked for', async () => {
    const socket = await openSocket(web.port)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.endsWith('100 Continue\r\n\r\n')) socket.write('abc')
    })
    socket.write(head('POST /take HTTP/1.1', 'Host: localhost', 'Content-Length: 3', 'Expect: 100-continue', 'Connection: close'))
    await closed(socket, 5_000)
    expect(text).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/)
    expect(text).toContain('{"size":3}')
  })

  it('that is cut off reaches the service as an error, and nobody else', async () => {
    const socket = await openSocket(web.port)
    socket.write(`${head('POST /take HTTP/1.1', 'Host: localhost', 'Content-Length: 1000')}abcdefg`)
    await eventually('some of it', () => received === 7)
    socket.destroy()
  })

  it('of broken chunks is refused', async () => {
    const answer = await rawHttp(
      web.port,
      `${head('POST /take HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked')}3\r\nabc\r\nzz\r\n`,
      5_000,
    )
    expect(answer.status).toBe(400)
  })

  it('of JSON is checked, and has an end', async () => {
    const post = (body: string) => fetch(url('/json'), { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })
    expect(await (await post('{"a":1}')).json()).toEqual({ a: 1 })
    expect((await post('{"a":"x"}')).status).toBe(400)
    expect((await post('{')).status).toBe(400)
    expect((await post('{"__proto__":{"a":1}}')).status).toBe(400)
    expect((await post(`"${'x'.repeat(2_000_000)}"`)).status).toBe(413)
  })
})

describe('an answer', () => {
  it('about patients is kept by nobody, unless the service says otherwise', async () => {
    expect((await fetch(url('/text'))).headers.get('cache-control')).toBe('no-store')
    expect((await fetch(url('/kept'))).headers.get('cache-control')).toBe('private')
  })

  it('to HEAD has no body, and starts none', async () => {
    const answer = await rawHttp(web.port, head('HEAD /large HTTP/1.1', 'Host: localhost', 'Connection: close'))
    expect(answer.status).toBe(200)
    expect(answer.text.endsWith('\r\n\r\n')).toBe(true)
    expect((await rawHttp(web.port, head('HEAD /large HTTP/1.1', 'Host: localhost', 'Via: x', 'Connection: close'))).status).toBe(401)
  })

  it('that refuses says why; one that fails says nothing of why', async () => {
    const refused = await fetch(url('/refuse'))
    expect([refused.status, refused.headers.get('content-type'), await refused.json()]).toEqual([
      406,
      'application/problem+json; charset=utf-8',
      { status: 406, detail: 'not "this" <b>' },
    ])
    const failed = await fetch(url('/fail'))
    expect([failed.status, await failed.text()]).toEqual([500, '{"status":500,"detail":"the node failed; its log says more"}'])
  })
})

it('closes one connection too many', async () => {
  const small = await listen({ maxConnections: 3 })
  try {
    const sockets = [await openSocket(small.port), await openSocket(small.port), await openSocket(small.port)]
    await pause(50)
    const fourth = await openSocket(small.port)
    fourth.resume()
    expect(await closed(fourth, 1_000)).toBeLessThan(1_000)
    for (const socket of sockets) socket.destroy()
  } finally {
    await small.close(0)
  }
})

it('addresses in answers begin as the caller came here, which a trusted proxy tells', async () => {
  const tellBase = async (listener: WebListener, headers: Record<string, string> = {}) =>
    ((await (await fetch(`http://127.0.0.1:${listener.port}/base`, { headers })).json()) as { base: string }).base
  const forwarded = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'pacs.example:8443' }
  const behind = await listen({ trustedProxies: ['127.0.0.1'] })
  const alone = await listen({ trustedProxies: ['10.1.1.1'] })
  try {
    expect(await tellBase(behind, forwarded)).toBe('https://pacs.example:8443')
    expect(await tellBase(behind)).toBe(`http://127.0.0.1:${behind.port}`)
    expect(await tellBase(alone, forwarded)).toBe(`http://127.0.0.1:${alone.port}`)
    for (const wrong of [{ 'X-Forwarded-Host': 'a b/"c' }, { 'X-Forwarded-Proto': 'javascript' }])
      expect(await tellBase(behind, { ...forwarded, ...wrong })).toBe(`http://127.0.0.1:${behind.port}`)
  } finally {
    await behind.close(0)
    await alone.close(0)
  }
})

it('limits requests and connections of one address, but for this machine', async () => {
  const limited = await listen({ requestsPerMinute: 5, maxConnectionsPerAddress: 1, trustedProxies: ['127.0.0.1'] })
  try {
    const ask = (address?: string) =>
      fetch(`http://127.0.0.1:${limited.port}/refuse`, { headers: address === undefined ? {} : { 'X-Forwarded-For': address } })
    for (let round = 0; round < 8; round++) expect((await ask()).status).toBe(406)
    const statuses = []
    for (let round = 0; round < 7; round++) statuses.push((await ask('10.1.1.1')).status)
    expect(statuses).toEqual([406, 406, 406, 406, 406, 429, 429])
    expect(Number((await ask('10.1.1.1')).headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await ask('10.1.1.2')).status).toBe(406)
    // One IPv6 network is one caller.
    for (let round = 0; round < 5; round++) await ask(`2001:db8::${round}`)
    expect((await ask('2001:db8::ffff')).status).toBe(429)
    // Not even a trusted proxy makes anybody local.
    const passedOn = await fetch(`http://127.0.0.1:${limited.port}/kept`, { headers: { 'X-Forwarded-For': '127.0.0.1' } })
    expect(passedOn.status).toBe(401)
  } finally {
    await limited.close(0)
  }
})

it('lets answers that are under way end when it closes, but not for ever', async () => {
  const going = await listen({})
  const slow = fetch(`http://127.0.0.1:${going.port}/slow`)
  const idle = await openSocket(going.port)
  idle.resume()
  const stuck = await openSocket(going.port)
  stuck.on('error', () => undefined)
  stuck.write(head('GET /large HTTP/1.1', 'Host: localhost'))
  await pause(200)
  const began = performance.now()
  const closing = going.close(4)
  expect(await (await slow).json()).toEqual({ done: true })
  await closing
  expect(performance.now() - began).toBeLessThan(6_000)
  stuck.destroy()
})

describe('under TLS', () => {
  let secure: WebListener
  const open = () =>
    new Promise<Socket>((resolve) => {
      const socket = connectTls({ host: '127.0.0.1', port: secure.port, rejectUnauthorized: false }, () => resolve(socket))
    })

  beforeAll(async () => {
    makeAuthority(folder, 'ca')
    const { certificate, key } = makeCertificate(folder, 'web', 'ca', '/CN=localhost')
    secure = await listen({ ...TIMES, tls: { certificate, key } })
  })
  afterAll(() => secure?.close(0))

  it('gives up who takes nothing, and who sends nothing', async () => {
    const before = stoppedAnswers
    const reader = await open()
    reader.on('error', () => undefined)
    reader.pause()
    reader.write(head('GET /large HTTP/1.1', 'Host: localhost'))
    await eventually('the answer to be stopped', () => stoppedAnswers > before, 6_000)
    reader.destroy()
    const sender = await open()
    sender.resume()
    sender.write(`${head('POST /take HTTP/1.1', 'Host: localhost', 'Content-Length: 1000')}abc`)
    await closed(sender, 5_000)
  })

  it('lets slow ones come on', async () => {
    const sender = await open()
    let text = ''
    sender.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    sender.write(head('POST /take HTTP/1.1', 'Host: localhost', `Content-Length: ${25 * 5000}`, 'Connection: close'))
    const end = closed(sender, 8_000)
    for (let round = 0; round < 25; round++) {
      sender.write(Buffer.alloc(5000))
      await pause(100)
    }
    await end
    expect(text).toContain('{"size":125000}')
  })

  it('gives up a handshake that does not come', async () => {
    const socket = await openSocket(secure.port)
    socket.resume()
    await closed(socket, 5_000)
  })
})
