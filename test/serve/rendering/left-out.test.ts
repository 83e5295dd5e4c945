/** Of what is asked for as pictures, nothing is left out silently: 206 and a Warning, or no closing boundary where it was found too late to be told. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Pieces, WebRefusal, type WebRequest } from '../../../src/dicomweb/web-service.ts'
import { ImageRenderer } from '../../../src/serve/rendering/image-renderer.ts'
import { type RenderedParts, renderedFrames, renderedInstance, renderedMany } from '../../../src/serve/rendering/rendered.ts'
import { ct, type Overrides, TAG, type TestDataSet, testUid, textOf, us } from '../../support/data-sets.ts'
import { EVERY_LEVEL } from '../../support/levels.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { type Home, openHome } from '../support.ts'

const SR = '1.2.840.10008.5.1.4.1.1.88.11'
const MPEG4 = '1.2.840.10008.1.2.4.102'
let home: Home
let parts: RenderedParts
let study: string
let number = 0

beforeAll(async () => {
  home = await openHome()
  const renderer = new ImageRenderer({ storage: home.storage, workers: 1, timeLimitSeconds: 20 })
  parts = { ...home.serving(), renderer, kosHeader: () => 'ignore' }
})
afterAll(async () => {
  await parts.renderer.close()
  await home.close()
})
beforeEach(() => {
  study = testUid()
  number = 0
})

/** In the order of the calls. */
const inStudy = (more: Overrides = {}): Overrides => ({
  [TAG.StudyInstanceUID]: ['UI', study],
  [TAG.SeriesInstanceUID]: ['UI', `${study}.1`],
  [TAG.InstanceNumber]: ['IS', String(++number)],
  ...more,
})

/** One whose picture is larger than what is held back before an answer begins. */
function large(): TestDataSet {
  const random = seededRandom(5)
  const noise = Buffer.from(Array.from({ length: 512 * 512 * 2 }, (_, at) => (at % 2 === 0 ? Math.floor(random() * 256) : 0)))
  return ct(inStudy({ [TAG.PixelData]: ['OW', noise] }), 512)
}

const small = (more: Overrides = {}): TestDataSet => ct(inStudy(more))
/** There are fewer pixels than rows and columns say. */
const undrawable = (): TestDataSet => small({ [TAG.PixelData]: ['OW', Buffer.alloc(2)] })

async function keep(...images: TestDataSet[]): Promise<void> {
  for (const image of images) expect(await home.keep(image)).toBe(0)
}

function request(params: Record<string, string>, query = ''): WebRequest {
  return {
    method: 'GET',
    params,
    query: new URLSearchParams(query),
    headers: { accept: 'multipart/related; type="image/png"' },
    caller: { name: 'reader', rights: new Set(['get']), levels: EVERY_LEVEL },
    stopped: new AbortController().signal,
    base: 'http://127.0.0.1',
  }
}

/** @returns status, Warning, pictures, and whether the answer ends as a whole one does */
async function asked(serve: typeof renderedMany, params: Record<string, string> = { study }, query = '') {
  const { status, headers, body } = await serve(parts, request(params, query))
  let error: unknown
  const pieces: Buffer[] = []
  const { pieces: sent } = body as Pieces
  try {
    for (let piece = await sent.next(); piece.done !== true; piece = await sent.next()) pieces.push(Buffer.from(piece.value))
  } catch (thrown) {
    error = thrown
  }
  const text = Buffer.concat(pieces).toString('latin1')
  const isWhole = error === undefined && text.endsWith('--\r\n')
  return [status, headers?.Warning, text.match(/Content-Location/g)?.length ?? 0, isWhole]
}

const warning = (...texts: string[]): string => texts.map((text) => `299 ariane "${text}"`).join(', ')

it('tells what its class and its transfer syntax say before the answer', async () => {
  await keep(small(), small({ [TAG.SOPClassUID]: ['UI', SR], [TAG.PixelData]: undefined }))
  const video = small()
  expect(await home.keep(video, MPEG4)).toBe(0)
  const told = warning('1 of 3 instances are left out: they are no images', '1 of 3 instances are left out: they cannot be drawn')
  expect(await asked(renderedMany)).toEqual([206, told, 1, true])
})

it('tells what fails before the answer has begun', async () => {
  await keep(undrawable(), small(), undrawable())
  expect(await asked(renderedMany)).toEqual([206, warning('2 of 3 instances are left out: they cannot be drawn'), 1, true])
})

it('of what fails later gives all that can be drawn and no end, and tells the next time', async () => {
  await keep(large(), undrawable(), large(), undrawable(), large())
  expect(await asked(renderedMany)).toEqual([200, undefined, 3, false])
  expect(await asked(renderedMany)).toEqual([206, warning('2 of 5 instances are left out: they cannot be drawn'), 3, true])
  const ignored = await asked(renderedMany, { study }, 'annotation=patient')
  expect(ignored[1]).toBe(warning('2 of 5 instances are left out: they cannot be drawn', 'not supported here and ignored: annotation'))
})

it('tells of a file that is lost', async () => {
  const [first, lost] = [large(), large()]
  await keep(first, lost)
  const { items } = await home.catalog.retrievables(
    { studyInstanceUids: [study as never], sopInstanceUids: [textOf(lost, TAG.SOPInstanceUID) as never] },
    { levels: EVERY_LEVEL, includeManifests: false },
    1,
  )
  await rm(join(home.folder, items[0]!.storageKey))
  expect(await asked(renderedMany)).toEqual([200, undefined, 1, false])
  expect(await asked(renderedMany)).toEqual([206, warning('1 of 2 instances are left out: their files cannot be read'), 1, true])
})

it('does not take what one caller asks for in vain for what cannot be drawn', async () => {
  await keep(small(), ct(inStudy(), 32))
  const outside = warning('1 of 2 instances are left out: they cannot be drawn')
  expect(await asked(renderedMany, { study }, 'viewport=8,8,8,8,8,8')).toEqual([206, outside, 1, true])
  expect(await asked(renderedMany)).toEqual([200, undefined, 2, true])
})

it('tells of frames that cannot be drawn, of those named too, and tries again what is named', async () => {
  const cine = us(3, inStudy({ [TAG.NumberOfFrames]: ['IS', '5'] }))
  await keep(cine)
  const uids = { study, series: `${study}.1`, instance: textOf(cine, TAG.SOPInstanceUID) }
  const told = warning('1 of 1 instances are given without some of their frames, which cannot be drawn')
  expect(await asked(renderedInstance, uids)).toEqual([206, told, 3, true])
  expect(await asked(renderedFrames, { ...uids, frames: '5,2' })).toEqual([206, told, 1, true])
  const none = renderedFrames(parts, request({ ...uids, frames: '4,5' }))
  await expect(none).rejects.toMatchObject({ status: 406, message: expect.stringContaining('no picture') })
})

it('refuses where nothing can be drawn, each time', async () => {
  await keep(undrawable(), undrawable())
  for (let time = 0; time < 2; time++) {
    const refused = renderedMany(parts, request({ study }))
    await expect(refused).rejects.toBeInstanceOf(WebRefusal)
    await expect(refused).rejects.toMatchObject({ status: 406, message: expect.stringContaining('there is no picture of it') })
  }
  await expect(renderedMany(parts, request({ study: testUid() }))).rejects.toMatchObject({ status: 404 })
})
