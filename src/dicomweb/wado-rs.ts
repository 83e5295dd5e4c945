/** Retrieves the instances of one series by WADO-RS (PS3.18 10.4, IHE RAD-107).
 *
 *  Promises: every part is streamed to the sink that is made for it; it is asked for as it is stored (`transfer-syntax=*`), and where the server does not
 *  take that, for the transfer syntaxes that French DRIMbox servers know, then for the server's own choice. The manifest is named in the header
 *  KOS-SOPInstanceUID, which DRIMbox servers require. One instance that comes without multipart is taken too.
 *  Does not: judge what comes.
 *  @throws WebFailure in words, or what a sink throws; what was being received then is abandoned */
import type { IncomingMessage } from 'node:http'
import { httpGet } from './http-get.ts'
import { DICOM, parseMediaType } from './media-type.ts'
import { MultipartParser, type PartReceiver } from './multipart-parser.ts'
import { inWords, WebFailure } from './web-failure.ts'

/** Takes one part: a DICOM file. */
export interface PartSink {
  write(bytes: Buffer): Promise<void> | undefined
  end(): Promise<void>
  /** It will not be whole: leave nothing behind. */
  abandon(): Promise<void>
}

export interface WadoRequest {
  /** Up to, and without, `/studies`. */
  readonly base: URL
  /** Checked UIDs. */
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  /** SOP Instance UID of the manifest. */
  readonly manifestUid?: string
  readonly token?: string
  readonly silenceSeconds: number
}

const MULTIPART = `multipart/related; type="${DICOM}"`
const DRIMBOX_SYNTAXES = ['70', '80', '91', '50', '51', '100', '101', '102', '103'].map((last) => `1.2.840.10008.1.2.4.${last}`)
const ACCEPTED = [
  `${MULTIPART}; transfer-syntax=*`,
  [...DRIMBOX_SYNTAXES, '1.2.840.10008.1.2.1'].map((uid) => `${MULTIPART}; transfer-syntax=${uid}`).join(', '),
  MULTIPART,
]
/** What a server may answer to a form of Accept that it does not know. */
const NOT_ACCEPTED = new Set([400, 406, 415])

export async function retrieveSeries(request: WadoRequest, sinkFor: () => PartSink): Promise<void> {
  const answer = await firstAnswer(request)
  const media = parseMediaType(answer.headers['content-type'])
  const { host } = request.base
  try {
    if (media?.type === 'multipart/related') await takeParts(answer, media.parameters.get('boundary') ?? '', sinkFor)
    else if (media?.type === DICOM) await takeWhole(answer, sinkFor())
    else throw new WebFailure(`${host}: answers ${media?.type ?? 'without Content-Type'}, not DICOM`)
  } catch (error) {
    throw isOfSocket(error) ? inWords(error, host) : error
  } finally {
    answer.destroy()
  }
}

/** Of the series, below the base. A query of the base is kept. */
export function seriesUrl({ base, studyInstanceUid, seriesInstanceUid }: WadoRequest): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/studies/${studyInstanceUid}/series/${seriesInstanceUid}`
  return url
}

async function firstAnswer(request: WadoRequest): Promise<IncomingMessage> {
  const url = seriesUrl(request)
  const headers: Record<string, string> = {}
  if (request.manifestUid !== undefined) headers['KOS-SOPInstanceUID'] = request.manifestUid
  if (request.token !== undefined) headers.Authorization = `Bearer ${request.token}`
  let failure: unknown
  for (const accept of ACCEPTED) {
    try {
      return await httpGet(url, { headers: { Accept: accept, ...headers }, silenceSeconds: request.silenceSeconds })
    } catch (error) {
      if (!(error instanceof WebFailure) || !NOT_ACCEPTED.has(error.status ?? 0)) throw error
      failure = error
    }
  }
  throw failure
}

async function takeParts(answer: IncomingMessage, boundary: string, sinkFor: () => PartSink): Promise<void> {
  let sink: PartSink | undefined
  const receiver: PartReceiver = {
    begins(headers) {
      checkPart(headers)
      sink = sinkFor()
      return undefined
    },
    data: (bytes) => sink?.write(bytes),
    async ends() {
      const whole = sink
      sink = undefined
      await whole?.end()
    },
  }
  try {
    const parser = new MultipartParser(boundary, receiver)
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      await parser.push(chunk)
      if (parser.isOver) break
    }
    parser.finish()
  } finally {
    await sink?.abandon()
  }
}

async function takeWhole(answer: IncomingMessage, sink: PartSink): Promise<void> {
  let isWhole = false
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) await sink.write(chunk)
    isWhole = true
  } finally {
    if (!isWhole) await sink.abandon()
  }
  await sink.end()
}

/** A part that does not say what it is, is looked into. */
function checkPart(headers: ReadonlyMap<string, string>): void {
  const type = parseMediaType(headers.get('content-type'))?.type ?? DICOM
  if (type !== DICOM) throw new WebFailure(`a part of the answer is ${type}, not ${DICOM}`)
  const encoding = (headers.get('content-transfer-encoding') ?? 'binary').toLowerCase()
  if (encoding !== 'binary' && encoding !== '8bit') throw new WebFailure(`a part of the answer is encoded as ${encoding}, not binary`)
}

function isOfSocket(error: unknown): error is NodeJS.ErrnoException {
  return /^(ECONN|EPIPE|ETIMEDOUT|HPE_|ERR_STREAM_PREMATURE)/.test((error as NodeJS.ErrnoException | undefined)?.code ?? '')
}
