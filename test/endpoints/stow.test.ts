/** STOW-RS of a real node: what is kept and what is answered, as by C-STORE. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ct,
  dataSetOffset,
  EXPLICIT_BE,
  encode,
  IMPLICIT_LE,
  part10,
  TAG,
  type TestDataSet,
  testUid,
  textOf,
  us,
} from '../support/data-sets.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { JSON_PARTS, multipart, stow, stowFiles } from '../support/stow.ts'

let node: NodeProcess

beforeAll(async () => {
  node = await startNode({
    settings: {
      unknownCallers: 'accept',
      storage: { maxInstanceBytes: 2 * 1024 * 1024 },
      manifest: { quietSeconds: 3600, associationEndSeconds: 1 },
      confidentiality: { rules: [{ sender: 'local', attribute: 'PatientID', value: 'SECRET', level: 'R' }] },
    },
  })
})
afterAll(() => node?.stop())

const instanceOf = (elements: TestDataSet) => textOf(elements, TAG.SOPInstanceUID)
const studyOf = (elements: TestDataSet) => textOf(elements, TAG.StudyInstanceUID)
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Digests of the data sets of all files that the node has. */
function keptDigests(): Set<string> {
  const files = node.files('instances').map((name) => readFileSync(join(node.storagePath, 'instances', name)))
  return new Set(files.map((bytes) => sha256(bytes.subarray(dataSetOffset(bytes)))))
}

describe('DICOM files', () => {
  it('are kept as they came, and told with their addresses', async () => {
    const study = testUid()
    const instances = [1, 2, 3].map((number) => ct({ [TAG.StudyInstanceUID]: ['UI', study], [TAG.InstanceNumber]: ['IS', String(number)] }))
    const result = await stowFiles(
      node,
      instances.map((one) => part10(one)),
    )
    expect(result).toMatchObject({ status: 200, study: `${node.webUrl}/dicom-web/studies/${study}`, failed: new Map() })
    expect([...result.kept]).toEqual(instances.map((one) => [instanceOf(one), 0]))
    const series = textOf(instances[0]!, TAG.SeriesInstanceUID)
    expect(result.urls[0]).toBe(`${node.webUrl}/dicom-web/studies/${study}/series/${series}/instances/${instanceOf(instances[0]!)}`)
    for (const one of instances) expect(keptDigests()).toContain(sha256(encode(one)))
    expect(node.files('drafts')).toEqual([])
  })

  it('are kept in the transfer syntax that they have', async () => {
    for (const syntax of [IMPLICIT_LE, EXPLICIT_BE]) {
      const one = ct()
      expect((await stowFiles(node, [part10(one, syntax)])).status).toBe(200)
      expect(keptDigests()).toContain(sha256(encode(one, syntax)))
    }
  })

  it('are taken from several studies, from none in particular', async () => {
    const instances = [ct(), ct()]
    const result = await stowFiles(
      node,
      instances.map((one) => part10(one)),
    )
    expect([result.status, result.study, result.kept.size]).toEqual([200, undefined, 2])
  })

  it('may come alone, without multipart, and with types as clients write them', async () => {
    for (const type of [
      'application/dicom',
      'multipart/related; type=application/dicom; boundary=a-boundary',
      'multipart/related;boundary="a-boundary";type="application/dicom"',
      'Multipart/Related; boundary=a-boundary',
    ]) {
      const one = ct()
      const body = type === 'application/dicom' ? part10(one) : multipart([{ body: part10(one) }])
      expect(await stow(node, body, { type })).toMatchObject({ status: 200, kept: new Map([[instanceOf(one), 0]]) })
    }
  })

  it('may have parts without headers, lines that end in LF, and a transfer syntax in their type', async () => {
    const one = ct()
    const two = ct()
    const three = ct()
    const parts = [
      { headers: [], body: part10(one) },
      {
        headers: ['content-type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1', 'Content-Transfer-Encoding: binary'],
        body: part10(two),
      },
    ]
    expect((await stow(node, multipart(parts))).kept.size).toBe(2)
    expect((await stow(node, multipart([{ body: part10(three) }], '\n'))).kept.size).toBe(1)
    expect(keptDigests()).toContain(sha256(encode(three)))
  })

  it('larger than the limit of other bodies are streamed', async () => {
    const one = ct({}, 900)
    expect(part10(one).length).toBeGreaterThan(1_600_000)
    expect((await stowFiles(node, [part10(one)])).status).toBe(200)
    expect(keptDigests()).toContain(sha256(encode(one)))
  })

  it('of another study than that of the address fail, A900', async () => {
    const one = ct()
    const other = ct()
    const result = await stowFiles(node, [part10(one), part10(other)], `/${studyOf(one)}`)
    expect(result).toMatchObject({ status: 202, kept: new Map([[instanceOf(one), 0]]), failed: new Map([[instanceOf(other), 0xa900]]) })
    expect(result.comments).toEqual(['Study Instance UID differs from that of the address'])
    expect(await stowFiles(node, [part10(ct())], `/${testUid()}`)).toMatchObject({ status: 409 })
    expect((await stowFiles(node, [part10(one)], '/no-uid')).status).toBe(400)
  })

  it('fail for the reasons of C-STORE, beside others that are kept', async () => {
    const good = ct()
    const sent = ct()
    const changed = new Map(sent).set(TAG.PatientID, ['LO', 'OTHER'])
    expect((await stowFiles(node, [part10(sent)])).status).toBe(200)
    const unknown = ct({ [TAG.SOPClassUID]: ['UI', '1.2.3.4.5'] })
    const noStudy = ct({ [TAG.StudyInstanceUID]: undefined })
    const meta = ct()
    const mismatch = Buffer.concat([part10(meta).subarray(0, dataSetOffset(part10(meta))), encode(ct())])
    const broken = Buffer.concat([part10(ct()).subarray(0, -40), Buffer.alloc(20, 0xff)])
    const large = part10(ct({}, 1100))
    const parts = [
      part10(good),
      part10(changed),
      part10(unknown),
      part10(noStudy),
      mismatch,
      encode(ct()),
      Buffer.from('nonsense'),
      Buffer.alloc(0),
    ]
    const result = await stow(
      node,
      multipart([...parts.map((body) => ({ body })), { headers: ['Content-Type: image/jpeg'], body: part10(ct()) }]),
    )
    expect(result.status).toBe(202)
    expect([...result.kept]).toEqual([
      [instanceOf(good), 0],
      [instanceOf(sent), 0xb000],
    ])
    expect(result.failed.get(instanceOf(unknown))).toBe(0x0122)
    expect(result.failed.get(instanceOf(noStudy))).toBe(0xc001)
    expect(result.failed.get(instanceOf(meta))).toBe(0xa900)
    expect(result.failed.get('')).toBe(0xc000)
    expect(result.comments.join('\n')).toContain('no preamble')
    expect((await stowFiles(node, [part10(unknown)])).status).toBe(409)
    expect((await stowFiles(node, [broken])).status).toBe(409)
    expect(await stowFiles(node, [large])).toMatchObject({ status: 413 })
    expect(node.files('drafts')).toEqual([])
  })

  it('that are here already are kept', async () => {
    const one = part10(ct())
    expect((await stowFiles(node, [one])).status).toBe(200)
    expect((await stowFiles(node, [one, one])).status).toBe(200)
  })

  it('make a manifest soon after the end of their request', async () => {
    const one = ct()
    expect((await stowFiles(node, [part10(one)])).status).toBe(200)
    const manifests = async () => {
      const answer = await fetch(`${node.webUrl}/dicom-web/studies/${studyOf(one)}/series?Modality=KO`)
      return ((await answer.json()) as unknown[]).length
    }
    await eventually('a manifest', async () => (await manifests()) === 1, 15_000)
  }, 20_000)

  it('are judged by the rules for the caller, and not shown to whom they are not meant for', async () => {
    const one = ct({ [TAG.PatientID]: ['LO', 'SECRET'] })
    expect((await stowFiles(node, [part10(one)])).status).toBe(200)
    const answer = await fetch(`${node.webUrl}/dicom-web/studies?StudyInstanceUID=${studyOf(one)}`)
    expect(await answer.json()).toEqual([])
  })
})

it('where there is no room the sender is told to come back, and nothing is left', async () => {
  const full = await startNode({ settings: { unknownCallers: 'accept', storage: { reserveBytes: 2 ** 40 } } })
  try {
    const answer = await fetch(`${full.webUrl}/dicom-web/studies`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/dicom' },
      body: part10(ct()) as never,
    })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60'])
    expect(await answer.json()).toMatchObject({ '00081198': { Value: [{ '00081197': { vr: 'US', Value: [0xa700] } }] } })
    expect([...full.files('drafts'), ...full.files('instances')]).toEqual([])
  } finally {
    await full.stop()
  }
})

describe('a request is refused', () => {
  it.each([
    ['of another type', 'application/json', 415, /multipart\/related/],
    ['of XML', 'multipart/related; type="application/dicom+xml"; boundary=a-boundary', 415, /multipart\/related/],
    ['without a boundary', 'multipart/related; type="application/dicom"', 400, /no boundary/],
    ['with a boundary that is none', `multipart/related; type="application/dicom"; boundary="${'x'.repeat(201)}"`, 400, /boundary/],
    ['with another boundary', 'multipart/related; type="application/dicom"; boundary=other', 400, /in the middle|begin/],
  ])('%s', async (_what, type, status, words) => {
    const result = await stow(node, multipart([{ body: part10(ct()) }]), { type })
    expect([result.status, result.detail]).toEqual([status, expect.stringMatching(words)])
  })

  it('that is compressed, or whose answer is not wanted as JSON, or that is empty', async () => {
    const body = multipart([{ body: part10(ct()) }])
    expect((await stow(node, body, { headers: { 'Content-Encoding': 'gzip' } })).status).toBe(415)
    expect((await stow(node, body, { headers: { Accept: 'application/dicom+xml' } })).status).toBe(406)
    expect((await stow(node, multipart([]))).status).toBe(400)
    expect((await stow(node, Buffer.alloc(0))).status).toBeGreaterThanOrEqual(400)
  })
})

describe('metadata with bulk data', () => {
  const ATTRIBUTES = {
    '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.2'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Müller^Zoé', Ideographic: '山田^太郎' }] },
    '00100020': { vr: 'LO', Value: ['JSON-1'] },
    '00020010': { vr: 'UI', Value: ['1.2.840.10008.1.2.1'] },
    '00280010': { vr: 'US', Value: [2] },
    '00280011': { vr: 'US', Value: [2] },
    '00180050': { vr: 'DS', Value: [2.5] },
    '00189087': { vr: 'FD', Value: [1.25] },
    '00400275': { vr: 'SQ', Value: [{ '00400009': { vr: 'SH', Value: ['STEP'] } }, null] },
    '00091001': { vr: 'OB', InlineBinary: 'AQIDBA==' },
    '00090010': { vr: 'LO', Value: ['OURS'] },
    '00081030': { vr: 'LO' },
  }
  const pixels = Buffer.from([1, 0, 2, 0, 3, 0, 4, 0])

  function metadata(more: Record<string, unknown> = {}) {
    const sop = testUid()
    const study = testUid()
    const item = {
      ...ATTRIBUTES,
      '00080018': { vr: 'UI', Value: [sop] },
      '0020000D': { vr: 'UI', Value: [study] },
      '0020000E': { vr: 'UI', Value: [testUid()] },
      '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/1' },
      ...more,
    }
    return { sop, study, item }
  }

  const json = (items: unknown) => ({ headers: ['Content-Type: application/dicom+json'], body: JSON.stringify(items) })
  const bulk = (body: Buffer, location = 'bulk/1', type = 'application/octet-stream') => ({
    headers: [`Content-Type: ${type}`, `Content-Location: ${location}`],
    body,
  })
  const fileOf = (sop: string): Buffer => {
    const files = node.files('instances').map((name) => readFileSync(join(node.storagePath, 'instances', name)))
    return files.find((bytes) => bytes.includes(sop))!
  }

  it('becomes an instance with every value', async () => {
    const { sop, study, item } = metadata()
    const result = await stow(node, multipart([json([item]), bulk(pixels)]), { type: JSON_PARTS })
    expect(result).toMatchObject({ status: 200, kept: new Map([[sop, 0]]) })
    const file = fileOf(sop)
    const data = file.subarray(dataSetOffset(file))
    expect(data.includes(Buffer.from('Müller^Zoé=山田^太郎'))).toBe(true)
    expect(data.includes(Buffer.concat([Buffer.from([0xe0, 0x7f, 0x10, 0, 0x4f, 0x57, 0, 0, 8, 0, 0, 0]), pixels]))).toBe(true)
    expect(data.includes(Buffer.from([9, 0, 1, 0x10, 0x4f, 0x42, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4]))).toBe(true)
    const answer = await fetch(`${node.webUrl}/dicom-web/studies/${study}/instances?includefield=00180050,00189087,00400275,00100010`)
    const [found] = (await answer.json()) as Record<string, { Value: unknown[] }>[]
    expect(found!['00180050']!.Value).toEqual([2.5])
    expect(found!['00189087']!.Value).toEqual([1.25])
    expect(found!['00400275']!.Value[0]).toMatchObject({ '00400009': { Value: ['STEP'] } })
    expect(found!['00100010']!.Value).toEqual([{ Alphabetic: 'Müller^Zoé', Ideographic: '山田^太郎' }])
  })

  it('keeps compressed pixel data as fragments of the syntax that it says, or that its JPEG is of', async () => {
    const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 2, 0, 2, 1, 1, 0x11, 0, 0xff, 0xd9])
    const cases = [
      ['image/jpeg', '1.2.840.10008.1.2.4.50', jpeg],
      ['image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.51', jpeg],
      ['image/jp2; transfer-syntax="1.2.840.10008.1.2.4.90"', '1.2.840.10008.1.2.4.90', Buffer.from('codestream')],
    ] as const
    for (const [type, syntax, bytes] of cases) {
      const { sop, item } = metadata()
      expect((await stow(node, multipart([json([item]), bulk(bytes, 'bulk/1', type)]), { type: JSON_PARTS })).status).toBe(200)
      const file = fileOf(sop)
      expect(file.includes(syntax)).toBe(true)
      const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)])
      const length = Buffer.alloc(4)
      length.writeUInt32LE(even.length)
      const start = [0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0, 0xe0]
      expect(file.includes(Buffer.concat([Buffer.from(start), length, even, Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])]))).toBe(true)
    }
  })

  it('keeps frames that come one by one', async () => {
    const { sop, item } = metadata({ '00280008': { vr: 'IS', Value: [2] } })
    const type = 'image/jls; transfer-syntax=1.2.840.10008.1.2.4.80'
    const frames = [bulk(Buffer.from('frame2'), 'bulk/1/frames/2', type), bulk(Buffer.from('frame1'), 'bulk/1/frames/1', type)]
    expect((await stow(node, multipart([json([item]), ...frames]), { type: JSON_PARTS })).status).toBe(200)
    const text = fileOf(sop).toString('latin1')
    expect(text.indexOf('frame1')).toBeGreaterThan(0)
    expect(text.indexOf('frame1')).toBeLessThan(text.indexOf('frame2'))
  })

  it.each([
    ['bulk data that did not come', {}, [], 0xc000],
    ['a syntax that nobody says', {}, [bulk(pixels, 'bulk/1', 'image/jp2')], 0xc122],
    ['a VR that is none', { '00081030': { vr: 'XX', Value: ['a'] } }, [bulk(pixels)], 0xc000],
    ['a name that is no tag', { PatientID: { vr: 'LO', Value: ['a'] } }, [bulk(pixels)], 0xc000],
    ['a number that is none', { '00280010': { vr: 'US', Value: ['wide'] } }, [bulk(pixels)], 0xc000],
    ['binary that is not base64', { '00091001': { vr: 'OB', InlineBinary: '*' } }, [bulk(pixels)], 0xc000],
    ['no class', { '00080016': { vr: 'UI' } }, [bulk(pixels)], 0xc001],
    ['one part for two frames', { '00280008': { vr: 'IS', Value: [2] } }, [bulk(pixels, 'bulk/1', 'image/jpeg')], 0xc000],
  ])('fails the instance alone for %s', async (_what, more, parts, reason) => {
    const good = metadata({ '7FE00010': { vr: 'OW', InlineBinary: pixels.toString('base64') } })
    const bad = metadata(more)
    const result = await stow(node, multipart([json([good.item, bad.item]), ...parts]), { type: JSON_PARTS })
    expect(result).toMatchObject({ status: 202, kept: new Map([[good.sop, 0]]), failed: new Map([[bad.sop, reason]]) })
  })

  it.each([
    ['no JSON', [{ headers: ['Content-Type: application/dicom+json'], body: '[{' }], 400],
    ['too much of it', [{ headers: ['Content-Type: application/dicom+json'], body: `"${'x'.repeat(5_000_000)}"` }], 413],
    ['a part without an address', [json([]), { headers: ['Content-Type: application/octet-stream'], body: 'x' }], 400],
    ['an address twice', [json([]), bulk(pixels), bulk(pixels)], 400],
    ['nothing in the list', [json([])], 400],
  ])('is refused for %s', async (_what, parts, status) => {
    expect((await stow(node, multipart(parts), { type: JSON_PARTS })).status).toBe(status)
  })

  it('bulk data that is pointed at again and again makes no instance of many times its size', async () => {
    const more = Object.fromEntries(
      Array.from({ length: 100 }, (_, at) => [`0009${(0x1010 + at).toString(16)}`, { vr: 'OB', BulkDataURI: 'bulk/large' }]),
    )
    const { sop, item } = metadata(more)
    const parts = [json([item]), bulk(pixels), bulk(Buffer.alloc(1_500_000), 'bulk/large')]
    const result = await stow(node, multipart(parts), { type: JSON_PARTS })
    expect(result).toMatchObject({ status: 409, failed: new Map([[sop, 0xc000]]) })
  })

  it('leaves nothing half', () => expect(node.files('drafts')).toEqual([]))
  it('takes frames of ultrasound as files too', async () => {
    expect((await stowFiles(node, [part10(us(3))])).status).toBe(200)
  })
})
