/** WADO-RS: studies, series and instances as DICOM files (PS3.18 10.4, IHE RAD-107).
 *
 *  Promises: every instance as DIMSE sends it (send-instance.ts), behind a Part 10 header (PS3.10 7.1): as stored unless something else is accepted only,
 *  corrected where a decision says so. Page by page, the next few files opened ahead; memory does not grow with the study. What of a study cannot be
 *  given in an accepted transfer syntax is left out, with 206 and a Warning (PS3.18 10.4.3); where nothing can, 406. A file that is lost cuts the
 *  answer before its closing boundary, and is left out of the next one in the same way (broken-instances.ts). Ranges (RFC 9110 14) of one instance as it is stored; ETag, If-None-Match, HEAD.
 *  @throws WebRefusal 304 is an answer; 400, 404, 406, 416, 500 */
import type { Retrievable } from '../catalog/contract.ts'
import { part10Header } from '../dicom/part10.ts'
import { acceptedBy } from '../dicomweb/accept.ts'
import { type ByteRange, isUnchanged, rangeOf } from '../dicomweb/byte-range.ts'
import { DICOM } from '../dicomweb/media-type.ts'
import { multipart, multipartType, newBoundary, type OutgoingPart, together } from '../dicomweb/multipart-writer.ts'
import type { WebAnswer, WebRequest } from '../dicomweb/web-service.ts'
import { NodeError } from '../errors.ts'
import type { ByteSource } from '../storage/contract.ts'
import { noteBroken } from './broken-instances.ts'
import { chooseDicom, type DicomChoice } from './dicom-choice.ts'
import { demandManifest } from './kos-header.ts'
import { closeOpened, type Opened, OpenedAhead } from './opened-ahead.ts'
import { ReadWindows, withWindows } from './read-windows.ts'
import { type Payload, payloadFor, type Takes } from './send-instance.ts'
import { brokenInWords, leavingOut, type Survey, stateOf, surveyOf, targetOf, type WadoParts } from './wado-target.ts'
import { bodyOf, noBody, refusalFor } from './web-body.ts'

export async function retrieveDicom(parts: WadoParts, request: WebRequest): Promise<WebAnswer> {
  const ranges = acceptedBy(request)
  const target = targetOf(request, parts)
  await demandManifest(parts, request, target)
  const survey = await surveyOf(parts, target, request.stopped)
  const choice = chooseDicom(ranges, [...survey.syntaxes.keys()], target.instance !== undefined)
  return choice.form === 'single' ? oneInstance(parts, request, survey, choice) : manyInstances(parts, request, survey, choice)
}

async function manyInstances(parts: WadoParts, request: WebRequest, survey: Survey, choice: DicomChoice): Promise<WebAnswer> {
  const boundary = newBoundary()
  const { status, warning } = leavingOut([...notGiven(survey, choice), ...brokenInWords(survey)])
  const chosen = [...survey.syntaxes.keys()].map((stored) => choice.syntaxFor(stored) ?? '-').join(' ')
  const etag = `W/"${survey.state.slice(0, 32)}-${chosen === [...survey.syntaxes.keys()].join(' ') ? 'stored' : chosen.replaceAll(' ', '_')}"`
  const headers = { ETag: etag, Vary: 'Accept', ...warning }
  if (isUnchanged(request.headers, etag)) return { status: 304, headers }
  const answer = { status, headers: { ...headers, 'Content-Type': multipartType(DICOM, boundary) } }
  if (request.method === 'HEAD') return { ...answer, body: noBody() }
  return { ...answer, body: await bodyOf(multipart(boundary, partsOf(parts, request, survey, choice)), request) }
}

function notGiven({ syntaxes, total }: Survey, choice: DicomChoice): string[] {
  const missing = [...syntaxes].filter(([stored]) => choice.syntaxFor(stored) === undefined)
  if (missing.length === 0) return []
  const count = missing.reduce((sum, [, one]) => sum + one, 0)
  const how = missing.map(([stored]) => stored).join(', ')
  return [`${count} of ${total} instances are left out: stored as ${how}, which is not accepted and cannot be converted`]
}

async function* partsOf(parts: WadoParts, request: WebRequest, survey: Survey, choice: DicomChoice): AsyncGenerator<OutgoingPart> {
  const instances = new OpenedAhead(only(survey.instances(), choice), parts.storage)
  const windows = new ReadWindows()
  let isWhole = false
  try {
    for (let opened = await instances.next(); opened !== undefined; opened = await instances.next()) {
      const { instance } = opened
      const told = (error: unknown): never => {
        noteBroken(parts.storage, instance, error)
        throw error
      }
      const outgoing = await ready(parts, opened, choice.syntaxFor(instance.transferSyntaxUid)!, request.stopped).catch(told)
      try {
        yield {
          headers: { 'Content-Type': `${DICOM}; transfer-syntax=${outgoing.transferSyntaxUid}` },
          chunks: orTold(outgoing.chunks(windows), told),
        }
      } finally {
        await outgoing.close()
      }
    }
    isWhole = true
  } finally {
    windows.end(isWhole)
    await instances.close()
  }
}

async function* orTold(chunks: AsyncGenerator<Buffer>, told: (error: unknown) => never): AsyncGenerator<Buffer> {
  try {
    yield* chunks
  } catch (error) {
    told(error)
  }
}

async function* only(instances: AsyncGenerator<Retrievable, undefined>, choice: DicomChoice): AsyncGenerator<Retrievable, undefined> {
  for await (const instance of instances) if (choice.syntaxFor(instance.transferSyntaxUid) !== undefined) yield instance
}

async function oneInstance(parts: WadoParts, request: WebRequest, survey: Survey, choice: DicomChoice): Promise<WebAnswer> {
  const instances = new OpenedAhead(survey.instances(), parts.storage)
  const opened = await instances.next()
  await instances.close()
  if (opened === undefined) throw new NodeError('CATALOG_FAILED', { why: 'an instance went away while it was asked for' })
  const { instance } = opened
  const syntax = choice.syntaxFor(instance.transferSyntaxUid)!
  const etag = `"${stateOf(instance)}-${syntax}"`
  const headers = { ETag: etag, Vary: 'Accept' }
  if (isUnchanged(request.headers, etag)) {
    await closeOpened(opened)
    return { status: 304, headers }
  }
  const outgoing = await ready(parts, opened, syntax, request.stopped).catch((error: unknown) => {
    throw refusalFor(error)
  })
  try {
    const range = outgoing.sizeBytes === undefined ? undefined : rangeOf(request.headers, outgoing.sizeBytes, etag)
    const answer = {
      status: range === undefined ? 200 : 206,
      headers: { ...headers, 'Content-Type': `${DICOM}; transfer-syntax=${syntax}`, ...sizeHeaders(outgoing.sizeBytes, range) },
    }
    if (request.method !== 'HEAD') return { ...answer, body: await bodyOf(together(closing(outgoing, range)), request) }
    await outgoing.close()
    return { ...answer, body: noBody() }
  } catch (error) {
    await outgoing.close()
    throw error
  }
}

/** @param sizeBytes  undefined where it is not known before it has been sent */
export function sizeHeaders(sizeBytes: number | undefined, range: ByteRange | undefined): Record<string, string> {
  if (sizeBytes === undefined) return {}
  if (range === undefined) return { 'Accept-Ranges': 'bytes', 'Content-Length': String(sizeBytes) }
  const { from, to } = range
  return { 'Accept-Ranges': 'bytes', 'Content-Length': String(to - from), 'Content-Range': `bytes ${from}-${to - 1}/${sizeBytes}` }
}

async function* closing(outgoing: OutgoingFile, range: ByteRange | undefined): AsyncGenerator<Buffer> {
  try {
    yield* withWindows((windows) => outgoing.chunks(windows, range))
  } finally {
    await outgoing.close()
  }
}

interface OutgoingFile {
  readonly transferSyntaxUid: string
  /** Header and data set; undefined where it is made while it is sent. */
  readonly sizeBytes?: number
  /** @param range  only where the size is known */
  chunks(windows: ReadWindows, range?: ByteRange): AsyncGenerator<Buffer>
  close(): Promise<void>
}

const CONTEXT = { id: 1, requestorIsScu: true, requestorIsScp: false }

/** A receiver of one transfer syntax, whatever the SOP class. */
function takesOnly(syntax: string): Takes {
  return {
    storeContext: (abstractSyntax, one) => (one === syntax ? { ...CONTEXT, abstractSyntax, transferSyntax: one } : undefined),
    storeSyntaxes: () => [syntax],
  }
}

/** Takes `opened` over: it is closed with what comes back, or when this throws. */
async function ready({ storage, aeTitle }: WadoParts, opened: Opened, syntax: string, stopped: AbortSignal): Promise<OutgoingFile> {
  const takes = takesOnly(syntax)
  try {
    const payload: Payload = await payloadFor(takes, opened, { storage, aeTitle, stopped })
    const { sopClassUid, sopInstanceUid } = opened.instance
    const header = part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid: payload.transferSyntaxUid })
    const source = payload.open()
    const close = async (): Promise<void> => {
      if (!('sizeBytes' in source)) source.destroy()
      payload.close?.()
      await closeOpened(opened)
    }
    const { transferSyntaxUid } = payload
    if (!('sizeBytes' in source)) return { transferSyntaxUid, chunks: () => behind(header, source), close }
    return {
      transferSyntaxUid,
      sizeBytes: header.length + source.sizeBytes,
      chunks: (windows, range) => stored(header, source, windows, range),
      close,
    }
  } catch (error) {
    await closeOpened(opened)
    throw error
  }
}

async function* behind(header: Buffer, dataSet: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield header
  yield* dataSet
}

async function* stored(header: Buffer, dataSet: ByteSource, windows: ReadWindows, range?: ByteRange): AsyncGenerator<Buffer> {
  const { from, to } = range ?? { from: 0, to: header.length + dataSet.sizeBytes }
  if (from < header.length) yield header.subarray(from, to)
  yield* windows.read(dataSet, Math.max(0, from - header.length), to - header.length)
}
