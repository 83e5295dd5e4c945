/** TLS and client certificates of a real node's web, with certificates of openssl and curl as the caller. */
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority, makeCertificate, type Pair } from '../support/certificates.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { rawHttp } from '../support/raw-http.ts'

const folder = mkdtempSync(join(tmpdir(), 'ariane-tls-'))
const at = (name: string) => join(folder, name)
let clients: Record<'viewer' | 'unlisted' | 'stranger' | 'pinned' | 'over' | 'comma', Pair>
let node: NodeProcess

beforeAll(() => {
  makeAuthority(folder, 'hospital')
  makeAuthority(folder, 'other')
  for (const [name, subject] of [
    ['first', '/CN=localhost/O=First'],
    ['second', '/CN=localhost/O=Second'],
  ])
    makeCertificate(folder, name!, 'hospital', subject!)
  clients = {
    viewer: makeCertificate(folder, 'viewer', 'hospital', '/C=FR/O=Hôpital/CN=viewer'),
    unlisted: makeCertificate(folder, 'unlisted', 'hospital', '/C=FR/O=Hôpital/CN=viewer2'),
    stranger: makeCertificate(folder, 'stranger', 'other', '/C=FR/O=Hôpital/CN=viewer'),
    pinned: makeCertificate(folder, 'pinned', 'hospital', '/CN=pinned'),
    over: makeCertificate(folder, 'over', 'hospital', '/C=FR/O=Hôpital/CN=viewer', -1),
    comma: makeCertificate(folder, 'comma', 'hospital', '/CN=viewer,O=Hôpital,C=FR'),
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const start = async (clientCertificates: 'off' | 'ask' | 'require', more: object = {}): Promise<NodeProcess> => {
  copyFileSync(at('first.pem'), at('web.pem'))
  copyFileSync(at('first.key'), at('web.key'))
  const fingerprint = new X509Certificate(readFileSync(clients.pinned.certificate)).fingerprint256
  return startNode({
    settings: {
      web: {
        tls: { certificate: at('web.pem'), key: at('web.key'), clientAuthorities: at('hospital.pem'), clientCertificates },
        auth: {
          local: 'refuse',
          ...(clientCertificates === 'off'
            ? {}
            : {
                certificates: [
                  { name: 'VIEWER', subject: 'CN=viewer, O=Hôpital, C=FR', levels: ['N', 'R'] },
                  { name: 'PINNED', fingerprint: fingerprint.toLowerCase(), rights: ['status'] },
                ],
              }),
        },
        ...more,
      },
    },
  })
}

interface CurlAnswer {
  readonly exitCode: number
  readonly head: string
  readonly told: { caller?: string; rights?: string[]; levels?: string[] } | undefined
}

const curl = (...args: string[]): Promise<CurlAnswer> =>
  new Promise((resolve) => {
    const all = ['-sS', '-i', '--max-time', '10', '--cacert', at('hospital.pem'), ...args, `https://localhost:${node.webPort}/api/session`]
    execFile('curl', all, (error, stdout) => {
      const [head = '', body = ''] = stdout.split('\r\n\r\n')
      resolve({ exitCode: error === null ? 0 : Number(error.code), head, told: body === '' ? undefined : JSON.parse(body) })
    })
  })
const as = ({ certificate, key }: Pair) => ['--cert', certificate, '--key', key]

const servedBy = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: node.webPort, servername: 'localhost', ca: readFileSync(at('hospital.pem')) }, () => {
      resolve(String(socket.getPeerCertificate().subject.O))
      socket.destroy()
    })
    socket.once('error', reject)
  })

describe('with certificates asked for', () => {
  beforeAll(async () => {
    node = await start('ask')
  })
  afterAll(() => node?.stop())

  it('knows a listed one, whatever the order of its subject, and one by its fingerprint', async () => {
    expect((await curl(...as(clients.viewer))).told).toEqual({
      caller: 'certificate:VIEWER',
      rights: ['find', 'get'],
      levels: ['N', 'R'],
      tokenNeeded: false,
    })
    expect((await curl(...as(clients.pinned))).told).toMatchObject({ caller: 'certificate:PINNED', rights: ['status'] })
  })

  it.each(['unlisted', 'stranger', 'over', 'comma'] as const)('lets nobody in who is %s', async (who) => {
    expect((await curl(...as(clients[who]))).told).toMatchObject({ caller: 'anybody', rights: [] })
  })

  it('lets those without one say by a token who they are', async () => {
    expect((await curl()).told).toMatchObject({ caller: 'anybody' })
    expect((await curl('-H', 'Authorization: Bearer ariane_wrong')).head).toMatch(/^HTTP\/1.1 401 /)
  })

  it('tells browsers to stay with TLS', async () => {
    expect((await curl()).head).toMatch(/strict-transport-security: max-age=15552000/i)
  })

  it('speaks TLS 1.2 and 1.3 and nothing older, and no plain HTTP', async () => {
    expect((await curl('--tlsv1.2', '--tls-max', '1.2')).exitCode).toBe(0)
    expect((await curl('--tlsv1.3')).exitCode).toBe(0)
    expect((await curl('--tlsv1.0', '--tls-max', '1.1', '--ciphers', 'DEFAULT@SECLEVEL=0')).exitCode).toBe(35)
    expect((await rawHttp(node.webPort, 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n')).text).not.toContain('live')
  })

  it('takes a new certificate when the files change; connections go on', async () => {
    expect(await servedBy()).toBe('First')
    const socket = connect({ host: '127.0.0.1', port: node.webPort, servername: 'localhost', ca: readFileSync(at('hospital.pem')) })
    let answers = ''
    socket.on('data', (chunk: Buffer) => {
      answers += chunk.toString()
    })
    const ask = () => socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n')
    ask()
    await eventually('the first answer', () => answers.split('{"live":true}').length === 2)
    copyFileSync(at('second.pem'), at('web.pem'))
    copyFileSync(at('second.key'), at('web.key'))
    await eventually('the new certificate', async () => (await servedBy()) === 'Second', 15_000)
    ask()
    await eventually('the second answer on the same connection', () => answers.split('{"live":true}').length === 3)
    socket.destroy()
  })

  it('keeps the former one where the new one cannot be used, and says so', async () => {
    const replacedByOver = () => {
      for (const ending of ['pem', 'key']) copyFileSync(at(`over.${ending}`), at(`web.${ending}`))
    }
    const bad: [string, () => void][] = [
      ['another key', () => copyFileSync(at('first.pem'), at('web.pem'))],
      ['nonsense', () => writeFileSync(at('web.pem'), 'nonsense')],
      ['over', replacedByOver],
      ['gone', () => rmSync(at('web.key'))],
    ]
    for (const [, break_] of bad) {
      const told = () => node.log().match(/new certificate of the web cannot be used/g)?.length ?? 0
      const before = told()
      break_()
      node.process.kill('SIGHUP')
      await eventually('a line in the log', () => told() > before)
      expect(await servedBy()).toBe('Second')
    }
  })
})

describe('with certificates required', () => {
  beforeAll(async () => {
    node = await start('require')
  })
  afterAll(() => node?.stop())

  it('speaks with nobody who has no valid one', async () => {
    expect((await curl(...as(clients.viewer))).told).toMatchObject({ caller: 'certificate:VIEWER' })
    expect((await curl(...as(clients.unlisted))).told).toMatchObject({ caller: 'anybody' })
    for (const args of [[], as(clients.stranger), as(clients.over)]) expect((await curl(...args)).exitCode).toBeGreaterThan(0)
  })
})

describe('the cookie of a session under TLS', () => {
  beforeAll(async () => {
    node = await start('off')
  })
  afterAll(() => node?.stop())

  it('is sent by TLS only, to this host only', async () => {
    const { head } = await curl('-X', 'DELETE')
    expect(head).toMatch(/set-cookie: __Host-ariane_session=; Path=\/; Max-Age=0; HttpOnly; SameSite=Strict; Secure/i)
  })
})

describe('a start that would open the web to everybody', () => {
  const starting = (web: object) => startNode({ settings: { web } }).then((started) => started.stop())

  it('is refused without TLS, unless that is meant', async () => {
    await expect(starting({ host: '0.0.0.0' })).rejects.toThrow(/web.host: found 0.0.0.0.*expected web.tls.certificate.*web.allowPlain/)
    const meant = await startNode({ settings: { web: { host: '0.0.0.0', allowPlain: true } } })
    expect(meant.log()).toContain('the web is served without TLS to other machines')
    await meant.stop()
  })

  it('is refused with a certificate that cannot be used', async () => {
    const tls = { certificate: at('first.pem'), key: at('second.key') }
    await expect(starting({ tls })).rejects.toThrow(/web.tls: certificate, key or authorities cannot be used/)
    await expect(starting({ tls: { ...tls, key: at('nowhere.key') } })).rejects.toThrow(
      /web.tls.key: .*nowhere.key cannot be read \(ENOENT\)/,
    )
  })
})
