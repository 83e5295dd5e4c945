/** WADO-RS of a real node: what is accepted, ranges, tags, frames, bulk data, the manifest's header, and what is wrong with requests. */
import { readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CT_IMAGE, ct, EXPLICIT_LE, encode, IMPLICIT_LE, TAG, testUid, US_MULTIFRAME, us } from '../support/data-sets.ts'
import { manifestVersion } from '../support/manifests.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { openInstances } from '../support/open-files.ts'
import { type SentFile, sendFiles } from '../support/sender.ts'
import { ask, fileFacts, partsOf, sha256 } from '../support/web-parts.ts'

const HEVC = '1.2.840.10008.1.2.4.107'
const DICOM = 'multipart/related; type="application/dicom"'
const [STUDY, SERIES, OTHER] = [testUid(), testUid(), testUid()]
const [PLAIN, IMPLICIT, CINE, VIDEO] = [testUid(), testUid(), testUid(), testUid()]
const FRAMES = Buffer.concat([1, 2, 3].map((value) => Buffer.alloc(64, value)))
const CURVE = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 251))

let node: NodeProcess
const sent = new Map<string, SentFile>()

function file(uid: string, syntax: string, series: string, elements: Parameters<typeof ct>[0], base = ct): SentFile {
  const ids = { [TAG.StudyInstanceUID]: ['UI', STUDY], [TAG.SeriesInstanceUID]: ['UI', series], [TAG.SOPInstanceUID]: ['UI', uid] } as const
  const elementsOf = base({ ...elements, ...ids })
  const sopClassUid = base === ct ? CT_IMAGE : US_MULTIFRAME
  const written = syntax === IMPLICIT_LE ? IMPLICIT_LE : EXPLICIT_LE
  const one = { name: uid, sopClassUid, sopInstanceUid: uid, transferSyntaxUid: syntax, dataSet: encode(elementsOf, written) }
  sent.set(uid, one)
  return one
}

beforeAll(async () => {
  node = await startNode()
  const waveform = new Map([[0x54001010, ['OW', CURVE] as const]])
  await sendFiles(node, [
    file(PLAIN, EXPLICIT_LE, SERIES, { 1409286400: ['SQ', [waveform]], 2625619: ['DS', '1.50\\-7'], 528528: ['LO', ''] }, ct),
    file(IMPLICIT, IMPLICIT_LE, SERIES, {}),
    file(CINE, EXPLICIT_LE, SERIES, { [TAG.PixelData]: ['OB', FRAMES] }, (overrides) => us(3, overrides)),
    file(VIDEO, HEVC, OTHER, {}),
  ])
}, 60_000)
afterAll(() => node?.stop())

const seriesUrl = (series = SERIES) => `${node.webUrl}/dicom-web/studies/${STUDY}/series/${series}`
const url = (uid: string, more = '', series = SERIES) => `${seriesUrl(series)}/instances/${uid}${more}`
const refusal = async (answer: Response) => [answer.status, ((await answer.json()) as { detail: string }).detail]

describe('transfer syntaxes', () => {
  it('as stored without a wish, and for any wish that takes it', async () => {
    for (const accept of [
      undefined,
      '*/*',
      DICOM,
      `${DICOM}; transfer-syntax=*`,
      'multipart/related;type=application/dicom',
      'multipart/related',
    ]) {
      const parts = await partsOf(await ask(seriesUrl(), accept))
      expect(new Map(parts.map(({ body }) => [fileFacts(body).uid, fileFacts(body).sha256]))).toEqual(
        new Map([PLAIN, IMPLICIT, CINE].map((uid) => [uid, sha256(sent.get(uid)!.dataSet)])),
      )
    }
  })

  it('each instance as it is accepted best; what only is accepted otherwise is converted', async () => {
    const accept = `${DICOM}; transfer-syntax=${IMPLICIT_LE}; q=0.5, ${DICOM}; transfer-syntax=${EXPLICIT_LE}; q=0.9`
    const syntaxes = (await partsOf(await ask(seriesUrl(), accept))).map(({ body }) => fileFacts(body).syntax)
    expect(syntaxes).toEqual([EXPLICIT_LE, EXPLICIT_LE, EXPLICIT_LE])
    const equal = accept.replace('0.5', '0.9')
    const asStored = (await partsOf(await ask(seriesUrl(), equal))).map(({ body }) => fileFacts(body).syntax)
    expect(asStored.sort()).toEqual([IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_LE].sort())
  })

  it('206 and a warning where something has to be left out, 406 with what is possible where everything', async () => {
    const accept = `${DICOM}; transfer-syntax=${EXPLICIT_LE}`
    const some = await ask(`${node.webUrl}/dicom-web/studies/${STUDY}`, accept)
    expect([some.status, some.headers.get('warning')]).toEqual([
      206,
      `299 ariane "1 of 4 instances are left out: stored as ${HEVC}, which is not accepted and cannot be converted"`,
    ])
    expect(await partsOf(some)).toHaveLength(3)
    expect(await refusal(await ask(url(VIDEO, '', OTHER), accept))).toEqual([
      406,
      expect.stringContaining(
        `possible: multipart/related; type="application/dicom"; transfer-syntax=*, multipart/related; type="application/dicom"; transfer-syntax=${HEVC}`,
      ),
    ])
    expect((await ask(seriesUrl(), 'image/jpeg')).status).toBe(406)
    expect((await ask(seriesUrl(), 'application/dicom')).status).toBe(406)
  })

  it('accept as a query parameter goes before the header', async () => {
    const answer = await ask(`${url(PLAIN)}?accept=${encodeURIComponent('application/dicom; transfer-syntax=*')}`, 'text/html')
    expect(fileFacts(Buffer.from(await answer.arrayBuffer())).uid).toBe(PLAIN)
    const json = await ask(`${url(PLAIN)}/metadata?accept=application/dicom+json`, 'text/html')
    expect([json.status, json.headers.get('content-type')]).toEqual([200, 'application/dicom+json'])
  })

  it('weight 0 is not taken', async () => {
    expect((await ask(url(PLAIN), `${DICOM};q=0, application/dicom;q=0`)).status).toBe(406)
    const answer = await ask(
      url(IMPLICIT),
      `application/dicom; transfer-syntax=*, application/dicom; transfer-syntax=${IMPLICIT_LE}; q=0, ${DICOM}; q=0.1`,
    )
    expect(answer.headers.get('content-type')).toContain('multipart/related')
  })
})

describe('one instance without multipart', () => {
  const plain = (headers = {}) => ask(url(PLAIN), 'application/dicom', headers)

  it('has a tag, and need not be sent twice', async () => {
    const etag = (await plain()).headers.get('etag')!
    expect(etag).toMatch(/^"[0-9a-f]{64}-[0-9.]+"$/)
    const again = await plain({ 'If-None-Match': `"other", ${etag}` })
    expect([again.status, await again.text()]).toEqual([304, ''])
    expect((await plain({ 'If-None-Match': '"other"' })).status).toBe(200)
  })

  it('by ranges', async () => {
    const whole = Buffer.from(await (await plain()).arrayBuffer())
    const etag = (await plain()).headers.get('etag')!
    for (const [range, from, to] of [
      ['bytes=0-99', 0, 100],
      ['bytes=300-', 300, whole.length],
      ['bytes=-10', whole.length - 10, whole.length],
      ['bytes=10-9999999', 10, whole.length],
    ] as const) {
      const answer = await plain({ Range: range })
      expect([answer.status, answer.headers.get('content-range')]).toEqual([206, `bytes ${from}-${to - 1}/${whole.length}`])
      expect(Buffer.from(await answer.arrayBuffer()).equals(whole.subarray(from, to))).toBe(true)
    }
    expect((await plain({ Range: 'bytes=0-1', 'If-Range': etag })).status).toBe(206)
    expect((await plain({ Range: 'bytes=0-1', 'If-Range': '"other"' })).status).toBe(200)
    expect((await plain({ Range: 'bytes=0-1,4-5' })).status).toBe(200)
    expect(await refusal(await plain({ Range: 'bytes=-' }))).toEqual([400, 'Range is "bytes=-", expected one like "bytes=0-1023"'])
    const beyond = await plain({ Range: `bytes=${whole.length}-` })
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${whole.length}`])
  })

  it('HEAD says the same, and sends nothing', async () => {
    const got = await plain()
    const head = await fetch(url(PLAIN), { method: 'HEAD', headers: { Accept: 'application/dicom' } })
    for (const name of ['content-type', 'content-length', 'etag', 'accept-ranges'])
      expect(head.headers.get(name), name).toBe(got.headers.get(name))
    expect([head.status, (await head.arrayBuffer()).byteLength]).toEqual([200, 0])
    const many = await fetch(seriesUrl(), { method: 'HEAD' })
    expect([many.status, many.headers.get('content-type')]).toEqual([200, expect.stringContaining('multipart/related')])
  })
})

describe('frames', () => {
  it('in the order asked for, each with its address', async () => {
    const parts = await partsOf(await ask(url(CINE, '/frames/3,1'), 'multipart/related; type="application/octet-stream"'))
    expect(parts.map(({ body }) => [body.length, body[0]])).toEqual([
      [64, 3],
      [64, 1],
    ])
    expect(parts[0]!.headers).toEqual({
      'content-type': `application/octet-stream; transfer-syntax=${EXPLICIT_LE}`,
      'content-location': url(CINE, '/frames/3'),
    })
    const single = await ask(url(CINE, '/frames/2'), 'application/octet-stream')
    expect(Buffer.from(await single.arrayBuffer()).equals(FRAMES.subarray(64, 128))).toBe(true)
  })

  it.each([
    ['4', 404, 'frame 4 is asked for, there are 3'],
    ['0', 400, 'frames: found "0", expected different numbers from 1 with commas between them'],
    ['1,1', 400, 'frames: found "1,1", expected'],
    ['one', 400, 'frames: found "one", expected'],
    ['1,', 400, 'frames: found "1,", expected'],
    ['-1', 400, 'frames: found "-1", expected'],
  ])('%s: %i', async (list, status, words) => {
    expect(await refusal(await ask(url(CINE, `/frames/${list}`), '*/*'))).toEqual([status, expect.stringContaining(words)])
  })

  it('a long list is no matter', async () => {
    const list = Array.from({ length: 900 }, (_, index) => index + 1).join(',')
    expect((await refusal(await ask(url(CINE, `/frames/${list}`))))[1]).toBe('frame 4 is asked for, there are 3')
  })

  it('406 for what they are not', async () => {
    expect(await refusal(await ask(url(CINE, '/frames/1'), 'image/jpeg'))).toEqual([
      406,
      expect.stringContaining('type="application/octet-stream"'),
    ])
  })
})

describe('metadata and bulk data', () => {
  const metadata = async (uid: string) =>
    ((await (await ask(url(uid, '/metadata'))).json()) as Record<string, { vr: string; Value?: unknown[]; BulkDataURI?: string }>[])[0]!

  it('numbers, empty values, and addresses that lead to the bytes', async () => {
    const item = await metadata(PLAIN)
    expect([item['00281053'], item['00081090'], item['00100010']]).toEqual([
      { vr: 'DS', Value: [1.5, -7] },
      { vr: 'LO' },
      { vr: 'PN', Value: [{ Alphabetic: 'Hostile^Test' }] },
    ])
    const [waveform] = item['54000100']!.Value as [Record<string, { BulkDataURI: string }>]
    const address = waveform['54001010']!.BulkDataURI
    expect(address).toBe(url(PLAIN, '/bulkdata/54000100/1/54001010'))
    const bulk = await ask(address, 'application/octet-stream')
    expect(Buffer.from(await bulk.arrayBuffer()).equals(CURVE)).toBe(true)
    const range = await ask(address, 'application/octet-stream', { Range: 'bytes=100-199' })
    expect([range.status, Buffer.from(await range.arrayBuffer()).equals(CURVE.subarray(100, 200))]).toEqual([206, true])
    const [part] = await partsOf(await ask(address, 'multipart/related; type="application/octet-stream"'))
    expect([part!.body.equals(CURVE), part!.headers['content-location']]).toEqual([true, address])
    const [pixels] = await partsOf(await ask(url(CINE, '/bulkdata/7fe00010'), 'multipart/related'))
    expect(pixels!.headers['content-location']).toBe((await metadata(CINE))['7FE00010']!.BulkDataURI)
  })

  it('pixel data by their address', async () => {
    const answer = await ask((await metadata(CINE))['7FE00010']!.BulkDataURI!, 'application/octet-stream')
    expect(Buffer.from(await answer.arrayBuffer()).equals(FRAMES)).toBe(true)
  })

  it.each([
    ['/bulkdata/nonsense', 400],
    ['/bulkdata/7FE00010/1', 400],
    ['/bulkdata/00100010', 404],
    ['/bulkdata/54000100/2/54001010', 404],
    ['/bulkdata/54000100', 404],
    ['/bulkdata/00090010', 404],
  ])('%s: %i', async (more, status) => expect((await ask(url(PLAIN, more))).status).toBe(status))

  it('of a study: an array, and not twice', async () => {
    const study = `${node.webUrl}/dicom-web/studies/${STUDY}/metadata`
    const answer = await ask(study)
    expect(((await answer.json()) as unknown[]).length).toBe(4)
    expect((await ask(study, undefined, { 'If-None-Match': answer.headers.get('etag')! })).status).toBe(304)
    expect((await ask(study, 'application/dicom+xml')).status).toBe(406)
  })
})

describe('what is not there, and what is wrong', () => {
  it.each([
    ['/studies/1.2.3', 404],
    [`/studies/${STUDY}/series/1.2.3`, 404],
    [`/studies/${STUDY}/series/${OTHER}/instances/${PLAIN}`, 404],
    ['/studies/not-a-uid', 400],
    [`/studies/${'1.'.repeat(40)}1`, 400],
    [`/studies/${STUDY}/series/..%2f..%2fetc/metadata`, 400],
  ])('%s: %i', async (path, status) => expect((await ask(`${node.webUrl}/dicom-web${path}`)).status).toBe(status))

  it('an Accept that names nothing', async () => {
    expect(await refusal(await ask(seriesUrl(), 'nonsense'))).toEqual([
      406,
      'Accept names no media type: found "nonsense", expected one like "application/dicom"',
    ])
  })
})

describe('the header KOS-SOPInstanceUID', () => {
  const NAME = 'KOS-SOPInstanceUID'

  it('names a manifest in force that refers to what is asked, or nothing comes', async () => {
    const manifest = fileFacts(readFileSync(await manifestVersion(node, STUDY, 1))).uid
    expect((await ask(seriesUrl(), DICOM, { [NAME]: manifest })).status).toBe(200)
    expect((await ask(url(PLAIN, '/metadata'), undefined, { [NAME]: manifest })).status).toBe(200)
    expect((await ask(`${node.webUrl}/dicom-web/studies/1.2.3`, DICOM, { [NAME]: manifest })).status).toBe(404)
    expect(await refusal(await ask(seriesUrl(), DICOM, { [NAME]: '1.2.3' }))).toEqual([
      404,
      `${NAME} names no manifest that is in force here`,
    ])
    expect((await ask(seriesUrl(), DICOM, { [NAME]: PLAIN })).status).toBe(404)
    expect((await ask(seriesUrl(), DICOM, { [NAME]: 'x' })).status).toBe(400)
  })

  it('the manifest itself is had by its UIDs, as by C-GET, and not with its study', async () => {
    const { dataSet, sha256: digest, uid } = fileFacts(readFileSync(await manifestVersion(node, STUDY, 1)))
    const series = /\x0e\x00UI..([0-9.]+)/s.exec(dataSet.toString('latin1'))![1]!
    const answer = await ask(`${seriesUrl(series)}/instances/${uid}`, 'application/dicom')
    expect(fileFacts(Buffer.from(await answer.arrayBuffer())).sha256).toBe(digest)
    const [item] = (await (await ask(`${seriesUrl(series)}/metadata`)).json()) as [Record<string, { Value: unknown[] }>]
    expect(item['0040A375']!.Value).toHaveLength(1)
  })
})

it('says what can be done', async () => {
  for (const method of ['GET', 'OPTIONS']) {
    const answer = await fetch(`${node.webUrl}/dicom-web/`, { method })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/vnd.sun.wadl+xml'])
    expect(await answer.text()).toContain('<resource path="studies/{study}/series/{series}/instances/{instance}/frames/{frames}">')
  }
  expect((await ask(`${node.webUrl}/dicom-web/`, 'image/png')).status).toBe(406)
})

it('a file that has become shorter is told, cuts an answer that has begun, is left out of the next ones, and comes again when it was sent again', async () => {
  const [first, second, third, series] = [testUid(), testUid(), testUid(), testUid()]
  const large = { [TAG.PixelData]: ['OW', Buffer.alloc(2 * 1024 * 1024, 5)] } as const
  const files = [first, second, third].map((uid, index) =>
    file(uid, EXPLICIT_LE, series, { ...large, [TAG.InstanceNumber]: ['IS', String(index + 1)] }),
  )
  await sendFiles(node, files)
  const path = node
    .files('instances')
    .map((name) => join(node.storagePath, 'instances', name))
    .find((one) => fileFacts(readFileSync(one)).uid === second)!
  truncateSync(path, 100_000)
  const broken = await ask(seriesUrl(series))
  expect(broken.status).toBe(200)
  await expect(partsOf(broken)).rejects.toThrow()
  const words = '299 ariane "1 of 3 instances are left out: their files cannot be read"'
  const without = await ask(seriesUrl(series))
  expect([without.status, without.headers.get('warning'), (await partsOf(without)).length]).toEqual([206, words, 2])
  expect(without.headers.get('etag')).not.toBe(broken.headers.get('etag'))
  const metadata = await ask(`${seriesUrl(series)}/metadata`)
  expect([metadata.status, metadata.headers.get('warning'), ((await metadata.json()) as unknown[]).length]).toEqual([206, words, 2])
  expect(await refusal(await ask(url(second, '', series), 'application/dicom'))).toEqual([500, 'the stored file cannot be read'])
  expect(await refusal(await ask(url(second, '/frames/1', series)))).toEqual([500, 'the stored file cannot be read'])
  await sendFiles(node, files.slice(1, 2))
  const whole = await ask(seriesUrl(series))
  expect([whole.status, whole.headers.get('warning'), (await partsOf(whole)).length]).toEqual([200, null, 3])
  await eventually('no file is left open', () => openInstances(node.pid).length === 0)
})
