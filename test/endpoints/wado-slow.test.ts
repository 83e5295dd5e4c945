/** Readers of WADO-RS that take their time, or go away: memory stays bounded, no file stays open, the node goes on. */
import { get, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CT_IMAGE, ct, EXPLICIT_LE, encode, TAG, testUid } from '../support/data-sets.ts'
import { largeInstance } from '../support/large-instance.ts'
import { eventually, type NodeProcess, pause, startNode } from '../support/node-process.ts'
import { openInstances } from '../support/open-files.ts'
import { sendFiles } from '../support/sender.ts'
import { ask, fileFacts, partsOf, sha256 } from '../support/web-parts.ts'

const MIB = 1024 * 1024
const STUDY = testUid()
const INSTANCES = 60
let node: NodeProcess
const digests: string[] = []

beforeAll(async () => {
  node = await startNode({ settings: { manifest: { quietSeconds: 3600, associationEndSeconds: 3600 } } })
  const series = testUid()
  const pixels = Buffer.alloc(2 * MIB, 7)
  const files = Array.from({ length: INSTANCES }, (_, index) => {
    const ids = { [TAG.StudyInstanceUID]: ['UI', STUDY], [TAG.SeriesInstanceUID]: ['UI', series] } as const
    const uid = testUid()
    const more = {
      [TAG.SOPInstanceUID]: ['UI', uid],
      [TAG.InstanceNumber]: ['IS', String(index)],
      [TAG.PixelData]: ['OW', pixels],
    } as const
    const dataSet = encode(ct({ ...ids, ...more }))
    digests.push(sha256(dataSet))
    return { name: uid, sopClassUid: CT_IMAGE, sopInstanceUid: uid, transferSyntaxUid: EXPLICIT_LE, dataSet }
  })
  await sendFiles(node, files)
}, 60_000)
afterAll(() => node?.stop())

const studyUrl = () => `${node.webUrl}/dicom-web/studies/${STUDY}`

function begin(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get(url, { agent: false }, resolve).once('error', reject))
}

it('120 MB to each of twenty readers that stop reading: memory of a few buffers each; those that go on get all of it', {
  timeout: 60_000,
}, async () => {
  await partsOf(await ask(studyUrl()))
  const before = node.rssBytes()
  const readers = await Promise.all(Array.from({ length: 20 }, () => begin(studyUrl())))
  for (const reader of readers) {
    reader.once('error', () => undefined)
    reader.pause()
  }
  await pause(1500)
  const grown = node.rssBytes() - before
  expect(grown, `grown by ${Math.round(grown / MIB)} MiB`).toBeLessThan(200 * MIB)
  const parts = await partsOf(await ask(studyUrl()))
  expect(parts.map(({ body }) => fileFacts(body).sha256).sort()).toEqual([...digests].sort())
  expect(openInstances(node.pid).length).toBeGreaterThan(0)
  for (const reader of readers) reader.destroy()
  await eventually('no file is left open', () => openInstances(node.pid).length === 0)
})

it('a request that is cut off at any time leaves nothing open', { timeout: 60_000 }, async () => {
  for (let turn = 0; turn < 30; turn++) {
    const request = get(studyUrl(), {
      agent: false,
      headers: turn % 2 === 0 ? {} : { Accept: 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2' },
    })
    request.once('error', () => undefined)
    request.once('response', (answer) => answer.once('error', () => undefined).resume())
    await pause(turn * 2)
    request.destroy()
  }
  await eventually('no file is left open', () => openInstances(node.pid).length === 0)
  expect((await ask(`${node.webUrl}/health/live`)).status).toBe(200)
  expect(await partsOf(await ask(studyUrl()))).toHaveLength(INSTANCES)
})

it('one frame of a file of 512 MiB costs one frame', { timeout: 60_000 }, async () => {
  const large = largeInstance(512 * MIB)
  const { connect } = await import('../../src/dimse/connect.ts')
  const { aeTitle } = await import('../../src/dicom/ae-title.ts')
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = large
  const association = await connect({
    host: '127.0.0.1',
    port: node.port,
    callingAeTitle: aeTitle('SENDER'),
    calledAeTitle: aeTitle(node.aeTitle),
    contexts: [{ abstractSyntax: sopClassUid, transferSyntaxes: [transferSyntaxUid] }],
    timeouts: { associateSeconds: 5, idleSeconds: 60, writeSeconds: 20, connectSeconds: 5, responseSeconds: 60 },
  })
  expect(await association.store({ sopClassUid, sopInstanceUid, transferSyntaxUid, open: () => large.open() })).toMatchObject({ status: 0 })
  await association.release()
  const [item] = (await (await ask(`${node.webUrl}/dicom-web/studies/${large.studyInstanceUid}/metadata`)).json()) as [
    Record<string, { BulkDataURI: string }>,
  ]
  const url = item['7FE00010']!.BulkDataURI.replace('/bulkdata/7FE00010', '/frames')
  const before = node.rssBytes()
  const begun = Date.now()
  const parts = await partsOf(await ask(`${url}/64,33`, 'multipart/related; type="image/jpeg"'))
  expect(parts.map(({ body }) => body.length)).toEqual([8 * MIB, 8 * MIB])
  expect(Date.now() - begun).toBeLessThan(3000)
  expect(node.rssBytes() - before).toBeLessThan(128 * MIB)
  expect((await ask(`${url}/65`)).status).toBe(404)
})
