/** Requests to store that mean no good, or are cut off: an answer or a closed connection, nothing half, and the node goes on. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { ct, dataSetOffset, encode, part10, TAG, type TestDataSet, textOf } from '../support/data-sets.ts'
import { eventually, type NodeProcess, pause, startNode } from '../support/node-process.ts'
import { BOUNDARY, DICOM_PARTS, JSON_PARTS, multipart, rawRequest, requestHead, stow, stowFiles } from '../support/stow.ts'

const MIB = 1024 * 1024
const LARGEST = 8 * MIB
let node: NodeProcess

beforeAll(async () => {
  node = await startNode({
    settings: { unknownCallers: 'accept', storage: { maxInstanceBytes: LARGEST }, manifest: { quietSeconds: 3600 } },
  })
})
afterEach(async () => {
  await eventually('no draft left', () => node.files('drafts').length === 0)
  expect((await stowFiles(node, [part10(ct())])).status).toBe(200)
})
afterAll(() => node?.stop())

const instanceOf = (elements: TestDataSet) => textOf(elements, TAG.SOPInstanceUID)

function isKept(elements: TestDataSet): boolean {
  const wanted = createHash('sha256').update(encode(elements)).digest('hex')
  return node.files('instances').some((name) => {
    const bytes = readFileSync(join(node.storagePath, 'instances', name))
    return (
      createHash('sha256')
        .update(bytes.subarray(dataSetOffset(bytes)))
        .digest('hex') === wanted
    )
  })
}

const chunked = (bytes: Buffer | string): Buffer => {
  const body = Buffer.from(bytes)
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')])
}
const CHUNKED = [`Content-Type: ${DICOM_PARTS}`, 'Transfer-Encoding: chunked']

it('a body cut off: what was whole stays, the rest does not', async () => {
  const whole = [ct(), ct()]
  const half = ct({}, 200)
  const body = multipart([...whole, half].map((one) => ({ body: part10(one) })))
  const sent = body.subarray(0, body.length - 40_000)
  const head = requestHead(node, [`Content-Type: ${DICOM_PARTS}`, `Content-Length: ${body.length}`])
  await rawRequest(node, [head, sent], { end: 'cut' })
  await eventually('the whole ones are kept', () => whole.every(isKept))
  expect(isKept(half)).toBe(false)
  await eventually('the log says so', () => node.log().includes('request to store is broken'))
  expect(node.log()).not.toContain('request on the web failed')
})

it('a body that comes to a stand: what was whole stays, the sender is told, and nothing waits for the rest', async () => {
  const impatient = await startNode({ settings: { unknownCallers: 'accept', web: { timeouts: { readSeconds: 1 } } } })
  try {
    const [whole, half] = [ct(), ct({}, 200)]
    const body = multipart([whole, half].map((one) => ({ body: part10(one) })))
    const head = requestHead(impatient, [`Content-Type: ${DICOM_PARTS}`, `Content-Length: ${body.length}`])
    expect(await rawRequest(impatient, [head, body.subarray(0, body.length - 40_000)], { end: 'wait' })).toContain('408')
    await eventually('the log says so', () => impatient.log().includes('request to store is broken'))
    await eventually('no draft left', () => impatient.files('drafts').length === 0)
    expect([impatient.files('instances').length, impatient.log().includes('request on the web failed')]).toEqual([1, false])
  } finally {
    await impatient.stop()
  }
})

it('a body without its last delimiter: what was whole is told', async () => {
  const one = ct()
  const two = ct()
  const body = multipart([one, two].map((each) => ({ body: part10(each) }))).subarray(0, -BOUNDARY.length - 8)
  const result = await stow(node, body)
  expect([result.status, [...result.kept.keys()]]).toEqual([202, [instanceOf(one)]])
  expect(result.failed.get(instanceOf(two))).toBe(0xc000)
  expect(isKept(two)).toBe(false)
  const nothing = await stow(node, multipart([{ body: part10(two) }]).subarray(0, -BOUNDARY.length - 8))
  expect([nothing.status, nothing.detail]).toEqual([400, expect.stringContaining('ends in the middle')])
})

it('a part without end is stopped at the size of an instance', async () => {
  const one = ct()
  const start = multipart([{ body: part10(one) }, { body: part10(ct()) }]).subarray(0, -BOUNDARY.length - 8)
  function* endless() {
    yield requestHead(node, CHUNKED)
    yield chunked(start)
    for (const block = chunked(Buffer.alloc(256 * 1024, 7)); ; ) yield block
  }
  const began = Date.now()
  const answer = await rawRequest(node, endless(), { withinMs: 30_000 })
  expect(Date.now() - began).toBeLessThan(15_000)
  expect(answer).toMatch(/^HTTP\/1\.1 202 /)
  expect(answer).toContain(instanceOf(one))
  expect(isKept(one)).toBe(true)
}, 40_000)

it('a body without end is not read for ever where the request is refused', async () => {
  function* endless() {
    yield requestHead(node, ['Content-Type: text/plain', 'Transfer-Encoding: chunked'])
    for (const block = chunked(Buffer.alloc(256 * 1024, 7)); ; ) yield block
  }
  expect(await rawRequest(node, endless(), { withinMs: 30_000 })).toMatch(/^HTTP\/1\.1 415 /)
}, 40_000)

it('whoever wants the connection closed, sends on and reads late hears why it was refused', async () => {
  const pieces = [
    requestHead(node, ['Content-Type: text/plain', 'Transfer-Encoding: chunked', 'Connection: close']),
    ...Array.from({ length: 64 }, () => chunked(Buffer.alloc(64 * 1024, 7))),
    '0\r\n\r\n',
  ]
  expect(await rawRequest(node, pieces, { readAfterMs: 1000 })).toMatch(/^HTTP\/1\.1 415 /)
})

it('parts without number are stopped, and memory is bounded', async () => {
  const before = node.rssBytes()
  const tiny = Buffer.from(`--${BOUNDARY}\r\n\r\nx\r\n`)
  const many = Buffer.concat(Array.from({ length: 1000 }, () => tiny))
  function* pieces() {
    yield requestHead(node, [...CHUNKED, 'Connection: close'])
    for (let count = 0; count < 100; count++) yield chunked(many)
    yield chunked(`--${BOUNDARY}--\r\n`)
    yield '0\r\n\r\n'
  }
  const answer = await rawRequest(node, pieces(), { withinMs: 60_000 })
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toContain('more than 20000 parts')
  expect(node.rssBytes() - before).toBeLessThan(150 * MIB)
}, 60_000)

it.each([
  ['a header without end', [`--${BOUNDARY}\r\nX: `, ...Array.from({ length: 64 }, () => 'x'.repeat(1024))], 400, 'headers of a part'],
  ['headers without number', [`--${BOUNDARY}\r\n`, ...Array.from({ length: 200 }, () => 'X: 1\r\n')], 400, 'headers of a part'],
  ['a preamble without end', Array.from({ length: 100 }, () => 'x'.repeat(1024)), 400, 'does not begin with its boundary'],
  [
    'a part of meta information without end',
    [
      `--${BOUNDARY}\r\n\r\n`,
      Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]),
      ...Array.from({ length: 2000 }, () => Buffer.from([2, 0, 0, 1, 0x55, 0x4e, 0, 0, 0xff, 0xff, 0xff, 0x7f])),
      `\r\n--${BOUNDARY}--\r\n`,
    ],
    409,
    'meta information',
  ],
] as const)('%s is refused', async (_what, pieces, status, words) => {
  const answer = await rawRequest(node, [requestHead(node, [...CHUNKED, 'Connection: close']), ...pieces.map(chunked), '0\r\n\r\n'])
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(answer).toContain(words)
})

it('a data set that comes byte by byte is taken', async () => {
  const one = ct()
  const body = multipart([{ body: part10(one) }])
  const pieces = [...body].map((byte) => chunked(Buffer.from([byte])))
  const answer = await rawRequest(node, [requestHead(node, [...CHUNKED, 'Connection: close']), ...pieces, '0\r\n\r\n'])
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(isKept(one)).toBe(true)
})

it('data that holds the boundary in pieces and line ends of all kinds is kept as it is', async () => {
  const nasty = Buffer.from(`\r\n--${BOUNDARY.slice(0, -1)}\n--${BOUNDARY.slice(1)}\r\r\n\n--\r\n--${BOUNDARY}x\r\n---\r\n-`)
  const one = ct({ [TAG.PixelData]: ['OW', Buffer.concat([nasty, Buffer.alloc(nasty.length % 2)])] })
  for (const newLine of ['\r\n']) expect((await stow(node, multipart([{ body: part10(one) }], newLine))).status).toBe(200)
  expect(isKept(one)).toBe(true)
})

it('what follows the end is read past', async () => {
  const one = ct()
  const body = Buffer.concat([multipart([{ body: part10(one) }]), Buffer.alloc(3 * MIB, 0x41)])
  expect((await stow(node, body)).status).toBe(200)
})

it('multiparts in multiparts are parts that are no files', async () => {
  const inner = multipart([{ body: part10(ct()) }])
  const result = await stow(
    node,
    multipart([{ headers: ['Content-Type: multipart/related; boundary=x'], body: inner.toString('latin1').replaceAll(BOUNDARY, 'x') }]),
  )
  expect(result).toMatchObject({ status: 409, failed: new Map([['', 0xc000]]) })
})

it('metadata nested without end, or of what is no object, fails', async () => {
  const json = (body: string) => multipart([{ headers: ['Content-Type: application/dicom+json'], body }])
  const deep = `[${'{"00400275":{"vr":"SQ","Value":['.repeat(3000)}${']}}'.repeat(3000)}]`
  for (const [body, status] of [
    [deep, 409],
    ['[1, null, "x", []]', 409],
    ['"x"', 409],
    [`[${'['.repeat(500_000)}${']'.repeat(500_000)}]`, 409],
  ] as const) {
    const result = await stow(node, json(body), { type: JSON_PARTS })
    expect([400, status]).toContain(result.status)
  }
})

it('many at once, cut off at any place, leave nothing', async () => {
  const body = multipart([ct({}, 100), ct({}, 100)].map((one) => ({ body: part10(one) })))
  const head = requestHead(node, [`Content-Type: ${DICOM_PARTS}`, `Content-Length: ${body.length}`])
  await Promise.all(
    Array.from({ length: 30 }, (_, at) => rawRequest(node, [head, body.subarray(0, Math.floor((body.length * at) / 30))], { end: 'cut' })),
  )
  await pause(200)
  expect(node.isRunning()).toBe(true)
})
