/** The compressed transfer syntaxes whose pixel data can be decoded, and by what (PS3.5 A.4). A table of its own, so that asking does not load
 *  the codecs. Each line is compared with an independent decoder in test/serve/decompress.test.ts, or with its lossless original. */

import { transferSyntax } from '../dicom/transfer-syntaxes.ts'

export type DecoderName = 'uncompressed' | 'deflate' | 'rle' | 'jpeg' | 'jpegLs' | 'jpeg2000' | 'htJpeg2000' | 'jpegXl'

export const DECODERS: ReadonlyMap<string, DecoderName> = new Map([
  ['1.2.840.10008.1.2.1.98', 'uncompressed'],
  ['1.2.840.10008.1.2.4.50', 'jpeg'],
  ['1.2.840.10008.1.2.4.51', 'jpeg'],
  ['1.2.840.10008.1.2.4.53', 'jpeg'],
  ['1.2.840.10008.1.2.4.55', 'jpeg'],
  ['1.2.840.10008.1.2.4.57', 'jpeg'],
  ['1.2.840.10008.1.2.4.70', 'jpeg'],
  ['1.2.840.10008.1.2.4.80', 'jpegLs'],
  ['1.2.840.10008.1.2.4.81', 'jpegLs'],
  ['1.2.840.10008.1.2.4.90', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.91', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.110', 'jpegXl'],
  ['1.2.840.10008.1.2.4.112', 'jpegXl'],
  ['1.2.840.10008.1.2.4.201', 'htJpeg2000'],
  ['1.2.840.10008.1.2.4.202', 'htJpeg2000'],
  ['1.2.840.10008.1.2.4.203', 'htJpeg2000'],
  ['1.2.840.10008.1.2.5', 'rle'],
  ['1.2.840.10008.1.2.8.1', 'deflate'],
])

/** Whether an instance stored in this transfer syntax can be sent in Little Endian too: native ones all, compressed ones by a decoder. */
export function isConvertible(transferSyntaxUid: string): boolean {
  const syntax = transferSyntax(transferSyntaxUid)
  return syntax !== undefined && (!syntax.encapsulated || DECODERS.has(transferSyntaxUid))
}
