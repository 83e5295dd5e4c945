/** The transfer syntax of a data set that does not say, by its first bytes. Only where a person asked for guessing.
 *
 *  Promises: an answer only where the first element looks like the beginning of a data set (group 0008, PS3.3 C.12.1 comes first).
 *  Does not: tell encapsulated from native pixel data: such files are kept as uncompressed. */
import { EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'

const FIRST_GROUP = 0x0008
/** The longest first element believed under implicit VR, in bytes. */
const LONGEST_FIRST = 1024
const VR = /^(?:AE|AS|AT|CS|DA|DS|DT|FD|FL|IS|LO|LT|OB|OD|OF|OL|OV|OW|PN|SH|SL|SQ|SS|ST|SV|TM|UC|UI|UL|UN|UR|US|UT|UV)$/

/** @param start  the first bytes of the data set, at least 8 */
export function guessTransferSyntax(start: Buffer): string | undefined {
  if (start.length < 8) return undefined
  const isVr = VR.test(start.toString('latin1', 4, 6))
  if (start.readUInt16BE(0) === FIRST_GROUP && isVr) return EXPLICIT_VR_BIG_ENDIAN
  if (start.readUInt16LE(0) !== FIRST_GROUP) return undefined
  if (isVr) return EXPLICIT_VR_LITTLE_ENDIAN
  return start.readUInt32LE(4) <= LONGEST_FIRST ? IMPLICIT_VR_LITTLE_ENDIAN : undefined
}
