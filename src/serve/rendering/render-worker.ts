/** A thread behind render-pool.ts: takes one frame at a time, gives it back as JPEG or PNG. */
import { parentPort } from 'node:worker_threads'
import type { ImageWish } from '../../dicomweb/rendering-parameters.ts'
import { NodeError } from '../../errors.ts'
import { drawFrame, type FrameToDraw, HeaderUnreadable } from './draw-frame.ts'
import { encodeImage } from './encode-image.ts'

export interface RenderJob extends Omit<FrameToDraw, 'header' | 'bytes'> {
  readonly header: Uint8Array
  readonly bytes: Uint8Array
  /** The header may go on behind these bytes. */
  readonly isCut: boolean
  readonly wish: ImageWish
}

export interface RenderResult {
  /** The header is cut: ask again with more of it. */
  readonly needsMore?: boolean
  readonly image?: Uint8Array<ArrayBuffer>
  /** Why there is none, for the caller. */
  readonly why?: string
  /** The thread may be in a bad state and should be ended. */
  readonly unusable?: boolean
}

parentPort?.on('message', async (job: RenderJob) => {
  try {
    const drawn = await drawFrame({ ...job, header: asBuffer(job.header), bytes: asBuffer(job.bytes) })
    const image = new Uint8Array(await encodeImage(drawn, job.wish))
    parentPort?.postMessage({ image } satisfies RenderResult, [image.buffer])
  } catch (error) {
    // What a codec left behind in its memory after throwing is unknown.
    const isOurs = error instanceof NodeError
    if (error instanceof HeaderUnreadable && job.isCut) return parentPort?.postMessage({ needsMore: true } satisfies RenderResult)
    parentPort?.postMessage({ why: isOurs ? error.inWords : 'its pixel data cannot be decoded', unusable: !isOurs } satisfies RenderResult)
  }
})

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
