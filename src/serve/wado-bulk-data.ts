/** WADO-RS: bulk data at the addresses that metadata gives (PS3.18 10.4.1.1.5): `…/bulkdata/7FE00010`, and inside of sequences
 *  `…/bulkdata/54000100/1/54001010`, items from 1.
 *
 *  Promises: a binary value is read at its place, in little endian, by ranges too; compressed pixel data come as frames (wado-frames.ts), other fragments
 *  and videos as their joined bit stream. A part names the address that metadata gives it by (PS3.18 10.4.3.3.5), a frame its own. Only binary values are given: text says what is in force only where it is corrected, which is in metadata.
 *  @throws WebRefusal 400, 404, 406, 416, 500 */
import type { Retrievable } from '../catalog/contract.ts'
import { ITEM, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN, encodingOf } from '../dicom/transfer-syntaxes.ts'
import { acceptedBy, type MediaRange, quoted } from '../dicomweb/accept.ts'
import { type ByteRange, isUnchanged, rangeOf } from '../dicomweb/byte-range.ts'
import { multipart, multipartType, newBoundary, type OutgoingPart } from '../dicomweb/multipart-writer.ts'
import { OCTET_STREAM, pixelMediaOf } from '../dicomweb/pixel-media.ts'
import { type WebAnswer, WebRefusal, type WebRequest } from '../dicomweb/web-service.ts'
import { NodeError } from '../errors.ts'
import type { ByteSource } from '../storage/contract.ts'
import { ElementCursor, isFragments, type Placed } from './element-cursor.ts'
import { type Encoding, IMPLICIT_LITTLE_ENDIAN, swapBytes, swapUnit } from './element-output.ts'
import { PIXEL_DATA } from './element-vr.ts'
import { isBinary, placedVr } from './header-without-bulk.ts'
import { demandManifest } from './kos-header.ts'
import { openPlainBytes } from './plain-bytes.ts'
import { type ReadWindows, withWindows } from './read-windows.ts'
import { addressOf, framesOfInstance } from './wado-frames.ts'
import { sizeHeaders } from './wado-instances.ts'
import { instanceOf, stateOf, targetOf, type WadoParts } from './wado-target.ts'
import { bodyOf, noBody, refusalFor } from './web-body.ts'

const PATH = /^[0-9A-Fa-f]{8}(?:\/[1-9]\d{0,8}\/[0-9A-Fa-f]{8}){0,64}$/
const DEEPEST = 64
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](?:\.1)?$/

export async function retrieveBulkData(parts: WadoParts, request: WebRequest): Promise<WebAnswer> {
  const path = pathOf(request.params['*'] ?? '')
  const ranges = acceptedBy(request)
  const target = targetOf(request, parts)
  await demandManifest(parts, request, target)
  const instance = await instanceOf(parts, target)
  const bytes = await openPlainBytes(parts.storage, instance).catch((error: unknown) => {
    throw refusalFor(error)
  })
  let isHandedOn = false
  try {
    const found = await elementAt(new ElementCursor(bytes), path, encodingOf(instance.transferSyntaxUid))
    if (found === undefined || !isShown(found.placed, instance)) throw new WebRefusal(404, 'no bulk data at this address')
    const isFrames = path.length === 1 && path[0] === PIXEL_DATA && isFragments(found.placed) && !VIDEO.test(instance.transferSyntaxUid)
    if (isFrames) {
      bytes.close()
      isHandedOn = true
      return await framesOfInstance(parts, request, instance, ranges)
    }
    const answer = await answerOf(request, instance, ranges, { ...found, path }, bytes)
    isHandedOn = answer.handedOn
    return answer.answer
  } catch (error) {
    throw refusalFor(error)
  } finally {
    if (!isHandedOn) bytes.close()
  }
}

interface Found {
  readonly placed: Placed
  readonly encoding: Encoding
}

async function answerOf(
  request: WebRequest,
  instance: Retrievable,
  ranges: readonly MediaRange[],
  { placed, encoding, path }: Found & { readonly path: readonly number[] },
  bytes: ByteSource,
): Promise<{ answer: WebAnswer; handedOn: boolean }> {
  const syntax = isFragments(placed) ? instance.transferSyntaxUid : EXPLICIT_VR_LITTLE_ENDIAN
  const media = isFragments(placed) ? pixelMediaOf(syntax) : OCTET_STREAM
  const { type, isMultipart } = chosen(ranges, media)
  const size = isFragments(placed) || isMultipart ? undefined : placed.length
  const etag = `"${stateOf(instance)}-${placed.at}"`
  const headers = { ETag: etag, Vary: 'Accept' }
  if (isUnchanged(request.headers, etag)) return { answer: { status: 304, headers }, handedOn: false }
  const range = size === undefined || size === 0 ? undefined : rangeOf(request.headers, size, etag)
  const boundary = newBoundary()
  const partType = `${type}; transfer-syntax=${syntax}`
  const answer = {
    status: range === undefined ? 200 : 206,
    headers: { ...headers, 'Content-Type': isMultipart ? multipartType(type, boundary) : partType, ...sizeHeaders(size, range) },
  }
  if (request.method === 'HEAD') return { answer: { ...answer, body: noBody() }, handedOn: false }
  const value = valueBytes(bytes, placed, encoding, range)
  const location = `${request.base}${addressOf(instance)}/bulkdata/${pathInWords(path)}`
  const pieces = isMultipart ? multipart(boundary, onePart({ 'Content-Type': partType, 'Content-Location': location }, value)) : value
  return { answer: { ...answer, body: await bodyOf(pieces, request) }, handedOn: true }
}

function chosen(ranges: readonly MediaRange[], media: string): { type: string; isMultipart: boolean } {
  for (const { type, parameters, weight } of ranges) {
    const isMultipart = type === 'multipart/related' || type === 'multipart/*'
    const inside = isMultipart ? (parameters.get('type') ?? '*/*').toLowerCase() : type
    if (weight === 0) continue
    if (inside === '*/*' || inside === media || inside === `${media.split('/')[0]}/*`) return { type: media, isMultipart }
    if (inside === OCTET_STREAM || inside === 'application/*') return { type: OCTET_STREAM, isMultipart }
  }
  throw new WebRefusal(406, `none of what is accepted can be sent; possible: ${media}, multipart/related; type="${media}"`)
}

async function* onePart(headers: OutgoingPart['headers'], chunks: AsyncIterable<Buffer>): AsyncGenerator<OutgoingPart> {
  yield { headers, chunks }
}

function valueBytes(bytes: ByteSource, placed: Placed, encoding: Encoding, range?: ByteRange): AsyncGenerator<Buffer> {
  return withWindows((windows) => valueBy(windows, bytes, placed, encoding, range))
}

async function* valueBy(
  windows: ReadWindows,
  bytes: ByteSource,
  placed: Placed,
  { littleEndian }: Encoding,
  range?: ByteRange,
): AsyncGenerator<Buffer> {
  try {
    if (isFragments(placed)) yield* fragmentsOf(bytes, placed.valueAt, windows)
    else {
      const { from, to } = range ?? { from: 0, to: placed.length }
      const unit = littleEndian ? 1 : swapUnit(placedVr(placed))
      const start = from - (from % unit)
      const end = Math.min(placed.length, Math.ceil(to / unit) * unit)
      let at = start
      for await (const chunk of windows.read(bytes, placed.valueAt + start, placed.valueAt + end)) {
        swapBytes(chunk, unit)
        yield chunk.subarray(Math.max(0, from - at), Math.min(chunk.length, to - at))
        at += chunk.length
      }
    }
  } finally {
    bytes.close()
  }
}

/** Without the Basic Offset Table. */
async function* fragmentsOf(bytes: ByteSource, start: number, windows: ReadWindows): AsyncGenerator<Buffer> {
  const cursor = new ElementCursor(bytes)
  let at = start
  for (let index = 0; ; index++) {
    const item = await cursor.inside(at, IMPLICIT_LITTLE_ENDIAN)
    if (item.tag === SEQUENCE_DELIMITATION) return
    if (item.tag !== ITEM) throw new NodeError('UNREADABLE', { why: 'no fragment where one should be' })
    at = item.valueAt + item.length
    if (index > 0) yield* windows.read(bytes, item.valueAt, at)
  }
}

function isShown(placed: Placed, { correction }: Retrievable): boolean {
  const isValue = isBinary(placedVr(placed)) && (placed.length !== UNDEFINED_LENGTH || isFragments(placed))
  return isValue && !(correction !== undefined && placed.tag >>> 16 === 0x0010)
}

function pathOf(text: string): readonly number[] {
  if (!PATH.test(text))
    throw new WebRefusal(400, `bulk data: found ${quoted(text)}, expected a tag like 7FE00010, or tag/item/tag inside of a sequence`)
  return text.split('/').map((part, index) => Number.parseInt(part, index % 2 === 0 ? 16 : 10))
}

/** As metadata writes it. */
function pathInWords(path: readonly number[]): string {
  return path.map((part, index) => (index % 2 === 0 ? part.toString(16).toUpperCase().padStart(8, '0') : part)).join('/')
}

/** @param path  tag, item, tag … */
async function elementAt(cursor: ElementCursor, path: readonly number[], around: Encoding): Promise<Found | undefined> {
  let [encoding, at, end]: [Encoding, number, number] = [around, 0, Number.POSITIVE_INFINITY]
  for (let step = 0; step < 2 * DEEPEST; step += 2) {
    const placed = await find(cursor, path[step]!, encoding, at, end, step > 0)
    if (placed === undefined || step + 1 >= path.length) return placed && { placed, encoding }
    const item = isFragments(placed) ? undefined : await itemOf(cursor, placed, path[step + 1]!, encoding)
    if (item === undefined) return undefined
    at = item.valueAt
    end = item.length === UNDEFINED_LENGTH ? Number.POSITIVE_INFINITY : at + item.length
    encoding = await cursor.itemEncoding(at, ElementCursor.encodingInside(placed, encoding))
  }
  return undefined
}

async function find(
  cursor: ElementCursor,
  tag: number,
  encoding: Encoding,
  from: number,
  end: number,
  isInside: boolean,
): Promise<Placed | undefined> {
  for (let at = from; at < end; ) {
    const placed = isInside ? await cursor.inside(at, encoding) : await cursor.element(at, encoding)
    if (placed === undefined || placed.tag === tag) return placed
    if (placed.tag >>> 16 === 0xfffe) return undefined
    at = await cursor.endOf(placed, encoding)
  }
  return undefined
}

async function itemOf(cursor: ElementCursor, placed: Placed, number: number, around: Encoding): Promise<Placed | undefined> {
  const encoding = ElementCursor.encodingInside(placed, around)
  const end = placed.length === UNDEFINED_LENGTH ? Number.POSITIVE_INFINITY : placed.valueAt + placed.length
  let at = placed.valueAt
  for (let index = 1; at < end; index++) {
    const item = await cursor.inside(at, { explicit: false, littleEndian: encoding.littleEndian })
    if (item.tag !== ITEM) return undefined
    if (index === number) return item
    at = await cursor.endOfItem(item, encoding)
  }
  return undefined
}
