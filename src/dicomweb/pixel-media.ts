/** Media types of compressed pixel data by transfer syntax (PS3.18 Table 8.7.3-5). What is not in the table goes out as
 *  `application/octet-stream` with its transfer syntax. */

const MEDIA: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.57', '1.2.840.10008.1.2.4.70'],
  'image/dicom-rle': ['1.2.840.10008.1.2.5'],
  'image/jls': ['1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.4.81'],
  'image/jp2': ['1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.4.91'],
  'image/jpx': ['1.2.840.10008.1.2.4.92', '1.2.840.10008.1.2.4.93'],
  'image/jphc': ['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.4.203'],
  'image/jxl': ['1.2.840.10008.1.2.4.110', '1.2.840.10008.1.2.4.111', '1.2.840.10008.1.2.4.112'],
  'video/mpeg': ['1.2.840.10008.1.2.4.100', '1.2.840.10008.1.2.4.101'],
  'video/mp4': [
    '1.2.840.10008.1.2.4.102',
    '1.2.840.10008.1.2.4.103',
    '1.2.840.10008.1.2.4.104',
    '1.2.840.10008.1.2.4.105',
    '1.2.840.10008.1.2.4.106',
  ],
}

const OF_SYNTAX: ReadonlyMap<string, string> = new Map(
  Object.entries(MEDIA).flatMap(([type, syntaxes]) => syntaxes.map((uid) => [uid, type] as const)),
)

export const OCTET_STREAM = 'application/octet-stream'

export function pixelMediaOf(transferSyntaxUid: string): string {
  return OF_SYNTAX.get(transferSyntaxUid) ?? OCTET_STREAM
}
