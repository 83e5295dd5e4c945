/** The page as files: what is sent of it, how, how much, and what is not. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pageFiles } from '../../src/endpoints/page-files.ts'
import { BUILT_PAGE, buildPage } from '../support/built-page.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'

let node: NodeProcess
beforeAll(async () => {
  await buildPage()
  node = await startNode()
})
afterAll(() => node?.stop())

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

/** Without what fetch does to paths and to encodings. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(`${node.webUrl}/`, { path, headers, method }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(parts) }))
    })
    asked.on('error', reject).end()
  })
}

const assets = () => readdirSync(join(BUILT_PAGE, 'assets')).filter((name) => !/\.(gz|br)$/.test(name))

describe('the page of a node', () => {
  it('is asked for again each time, under a strict policy', async () => {
    const { status, headers, body } = await ask('/')
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([200, 'text/html; charset=utf-8', 'no-cache'])
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'self'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(String(body)).toContain('<div id="page">')
  })

  it('has assets that may be kept for ever, compressed for those who take it', async () => {
    expect(assets().length).toBeGreaterThanOrEqual(3)
    for (const name of assets()) {
      const plain = await ask(`/assets/${name}`)
      expect([plain.status, plain.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable'])
      expect(plain.body).toEqual(readFileSync(join(BUILT_PAGE, 'assets', name)))
      const brotli = await ask(`/assets/${name}`, { 'Accept-Encoding': 'br, gzip' })
      expect([brotli.headers['content-encoding'], brotli.headers['content-type']]).toEqual(['br', plain.headers['content-type']])
      expect(brotli.headers.vary).toMatch(/accept-encoding/i)
      expect(brotli.body.length).toBeLessThan(plain.body.length)
      const gzip = await ask(`/assets/${name}`, { 'Accept-Encoding': 'gzip' })
      expect(gzip.headers['content-encoding']).toBe('gzip')
    }
  })

  it('loads less than 100 kB the first time', async () => {
    const paths = ['/', ...assets().map((name) => `/assets/${name}`)]
    const sizes = await Promise.all(paths.map(async (path) => (await ask(path, { 'Accept-Encoding': 'gzip' })).body.length))
    const total = sizes.reduce((sum, one) => sum + one, 0)
    console.info(`first load: ${total} bytes (gzip)`)
    expect(total).toBeLessThan(100_000)
  })

  it('names nothing of elsewhere', () => {
    const allowed = /^https?:\/\/(www\.w3\.org\/)/
    const text = ['index.html', ...assets().map((name) => join('assets', name))]
      .map((name) => readFileSync(join(BUILT_PAGE, name), 'utf8'))
      .join('\n')
    expect((text.match(/https?:\/\/[\w./-]+/g) ?? []).filter((address) => !allowed.test(address))).toEqual([])
  })

  it.each([
    '/assets',
    '/assets/',
    '/assets/../../package.json',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/%2e%2e/package.json',
    '/index.html%00',
    '/assets/%2e%2e/%2e%2e/main.js',
    '//etc/passwd',
    '/.built',
  ])('shows no folder and nothing outside of its own: %s', async (path) => {
    const { status, body } = await ask(path)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(String(body)).not.toMatch(/"name": "ariane"|index-|root:/)
  })

  it('is only read', async () => expect((await ask('/', {}, 'POST')).status).toBe(404))
})

describe('other folders', () => {
  let folder: string
  let server: FastifyInstance
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ariane-page-'))
    server = Fastify()
    await server.register(async (scope) => pageFiles(scope, folder))
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })

  it('says in words how to build a page that was not built', async () => {
    const { statusCode, body, headers } = await server.inject('/')
    expect([statusCode, headers['content-type']]).toEqual([503, 'text/plain; charset=utf-8'])
    expect(body).toContain('npm run build')
  })

  it('serves what is there, compressed or not', async () => {
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'index.html'), 'here')
    const other = Fastify()
    await other.register(async (scope) => pageFiles(scope, folder))
    expect((await other.inject({ url: '/', headers: { 'accept-encoding': 'br' } })).body).toBe('here')
    await other.close()
  })
})
