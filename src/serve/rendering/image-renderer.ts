/** Stored instances as JPEG or PNG, one frame at a time, drawn in threads (render-pool.ts).
 *
 *  Promises: a frame is read and drawn when its turn comes and there is memory for it; what cannot be drawn is refused in words, and costs nobody else anything.
 *  Does not: apply presentation states, or decide who may see what: the caller has found the instance.
 *  Errors: WebRefusal 404 (no such frame), 406 (no image, or one that cannot be drawn), 500 (not in time), 503 (too many at once);
 *  NodeError STORAGE_FAILED. */
import type { Retrievable } from '../../catalog/contract.ts'
import type { ImageWish, Window } from '../../dicomweb/rendering-parameters.ts'
import { WebRefusal } from '../../dicomweb/web-service.ts'
import { NodeError } from '../../errors.ts'
import { log } from '../../log.ts'
import type { Storage } from '../../storage/contract.ts'
import { DecodedBudget, type Share } from '../decoded-budget.ts'
import { type FrameSource, NoPixels, openFrames } from '../frame-source.ts'
import { LARGEST_FRAME_BYTES } from './draw-frame.ts'
import { isNeverAnImage } from './never-images.ts'
import { RenderFailure, RenderPool } from './render-pool.ts'
import type { RenderJob } from './render-worker.ts'

export interface RendererOptions {
  readonly storage: Storage
  readonly workers: number
  readonly timeLimitSeconds: number
}

/** Pixels that may be in memory at once, over all threads: as stored, decoded, as shades, scaled. In bytes. */
const PIXEL_BYTES = 1024 * 1024 * 1024
const COPIES = 4
/** Frames that may wait, for each thread. */
const QUEUE_PER_WORKER = 32

export class ImageRenderer {
  readonly #storage: Storage
  readonly #pool: RenderPool
  readonly #budget = new DecodedBudget(PIXEL_BYTES)

  constructor({ storage, workers, timeLimitSeconds }: RendererOptions) {
    this.#storage = storage
    this.#pool = new RenderPool({ workers, queue: workers * QUEUE_PER_WORKER, timeLimitMs: timeLimitSeconds * 1000 })
  }

  /** Loads what the threads need; this holds the event loop for a moment, hence not with the first picture. */
  prepare(): Promise<void> {
    return this.#pool.prepare()
  }

  /** @param frame  from 1 */
  async render(instance: Retrievable, frame: number, wish: ImageWish, window: Window | undefined, stopped: AbortSignal): Promise<Buffer> {
    refuseOthers(instance)
    let share: Share | undefined
    const room = async (sizeBytes: number): Promise<void> => {
      share ??= await this.#budget.take(sizeBytes, stopped)
    }
    const load = (headerBytes: number): Promise<RenderJob> => this.#load(instance, { frame, wish, window }, headerBytes, room)
    try {
      return await this.#pool.render(load, stopped)
    } catch (error) {
      throw refusalFor(error, instance)
    } finally {
      share?.release()
    }
  }

  async frameCount(instance: Retrievable): Promise<number> {
    refuseOthers(instance)
    try {
      const frames = await openFrames(this.#storage, instance)
      frames.close()
      return frames.count
    } catch (error) {
      throw refusalFor(error, instance)
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  /** @param room  waits until there is room for so many bytes */
  async #load(
    instance: Retrievable,
    wanted: Pick<RenderJob, 'frame' | 'wish' | 'window'>,
    headerBytes: number,
    room: (sizeBytes: number) => Promise<void>,
  ): Promise<RenderJob> {
    const { storageKey, dataSetOffset, transferSyntaxUid } = instance
    const frames = await openFrames(this.#storage, instance)
    try {
      const { isCompressed } = frames.format
      checkFrame(frames, wanted.frame)
      await room(frames.format.frameBytes * COPIES)
      const bytes = await frames.frame(wanted.frame)
      const start = await this.#storage.readStart(storageKey, dataSetOffset + headerBytes)
      const isCut = start.length === dataSetOffset + headerBytes
      return { header: start.subarray(dataSetOffset), isCut, bytes, isCompressed, transferSyntaxUid, ...wanted }
    } finally {
      frames.close()
    }
  }
}

function checkFrame({ count, format }: FrameSource, number: number): void {
  if (number > count) throw new WebRefusal(404, `there is no frame ${number}: the instance has ${count}`)
  if (format.frameBytes > LARGEST_FRAME_BYTES) throw new NodeError('UNREADABLE', { why: 'a frame is larger than what is drawn here' })
}

function refuseOthers({ sopClassUid }: Retrievable): void {
  const what = isNeverAnImage(sopClassUid)
  if (what !== undefined) throw new WebRefusal(406, `not an image (${what}): there is no picture of it`)
}

function refusalFor(error: unknown, { sopInstanceUid, transferSyntaxUid }: Retrievable): unknown {
  if (error instanceof NoPixels) return new WebRefusal(406, 'not an image: it has no pixel data', {}, { cause: error })
  if (error instanceof RenderFailure) return failureRefusal(error, sopInstanceUid, transferSyntaxUid)
  if (error instanceof NodeError && (error.code === 'UNREADABLE' || error.code === 'INFLATED_TOO_LARGE')) {
    const why = error.details.why ?? error.tell
    log.warn('an image cannot be read to be drawn', { SOPInstanceUID: sopInstanceUid, why })
    return new WebRefusal(406, `there is no picture of it: ${String(why)}`, {}, { cause: error })
  }
  return error
}

function failureRefusal(failure: RenderFailure, sopInstanceUid: string, transferSyntaxUid: string): WebRefusal {
  const { kind, message } = failure
  if (kind === 'busy') return new WebRefusal(503, message, { 'Retry-After': '2' }, { cause: failure })
  if (kind === 'stopped') return new WebRefusal(499, message, {}, { cause: failure })
  log.warn('an image cannot be drawn', { SOPInstanceUID: sopInstanceUid, transferSyntaxUid, why: message })
  if (kind === 'slow') return new WebRefusal(500, `there is no picture of it: ${message}`, {}, { cause: failure })
  return new WebRefusal(406, `there is no picture of it: ${message}`, {}, { cause: failure })
}
