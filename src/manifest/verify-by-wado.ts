/** The instances of one series of a manifest by WADO-RS (IHE RAD-107), at the Retrieve URL that it names: which came, and their digests.
 *
 *  Promises: nothing is kept; each part is digested while it comes, without its Part 10 header (PS3.10 7.1).
 *  @throws WebFailure in words */
import { createHash } from 'node:crypto'
import { readPart10Header } from '../dicom/part10.ts'
import { type PartSink, retrieveSeries } from '../dicomweb/wado-rs.ts'
import type { ReadSeries } from './read-manifest.ts'

export interface CameByWado {
  readonly sopClassUid?: string
  /** Of the data set. */
  readonly sha256: string
}

const SILENCE_SECONDS = 60
/** Holds any header of a file that means well. */
const HEADER_BYTES = 8 * 1024

/** @param base  up to, and without, `/studies`
 *  @returns by SOP Instance UID */
export async function seriesByWado(series: ReadSeries, base: URL, manifestUid: string): Promise<ReadonlyMap<string, CameByWado>> {
  const came = new Map<string, CameByWado>()
  const { studyInstanceUid, seriesInstanceUid } = series
  const request = { base, studyInstanceUid, seriesInstanceUid, manifestUid, silenceSeconds: SILENCE_SECONDS }
  await retrieveSeries(request, () => digesting(came))
  return came
}

function digesting(came: Map<string, CameByWado>): PartSink {
  const hash = createHash('sha256')
  let head: Buffer | undefined = Buffer.alloc(0)
  let facts: { uid: string; sopClassUid: string | undefined } | undefined
  const begin = (bytes: Buffer): void => {
    const meta = readPart10Header(bytes)
    facts = meta?.sopInstanceUid === undefined ? undefined : { uid: meta.sopInstanceUid, sopClassUid: meta.sopClassUid }
    hash.update(bytes.subarray(meta?.dataSetOffset ?? 0))
    head = undefined
  }
  return {
    write: (bytes) => {
      if (head === undefined) hash.update(bytes)
      else {
        head = Buffer.concat([head, bytes])
        if (head.length >= HEADER_BYTES) begin(head)
      }
      return undefined
    },
    end: async () => {
      if (head !== undefined) begin(head)
      if (facts !== undefined) came.set(facts.uid, { sopClassUid: facts.sopClassUid, sha256: hash.digest('hex') })
    },
    abandon: async () => undefined,
  }
}
