/** The beginning of an instance as it would be sent, for C-FIND keys at IMAGE level that the index does not have (PS3.4 C.4.1.1.3.2): of one whose patient or
 *  study was corrected (decision 0016) what it says then, of any other what is stored.
 *
 *  Promises: undefined where it cannot be read or not be corrected: the answer then has zero length there.
 *  Does not: judge who may see it: whoever asks has found it. Sizes in bytes. */
import type { Readable } from 'node:stream'
import type { Match } from '../catalog/contract.ts'
import { EVERY_LEVEL } from '../dicom/confidentiality.ts'
import type { DataSet } from '../dicom/element-reader.ts'
import { parseUid } from '../dicom/uid.ts'
import { log } from '../log.ts'
import { type Corrected, corrected } from './correct-instance.ts'
import type { Serving } from './serving.ts'
import { FIRST_READ, LARGEST_READ, PIXEL_DATA_GROUP, readStoredHeader, startOf } from './stored-header.ts'

type Where = Pick<Serving, 'catalog' | 'storage' | 'aeTitle'>

/** @param untilTag  the first tag that is not needed */
export async function readSentHeader(serving: Where, match: Match, untilTag: number): Promise<DataSet | undefined> {
  const { SOPInstanceUID, transferSyntaxUid } = match
  try {
    const sent = await correctedOf(serving, match)
    if (sent === undefined || transferSyntaxUid === undefined) return readStoredHeader(serving.storage, match, untilTag)
    return await headerOf(sent.open(), transferSyntaxUid, Math.min(untilTag, PIXEL_DATA_GROUP))
  } catch (error) {
    log.warn('stored header cannot be corrected for a query', { SOPInstanceUID, error: String(error) })
    return undefined
  }
}

/** @returns undefined where it goes out as it is kept */
async function correctedOf({ catalog, storage, aeTitle }: Where, { SOPInstanceUID = '' }: Match): Promise<Corrected | undefined> {
  const sopInstanceUid = parseUid(SOPInstanceUID)
  if (sopInstanceUid === undefined || !(await catalog.mayBeCorrected(sopInstanceUid))) return undefined
  const view = { levels: EVERY_LEVEL, includeManifests: false }
  const [found] = (await catalog.retrievables({ sopInstanceUids: [sopInstanceUid] }, view, 1)).items
  if (found?.correction === undefined) return undefined
  return corrected(() => storage.open(found.storageKey, found.dataSetOffset), found, found.correction, aeTitle)
}

async function headerOf(stream: Readable, transferSyntaxUid: string, untilTag: number): Promise<DataSet | undefined> {
  let bytes = Buffer.alloc(0)
  let next = FIRST_READ
  try {
    for await (const chunk of stream) {
      bytes = Buffer.concat([bytes, chunk as Buffer])
      if (bytes.length < next) continue
      const header = startOf(bytes, transferSyntaxUid, untilTag, false)
      if (header !== undefined || bytes.length >= LARGEST_READ) return header
      next *= 4
    }
    return startOf(bytes, transferSyntaxUid, untilTag, true)
  } finally {
    stream.destroy()
  }
}
