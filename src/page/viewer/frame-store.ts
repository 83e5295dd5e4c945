/** Frames of a stack: fetched when they are looked at and some before, kept as long as there is room.
 *
 *  Promises: at most {@link ROOM} bytes are kept, what was looked at longest ago goes first; at most {@link LANES} requests at a time, what is looked
 *  at before what may be. What failed is told where it is looked at, and tried again the next time. */
import { ask } from '../api.ts'
import type { DicomJson } from './dicom-json.ts'
import { type ImageFacts, imageFacts } from './image-facts.ts'
import { firstPart, type Pixels, pixelsOf, RAW } from './raw-frame.ts'
import { type Slot, seriesAddress } from './stack.ts'
import type { Window } from './window.ts'

/** Values to be windowed here, or a picture as the node renders it. */
export type Frame = { readonly facts: ImageFacts } & ({ readonly pixels: Pixels } | { readonly picture: ImageBitmap })

const ROOM = 192 * 1024 * 1024
const LANES = 4
/** Frames fetched before they are looked at, in the direction of the last step and against it. */
const AHEAD = 16
const BEHIND = 4

export class FrameStore {
  readonly #series: string
  readonly #slots: readonly Slot[]
  readonly #frames = new Map<string, Frame>()
  readonly #facts = new Map<string, Promise<ImageFacts>>()
  readonly #running = new Map<string, Promise<Frame>>()
  readonly #ended = new AbortController()
  #queue: number[] = []
  #bytes = 0
  #at = 0
  /** After each frame that came by itself. */
  came: () => void = () => undefined

  constructor(study: string, series: string, slots: readonly Slot[]) {
    this.#series = seriesAddress(study, series)
    this.#slots = slots
  }

  /** What is kept of a slot. @param window  of a picture that is not windowed here */
  kept(index: number, window?: Window): Frame | undefined {
    const key = this.#key(index, window)
    const frame = this.#frames.get(key)
    if (frame === undefined) return undefined
    // Looked at last: goes last.
    this.#frames.delete(key)
    this.#frames.set(key, frame)
    return frame
  }

  /** @throws Error Refused, where the node has no picture of it; Unreachable */
  load(index: number, window?: Window): Promise<Frame> {
    const key = this.#key(index, window)
    const kept = this.kept(index, window)
    if (kept !== undefined) return Promise.resolve(kept)
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const started = this.#fetch(this.#slots[index]!, window)
      .then((frame) => {
        this.#keep(key, frame)
        return frame
      })
      .finally(() => this.#running.delete(key))
    this.#running.set(key, started)
    return started
  }

  /** Somebody looks at `index`: what is around it is fetched behind. */
  lookAt(index: number): void {
    const step = index < this.#at ? -1 : 1
    this.#at = index
    const around = [
      ...Array.from({ length: AHEAD }, (_, distance) => index + step * (distance + 1)),
      ...Array.from({ length: BEHIND }, (_, distance) => index - step * (distance + 1)),
    ]
    this.#queue = around.filter((one) => this.#slots[one]?.missing === false && !this.#frames.has(this.#key(one)))
    this.#pump()
  }

  get keptCount(): number {
    return this.#frames.size
  }

  end(): void {
    this.#queue = []
    this.#ended.abort()
    for (const frame of this.#frames.values()) if ('picture' in frame) frame.picture.close()
    this.#frames.clear()
  }

  #pump(): void {
    while (this.#running.size < LANES && this.#queue.length > 0) {
      const next = this.#queue.shift()!
      this.load(next)
        .then(
          () => this.came(),
          () => undefined,
        )
        .finally(() => this.#pump())
    }
  }

  #key(index: number, window?: Window): string {
    const slot = this.#slots[index]!
    return `${slot.sopInstanceUid} ${slot.frame}${window === undefined ? '' : ` ${window.center} ${window.width}`}`
  }

  #keep(key: string, frame: Frame): void {
    if (this.#ended.signal.aborted) return
    this.#frames.set(key, frame)
    this.#bytes += sizeOf(frame)
    for (const [oldest, old] of this.#frames) {
      if (this.#bytes <= ROOM || oldest === key) return
      this.#frames.delete(oldest)
      this.#bytes -= sizeOf(old)
    }
  }

  async #fetch(slot: Slot, window?: Window): Promise<Frame> {
    const facts = await this.#factsOf(slot.sopInstanceUid)
    const frame = `${this.#series}/instances/${encodeURIComponent(slot.sopInstanceUid)}/frames/${slot.frame}`
    const raw = facts.isPlainGrey ? await this.#raw(frame, facts).catch(() => undefined) : undefined
    if (raw !== undefined) return { facts, pixels: raw }
    this.#ended.signal.throwIfAborted()
    const asked = window === undefined ? '' : `?window=${window.center},${window.width},linear`
    const answer = await ask(`${frame}/rendered${asked}`, { headers: { Accept: 'image/jpeg' }, signal: this.#ended.signal })
    return { facts, picture: await createImageBitmap(await answer.blob()) }
  }

  async #raw(frame: string, facts: ImageFacts): Promise<Pixels> {
    const answer = await ask(frame, { headers: { Accept: RAW }, signal: this.#ended.signal })
    const body = new Uint8Array(await answer.arrayBuffer())
    return pixelsOf(firstPart(body, answer.headers.get('Content-Type') ?? ''), facts)
  }

  #factsOf(uid: string): Promise<ImageFacts> {
    const known = this.#facts.get(uid)
    if (known !== undefined) return known
    const path = `${this.#series}/instances/${encodeURIComponent(uid)}/metadata`
    const asked = ask(path, { headers: { Accept: 'application/dicom+json' }, signal: this.#ended.signal })
      .then((answer) => answer.json() as Promise<DicomJson[]>)
      .then(([data]) => imageFacts(data ?? {}))
    this.#facts.set(uid, asked)
    asked.catch(() => this.#facts.delete(uid))
    return asked
  }
}

const sizeOf = (frame: Frame): number => ('pixels' in frame ? frame.pixels.byteLength : frame.picture.width * frame.picture.height * 4)
