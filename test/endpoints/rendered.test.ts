/** Pictures from a real node: rendered resources, thumbnails and WADO-URI, as viewers ask for them; and what is refused, in words. */
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ct, EXPLICIT_LE, encode, type Overrides, TAG, type TestDataSet, testUid, textOf, us } from '../support/data-sets.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { type SentFile, sendFiles } from '../support/sender.ts'

const SR = '1.2.840.10008.5.1.4.1.1.88.11'
const PDF = '1.2.840.10008.5.1.4.1.1.104.1'
let node: NodeProcess

beforeAll(async () => {
  node = await startNode({ settings: { web: { render: { workers: 1 } } } })
})
afterAll(() => node?.stop())

interface Stored {
  readonly study: string
  readonly series: string
  readonly instance: string
  /** Of the instance, on the web. */
  readonly url: string
}

async function store(elements: TestDataSet, transferSyntaxUid = EXPLICIT_LE): Promise<Stored> {
  const names = { sopClassUid: textOf(elements, TAG.SOPClassUID), sopInstanceUid: textOf(elements, TAG.SOPInstanceUID) }
  const file: SentFile = { name: 'one', ...names, transferSyntaxUid, dataSet: encode(elements, EXPLICIT_LE) }
  expect([...(await sendFiles(node, [file])).values()]).toEqual([0])
  const [study, series] = [textOf(elements, TAG.StudyInstanceUID), textOf(elements, TAG.SeriesInstanceUID)]
  const instance = names.sopInstanceUid
  return { study, series, instance, url: `${node.webUrl}/dicom-web/studies/${study}/series/${series}/instances/${instance}` }
}

async function ask(url: string, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { headers })
  const body = Buffer.from(await answer.arrayBuffer())
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', headers: answer.headers, body }
}

const detailOf = ({ body }: { body: Buffer }): string => (JSON.parse(body.toString()) as { detail: string }).detail

/** A gradient from left to right, of two pixels' height by one of width where `aspect` says so. */
function gradient(more: Overrides = {}, columns = 100, rows = 50): TestDataSet {
  const pixels = Buffer.alloc(columns * rows * 2)
  for (let at = 0; at < columns * rows; at++) pixels.writeUInt16LE((at % columns) * 10, at * 2)
  return ct({ [TAG.Rows]: ['US', rows], [TAG.Columns]: ['US', columns], [TAG.PixelData]: ['OW', pixels], ...more })
}

const partsOf = (body: Buffer): number => body.toString('latin1').split('Content-Location: ').length - 1

describe('rendered', () => {
  let image: Stored
  beforeAll(async () => {
    image = await store(gradient())
  })

  it('gives JPEG by default, PNG where it is asked for, by header or parameter', async () => {
    expect((await ask(`${image.url}/rendered`)).type).toBe('image/jpeg')
    expect((await ask(`${image.url}/rendered`, { Accept: 'image/png' })).type).toBe('image/png')
    const { body } = await ask(`${image.url}/rendered?accept=image/png`)
    expect(await sharp(body).metadata()).toMatchObject({ format: 'png', width: 100, height: 50, channels: 1 })
  })

  it('applies the window', async () => {
    const { body } = await ask(`${image.url}/rendered?accept=image/png&window=500,100,linear-exact`)
    const row = (await sharp(body).extractChannel(0).raw().toBuffer()).subarray(0, 100)
    expect([row[44], row[50], row[56]]).toEqual([0, 128, 255])
  })

  it('fits into the viewport, cuts out a region, and turns it over', async () => {
    const fitted = await sharp((await ask(`${image.url}/rendered?viewport=60,60`)).body).metadata()
    expect([fitted.width, fitted.height]).toEqual([60, 30])
    const cut = await ask(`${image.url}/rendered?accept=image/png&viewport=50,50,50,0,-50,50`)
    const row = (await sharp(cut.body).extractChannel(0).raw().toBuffer()).subarray(0, 50)
    expect([row[0], row[49]]).toEqual([255, 129])
  })

  it('spreads pixels that are not square', async () => {
    const flat = await store(gradient({ 2621488: ['DS', '2\\1'] }))
    const { width, height } = await sharp((await ask(`${flat.url}/rendered`)).body).metadata()
    expect([width, height]).toEqual([100, 100])
  })

  it('takes quality into account', async () => {
    const [good, poor] = await Promise.all([ask(`${image.url}/rendered?quality=100`), ask(`${image.url}/rendered?quality=1`)])
    expect(good.body.length).toBeGreaterThan(poor.body.length)
  })

  it('says that it burns nothing in', async () => {
    expect((await ask(`${image.url}/rendered?annotation=patient`)).headers.get('warning')).toMatch(/annotation/)
  })

  it('embeds a profile where it is asked to', async () => {
    expect((await sharp((await ask(`${image.url}/rendered?iccprofile=srgb`)).body).metadata()).icc).toBeDefined()
    expect((await sharp((await ask(`${image.url}/rendered`)).body).metadata()).icc).toBeUndefined()
  })

  it('is not drawn again for who has it', async () => {
    const { headers } = await ask(`${image.url}/rendered`)
    expect((await ask(`${image.url}/rendered`, { 'If-None-Match': headers.get('etag')! })).status).toBe(304)
    expect((await ask(`${image.url}/rendered?quality=5`, { 'If-None-Match': headers.get('etag')! })).status).toBe(200)
  })

  it('gives several frames as multipart, one by itself', async () => {
    const cine = await store(us(3))
    const all = await ask(`${cine.url}/rendered`, { Accept: 'multipart/related; type="image/jpeg"' })
    expect([all.type.split(';')[0], partsOf(all.body)]).toEqual(['multipart/related', 3])
    expect(all.body.toString('latin1')).toContain(`${cine.url}/frames/3/rendered`)
    expect((await ask(`${cine.url}/frames/2/rendered`)).type).toBe('image/jpeg')
    expect(partsOf((await ask(`${cine.url}/frames/1,3/rendered`)).body)).toBe(2)
    const beyond = await ask(`${cine.url}/frames/4/rendered`)
    expect([beyond.status, detailOf(beyond)]).toEqual([404, 'there is no frame 4: the instance has 3'])
    expect((await ask(`${cine.url}/frames/1,9/rendered`)).status).toBe(404)
    expect((await ask(`${cine.url}/frames/0/rendered`)).status).toBe(400)
    expect(detailOf(await ask(`${cine.url}/frames/2,2/rendered`))).toMatch(/expected different numbers/)
    expect(detailOf(await ask(`${cine.url}/frames/1,2/thumbnail`))).toBe('frames: more than 1 at once')
  })

  it('draws the overlay of a frame, also where it makes the header long', async () => {
    const [rows, columns] = [1200, 2000]
    // Of the first frame nothing, of the second the first row.
    const bits = Buffer.alloc((2 * rows * columns) / 8)
    bits.fill(0xff, (rows * columns) / 8, (rows * columns + columns) / 8)
    const overlay: Overrides = {
      [0x60000010]: ['US', rows],
      [0x60000011]: ['US', columns],
      [0x60000015]: ['IS', '2'],
      [0x60000040]: ['CS', 'G'],
      [0x60000050]: ['SS', [1, 1]],
      [0x60000100]: ['US', 1],
      [0x60000102]: ['US', 0],
      [0x60003000]: ['OW', bits],
    }
    const cine = await store(us(2, { ...overlay, [TAG.PixelData]: ['OB', Buffer.alloc(128)] }))
    const first = await sharp((await ask(`${cine.url}/frames/1/rendered?accept=image/png`)).body)
      .raw()
      .toBuffer()
    const second = await sharp((await ask(`${cine.url}/frames/2/rendered?accept=image/png`)).body)
      .raw()
      .toBuffer()
    expect([first.every((value) => value === 0), second.subarray(0, 8).every((value) => value === 255)]).toEqual([true, true])
    expect(second.subarray(second.length - 8).every((value) => value === 0)).toBe(true)
  })

  it('gives study and series without what is no image among it, and says so', async () => {
    const study = testUid()
    const inStudy: Overrides = { [TAG.StudyInstanceUID]: ['UI', study] }
    const { series } = await store(gradient(inStudy))
    await store(ct({ ...inStudy, [TAG.SOPClassUID]: ['UI', SR], [TAG.PixelData]: undefined, [TAG.SeriesInstanceUID]: ['UI', testUid()] }))
    const whole = await ask(`${node.webUrl}/dicom-web/studies/${study}/rendered`)
    expect([whole.status, partsOf(whole.body)]).toEqual([206, 1])
    expect(whole.headers.get('warning')).toBe('299 ariane "1 of 2 instances are left out: they are no images"')
    const inSeries = await ask(`${node.webUrl}/dicom-web/studies/${study}/series/${series}/rendered`)
    expect([inSeries.status, partsOf(inSeries.body), inSeries.headers.get('warning')]).toEqual([200, 1, null])
  })
})

describe('what there is no picture of', () => {
  it('a report, by name', async () => {
    const report = await store(ct({ [TAG.SOPClassUID]: ['UI', SR], [TAG.PixelData]: undefined }))
    const answer = await ask(`${report.url}/rendered`)
    expect([answer.status, detailOf(answer)]).toEqual([406, 'not an image (Basic Text SR): there is no picture of it'])
    expect((await ask(`${node.webUrl}/dicom-web/studies/${report.study}/rendered`)).status).toBe(406)
    expect((await ask(`${report.url}/thumbnail`)).status).toBe(406)
  })

  it('an image without pixels', async () => {
    const empty = await store(ct({ [TAG.PixelData]: undefined }))
    const answer = await ask(`${empty.url}/rendered`)
    expect([answer.status, detailOf(answer)]).toEqual([406, 'not an image: it has no pixel data'])
  })

  it('but a PDF is given as one', async () => {
    const pdf = Buffer.from('%PDF-1.4 not much of one')
    const more: Overrides = { [TAG.SOPClassUID]: ['UI', PDF], [TAG.PixelData]: undefined, 4325393: ['OB', pdf] }
    const { url } = await store(ct(more))
    const answer = await ask(`${url}/rendered`)
    expect([answer.status, answer.type, answer.body.toString()]).toEqual([200, 'application/pdf', pdf.toString()])
    expect(detailOf(await ask(`${url}/rendered`, { Accept: 'image/jpeg' }))).toMatch(/possible is application\/pdf/)
  })

  it('an unknown parameter changes nothing, and is told (PS3.18 8.3)', async () => {
    const { url } = await store(gradient())
    const answer = await ask(`${url}/rendered?brightness=3`)
    expect([answer.status, answer.headers.get('warning')]).toEqual([200, expect.stringContaining('brightness')])
  })

  it.each([
    ['GIF', '?accept=image/gif', 406],
    ['a region outside', '?viewport=10,10,5000,0,10,10', 406],
  ])('%s', async (_what, query, status) => {
    const { url } = await store(gradient())
    expect((await ask(`${url}/rendered${query}`)).status).toBe(status)
  })

  it('what is not here, and what is no UID', async () => {
    const { url, series } = await store(gradient())
    expect((await ask(`${url.replace(series, testUid())}/rendered`)).status).toBe(404)
    expect((await ask(`${node.webUrl}/dicom-web/studies/${testUid()}/rendered`)).status).toBe(404)
    expect((await ask(`${node.webUrl}/dicom-web/studies/abc/thumbnail`)).status).toBe(400)
  })
})

describe('hostile images', () => {
  const fragments = (bytes: Buffer): Buffer => {
    const item = (content: Buffer): Buffer => {
      const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0])
      header.writeUInt32LE(content.length, 4)
      return Buffer.concat([header, content])
    }
    return Buffer.concat([item(Buffer.alloc(0)), item(bytes), Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])])
  }

  async function storeCompressed(bytes: Buffer, transferSyntaxUid: string, more: Overrides = {}): Promise<Stored> {
    const elements = ct({ ...more, [TAG.PixelData]: undefined })
    const header = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff])
    const dataSet = Buffer.concat([encode(elements), header, fragments(bytes)])
    const names = { sopClassUid: textOf(elements, TAG.SOPClassUID), sopInstanceUid: textOf(elements, TAG.SOPInstanceUID) }
    expect([...(await sendFiles(node, [{ name: 'one', ...names, transferSyntaxUid, dataSet }])).values()]).toEqual([0])
    const [study, series] = [textOf(elements, TAG.StudyInstanceUID), textOf(elements, TAG.SeriesInstanceUID)]
    const url = `${node.webUrl}/dicom-web/studies/${study}/series/${series}/instances/${names.sopInstanceUid}`
    return { study, series, instance: names.sopInstanceUid, url }
  }

  const huge = { [TAG.Rows]: ['US', 65_535], [TAG.Columns]: ['US', 65_535] } satisfies Overrides
  const bomb = Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0xff, 0xff, 0xff, 0xff, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0])

  it.each([
    ['a code stream of four billion pixels', bomb, '1.2.840.10008.1.2.4.50', {}, /code stream is of 65535 × 65535/],
    ['a header of four billion pixels', bomb, '1.2.840.10008.1.2.4.50', huge, /larger than what is drawn/],
    ['a broken JPEG 2000', Buffer.alloc(64, 1), '1.2.840.10008.1.2.4.90', {}, /cannot be decoded/],
    ['a broken RLE', Buffer.alloc(64, 255), '1.2.840.10008.1.2.5', {}, /cannot be (decoded|read)/],
    ['a video', Buffer.alloc(64), '1.2.840.10008.1.2.4.102', {}, /no decoder for transfer syntax/],
  ] as const)('%s costs one request', async (_what, bytes, syntax, more, why) => {
    const { url } = await storeCompressed(bytes, syntax, more)
    const answer = await ask(`${url}/rendered`)
    expect([answer.status, answer.type]).toEqual([406, 'application/problem+json; charset=utf-8'])
    expect(detailOf(answer)).toMatch(why)
    const fine = await store(gradient())
    expect((await ask(`${fine.url}/rendered`)).status).toBe(200)
    expect(node.isRunning()).toBe(true)
  })

  it('too many at once are told to come back', async () => {
    const { url } = await store(gradient({}, 1500, 1500))
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, at) => ask(`${url}/rendered?window=${at + 1},500,linear`, { Accept: 'image/png' })),
    )
    const busy = answers.filter(({ status }) => status === 503)
    expect(busy.length).toBeGreaterThan(0)
    expect(busy[0]!.headers.get('retry-after')).toBe('2')
    expect(answers.filter(({ status }) => status === 200).length + busy.length).toBe(80)
  })
})

describe('thumbnails', () => {
  it('are small, of every level, and kept', async () => {
    const { url, study, series } = await store(gradient())
    const web = `${node.webUrl}/dicom-web/studies/${study}`
    for (const at of [`${web}/thumbnail`, `${web}/series/${series}/thumbnail`, `${url}/thumbnail`, `${url}/frames/1/thumbnail`]) {
      const { width, height } = await sharp((await ask(at)).body).metadata()
      expect([width, height]).toEqual([128, 64])
    }
    const { headers } = await ask(`${url}/thumbnail`)
    expect((await ask(`${url}/thumbnail`, { 'If-None-Match': headers.get('etag')! })).status).toBe(304)
    const large = await sharp((await ask(`${url}/thumbnail?viewport=300,300`)).body).metadata()
    expect(large.width).toBe(300)
  })

  it('are of the middle of a series', async () => {
    const names: Overrides = { [TAG.StudyInstanceUID]: ['UI', testUid()], [TAG.SeriesInstanceUID]: ['UI', testUid()] }
    const shade = (value: number): TestDataSet => {
      const bits: Overrides = { 2621696: ['US', 8], 2621697: ['US', 8], 2621698: ['US', 7] }
      return ct({ ...names, ...bits, [TAG.InstanceNumber]: ['IS', String(value)], [TAG.PixelData]: ['OB', Buffer.alloc(16, value)] })
    }
    const stored: Stored[] = []
    for (const value of [10, 120, 240]) stored.push(await store(shade(value)))
    const { body } = await ask(`${node.webUrl}/dicom-web/studies/${stored[0]!.study}/thumbnail`, { Accept: 'image/png' })
    expect((await sharp(body).raw().toBuffer())[0]).toBe(120)
  })
})

describe('WADO-URI', () => {
  let image: Stored
  const uri = (more = '', { study, series, instance } = image): string =>
    `${node.webUrl}/wado?requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${instance}${more}`
  beforeAll(async () => {
    image = await store(gradient())
  })

  it('gives a JPEG of the size asked for, by the three identifiers', async () => {
    const answer = await ask(uri('&contentType=image/jpeg&rows=25&columns=500'))
    const { width, height } = await sharp(answer.body).metadata()
    expect([answer.status, answer.type, width, height]).toEqual([200, 'image/jpeg', 50, 25])
  })

  it('gives JPEG of a single frame by default, PNG where asked', async () => {
    expect((await ask(uri())).type).toBe('image/jpeg')
    expect((await ask(uri('&contentType=image/gif,image/png'))).type).toBe('image/png')
  })

  it('cuts out a region, sets the window', async () => {
    const { body } = await ask(uri('&contentType=image/png&region=0.5,0,1,1&windowCenter=500&windowWidth=100'))
    const { data, info } = await sharp(body).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height, data[49]]).toEqual([50, 50, 255])
  })

  it('gives the instance as a file, in Explicit VR Little Endian', async () => {
    const { status, type, body } = await ask(uri('&contentType=application/dicom'))
    expect([status, type]).toEqual([200, `application/dicom; transfer-syntax=${EXPLICIT_LE}`])
    expect(body.toString('latin1', 128, 132)).toBe('DICM')
    expect((await ask(uri('&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.4.90'))).status).toBe(406)
  })

  it('gives several frames as a file, one of them as a picture', async () => {
    const cine = await store(us(3))
    expect((await ask(uri('', cine))).type).toMatch(/^application\/dicom/)
    expect((await ask(uri('&frameNumber=3', cine))).type).toBe('image/jpeg')
    expect((await ask(uri('&frameNumber=4', cine))).status).toBe(404)
  })

  it('gives a report as a file, and no picture of it', async () => {
    const report = await store(ct({ [TAG.SOPClassUID]: ['UI', SR], [TAG.PixelData]: undefined }))
    expect((await ask(uri('', report))).type).toMatch(/^application\/dicom/)
    const answer = await ask(uri('&contentType=image/jpeg', report))
    expect([answer.status, detailOf(answer)]).toEqual([406, 'contentType: possible are application/dicom'])
  })

  it('names what is wrong, and does not know what is not here', async () => {
    expect(detailOf(await ask(uri('&anonymize=yes')))).toBe('anonymize: de-identification is not done here')
    expect(detailOf(await ask(`${node.webUrl}/wado?requestType=WADO`))).toBe('studyUID: must be given')
    expect((await ask(uri('', { ...image, series: testUid() }))).status).toBe(404)
  })
})

it('has written nothing of a patient into its log', () => {
  expect(readFileSync(node.configFile, 'utf8')).not.toBe('')
  expect(node.log()).not.toMatch(/Hostile|TEST-PATIENT/)
})
