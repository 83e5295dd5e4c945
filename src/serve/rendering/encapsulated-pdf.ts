/** The document in an Encapsulated PDF (PS3.3 C.24.2) as it is: its rendered form (PS3.18 8.7.4).
 *
 *  Promises: read at its place while it is sent, by windows (read-windows.ts): memory does not grow with the document, and nothing is read for a caller
 *  that does not take it. Ranges (RFC 9110 14); ETag, If-None-Match, HEAD.
 *  Errors: WebRefusal 400, 406, 416, 500. Sizes in bytes. */
import type { Retrievable } from '../../catalog/contract.ts'
import { encodingOf } from '../../dicom/transfer-syntaxes.ts'
import { isUnchanged, rangeOf } from '../../dicomweb/byte-range.ts'
import type { Offer } from '../../dicomweb/rendered-types.ts'
import { type WebAnswer, WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { NodeError } from '../../errors.ts'
import type { ByteSource, Storage } from '../../storage/contract.ts'
import { ElementCursor, isFragments, type Placed } from '../element-cursor.ts'
import { openPlainBytes } from '../plain-bytes.ts'
import { withWindows } from '../read-windows.ts'
import { sizeHeaders } from '../wado-instances.ts'
import { bodyOf, noBody, refusalFor } from '../web-body.ts'

const ENCAPSULATED_DOCUMENT = 0x00420011
/** Without what pads it to an even length. */
const DOCUMENT_LENGTH = 0x00420015
const MAGIC = '%PDF-'

interface Place {
  readonly from: number
  readonly sizeBytes: number
}

export async function encapsulatedPdf(
  storage: Storage,
  request: WebRequest,
  instance: Retrievable,
  offers: readonly Offer[],
): Promise<WebAnswer> {
  const offer = offers.find(({ type, packaging }) => type === 'application/pdf' && packaging !== 'multipart')
  if (offer === undefined) throw new WebRefusal(406, 'not an image (Encapsulated PDF): possible is application/pdf')
  const etag = `"${instance.sha256}-document"`
  const headers = { ETag: etag, 'Cache-Control': 'private, no-cache', Vary: 'Accept' }
  if (isUnchanged(request.headers, etag)) return { status: 304, headers }
  const bytes = await openPlainBytes(storage, instance).catch((error: unknown) => {
    throw refusalFor(error)
  })
  let isHandedOn = false
  try {
    const { from, sizeBytes } = await documentIn(bytes, instance.transferSyntaxUid)
    const range = rangeOf(request.headers, sizeBytes, etag)
    const type = { 'Content-Type': 'application/pdf', 'Content-Disposition': 'inline' }
    const answer = { status: range === undefined ? 200 : 206, headers: { ...headers, ...type, ...sizeHeaders(sizeBytes, range) } }
    if (request.method === 'HEAD') return { ...answer, body: noBody() }
    isHandedOn = true
    const { from: first, to } = range ?? { from: 0, to: sizeBytes }
    return { ...answer, body: await bodyOf(closing(bytes, from + first, from + to), request) }
  } finally {
    if (!isHandedOn) bytes.close()
  }
}

async function* closing(bytes: ByteSource, from: number, to: number): AsyncGenerator<Buffer> {
  try {
    yield* withWindows((windows) => windows.read(bytes, from, to))
  } finally {
    bytes.close()
  }
}

/** @throws WebRefusal 406 */
async function documentIn(bytes: ByteSource, transferSyntaxUid: string): Promise<Place> {
  try {
    const cursor = new ElementCursor(bytes)
    const { document, length } = await elementsOf(cursor, transferSyntaxUid)
    const isPdf = document !== undefined && !isFragments(document) && (await startsAsPdf(cursor, document))
    if (!isPdf) throw new NodeError('UNREADABLE', { why: 'no document that is PDF' })
    return { from: document.valueAt, sizeBytes: length > 0 && length < document.length ? length : document.length }
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'UNREADABLE') throw refusalFor(error)
    throw new WebRefusal(406, `there is no document in it: ${error.inWords}`, {}, { cause: error })
  }
}

async function startsAsPdf(cursor: ElementCursor, { valueAt, length }: Placed): Promise<boolean> {
  return length >= MAGIC.length && (await cursor.read(valueAt, MAGIC.length)).toString('latin1') === MAGIC
}

/** @returns the length that the data set names, 0 where there is none */
async function elementsOf(cursor: ElementCursor, transferSyntaxUid: string): Promise<{ document?: Placed; length: number }> {
  const encoding = encodingOf(transferSyntaxUid)
  let document: Placed | undefined
  for (let at = 0; ; ) {
    const placed = await cursor.element(at, encoding)
    if (placed === undefined || placed.tag > DOCUMENT_LENGTH) return { document, length: 0 }
    if (placed.tag === DOCUMENT_LENGTH && placed.length === 4) {
      const value = await cursor.read(placed.valueAt, 4)
      return { document, length: encoding.littleEndian ? value.readUInt32LE() : value.readUInt32BE() }
    }
    if (placed.tag === ENCAPSULATED_DOCUMENT) document = placed
    at = await cursor.endOf(placed, encoding)
  }
}
