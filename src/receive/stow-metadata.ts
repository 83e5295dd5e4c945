/** Instances that come as DICOM JSON and bulk data (PS3.18 10.5.2): the metadata of all of them in one part, and their bulk data, each part under the
 *  address (Content-Location) that the metadata points at.
 *
 *  Promises: an instance is made only when all that it points at has come; it is kept in Explicit VR Little Endian, or with its pixel data as it was compressed.
 *  Bounded: the metadata {@link LARGEST_METADATA_BYTES}, everything of a request {@link LARGEST_REQUEST_BYTES}, of all requests {@link MOST_BYTES}.
 *  So are the instances made of it: bulk data that several elements point at counts for each of them.
 *  Errors: WebRefusal 400, 413, 503. What is wrong with one instance fails that one, C000; a compression that is not known C122 (PS3.18 I.2.2). */
import { tagText } from '../dicom/dictionary.ts'
import { dataSetOfJson, elementsOf, PIXEL_DATA, unreadable } from '../dicom/json-data-set.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { Gathered } from '../dicomweb/gathered.ts'
import { DICOM_JSON, type MediaType, parseMediaType } from '../dicomweb/media-type.ts'
import { WebRefusal } from '../dicomweb/web-service.ts'
import { NodeError } from '../errors.ts'
import { isNative, syntaxOfCompressed } from './compressed-part.ts'
import type { StoreOutcome } from './store-answer.ts'
import { type Door, receiveInstance } from './store-instance.ts'
import { type Common, refused } from './store-part.ts'
import { MOST_PARTS } from './stow-files.ts'
import type { StoreReceiver } from './stow-rs.ts'

const LARGEST_METADATA_BYTES = 4 * 1024 * 1024
const LARGEST_REQUEST_BYTES = 128 * 1024 * 1024
const MOST_BYTES = 256 * 1024 * 1024
const SYNTAX_NOT_SUPPORTED = 0xc122
const OCTETS: MediaType = { type: 'application/octet-stream', parameters: new Map() }

/** Of all requests of the process. */
let gatheredBytes = 0

interface BulkPart {
  readonly media: MediaType
  readonly bytes: Gathered
}

export class MetadataParts implements StoreReceiver {
  readonly #door: Door
  readonly #common: Common
  #metadata: Gathered | undefined
  readonly #bulk = new Map<string, BulkPart>()
  /** Where what comes goes. */
  #into = new Gathered()
  #isMetadata = false
  #parts = 0
  #bytes = 0
  /** Of bulk data in the instances that were made. */
  #madeBytes = 0
  #isCutOff = false

  constructor(door: Door, common: Common) {
    this.#door = door
    this.#common = common
  }

  begins(headers: ReadonlyMap<string, string>): undefined {
    if (++this.#parts > MOST_PARTS) throw new WebRefusal(413, `more than ${MOST_PARTS} parts: send the others in another request`)
    const media = parseMediaType(headers.get('content-type')) ?? OCTETS
    this.#isMetadata = media.type === DICOM_JSON
    if (this.#isMetadata) {
      // Several lists of instances, one in each part, are one list.
      if (this.#metadata !== undefined) throw new WebRefusal(400, 'metadata comes in one part')
      this.#metadata = new Gathered()
      this.#into = this.#metadata
      return
    }
    const location = headers.get('content-location')
    if (location === undefined || this.#bulk.has(location))
      throw new WebRefusal(
        400,
        `a part of bulk data ${location === undefined ? 'without Content-Location' : 'whose Content-Location came before'}`,
      )
    const part: BulkPart = { media, bytes: new Gathered() }
    this.#bulk.set(location, part)
    this.#into = part.bytes
  }

  data(bytes: Buffer): undefined {
    this.#bytes += bytes.length
    gatheredBytes += bytes.length
    this.#into.push(bytes)
    if (this.#isMetadata && this.#into.sizeBytes > LARGEST_METADATA_BYTES)
      throw new WebRefusal(413, `metadata of more than ${LARGEST_METADATA_BYTES} bytes`)
    if (this.#bytes > LARGEST_REQUEST_BYTES)
      throw new WebRefusal(413, `metadata and bulk data of more than ${LARGEST_REQUEST_BYTES} bytes: DICOM files may be larger`)
    if (gatheredBytes > MOST_BYTES) throw new WebRefusal(503, 'too much at once', { 'Retry-After': '10' })
  }

  ends(): undefined {
    return undefined
  }

  cutOff(): void {
    this.#isCutOff = true
  }

  async outcomes(): Promise<readonly StoreOutcome[]> {
    try {
      if (this.#isCutOff) return []
      const outcomes: StoreOutcome[] = []
      for (const item of parseItems(this.#metadata?.whole() ?? Buffer.alloc(0))) outcomes.push(await this.#store(item))
      return outcomes
    } finally {
      gatheredBytes -= this.#bytes
      this.#bytes = 0
    }
  }

  async #store(item: unknown): Promise<StoreOutcome> {
    let uids: Partial<StoreOutcome> = {}
    try {
      uids = { sopClassUid: textIn(item, 0x00080016), sopInstanceUid: textIn(item, 0x00080018) }
      const { frames, transferSyntaxUid } = this.#compressed(item)
      const pieces = dataSetOfJson(item, (uri) => this.#bulkOf(uri), frames)
      const sink = receiveInstance(this.#door, {
        ...this.#common,
        sopClassUid: uids.sopClassUid,
        sopInstanceUid: uids.sopInstanceUid,
        transferSyntaxUid,
        admitted: (said) => {
          uids = said
        },
      })
      for (const piece of pieces) await sink.write(piece)
      const { status, errorComment } = await sink.end()
      return { ...uids, status, errorComment }
    } catch (error) {
      if (error instanceof UnknownCompression) return { ...uids, status: SYNTAX_NOT_SUPPORTED, errorComment: error.message }
      if (error instanceof NodeError) return { ...uids, ...refused(`${error.details.why ?? error.tell}`.slice(0, 64)) }
      throw error
    }
  }

  /** Pixel data that came compressed: one part, or one for each frame under `…/frames/1` and so on. */
  #compressed(item: unknown): { frames: readonly Buffer[] | undefined; transferSyntaxUid: string } {
    const native = { frames: undefined, transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN }
    const uri = elementsOf(item).find(([tag]) => tag === PIXEL_DATA)?.[1].BulkDataURI
    if (typeof uri !== 'string') return native
    const count = Number(textIn(item, 0x00280008) ?? 1)
    const whole = this.#bulk.get(uri)
    const parts = whole === undefined ? this.#frames(uri, count) : [whole]
    if (parts.every(({ media }) => isNative(media))) return whole === undefined ? missing() : native
    const { media } = parts[0]!
    if (parts.length !== count && !media.type.startsWith('video/')) throw unreadable('pixel data is not one part for each frame')
    const frames = parts.map((part) => this.#made(part))
    const transferSyntaxUid = syntaxOfCompressed(media, frames[0]!)
    if (transferSyntaxUid === undefined) throw new UnknownCompression()
    return { frames, transferSyntaxUid }
  }

  #frames(uri: string, count: number): BulkPart[] {
    if (!Number.isInteger(count) || count < 1 || count > this.#bulk.size) return missing()
    return Array.from({ length: count }, (_, at) => this.#bulk.get(`${uri}/frames/${at + 1}`) ?? missing())
  }

  #bulkOf(uri: string): Buffer {
    const part = this.#bulk.get(uri) ?? missing()
    if (!isNative(part.media)) throw unreadable('bulk data that is compressed, and not that of the image')
    return this.#made(part)
  }

  /** Few bytes of metadata can point at the same many bytes a thousand times. */
  #made({ bytes }: BulkPart): Buffer {
    this.#madeBytes += bytes.sizeBytes
    if (this.#madeBytes > LARGEST_REQUEST_BYTES) throw unreadable('bulk data is pointed at again and again')
    return bytes.whole()
  }
}

class UnknownCompression extends Error {
  constructor() {
    super('transfer-syntax of the pixel data is not told, or not known')
  }
}

function missing(): never {
  throw unreadable('no part has the Content-Location of a BulkDataURI')
}

function parseItems(bytes: Buffer): unknown[] {
  let items: unknown
  try {
    items = JSON.parse(bytes.toString())
  } catch (cause) {
    throw new WebRefusal(400, 'metadata is not JSON', {}, { cause })
  }
  return Array.isArray(items) ? items : [items]
}

/** The first value of a text, whatever else the item is. */
function textIn(item: unknown, tag: number): string | undefined {
  const elements = (item ?? {}) as Readonly<Record<string, { readonly Value?: unknown } | null>>
  const value = (elements[tagText(tag)] ?? elements[tagText(tag).toLowerCase()])?.Value
  const first: unknown = Array.isArray(value) ? value[0] : undefined
  return typeof first === 'string' || typeof first === 'number' ? String(first) : undefined
}
