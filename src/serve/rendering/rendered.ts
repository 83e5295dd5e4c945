/** WADO-RS rendered resources: study, series, instance, frames (PS3.18 10.4.1.1.3, 10.4.3, 8.3.5).
 *
 *  Promises: one image by itself, several as multipart/related, each drawn when the one before it is on its way (small ones go out together). Of an instance without a list
 *  of frames: the first one by itself, or all where multipart is asked for. What cannot be drawn among others is left out, and told (206 and a
 *  Warning, left-out.ts); where nothing can be drawn it is refused (406). A single image has an ETag, and is not drawn for a caller that has it (304).
 *  Does not: burn in annotations: it says so (Warning).
 *  Errors: WebRefusal 400, 404, 406, and as image-renderer.ts. */
import { createHash } from 'node:crypto'
import type { Retrievable } from '../../catalog/contract.ts'
import { acceptedBy } from '../../dicomweb/accept.ts'
import { isUnchanged } from '../../dicomweb/byte-range.ts'
import { frameList } from '../../dicomweb/frame-list.ts'
import { multipart, multipartType, newBoundary, type OutgoingPart } from '../../dicomweb/multipart-writer.ts'
import { type Offer, renderedOffers } from '../../dicomweb/rendered-types.ts'
import { type ImageType, ignoredWarning, type RenderingParameters, renderingParameters } from '../../dicomweb/rendering-parameters.ts'
import { type WebAnswer, WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { demandManifest } from '../kos-header.ts'
import { retrievables } from '../retrieve-plan.ts'
import { addressOf } from '../wado-frames.ts'
import { instanceOf, leavingOut, type Target as Named, targetOf, type WadoParts } from '../wado-target.ts'
import { bodyOf } from '../web-body.ts'
import { encapsulatedPdf } from './encapsulated-pdf.ts'
import type { ImageRenderer } from './image-renderer.ts'
import { LeftOut, NotTold, toDraw } from './left-out.ts'
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

export async function renderedInstance(parts: RenderedParts, request: WebRequest): Promise<WebAnswer> {
  const { offers, wish, found } = await asked(parts, request)
  const instance = await instanceOf(parts, found)
  if (instance.sopClassUid === ENCAPSULATED_PDF) {
    await demandManifest(parts, request, found)
    return encapsulatedPdf(parts.storage, request, instance, offers)
  }
  const offer = imageOffer(offers)
  if (offer.packaging !== 'multipart') return single(parts, request, { instance, frame: 1 }, offer.type, wish)
  return several(parts, request, () => oneInstance(parts, wish, instance), offer.type, wish)
}

export async function renderedFrames(parts: RenderedParts, request: WebRequest): Promise<WebAnswer> {
  const frames = frameList(request.params.frames!, MOST_FRAMES_NAMED)
  const { offers, wish, found } = await asked(parts, request)
  const offer = imageOffer(offers)
  const instance = await instanceOf(parts, found)
  if (frames.length === 1 && offer.packaging !== 'multipart')
    return single(parts, request, { instance, frame: frames[0]! }, offer.type, wish)
  const count = await parts.renderer.frameCount(instance)
  const beyond = frames.find((frame) => frame > count)
  if (beyond !== undefined) throw new WebRefusal(404, `there is no frame ${beyond}: the instance has ${count}`)
  return several(parts, request, () => oneInstance(parts, wish, instance, frames), offer.type, wish)
}

/** Study and series. */
export async function renderedMany(parts: RenderedParts, request: WebRequest): Promise<WebAnswer> {
  const { offers, wish, found } = await asked(parts, request)
  const { type } = imageOffer(offers)
  const gather = async (): Promise<Gathering> => {
    const leftOut = new LeftOut(parts.storage, wish)
    const instances = await toDraw(leftOut, () => retrievables(parts.catalog, found.keys, found.view, request.stopped))
    if (leftOut.total === 0) throw new WebRefusal(404, 'nothing of that here')
    return { instances, leftOut }
  }
  return several(parts, request, gather, type, wish)
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

interface Gathering {
  readonly instances: AsyncIterable<Retrievable> | readonly Retrievable[]
  /** All of them where none are named. */
  readonly frames?: readonly number[]
  readonly leftOut: LeftOut
}

function oneInstance({ storage }: RenderedParts, wish: RenderingParameters, instance: Retrievable, frames?: readonly number[]): Gathering {
  const leftOut = new LeftOut(storage, wish)
  leftOut.countNamed(instance)
  return { instances: [instance], frames, leftOut }
}

/** Another one whenever the same bytes are drawn otherwise than before: browsers keep pictures. */
const DRAWN_AS = 2

/** The same picture for the same bytes and wishes, whoever asks. */
export function pictureTag({ sha256 }: Retrievable, ...wishes: readonly unknown[]): string {
  return `"${createHash('sha256')
    .update(JSON.stringify([DRAWN_AS, sha256, wishes]))
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

/** What is small is drawn whole before the answer begins: what of it could not be drawn is told at once then. */
async function several(
  parts: RenderedParts,
  request: WebRequest,
  gather: () => Gathering | Promise<Gathering>,
  type: ImageType,
  wish: RenderingParameters,
): Promise<WebAnswer> {
  const answer = async (): Promise<WebAnswer> => begun(parts, request, await gather(), type, wish)
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof WebRefusal) || !(error.cause instanceof NotTold)) throw error
    return answer()
  }
}

/** The first picture is drawn before the answer begins, so that where there is none this can be said. */
async function begun(
  parts: RenderedParts,
  request: WebRequest,
  gathering: Gathering,
  type: ImageType,
  wish: RenderingParameters,
): Promise<WebAnswer> {
  const pictures = drawn(parts, request, gathering, type, wish)
  const first = await pictures.next()
  const { leftOut } = gathering
  const texts = leftOut.tell()
  if (first.done) throw leftOut.last ?? new WebRefusal(406, `there is no picture of it: ${texts.join(', ')}`)
  const { status, warning } = leavingOut(texts)
  const boundary = newBoundary()
  const body = await bodyOf(multipart(boundary, partsOf(first.value, pictures, type, request.base)), request)
  const headers = { 'Content-Type': multipartType(type, boundary), ...ignoredWarning(wish.ignored, warning.Warning) }
  return { status, headers, body }
}

/** @throws NodeError where the last picture is drawn and one has been left out that was not told */
async function* drawn(
  parts: RenderedParts,
  request: WebRequest,
  { instances, frames, leftOut }: Gathering,
  type: ImageType,
  wish: RenderingParameters,
): AsyncGenerator<Picture, undefined> {
  let isAny = false
  for await (const instance of instances) {
    for await (const picture of drawnOf(parts, request, instance, { frames, leftOut }, { ...wish, type })) {
      isAny = true
      yield picture
    }
  }
  if (isAny) leftOut.end()
}

async function* drawnOf(
  { renderer }: RenderedParts,
  request: WebRequest,
  instance: Retrievable,
  { frames, leftOut }: Omit<Gathering, 'instances'>,
  wish: RenderingParameters & { readonly type: ImageType },
): AsyncGenerator<Picture> {
  const orPassedOver = (error: unknown): undefined => {
    if (!leftOut.passOver(instance, error)) throw error
  }
  const count = frames?.length ?? (await renderer.frameCount(instance).catch(orPassedOver))
  let drawn = 0
  let failedInRow = 0
  for (let at = 0; at < (count ?? 0) && failedInRow < MOST_FAILED; at++) {
    const frame = frames?.[at] ?? at + 1
    const bytes = await renderer.render(instance, frame, wish, wish.window, request.stopped).catch(orPassedOver)
    failedInRow = bytes === undefined ? failedInRow + 1 : 0
    if (bytes === undefined) continue
    drawn += 1
    yield { instance, frame, bytes }
  }
  if (drawn === 0 && frames === undefined) leftOut.isWholly(instance)
}

async function* partsOf(first: Picture, rest: AsyncGenerator<Picture>, type: ImageType, base: string): AsyncGenerator<OutgoingPart> {
  const partOf = ({ instance, frame, bytes }: Picture): OutgoingPart => ({
    headers: { 'Content-Type': type, 'Content-Location': `${base}${addressOf(instance)}/frames/${frame}/rendered` },
    chunks: [bytes],
  })
  yield partOf(first)
  for await (const picture of rest) yield partOf(picture)
}
