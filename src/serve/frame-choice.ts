/** In which form frames go out, of those that the caller takes (PS3.18 8.7.3.3).
 *
 *  Promises: `application/octet-stream` is native pixels in little endian, decoded where they are compressed, unless its parameter `transfer-syntax` asks
 *  for what is stored (`*`, or by name) or nothing else can be had; the media types of compressed images are what is stored, where it is of that type.
 *  @throws WebRefusal 406, with what is possible */
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import type { MediaRange } from '../dicomweb/accept.ts'
import { OCTET_STREAM, pixelMediaOf } from '../dicomweb/pixel-media.ts'
import { WebRefusal } from '../dicomweb/web-service.ts'
import { DECODERS } from './decodable.ts'
import type { FrameFormat } from './frame-source.ts'

export interface FrameChoice {
  readonly isMultipart: boolean
  /** Of the parts, without parameters. */
  readonly type: string
  readonly transferSyntaxUid: string
  /** Compressed frames are decoded. */
  readonly decodes: boolean
}

type Stored = Pick<FrameFormat, 'isCompressed' | 'transferSyntaxUid'>

/** @param isOne  it may go without multipart */
export function chooseFrames(ranges: readonly MediaRange[], stored: Stored, isOne: boolean): FrameChoice {
  for (const { type, parameters, weight } of ranges) {
    if (weight === 0) continue
    const isMultipart = type === 'multipart/related' || type === 'multipart/*' || type === '*/*'
    if (!isMultipart && !isOne) continue
    const inside = isMultipart ? (parameters.get('type') ?? '*/*').toLowerCase() : type
    const found = formOf(inside, parameters.get('transfer-syntax'), stored)
    if (found !== undefined) return { isMultipart, ...found }
  }
  throw new WebRefusal(406, `none of what is accepted can be sent; possible: ${possible(stored).join(', ')}`)
}

function formOf(type: string, syntax: string | undefined, stored: Stored): Omit<FrameChoice, 'isMultipart'> | undefined {
  const asStored = { type: OCTET_STREAM, transferSyntaxUid: stored.transferSyntaxUid, decodes: false }
  const native = { type: OCTET_STREAM, transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN, decodes: stored.isCompressed }
  const media = pixelMediaOf(stored.transferSyntaxUid)
  const isAny = type === '*/*'
  if (stored.isCompressed && (type === media || (type === 'image/*' && media.startsWith('image/'))) && media !== OCTET_STREAM)
    return syntax === undefined || syntax === '*' || syntax === stored.transferSyntaxUid ? { ...asStored, type: media } : undefined
  if (!isAny && type !== OCTET_STREAM && type !== 'application/*') return undefined
  if (!stored.isCompressed) return syntax === undefined || syntax === '*' || isNative(syntax) ? native : undefined
  if (syntax === '*' || syntax === stored.transferSyntaxUid) return isAny ? { ...asStored, type: media } : asStored
  if (syntax !== undefined && !isNative(syntax)) return undefined
  if (DECODERS.has(stored.transferSyntaxUid)) return native
  return syntax === undefined ? (isAny ? { ...asStored, type: media } : asStored) : undefined
}

function isNative(syntax: string): boolean {
  return syntax === EXPLICIT_VR_LITTLE_ENDIAN || syntax === IMPLICIT_VR_LITTLE_ENDIAN
}

function possible({ isCompressed, transferSyntaxUid }: Stored): string[] {
  const native = `multipart/related; type="${OCTET_STREAM}"; transfer-syntax=${EXPLICIT_VR_LITTLE_ENDIAN}`
  if (!isCompressed) return [native]
  const compressed = `multipart/related; type="${pixelMediaOf(transferSyntaxUid)}"; transfer-syntax=${transferSyntaxUid}`
  return DECODERS.has(transferSyntaxUid) ? [native, compressed] : [compressed]
}
