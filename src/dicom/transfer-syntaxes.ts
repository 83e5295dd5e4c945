/** Transfer syntaxes (PS3.5 10 and A, PS3.6 A): how the bytes of a data set are to be read. The node keeps all of them as they arrive,
 *  also those whose pixel data it cannot decode.
 *
 *  Not in the table: RFC 2557 MIME and XML encodings (retired; no binary data set), and private ones. */

export interface TransferSyntax {
  readonly uid: string
  readonly name: string
  /** Explicit VR (PS3.5 7.1.2); implicit otherwise. */
  readonly explicit: boolean
  readonly littleEndian: boolean
  /** Pixel data is not native: in fragments (PS3.5 A.4), or elsewhere (JPIP, SMPTE ST 2110). To be changed only by decoding. */
  readonly encapsulated: boolean
  /** The whole data set is one raw deflate stream (PS3.5 A.5, RFC 1951). */
  readonly deflated: boolean
  readonly retired: boolean
}

export const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2'
export const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
export const DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1.99'
export const EXPLICIT_VR_BIG_ENDIAN = '1.2.840.10008.1.2.2'

const IMPLICIT = { explicit: false, littleEndian: true, encapsulated: false, deflated: false }
const NATIVE = { explicit: true, littleEndian: true, encapsulated: false, deflated: false }
const BIG_ENDIAN = { explicit: true, littleEndian: false, encapsulated: false, deflated: false }
const ENCAPSULATED = { explicit: true, littleEndian: true, encapsulated: true, deflated: false }
const DEFLATED = { explicit: true, littleEndian: true, encapsulated: false, deflated: true }
const DEFLATED_REFERENCED = { explicit: true, littleEndian: true, encapsulated: true, deflated: true }
const RETIRED = true

type Encoding = Omit<TransferSyntax, 'uid' | 'name' | 'retired'>

function syntax(uid: string, name: string, encoding: Encoding, retired = false): TransferSyntax {
  return { uid, name, ...encoding, retired }
}

export const TRANSFER_SYNTAXES: readonly TransferSyntax[] = [
  syntax(IMPLICIT_VR_LITTLE_ENDIAN, 'Implicit VR Little Endian', IMPLICIT),
  syntax(EXPLICIT_VR_LITTLE_ENDIAN, 'Explicit VR Little Endian', NATIVE),
  syntax('1.2.840.10008.1.2.1.98', 'Encapsulated Uncompressed Explicit VR Little Endian', ENCAPSULATED),
  syntax(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, 'Deflated Explicit VR Little Endian', DEFLATED),
  syntax(EXPLICIT_VR_BIG_ENDIAN, 'Explicit VR Big Endian', BIG_ENDIAN, RETIRED),
  syntax('1.2.840.10008.1.2.4.50', 'JPEG Baseline (Process 1)', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.51', 'JPEG Extended (Process 2 and 4)', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.52', 'JPEG Extended (Process 3 and 5)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.53', 'JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.54', 'JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.55', 'JPEG Full Progression, Non-Hierarchical (Process 10 and 12)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.56', 'JPEG Full Progression, Non-Hierarchical (Process 11 and 13)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.57', 'JPEG Lossless, Non-Hierarchical (Process 14)', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.58', 'JPEG Lossless, Non-Hierarchical (Process 15)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.59', 'JPEG Extended, Hierarchical (Process 16 and 18)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.60', 'JPEG Extended, Hierarchical (Process 17 and 19)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.61', 'JPEG Spectral Selection, Hierarchical (Process 20 and 22)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.62', 'JPEG Spectral Selection, Hierarchical (Process 21 and 23)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.63', 'JPEG Full Progression, Hierarchical (Process 24 and 26)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.64', 'JPEG Full Progression, Hierarchical (Process 25 and 27)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.65', 'JPEG Lossless, Hierarchical (Process 28)', ENCAPSULATED, RETIRED),
  syntax('1.2.840.10008.1.2.4.66', 'JPEG Lossless, Hierarchical (Process 29)', ENCAPSULATED, RETIRED),
  syntax(
    '1.2.840.10008.1.2.4.70',
    'JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])',
    ENCAPSULATED,
  ),
  syntax('1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless Image Compression', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.81', 'JPEG-LS Lossy (Near-Lossless) Image Compression', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.90', 'JPEG 2000 Image Compression (Lossless Only)', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.91', 'JPEG 2000 Image Compression', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.92', 'JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.93', 'JPEG 2000 Part 2 Multi-component Image Compression', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.94', 'JPIP Referenced', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.95', 'JPIP Referenced Deflate', DEFLATED_REFERENCED),
  syntax('1.2.840.10008.1.2.4.100', 'MPEG2 Main Profile / Main Level', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.100.1', 'Fragmentable MPEG2 Main Profile / Main Level', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.101', 'MPEG2 Main Profile / High Level', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.101.1', 'Fragmentable MPEG2 Main Profile / High Level', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.102', 'MPEG-4 AVC/H.264 High Profile / Level 4.1', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.102.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.103', 'MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.103.1', 'Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.104', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.104.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.105', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.105.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.106', 'MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.106.1', 'Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.107', 'HEVC/H.265 Main Profile / Level 5.1', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.108', 'HEVC/H.265 Main 10 Profile / Level 5.1', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.110', 'JPEG XL Lossless', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.111', 'JPEG XL JPEG Recompression', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.112', 'JPEG XL', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 Image Compression (Lossless Only)', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000 Image Compression', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.204', 'JPIP HTJ2K Referenced', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.4.205', 'JPIP HTJ2K Referenced Deflate', DEFLATED_REFERENCED),
  syntax('1.2.840.10008.1.2.5', 'RLE Lossless', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.7.1', 'SMPTE ST 2110-20 Uncompressed Progressive Active Video', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.7.2', 'SMPTE ST 2110-20 Uncompressed Interlaced Active Video', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.7.3', 'SMPTE ST 2110-30 PCM Digital Audio', ENCAPSULATED),
  syntax('1.2.840.10008.1.2.8.1', 'Deflated Image Frame Compression', ENCAPSULATED),
  syntax('1.2.840.10008.1.20', 'Papyrus 3 Implicit VR Little Endian', IMPLICIT, RETIRED),
]

const BY_UID: ReadonlyMap<string, TransferSyntax> = new Map(TRANSFER_SYNTAXES.map((entry) => [entry.uid, entry]))

/** @returns undefined for a private or unknown UID */
export function transferSyntax(uid: string): TransferSyntax | undefined {
  return BY_UID.get(uid)
}

/** How to read a data set of this transfer syntax. An unknown one is read as Explicit VR Little Endian with encapsulated pixel data:
 *  PS3.5 10 lets a private syntax differ in anything, but every known one that is not in the table is of that form. */
export function encodingOf(uid: string): TransferSyntax {
  return BY_UID.get(uid) ?? syntax(uid, uid, ENCAPSULATED)
}
