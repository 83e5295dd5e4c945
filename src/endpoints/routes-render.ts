/** Rendered resources and thumbnails of WADO-RS (PS3.18 10.4.1.1.3, 10.4.1.1.4), WADO-URI (PS3.18 9, IHE RAD-55). */
import { availableParallelism } from 'node:os'
import type { Config } from '../config/settings.ts'
import { ImageRenderer } from '../serve/rendering/image-renderer.ts'
import { type RenderedParts, renderedFrames, renderedInstance, renderedMany } from '../serve/rendering/rendered.ts'
import { Thumbnails } from '../serve/rendering/thumbnails.ts'
import { wadoUri } from '../serve/rendering/wado-uri.ts'
import type { Serving } from '../serve/serving.ts'
import type { WebRoute } from './web/web-route.ts'

export interface RenderRouteParts {
  config(): Config
  readonly serving: Pick<Serving, 'catalog' | 'storage' | 'aeTitle' | 'listManifests'>
  readonly renderer: Renderer
}
export type Renderer = ImageRenderer

/** Close it after the listener. */
export async function openRenderer({ config, serving }: Omit<RenderRouteParts, 'renderer'>): Promise<Renderer> {
  const { workers = Math.max(availableParallelism() - 1, 1), seconds } = config().web.render
  const renderer = new ImageRenderer({ storage: serving.storage, workers, timeLimitSeconds: seconds })
  await renderer.prepare()
  return renderer
}

const STUDY = '/dicom-web/studies/:study'
const SERIES = `${STUDY}/series/:series`
const INSTANCE = `${SERIES}/instances/:instance`
const FRAMES = `${INSTANCE}/frames/:frames`

export function renderRoutes({ config, serving, renderer }: RenderRouteParts): WebRoute[] {
  const { catalog, storage, aeTitle } = serving
  const parts: RenderedParts = {
    catalog,
    storage,
    aeTitle,
    renderer,
    listManifests: () => serving.listManifests(),
    kosHeader: () => config().web.kosHeader,
  }
  const thumbnails = new Thumbnails(parts)
  const get = (path: string, summary: string, serve: WebRoute['serve']): WebRoute => ({ method: 'GET', path, right: 'get', summary, serve })
  const pictures: [string, string, typeof renderedMany][] = [
    [STUDY, 'a study', renderedMany],
    [SERIES, 'a series', renderedMany],
    [INSTANCE, 'an instance', renderedInstance],
    [FRAMES, 'frames of an instance', renderedFrames],
  ]
  return [
    ...pictures.map(([path, what, serve]) => get(`${path}/rendered`, `Pictures of ${what}`, (request) => serve(parts, request))),
    ...pictures.map(([path, what]) => get(`${path}/thumbnail`, `A small picture of ${what}`, (request) => thumbnails.serve(request))),
    get('/wado', 'One instance as a picture or as it is (WADO-URI)', (request) => wadoUri(parts, request)),
  ]
}
