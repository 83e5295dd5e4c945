/** WADO-RS: frames of an image (PS3.18 10.4.1.1.6, 10.4.3).
 *
 *  Promises: each frame is read at its place when its turn comes (frame-source.ts) and decoded where that is asked for; memory of one frame, whatever
 *  the file. A list that is no list of different numbers from 1 is 400, a frame beyond the end 404. Without multipart where one frame is asked for so.
 *  Does not: change what a frame says (photometric interpretation, planes): decoded ones of colour come as RGB by pixel.
 *  @throws WebRefusal 400, 404, 406, 500 */
import type { Retrievable } from '../catalog/contract.ts'
import { acceptedBy, type MediaRange } from '../dicomweb/accept.ts'
import { isUnchanged } from '../dicomweb/byte-range.ts'
import { frameList } from '../dicomweb/frame-list.ts'
import { multipart, multipartType, newBoundary, type OutgoingPart } from '../dicomweb/multipart-writer.ts'
import { type WebAnswer, WebRefusal, type WebRequest } from '../dicomweb/web-service.ts'
import { converterOf } from './convert-instance.ts'
import { chooseFrames, type FrameChoice } from './frame-choice.ts'
import { type FrameSource, NoPixels, openFrames } from './frame-source.ts'
import { demandManifest } from './kos-header.ts'
import { instanceOf, stateOf, targetOf, type WadoParts } from './wado-target.ts'
import { bodyOf, noBody, refusalFor } from './web-body.ts'

const MOST_FRAMES = 100_000

export async function retrieveFrames(parts: WadoParts, request: WebRequest): Promise<WebAnswer> {
  const numbers = frameList(request.params.frames ?? '', MOST_FRAMES)
  const ranges = acceptedBy(request)
  const target = targetOf(request, parts)
  await demandManifest(parts, request, target)
  const instance = await instanceOf(parts, target)
  return framesOfInstance(parts, request, instance, ranges, numbers)
}

/** @param numbers  all of them where it is undefined */
export async function framesOfInstance(
  parts: WadoParts,
  request: WebRequest,
  instance: Retrievable,
  ranges: readonly MediaRange[],
  numbers?: readonly number[],
): Promise<WebAnswer> {
  const source = await openFrames(parts.storage, instance).catch((error: unknown) => {
    throw error instanceof NoPixels ? new WebRefusal(404, 'it holds no pixel data, so it has no frames') : refusalFor(error)
  })
  let isHandedOn = false
  try {
    if (numbers === undefined && source.count > MOST_FRAMES)
      throw new WebRefusal(406, `it has ${source.count} frames, too many to be given at once: ask for them by number`)
    const wanted = numbers ?? Array.from({ length: source.count }, (_, index) => index + 1)
    const beyond = wanted.find((number) => number > source.count)
    if (beyond !== undefined) throw new WebRefusal(404, `frame ${beyond} is asked for, there are ${source.count}`)
    const choice = chooseFrames(ranges, source.format, wanted.length === 1)
    const etag = `W/"${stateOf(instance)}-${choice.transferSyntaxUid}"`
    const headers = { ETag: etag, Vary: 'Accept' }
    if (isUnchanged(request.headers, etag)) return { status: 304, headers }
    const boundary = newBoundary()
    const partType = `${choice.type}; transfer-syntax=${choice.transferSyntaxUid}`
    const type = choice.isMultipart ? multipartType(choice.type, boundary) : partType
    const answer = { status: 200, headers: { ...headers, 'Content-Type': type } }
    if (request.method === 'HEAD') return { ...answer, body: noBody() }
    const frames = framesFrom(source, wanted, choice, parts, request.stopped)
    const url = request.base + addressOf(instance)
    const body = choice.isMultipart ? multipart(boundary, partsOf(frames, partType, `${url}/frames`)) : onlyBytes(frames)
    isHandedOn = true
    return { ...answer, body: await bodyOf(body, request) }
  } finally {
    if (!isHandedOn) source.close()
  }
}

/** Below the base of the web. */
export function addressOf({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: Retrievable): string {
  return `/dicom-web/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`
}

interface OutgoingFrame {
  readonly number: number
  readonly bytes: Buffer
}

async function* framesFrom(
  source: FrameSource,
  numbers: readonly number[],
  choice: FrameChoice,
  { storage }: WadoParts,
  stopped: AbortSignal,
): AsyncGenerator<OutgoingFrame> {
  const { format } = source
  try {
    for (const number of numbers) {
      if (stopped.aborted) return
      const frame = await source.frame(number)
      const bytes = choice.decodes ? await converterOf(storage).decodeFrame(frame, format, format.transferSyntaxUid, stopped) : frame
      yield { number, bytes }
    }
  } finally {
    source.close()
  }
}

async function* partsOf(frames: AsyncIterable<OutgoingFrame>, type: string, url: string): AsyncGenerator<OutgoingPart> {
  for await (const { number, bytes } of frames)
    yield { headers: { 'Content-Type': type, 'Content-Location': `${url}/${number}` }, chunks: [bytes] }
}

async function* onlyBytes(frames: AsyncIterable<OutgoingFrame>): AsyncGenerator<Buffer> {
  for await (const { bytes } of frames) yield bytes
}
