/** Who may not see an instance sees no picture of it either, also where one has just been made for somebody else. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Confidentiality, levelSet } from '../../../src/dicom/confidentiality.ts'
import { WebRefusal, type WebRequest } from '../../../src/dicomweb/web-service.ts'
import { ImageRenderer } from '../../../src/serve/rendering/image-renderer.ts'
import { type RenderedParts, renderedFrames, renderedInstance, renderedMany } from '../../../src/serve/rendering/rendered.ts'
import { Thumbnails } from '../../../src/serve/rendering/thumbnails.ts'
import { wadoUri } from '../../../src/serve/rendering/wado-uri.ts'
import { ct, TAG, textOf } from '../../support/data-sets.ts'
import { type Home, openHome } from '../support.ts'

let home: Home
let parts: RenderedParts
let thumbnails: Thumbnails
const image = ct({}, 16)
const [study, series, instance] = [TAG.StudyInstanceUID, TAG.SeriesInstanceUID, TAG.SOPInstanceUID].map((tag) => textOf(image, tag))

beforeAll(async () => {
  home = await openHome()
  expect(await home.keep(image)).toBe(0)
  const renderer = new ImageRenderer({ storage: home.storage, workers: 1, timeLimitSeconds: 20 })
  parts = { ...home.serving(), renderer, kosHeader: () => 'check' }
  thumbnails = new Thumbnails(parts)
})
afterAll(async () => {
  await parts.renderer.close()
  await home.close()
})

function request(level: Confidentiality, names: readonly (readonly [string, string | undefined])[], query = ''): WebRequest {
  return {
    method: 'GET',
    params: Object.fromEntries(names.map(([name, value]) => [name, value!])),
    query: new URLSearchParams(query),
    headers: {},
    caller: { name: 'reader', rights: new Set(['get']), levels: levelSet([level]) },
    stopped: new AbortController().signal,
    base: 'http://127.0.0.1',
  }
}

/** Whose turn it is to be asked for the manifest. */
async function underRequire(
  isPerson: boolean,
  serve: (parts: RenderedParts, request: WebRequest) => Promise<{ status: number }>,
  query = '',
) {
  const strict: RenderedParts = { ...parts, kosHeader: () => 'require' }
  const asked = request('N', query === '' ? OF_INSTANCE : [], query)
  const answer = serve(strict, { ...asked, caller: { ...asked.caller, isPerson } })
  return answer.then(
    ({ status }) => status,
    (error: unknown) => (error instanceof WebRefusal ? error.status : error),
  )
}

it('no browser shows a picture again without asking whether it may', async () => {
  for (const answer of [await thumbnails.serve(request('N', OF_INSTANCE)), await renderedInstance(parts, request('N', OF_INSTANCE))])
    expect(answer.headers!['Cache-Control']).toBe('private, no-cache')
})

it('where a manifest must be named, no service is a way round it, but for pictures in front of a person', async () => {
  const thumbnail = (strict: RenderedParts, asked: WebRequest) => new Thumbnails(strict).serve(asked)
  for (const isPerson of [true, false]) {
    const ofPicture = isPerson ? 200 : 400
    expect(await underRequire(isPerson, renderedInstance)).toBe(ofPicture)
    expect(await underRequire(isPerson, thumbnail)).toBe(ofPicture)
    expect(await underRequire(isPerson, wadoUri, URI)).toBe(ofPicture)
    expect(await underRequire(isPerson, wadoUri, `${URI}&contentType=application/dicom`)).toBe(400)
  }
})

const OF_STUDY = [['study', study]] as const
const OF_INSTANCE = [...OF_STUDY, ['series', series], ['instance', instance]] as const
const URI = `requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${instance}`

const SERVICES: readonly (readonly [string, (level: Confidentiality) => Promise<{ status: number }>])[] = [
  ['a rendered study', (level) => renderedMany(parts, request(level, OF_STUDY))],
  ['a rendered instance', (level) => renderedInstance(parts, request(level, OF_INSTANCE))],
  ['a rendered frame', (level) => renderedFrames(parts, request(level, [...OF_INSTANCE, ['frames', '1']]))],
  ['a thumbnail of a study', (level) => thumbnails.serve(request(level, OF_STUDY))],
  ['a thumbnail of an instance', (level) => thumbnails.serve(request(level, OF_INSTANCE))],
  ['a picture by WADO-URI', (level) => wadoUri(parts, request(level, [], URI))],
  ['a file by WADO-URI', (level) => wadoUri(parts, request(level, [], `${URI}&contentType=application/dicom`))],
]

it.each(SERVICES)('%s is of the levels of the caller', async (_name, serve) => {
  expect((await serve('N')).status).toBe(200)
  const refusal = await serve('R').catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(WebRefusal)
  expect((refusal as WebRefusal).status).toBe(404)
})
