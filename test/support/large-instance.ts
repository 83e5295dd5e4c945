/** A multi-frame instance of any size that is never in memory: its data set is made while it is read, and digested on the way.
 *
 *  Encapsulated (PS3.5 A.4), because the length field of native pixel data ends at 2^32 - 2 bytes: an empty Basic Offset Table, then one fragment
 *  per frame. Sizes in bytes. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { item } from '../../scripts/benchmark/data.ts'
import { EXPLICIT_LE, elementHeader, encode, TAG, testUid, US_MULTIFRAME, us } from './data-sets.ts'

export const JPEG_BASELINE = '1.2.840.10008.1.2.4.50'
const FRAME_BYTES = 8 * 1024 * 1024
const CHUNK_BYTES = 256 * 1024

export interface LargeInstance {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly studyInstanceUid: string
  readonly transferSyntaxUid: string
  readonly sizeBytes: number
  /** Once. */
  open(): Readable
  /** SHA-256 of the data set, once it has been read to its end. */
  sha256(): string
}

/** @param leastBytes  of pixel data; rounded up to whole frames */
export function largeInstance(leastBytes: number): LargeInstance {
  const frames = Math.ceil(leastBytes / FRAME_BYTES)
  const [sopInstanceUid, studyInstanceUid] = [testUid(), testUid()]
  const header = encode(
    us(frames, {
      [TAG.SOPInstanceUID]: ['UI', sopInstanceUid],
      [TAG.StudyInstanceUID]: ['UI', studyInstanceUid],
      [TAG.PixelData]: undefined,
    }),
  )
  const begin = Buffer.concat([header, elementHeader(TAG.PixelData, 'OB', 0xffffffff, EXPLICIT_LE), item(0xfffee000, 0)])
  const end = item(0xfffee0dd, 0)
  const hash = createHash('sha256')
  let digest: string | undefined
  return {
    sopClassUid: US_MULTIFRAME,
    sopInstanceUid,
    studyInstanceUid,
    transferSyntaxUid: JPEG_BASELINE,
    sizeBytes: begin.length + frames * (8 + FRAME_BYTES) + end.length,
    open: () =>
      Readable.from(
        (function* () {
          for (const chunk of chunksOf(begin, frames, end)) {
            hash.update(chunk)
            yield chunk
          }
          digest = hash.digest('hex')
        })(),
        { highWaterMark: 2 },
      ),
    sha256: () => {
      if (digest === undefined) throw new Error('not read to its end yet')
      return digest
    },
  }
}

/** Each frame begins with its number, so that frames that are swapped or lost show. */
function* chunksOf(begin: Buffer, frames: number, end: Buffer): Generator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES, 0x5a)
  yield begin
  for (let frame = 0; frame < frames; frame++) {
    yield item(0xfffee000, FRAME_BYTES)
    for (let at = 0; at < FRAME_BYTES; at += CHUNK_BYTES) {
      const numbered = Buffer.from(chunk)
      numbered.writeUInt32LE(frame, 0)
      numbered.writeUInt32LE(at, 4)
      yield numbered
    }
  }
  yield end
}
