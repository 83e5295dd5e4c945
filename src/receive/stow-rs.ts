/** STOW-RS (PS3.18 10.5): instances are stored by a request on the web.
 *
 *  Promises: `multipart/related` of DICOM files, or of DICOM JSON with bulk data (stow-metadata.ts), or one DICOM file alone; each instance goes through the
 *  door of C-STORE and is answered for as there, when it is durable. Files are never gathered. Of a request that is cut off or broken what was whole stays; of
 *  the rest nothing does. The end of a request is what the end of an association is to C-STORE: the studies it brought are due soon.
 *  Source of the instances is {@link sourceOf} the caller: what confidentiality and retention rules name as `sender`.
 *  Does not: take XML; know who may store (the route does).
 *  Errors: WebRefusal 400, 406, 413, 415, 503. */
import type { Readable } from 'node:stream'
import { parseAeTitle } from '../dicom/ae-title.ts'
import { acceptedJson } from '../dicomweb/accept-json.ts'
import { DICOM, DICOM_JSON, type MediaType, parseMediaType } from '../dicomweb/media-type.ts'
import { MultipartParser, type PartReceiver } from '../dicomweb/multipart-parser.ts'
import { readBody } from '../dicomweb/request-body.ts'
import { uidInPath } from '../dicomweb/uid-in-path.ts'
import { WebFailure } from '../dicomweb/web-failure.ts'
import { type WebAnswer, type WebCaller, WebRefusal, type WebRequest } from '../dicomweb/web-service.ts'
import { ERRORS } from '../errors.ts'
import { log } from '../log.ts'
import type { Arrivals, Bringer } from './arrivals.ts'
import { isKept, type StoreOutcome, storeAnswer } from './store-answer.ts'
import type { Door } from './store-instance.ts'
import type { Common } from './store-part.ts'
import { FileParts } from './stow-files.ts'
import { MetadataParts } from './stow-metadata.ts'

export interface StowParts {
  readonly door: Door
  readonly arrivals: Arrivals
  /** `storage.maxInstanceBytes` */
  largestBytes(): number
}

/** Takes the parts of one request. */
export interface StoreReceiver extends PartReceiver {
  /** Nothing more comes: of what is under way nothing is to be left. */
  cutOff(reason: StoreOutcome): void
  /** One for each instance, in their order, when each is durable or refused. */
  outcomes(): Promise<readonly StoreOutcome[]>
}

const MULTIPART = 'multipart/related'
const NO_HEADERS: ReadonlyMap<string, string> = new Map()
const LONGEST_AE_TITLE = 16

/** `…/studies` and `…/studies/{study}`. */
export async function storeRequest(parts: StowParts, request: WebRequest): Promise<WebAnswer> {
  const contentType = acceptedJson(request)
  const media = mediaTypeOf(request)
  const study = uidInPath(request, 'study')
  const arrival = new AbortController()
  const bringer: Bringer = { ended: arrival.signal }
  const common: Common = {
    source: sourceOf(request.caller),
    studyInstanceUid: study,
    brought: (uid) => parts.arrivals.brought(bringer, uid),
  }
  try {
    const receiver = receiverFor(media, parts, common)
    const failure = await receive(request.body as Readable, media, receiver)
    const outcomes = await receiver.outcomes()
    if (failure === undefined && outcomes.length > 0) return storeAnswer(`${request.base}/dicom-web`, outcomes, contentType)
    return answerBroken(request, failure ?? new WebRefusal(400, 'no part: nothing to store'), outcomes, contentType)
  } finally {
    arrival.abort()
  }
}

/** The name of the caller (of its token, or `local`), as far as it is an AE title: what is noted in the file (0002,0016), so that the rules for it apply
 *  again where the catalog is rebuilt. */
export function sourceOf({ name }: Pick<WebCaller, 'name'>): string {
  const cut = name.replace(/[^\x20-\x5b\x5d-\x7e]/g, '_').trim()
  return parseAeTitle(cut.slice(0, LONGEST_AE_TITLE)) ?? 'web'
}

function receiverFor(media: MediaType, { door, largestBytes }: StowParts, common: Common): StoreReceiver {
  if (rootTypeOf(media) === DICOM_JSON) return new MetadataParts(door, common)
  return new FileParts(door, common, largestBytes())
}

/** @returns why it did not come to its end */
async function receive(body: Readable, media: MediaType, receiver: StoreReceiver): Promise<WebRefusal | undefined> {
  try {
    if (media.type === MULTIPART) await receiveParts(body, media.parameters.get('boundary')!, receiver)
    else await receiveAlone(body, receiver)
    return undefined
  } catch (error) {
    const refusal = refusalOf(error)
    receiver.cutOff(refusal?.status === 413 ? tooMuch(refusal) : CUT_OFF)
    if (refusal !== undefined) return refusal
    await receiver.outcomes()
    throw error
  }
}

const CUT_OFF = { status: ERRORS.UNREADABLE.status, errorComment: 'cut off' }
const tooMuch = ({ message }: WebRefusal) => ({ status: ERRORS.INSTANCE_TOO_LARGE.status, errorComment: message })

async function receiveParts(body: Readable, boundary: string, receiver: StoreReceiver): Promise<void> {
  const parser = new MultipartParser(boundary, receiver)
  await readBody(body, async (chunk) => {
    await parser.push(chunk)
    return !parser.isOver
  })
  parser.finish()
}

async function receiveAlone(body: Readable, receiver: StoreReceiver): Promise<void> {
  await receiver.begins(NO_HEADERS)
  await readBody(body, async (chunk) => {
    await receiver.data(chunk)
    return true
  })
  await receiver.ends()
}

/** @returns undefined for what is nobody's fault but ours */
function refusalOf(error: unknown): WebRefusal | undefined {
  if (error instanceof WebRefusal) return error
  if (error instanceof WebFailure) return new WebRefusal(error.status ?? 400, error.message, {}, { cause: error })
  // What a stream fails with whose sender has gone.
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return new WebRefusal(400, 'the request was cut off', {}, { cause: error })
  return undefined
}

/** What was whole is kept, and told; a sender of whose instances none was kept is told what is wrong with the request. */
function answerBroken(request: WebRequest, failure: WebRefusal, outcomes: readonly StoreOutcome[], contentType: string): WebAnswer {
  const kept = outcomes.filter(isKept).length
  log.warn('request to store is broken', { caller: request.caller.name, kept, reason: failure.message })
  if (kept === 0) throw failure
  // Parts that never came have no name to be told by.
  const rest: StoreOutcome = { status: ERRORS.UNREADABLE.status, errorComment: `the rest of the request: ${failure.message}`.slice(0, 64) }
  return storeAnswer(`${request.base}/dicom-web`, [...outcomes, rest], contentType)
}

// --- what the request says of itself

function mediaTypeOf({ headers, body }: WebRequest): MediaType {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw new WebRefusal(415, 'Content-Encoding: bodies are taken as they are, without one')
  const media = parseMediaType(headers['content-type'])
  const root = media && rootTypeOf(media)
  if (
    media === undefined ||
    body === undefined ||
    (root !== DICOM && root !== DICOM_JSON) ||
    (root !== DICOM && media.type !== MULTIPART)
  ) {
    throw new WebRefusal(415, `Content-Type: ${MULTIPART}; type="${DICOM}", ${MULTIPART}; type="${DICOM_JSON}" or ${DICOM}`)
  }
  if (media.type === MULTIPART && !media.parameters.get('boundary')) throw new WebRefusal(400, 'Content-Type: names no boundary')
  return media
}

/** Of a multipart that does not say: that of files (RFC 2387 3.1 asks for it, some clients leave it out). */
function rootTypeOf({ type, parameters }: MediaType): string {
  if (type !== MULTIPART) return type
  return parameters.get('type')?.toLowerCase() ?? DICOM
}
