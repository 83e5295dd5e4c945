/** An instance that says to have more frames than it has costs a few looks, not one for each number; and the answer says that there are not all. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { acceptedBy } from '../../../src/dicomweb/accept.ts'
import type { WebRequest } from '../../../src/dicomweb/web-service.ts'
import { ImageRenderer } from '../../../src/serve/rendering/image-renderer.ts'
import { type RenderedParts, renderedInstance, renderedMany } from '../../../src/serve/rendering/rendered.ts'
import { TAG, textOf, us } from '../../support/data-sets.ts'
import { EVERY_LEVEL } from '../../support/levels.ts'
import { bytesOf } from '../../support/web-body.ts'
import { type Home, openHome } from '../support.ts'

let home: Home
let parts: RenderedParts
const NUMBER_OF_FRAMES = 0x00280008
const cine = us(3, { [NUMBER_OF_FRAMES]: ['IS', '2000000000'] })

beforeAll(async () => {
  home = await openHome()
  expect(await home.keep(cine)).toBe(0)
  const renderer = new ImageRenderer({ storage: home.storage, workers: 1, timeLimitSeconds: 20 })
  parts = { ...home.serving(), renderer, kosHeader: () => 'ignore' }
})
afterAll(async () => {
  await parts.renderer.close()
  await home.close()
})

it.each([
  ['of the instance', renderedInstance, ['study', 'series', 'instance']],
  ['of the study', renderedMany, ['study']],
] as const)(
  'pictures %s end',
  async (_name, serve, names) => {
    const uids = { study: TAG.StudyInstanceUID, series: TAG.SeriesInstanceUID, instance: TAG.SOPInstanceUID }
    const request: WebRequest = {
      method: 'GET',
      params: Object.fromEntries(names.map((name) => [name, textOf(cine, uids[name])])),
      query: new URLSearchParams(),
      headers: { accept: 'multipart/related; type="image/jpeg"' },
      caller: { name: 'reader', rights: new Set(['get']), levels: EVERY_LEVEL },
      stopped: new AbortController().signal,
      base: 'http://127.0.0.1',
    }
    expect(acceptedBy(request)).toHaveLength(1)
    const { status, headers, body } = await serve(parts, request)
    const told = '299 ariane "1 of 1 instances are given without some of their frames, which cannot be drawn"'
    expect([status, headers?.Warning]).toEqual([206, told])
    const pictures = (await bytesOf(body)).toString('latin1').match(/Content-Location/g)
    expect(pictures).toHaveLength(3)
  },
  20_000,
)
