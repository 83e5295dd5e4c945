/** Rendered resources and thumbnails of WADO-RS (PS3.18 10.4.1.1.3, 10.4.1.1.4), WADO-URI (PS3.18 9, IHE RAD-55). */
import { availableParallelism } from 'node:os'
import { ImageRenderer } from '../serve/rendering/image-renderer.ts'
import { type RenderedParts, renderedFrames, renderedInstance, renderedMany } from '../serve/rendering/rendered.ts'
import { Thumbnails } from '../serve/rendering/thumbnails.ts'
import { wadoUri } from '../serve/rendering/wado-uri.ts'
import { FRAMES, getRoute, INSTANCE, SERIES, STUDY, type WadoRouteParts, wadoPartsOf } from './routes-wado.ts'
import type { WebRoute } from './web/web-route.ts'

export interface RenderRouteParts extends WadoRouteParts {
  readonly renderer: Renderer
}
export type Renderer = ImageRenderer

/** Close it after the listener. */
export async function openRenderer({ config, serving }: WadoRouteParts): Promise<Renderer> {
  const { workers = Math.max(availableParallelism() - 1, 1), seconds } = config().web.render
  const renderer = new ImageRenderer({ storage: serving.storage, workers, timeLimitSeconds: seconds })
  await renderer.prepare()
  return renderer
}

export function renderRoutes(from: RenderRouteParts): WebRoute[] {
  const parts: RenderedParts = { ...wadoPartsOf(from), renderer: from.renderer }
  const thumbnails = new Thumbnails(parts)
  const pictures: [string, string, typeof renderedMany][] = [
    [STUDY, 'a study', renderedMany],
    [SERIES, 'a series', renderedMany],
    [INSTANCE, 'an instance', renderedInstance],
    [FRAMES, 'frames of an instance', renderedFrames],
  ]
  return [
    ...pictures.map(([path, what, serve]) => getRoute(`${path}/rendered`, `Pictures of ${what}`, (request) => serve(parts, request))),
    ...pictures.map(([path, what]) => getRoute(`${path}/thumbnail`, `A small picture of ${what}`, (request) => thumbnails.serve(request))),
    getRoute('/wado', 'One instance as a picture or as it is (WADO-URI)', (request) => wadoUri(parts, request)),
  ]
}
