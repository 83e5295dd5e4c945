/** Which transfer syntax compressed pixel data has that came as bulk data by itself (PS3.18 8.7.3, table 10.5.2-1).
 *
 *  Promises: what the part says (`transfer-syntax`), else what its JPEG says; never a default: a wrong one would make the image unreadable for ever. */
import { transferSyntax } from '../dicom/transfer-syntaxes.ts'
import type { MediaType } from '../dicomweb/media-type.ts'

const JPEG_BY_FRAME: Readonly<Record<number, string>> = {
  192: '1.2.840.10008.1.2.4.50', // SOF0: baseline
  193: '1.2.840.10008.1.2.4.51', // SOF1: extended
}
const LOSSLESS_FRAME = 0xc3
const START_OF_SCAN = 0xda
const LOSSLESS = '1.2.840.10008.1.2.4.57'
const LOSSLESS_FIRST_ORDER = '1.2.840.10008.1.2.4.70'

/** Bytes as they are in a data set. */
export function isNative({ type, parameters }: MediaType): boolean {
  const named = parameters.get('transfer-syntax')
  return type === 'application/octet-stream' && (named === undefined || transferSyntax(named)?.encapsulated === false)
}

/** @returns undefined where nothing says it, or it is none that pixel data can be compressed in */
export function syntaxOfCompressed({ type, parameters }: MediaType, bytes: Buffer): string | undefined {
  const named = parameters.get('transfer-syntax')
  if (named !== undefined) return transferSyntax(named)?.encapsulated === true ? named : undefined
  return type === 'image/jpeg' ? syntaxOfJpeg(bytes) : undefined
}

/** By the kind of its frame and, of a lossless one, its predictor (ITU-T T.81 B.2.2, B.2.3). */
function syntaxOfJpeg(bytes: Buffer): string | undefined {
  let isLossless = false
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes[at + 1]!
    if (JPEG_BY_FRAME[marker] !== undefined) return JPEG_BY_FRAME[marker]
    if (marker === LOSSLESS_FRAME) isLossless = true
    if (marker !== START_OF_SCAN) continue
    if (!isLossless) return undefined
    const components = bytes[at + 4]!
    return bytes[at + 5 + 2 * components] === 1 ? LOSSLESS_FIRST_ORDER : LOSSLESS
  }
  return undefined
}
