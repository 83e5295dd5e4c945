/** Thumbnails of study, series, instance and frame (PS3.18 10.4.1.1.4): small pictures for lists.
 *
 *  Promises: of a study or series the middle instance of its images, of many frames the middle one; always a single image. Those made last are kept, up
 *  to {@link KEPT_BYTES}; a caller that has one already is told so (304), each time anew: what has been hidden, or who has signed out, shows none.
 *  Errors: WebRefusal 400, 404, 406, and as image-renderer.ts. Sizes in bytes. */
import type { Retrievable } from '../../catalog/contract.ts'
import { acceptedBy } from '../../dicomweb/accept.ts'
import { isUnchanged } from '../../dicomweb/byte-range.ts'
import { frameList } from '../../dicomweb/frame-list.ts'
import { renderedOffers } from '../../dicomweb/rendered-types.ts'
import { ignoredWarning, thumbnailParameters } from '../../dicomweb/rendering-parameters.ts'
import { type WebAnswer, WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { demandManifest } from '../kos-header.ts'
import { retrievables } from '../retrieve-plan.ts'
import { instanceOf, type Target, targetOf } from '../wado-target.ts'
import { isNeverAnImage } from './never-images.ts'
import { imageOffer, pictureTag, type RenderedParts } from './rendered.ts'

const KEPT_BYTES = 16 * 1024 * 1024
/** Of a study or series: the middle is looked for among the first so many. */
const LOOKED_AT = 2000
/** A series of fewer is taken for one of overviews. */
const FEW = 3

export class Thumbnails {
  readonly #parts: RenderedParts
  readonly #kept = new Map<string, Buffer>()
  #keptBytes = 0

  constructor(parts: RenderedParts) {
    this.#parts = parts
  }

  async serve(request: WebRequest): Promise<WebAnswer> {
    const wish = thumbnailParameters(request.query)
    const { type } = imageOffer(renderedOffers(acceptedBy(request)))
    const { params } = request
    const frame = params.frames === undefined ? undefined : frameList(params.frames, 1)[0]
    const found = targetOf(request, this.#parts)
    await demandManifest(this.#parts, request, found, 'picture')
    const instance = await (params.instance === undefined ? this.#representative(found, request.stopped) : instanceOf(this.#parts, found))
    const tag = pictureTag(instance, 'thumbnail', frame, type, wish.viewport)
    const headers = { ETag: tag, 'Cache-Control': 'private, no-cache', Vary: 'Accept', ...ignoredWarning(wish.ignored) }
    if (isUnchanged(request.headers, tag)) return { status: 304, headers }
    const body = this.#kept.get(tag) ?? (await this.#make(instance, frame, { ...wish, type }, request.stopped))
    this.#keep(tag, body)
    return { status: 200, headers: { 'Content-Type': type, ...headers }, body }
  }

  async #make(
    instance: Retrievable,
    frame: number | undefined,
    wish: Parameters<RenderedParts['renderer']['render']>[2],
    stopped: AbortSignal,
  ): Promise<Buffer> {
    const { renderer } = this.#parts
    const number = frame ?? Math.ceil((await renderer.frameCount(instance)) / 2)
    return renderer.render(instance, number, wish, undefined, stopped)
  }

  async #representative({ keys, view }: Target, stopped: AbortSignal): Promise<Retrievable> {
    const bySeries = new Map<string, Retrievable[]>()
    let seen = 0
    for await (const instance of retrievables(this.#parts.catalog, keys, view, stopped)) {
      if (++seen > LOOKED_AT) break
      if (isNeverAnImage(instance.sopClassUid) !== undefined) continue
      const { seriesInstanceUid } = instance
      const series = bySeries.get(seriesInstanceUid)
      if (series === undefined) bySeries.set(seriesInstanceUid, [instance])
      else series.push(instance)
    }
    if (seen === 0) throw new WebRefusal(404, 'nothing of that here')
    const all = [...bySeries.values()]
    const series = all.find(({ length }) => length > FEW) ?? all[0]
    if (series === undefined) throw new WebRefusal(406, 'no image among it: there is no picture of it')
    return series[series.length >> 1]!
  }

  /** The one used longest ago goes first. */
  #keep(tag: string, picture: Buffer): void {
    const had = this.#kept.delete(tag)
    if (!had) this.#keptBytes += picture.length
    this.#kept.set(tag, picture)
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES) return
      this.#kept.delete(oldest)
      this.#keptBytes -= length
    }
  }
}
