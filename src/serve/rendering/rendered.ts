/** WADO-RS rendered resources: study, series, instance, frames (PS3.18 10.4.1.1.3, 10.4.3, 8.3.5).
 *
 *  Promises: one image by itself, several as multipart/related, each drawn when the one before it is on its way (small ones go out together). Of an instance without a list
 *  of frames: the first one by itself, or all where multipart is asked for. What is no image among others is left out; where there is
 *  no image at all it is refused (406). A single image has an ETag, and is not drawn for a caller that has it (304).
 *  Does not: burn in annotations: it says so (Warning).
 *  Errors: WebRefusal 400, 404, 406, and as image-renderer.ts. */
import { createHash } from 'node:crypto'
import type { Retrievable } from '../../catalog/contract.ts'
import { acceptedBy } from '../../dicomweb/accept.ts'
import { isUnchanged } from '../../dicomweb/byte-range.ts'
import { multipart, multipartType, newBoundary, type OutgoingPart } from '../../dicomweb/multipart-writer.ts'
import { type Offer, renderedOffers } from '../../dicomweb/rendered-types.ts'
import { type ImageType, ignoredWarning, type RenderingParameters, renderingParameters } from '../../dicomweb/rendering-parameters.ts'
import { type WebAnswer, WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { demandManifest } from '../kos-header.ts'
import { retrievables } from '../retrieve-plan.ts'
import { addressOf } from '../wado-frames.ts'
import { instanceOf, type Target as Named, targetOf, type WadoParts } from '../wado-target.ts'
import { bodyOf } from '../web-body.ts'
import { encapsulatedPdf } from './encapsulated-pdf.ts'
import type { ImageRenderer } from './image-renderer.ts'
import { ENCAPSULATED_PDF } from './never-images.ts'

export interface RenderedParts extends WadoParts {
  readonly renderer: ImageRenderer
}

/** One image to be drawn. */
interface Target {
  readonly instance: Retrievable
  readonly frame: number
}

interface Picture extends Target {
  readonly bytes: Buffer
}

const MOST_FRAMES_NAMED = 1000
/** Frames in a row that cannot be drawn: the others of that instance are left out then. Number of Frames may be any number, and each costs a look. */
const MOST_FAILED = 10

/** Of which nothing more is drawn: rows live as long as their request. */
const hopeless = new WeakSet<Retrievable>()

export async function renderedInstance(parts: RenderedParts, request: WebRequest): Promise<WebAnswer> {
  const { offers, wish, found } = await asked(parts, request)
  const instance = await instanceOf(parts, found)
  if (instance.sopClassUid === ENCAPSULATED_PDF) {
    await demandManifest(parts, request, found)
    return encapsulatedPdf(parts.storage, instance, offers)
  }
  const offer = imageOffer(offers)
  if (offer.packaging !== 'multipart') return single(parts, request, { instance, frame: 1 }, offer.type, wish)
  return several(parts, request, framesOf(parts, instance), offer.type, wish)
}

export async function renderedFrames(parts: RenderedParts, request: WebRequest): Promise<WebAnswer> {
  const frames = frameNumbers(request.params.frames!)
  const { offers, wish, found } = await asked(parts, request)
  const offer = imageOffer(offers)
  const instance = await instanceOf(parts, found)
  if (frames.length === 1 && offer.packaging !== 'multipart')
    return single(parts, request, { instance, frame: frames[0]! }, offer.type, wish)
  const count = await parts.renderer.frameCount(instance)
  const beyond = frames.find((frame) => frame > count)
  if (beyond !== undefined) throw new WebRefusal(404, `there is no frame ${beyond}: the instance has ${count}`)
  const targets = frames.map((frame) => ({ instance, frame }))
  return several(parts, request, targets, offer.type, wish)
}

/** Study and series. */
export async function renderedMany(parts: RenderedParts, request: WebRequest): Promise<WebAnswer> {
  const { offers, wish, found } = await asked(parts, request)
  const { type } = imageOffer(offers)
  if ((await parts.catalog.countRetrievables(found.keys, found.view)) === 0) throw new WebRefusal(404, 'nothing of that here')
  return several(parts, request, everyFrame(parts, found, request.stopped), type, wish)
}

async function asked(parts: RenderedParts, request: WebRequest): Promise<Asked> {
  const wish = renderingParameters(request.query)
  const offers = renderedOffers(acceptedBy(request))
  const found = targetOf(request, parts)
  await demandManifest(parts, request, found, 'picture')
  return { wish, offers, found }
}

interface Asked {
  readonly offers: readonly Offer[]
  readonly wish: RenderingParameters
  readonly found: Named
}

export function imageOffer(offers: readonly Offer[]): Offer & { readonly type: ImageType } {
  const offer = offers.find((one): one is Offer & { readonly type: ImageType } => one.type !== 'application/pdf')
  if (offer === undefined) throw new WebRefusal(406, 'possible are image/jpeg, image/png, and multipart/related of these')
  return offer
}

export function frameNumbers(text: string): number[] {
  const parts = text.split(',')
  const numbers = parts.map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : 0))
  if (numbers.some((number) => number < 1)) throw new WebRefusal(400, 'frames: expected whole numbers from 1 on, joined by commas')
  if (numbers.length > MOST_FRAMES_NAMED) throw new WebRefusal(400, `frames: more than ${MOST_FRAMES_NAMED} at once`)
  return numbers
}

async function* framesOf({ renderer }: RenderedParts, instance: Retrievable): AsyncGenerator<Target> {
  const count = await renderer.frameCount(instance)
  for (let frame = 1; frame <= count && !hopeless.has(instance); frame++) yield { instance, frame }
}

async function* everyFrame(parts: RenderedParts, { keys, view }: Named, stopped: AbortSignal): AsyncGenerator<Target | WebRefusal> {
  for await (const instance of retrievables(parts.catalog, keys, view, stopped)) {
    try {
      yield* framesOf(parts, instance)
    } catch (error) {
      if (!(error instanceof WebRefusal) || error.status !== 406) throw error
      yield error
    }
  }
}

/** The same picture for the same bytes and wishes, whoever asks. */
export function pictureTag({ sha256 }: Retrievable, ...wishes: readonly unknown[]): string {
  return `"${createHash('sha256')
    .update(JSON.stringify([sha256, wishes]))
    .digest('base64url')
    .slice(0, 27)}"`
}

async function single(
  { renderer }: RenderedParts,
  request: WebRequest,
  { instance, frame }: Target,
  type: ImageType,
  wish: RenderingParameters,
): Promise<WebAnswer> {
  const tag = pictureTag(instance, frame, type, wish)
  const headers = { ETag: tag, 'Cache-Control': 'private, no-cache', Vary: 'Accept', ...ignoredWarning(wish.ignored) }
  if (isUnchanged(request.headers, tag)) return { status: 304, headers }
  const body = await renderer.render(instance, frame, { ...wish, type }, wish.window, request.stopped)
  return { status: 200, headers: { 'Content-Type': type, ...headers }, body }
}

type Targets = AsyncIterable<Target | WebRefusal> | Iterable<Target>

/** The first picture is drawn before the answer begins, so that where there is none this can be said. */
async function several(
  parts: RenderedParts,
  request: WebRequest,
  targets: Targets,
  type: ImageType,
  wish: RenderingParameters,
): Promise<WebAnswer> {
  const pictures = drawn(parts, request, targets, type, wish)
  const first = await pictures.next()
  if (first.done) throw first.value ?? new WebRefusal(406, 'no image among it')
  const boundary = newBoundary()
  const body = await bodyOf(multipart(boundary, partsOf(first.value, pictures, type, request.base)), request)
  return { status: 200, headers: { 'Content-Type': multipartType(type, boundary), ...ignoredWarning(wish.ignored) }, body }
}

/** Pictures, without what is none. @returns why the last one was none */
async function* drawn(
  { renderer }: RenderedParts,
  request: WebRequest,
  targets: Targets,
  type: ImageType,
  wish: RenderingParameters,
): AsyncGenerator<Picture, WebRefusal | undefined> {
  let last: WebRefusal | undefined
  let failed = 0
  for await (const target of targets) {
    try {
      if (target instanceof WebRefusal) throw target
      if (target.frame === 1) failed = 0
      yield { ...target, bytes: await renderer.render(target.instance, target.frame, { ...wish, type }, wish.window, request.stopped) }
      failed = 0
    } catch (error) {
      if (!(error instanceof WebRefusal) || error.status !== 406) throw error
      last = error
      if (!(target instanceof WebRefusal) && ++failed >= MOST_FAILED) hopeless.add(target.instance)
    }
  }
  return last
}

async function* partsOf(
  first: Picture,
  rest: AsyncGenerator<Picture, unknown>,
  type: ImageType,
  base: string,
): AsyncGenerator<OutgoingPart> {
  const partOf = ({ instance, frame, bytes }: Picture): OutgoingPart => ({
    headers: { 'Content-Type': type, 'Content-Location': `${base}${addressOf(instance)}/frames/${frame}/rendered` },
    chunks: [bytes],
  })
  yield partOf(first)
  for await (const picture of rest) yield partOf(picture)
}
