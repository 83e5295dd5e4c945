/** The beginning of a stored instance, for C-FIND keys at IMAGE level that the index does not have (PS3.4 C.4.1.1.3.2).
 *
 *  Promises: no more of the file is read than is needed to reach the last key asked for, in steps from {@link FIRST_READ} to
 *  {@link LARGEST_READ} bytes; undefined where it cannot be read: the answer then has zero length there.
 *  Does not: read pixel data or what follows it. Sizes in bytes. */
import type { Match } from '../catalog/contract.ts'
import { type DataSet, readDataSet } from '../dicom/element-reader.ts'
import { readPart10Header } from '../dicom/part10.ts'
import { log } from '../log.ts'
import type { Storage } from '../storage/contract.ts'

export const FIRST_READ = 64 * 1024
export const LARGEST_READ = 16 * 1024 * 1024
export const PIXEL_DATA_GROUP = 0x7fe00000

/** @param untilTag  the first tag that is not needed */
export async function readStoredHeader(storage: Storage, match: Match, untilTag: number): Promise<DataSet | undefined> {
  const { storageKey, transferSyntaxUid } = match
  if (storageKey === undefined || transferSyntaxUid === undefined) return undefined
  try {
    for (let size = FIRST_READ; ; size *= 4) {
      const bytes = await storage.readStart(storageKey, size)
      const isWhole = bytes.length < size
      const header = headerIn(bytes, transferSyntaxUid, Math.min(untilTag, PIXEL_DATA_GROUP), isWhole)
      if (header !== undefined) return header
      if (isWhole || size >= LARGEST_READ) break
    }
  } catch (error) {
    log.warn('stored header cannot be read for a query', { SOPInstanceUID: match.SOPInstanceUID, error: String(error) })
    return undefined
  }
  log.warn('stored header cannot be read for a query', { SOPInstanceUID: match.SOPInstanceUID })
  return undefined
}

/** @returns undefined where more bytes are needed, or the header is broken */
function headerIn(bytes: Buffer, transferSyntaxUid: string, untilTag: number, isWhole: boolean): DataSet | undefined {
  const offset = readPart10Header(bytes)?.dataSetOffset
  return offset === undefined ? undefined : startOf(bytes.subarray(offset), transferSyntaxUid, untilTag, isWhole)
}

/** @param bytes  of the data set, from its beginning
 *  @returns as above */
export function startOf(bytes: Buffer, transferSyntaxUid: string, untilTag: number, isWhole: boolean): DataSet | undefined {
  try {
    const header = readDataSet(bytes, transferSyntaxUid, { untilTag })
    return isWhole || !endsWith(header, bytes) ? header : undefined
  } catch {
    return undefined
  }
}

/** The bytes may end exactly between two elements, the second of which was asked for. */
function endsWith(header: DataSet, bytes: Buffer): boolean {
  const last = [...header.elements.values()].at(-1)?.value
  if (last === undefined || last.buffer !== bytes.buffer) return true
  return last.byteOffset + last.length + 12 >= bytes.byteOffset + bytes.length
}
