/** `ariane manifest open` at a WADO-RS server that misbehaves: every answer ends in words, nothing half is kept, no token goes astray. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runAriane } from '../admin/run-ariane.ts'
import { type HostileServer, hostileServer, multipart } from '../dicomweb/hostile-server.ts'
import { CT_IMAGE, ct, part10, TAG, testUid } from '../support/data-sets.ts'
import { runCommand } from '../support/run-command.ts'
import { bareManifest, type Desk, desk, keptIn } from './open-material.ts'

const STUDY = testUid()
const SERIES = testUid()
const UIDS = [testUid(), testUid()]
const image = (uid: string, more: Parameters<typeof ct>[0] = {}) =>
  part10(ct({ [TAG.SOPInstanceUID]: ['UI', uid], [TAG.StudyInstanceUID]: ['UI', STUDY], [TAG.SeriesInstanceUID]: ['UI', SERIES], ...more }))
const FILES = UIDS.map((uid) => image(uid))

let server: HostileServer
let reader: Desk
let manifest: string
let folders = 0

beforeAll(async () => {
  server = await hostileServer()
  reader = await desk({
    aeTitle: 'READER',
    dicom: { timeouts: { responseSeconds: 2 } },
    storage: { path: './none', maxInstanceBytes: 1_048_576 },
  })
  manifest = reader.sub('manifest.dcm')
  const instances = UIDS.map((uid) => [CT_IMAGE, uid] as const)
  writeFileSync(manifest, bareManifest([{ study: STUDY, series: SERIES, url: server.url, instances }]))
})

beforeEach(() => {
  ;(server.asked as unknown[]).length = 0
})

afterAll(async () => {
  await server?.close()
  await reader?.remove()
})

const send = (response: ServerResponse, type: string, body: Buffer | string, status = 200) =>
  void response.writeHead(status, { 'Content-Type': type }).end(body)

async function opened(...options: string[]) {
  const folder = reader.sub(`kept-${++folders}`)
  const { run, series } = await reader.open(manifest, '--to', folder, ...options)
  const kept = keptIn(folder)
  expect(kept.length).toBe(series.received)
  expect(kept.filter((file) => file.includes('.part'))).toEqual([])
  return { run, series, why: series.ways[0]!.why, kept }
}

it('a right answer, and what was asked', async () => {
  const { type, body } = multipart(FILES)
  server.answer((_request, response) => send(response, type, body))
  const { run, series } = await opened()
  expect(series).toMatchObject({ received: 2, ways: [{ outcome: 'taken' }] })
  expect(run.exitCode).toBe(0)
  expect(server.asked[0]).toMatchObject({
    path: `/rs/studies/${STUDY}/series/${SERIES}`,
    headers: { accept: expect.stringContaining('transfer-syntax=*'), 'kos-sopinstanceuid': '2.25.77', 'accept-encoding': 'identity' },
  })
  expect(server.asked[0]!.headers.authorization).toBeUndefined()
})

it('one that does not know transfer-syntax=* is asked for what DRIMbox servers know, then for its choice', async () => {
  const { type, body } = multipart(FILES)
  server.answer((request, response) =>
    /transfer-syntax/.test(request.headers.accept ?? '') ? send(response, 'text/plain', 'no', 406) : send(response, type, body),
  )
  expect((await opened()).series.received).toBe(2)
  expect(server.asked.map((one) => one.headers.accept!.split(',').length)).toEqual([1, 10, 1])
})

it('one instance without multipart', async () => {
  server.answer((_request, response) => send(response, 'application/dicom', FILES[0]!))
  expect((await opened()).series).toMatchObject({ received: 1, missing: [UIDS[1]] })
})

describe('answers that are none', () => {
  it.each([
    [401, /401: a token is asked for/],
    [403, /403: we may not read/],
    [404, /404: not there/],
    [406, /406: it cannot be sent in a format/],
    [410, /410: not there any more/],
    [418, /418: not what was asked for/],
    [503, /503: the server is busy/],
    [204, /204: nothing to send/],
  ])('status %i', async (status, words) => {
    server.answer((_request, response) => void response.writeHead(status).end())
    const { run, why } = await opened()
    expect(why).toMatch(words)
    expect(run.exitCode).toBe(1)
  })

  const { type, body } = multipart(FILES)
  const half = multipart([FILES[0]!]).body
  it.each<[string, (response: ServerResponse) => void, RegExp, number]>([
    ['a page', (to) => send(to, 'text/html', '<html>'), /answers text\/html, not DICOM/, 0],
    ['no Content-Type', (to) => void to.writeHead(200).end('x'), /without Content-Type/, 0],
    ['no boundary', (to) => send(to, 'multipart/related', body), /boundary of the multipart body is not one/, 0],
    ['a boundary of 1 kB', (to) => send(to, `multipart/related; boundary=${'x'.repeat(1000)}`, body), /boundary/, 0],
    ['another boundary', (to) => send(to, 'multipart/related; boundary=other', body), /ends in the middle/, 0],
    ['an end after the first part', (to) => send(to, type, half.subarray(0, -20)), /ends in the middle/, 0],
    ['an end inside of the second part', (to) => send(to, type, body.subarray(0, -200)), /ends in the middle/, 1],
    ['part headers without end', (to) => send(to, type, `--b o u n d\r\nX: ${'y'.repeat(50_000)}`), /headers of a part are larger/, 0],
    [
      'parts that are pages',
      (to) => send(to, 'multipart/related; boundary=b', '--b\r\nContent-Type: text/html\r\n\r\nx\r\n--b--'),
      /part of the answer is text\/html/,
      0,
    ],
    [
      'nested multipart',
      (to) => send(to, 'multipart/related; boundary=b', '--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\nx\r\n--b--'),
      /multipart\/mixed/,
      0,
    ],
    [
      'base64',
      (to) => send(to, 'multipart/related; boundary=b', '--b\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--'),
      /encoded as base64/,
      0,
    ],
    [
      'gzip that was not asked for',
      (to) => void to.writeHead(200, { 'Content-Type': type, 'Content-Encoding': 'gzip' }).end('x'),
      /encoded as gzip/,
      0,
    ],
    ['headers of 100 kB', (to) => void to.writeHead(200, { 'X-Large': 'x'.repeat(100_000) }).end(), /header of the answer is larger/, 0],
  ])('%s', async (_what, answer, words, received) => {
    server.answer((_request, response) => answer(response))
    const { run, series, why } = await opened()
    expect(why).toMatch(words)
    expect(series.received).toBe(received)
    expect(run.exitCode).toBe(1)
  })

  it('no HTTP at all, and a connection that is cut', async () => {
    server.answerRaw('220 this is mail\r\n')
    expect((await opened()).why).toMatch(/not HTTP/)
    server.answer((request, response) => {
      response.writeHead(200, { 'Content-Type': type, 'Content-Length': String(body.length) })
      response.write(body.subarray(0, FILES[0]!.length + 300))
      setTimeout(() => request.socket.destroy(), 200)
    })
    const { series, why } = await opened()
    expect(why).toMatch(/cut/)
    expect(series.received).toBe(1)
  })

  it('silence, before and inside of the answer', async () => {
    server.answer(() => undefined)
    expect((await opened()).why).toMatch(/no answer within 2 s/)
    server.answer((_request, response) => void response.writeHead(200, { 'Content-Type': type }).write(body.subarray(0, 100)))
    expect((await opened()).why).toMatch(/nothing more came for 2 s/)
  })
})

describe('instances that are not those that were promised', () => {
  const answerWith = (files: readonly Buffer[]) => {
    const { type, body } = multipart(files)
    server.answer((_request, response) => send(response, type, body))
  }

  it('another study, another series, another class: told, and not kept', async () => {
    const otherClass: [string, string] = ['UI', '1.2.840.10008.5.1.4.1.1.4']
    const wrong: readonly (readonly [Buffer, RegExp])[] = [
      [image(UIDS[0]!, { [TAG.StudyInstanceUID]: ['UI', '1.2.3'] }), /came as one of study 1\.2\.3/],
      [image(UIDS[0]!, { [TAG.SeriesInstanceUID]: ['UI', '1.2.3'] }), /came as one of series 1\.2\.3/],
      [image(UIDS[0]!, { [TAG.SOPClassUID]: otherClass }), /came as SOP class 1\.2\.840\.10008\.5\.1\.4\.1\.1\.4, promised as/],
      [FILES[0]!.subarray(0, -4), /cannot be read/],
    ]
    for (const [file, words] of wrong) {
      answerWith([file, FILES[1]!])
      const { series } = await opened()
      expect(series.wrong).toEqual([{ sopInstanceUid: UIDS[0], problem: expect.stringMatching(words) }])
      expect(series.received).toBe(1)
    }
  })

  it('twice, in excess, and no DICOM', async () => {
    answerWith([...FILES, FILES[0]!, image(testUid()), Buffer.from('hello'), Buffer.alloc(0)])
    const { run, series } = await opened()
    expect(run.exitCode).toBe(0)
    expect(series).toMatchObject({ received: 2, duplicates: 1, excess: 3 })
  })

  it('a path as SOP Instance UID, and one that is larger than we take', async () => {
    answerWith([image('../../../../tmp/evil'), image(UIDS[1]!, { [TAG.PixelData]: ['OW', Buffer.alloc(2_000_000)] })])
    const { series, why } = await opened()
    expect(series.received).toBe(0)
    expect(why).toMatch(/larger than 1048576 bytes/)
  })
})

describe('where a token goes', () => {
  let token: string

  beforeAll(() => {
    token = reader.sub('token')
    writeFileSync(token, 'secret-token\n')
  })

  it('nowhere that only the manifest names; to a host that we name', async () => {
    server.answer((_request, response) => void response.writeHead(401).end())
    await opened('--token-file', token)
    expect(server.asked.at(-1)!.headers.authorization).toBeUndefined()
    const { run } = await opened('--token-file', token, '--token-host', '127.0.0.1')
    expect(server.asked.at(-1)!.headers.authorization).toBe('Bearer secret-token')
    expect(`${run.stdout}${run.stderr}`).not.toContain('secret-token')
  })

  it('a redirection to another host is not followed, one on the same host is', async () => {
    const other = await hostileServer()
    try {
      server.answer((_request, response) => void response.writeHead(302, { Location: `${other.url}/elsewhere` }).end())
      expect((await opened('--token-file', token, '--token-host', '127.0.0.1')).why).toMatch(/redirects to another host/)
      expect(other.asked).toEqual([])
      server.answer((_request, response) => void response.writeHead(302, { Location: 'http://localhost/' }).end())
      expect((await opened()).why).toMatch(/redirects to another host/)
      const { type, body } = multipart(FILES)
      server.answer((request, response) =>
        request.url === '/moved' ? send(response, type, body) : void response.writeHead(307, { Location: '/moved' }).end(),
      )
      expect((await opened()).series.received).toBe(2)
      server.answer((_request, response) => void response.writeHead(302, { Location: '/round' }).end())
      expect((await opened()).why).toMatch(/more than 5 times/)
    } finally {
      await other.close()
    }
  })

  it('a file that holds no token: exit code 2', async () => {
    writeFileSync(token, 'two words')
    expect(await reader.openInWords(manifest, '--token-file', token)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('no bearer token'),
    })
  })
})

it('a certificate that nobody vouches for is refused in words, unless NODE_EXTRA_CA_CERTS names who does', async () => {
  const [key, certificate] = [reader.sub('key.pem'), reader.sub('certificate.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const made = await runCommand('openssl', [
    'req',
    '-x509',
    '-nodes',
    '-newkey',
    'rsa:2048',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    certificate,
    ...names,
  ])
  expect(made.code).toBe(0)
  const { type, body } = multipart(FILES)
  const secure = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (_request, response) =>
    send(response, type, body),
  )
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve))
  try {
    const file = reader.sub('secure.dcm')
    const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/rs`
    writeFileSync(file, bareManifest([{ study: STUDY, series: SERIES, url, instances: UIDS.map((uid) => [CT_IMAGE, uid] as const) }]))
    const refused = await reader.open(file)
    expect(refused.series.ways[0]!.why).toMatch(/certificate is not trusted .*NODE_EXTRA_CA_CERTS/)
    const args = ['--config', reader.sub('reader.yaml'), 'manifest', 'open', file]
    const trusted = await runAriane(reader.folder, args, { NODE_EXTRA_CA_CERTS: certificate })
    expect(trusted.stdout).toContain('2 of 2 instances')
    expect(trusted.exitCode).toBe(0)
  } finally {
    secure.closeAllConnections()
    await new Promise((resolve) => secure.close(resolve))
  }
})
