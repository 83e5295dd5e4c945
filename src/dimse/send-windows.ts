/** Data sets laid out as P-DATA-TF PDUs (PS3.8 9.3.5) in two buffers of an association, read ahead of the socket.
 *
 *  Promises: nothing is allocated or copied, whatever the size of a data set; a buffer is filled again only when nothing of it is on its way any
 *  more; the windows of one data set come in order, those of the next begin as soon as the last one of this has its buffer.
 *  Does not: write to the socket, or close sources. Sizes in bytes.
 *  Errors: NodeError STORAGE_FAILED where a source ends before its size, and what it throws; told when the window is taken. */
import { NodeError } from '../errors.ts'
import type { ByteSource } from './contract.ts'
import { PDU } from './pdu-reader.ts'

/** What is added to each fragment: PDU header, PDV length, context ID, message control header. */
export const OVERHEAD_BYTES = 12
export const PDV_HEADER_BYTES = 6
/** PS3.8 D.1: zero means no limit; we still send bounded PDUs. */
export const LARGEST_PDU = 256 * 1024
/** In front of each window, for a command set that is known only when it is sent; a longer one goes out by itself. */
export const HEAD_ROOM = 1024
/** What is read and written at a time. Holds the largest PDU. */
const WINDOW_BYTES = LARGEST_PDU + 16 * 1024
/** A rest of the buffer that is smaller than this waits for the next. */
const SMALLEST_FRAGMENT = 4096

export interface Window {
  /** PDUs from {@link HEAD_ROOM} to `end`. */
  readonly buffer: Buffer
  readonly end: number
  readonly isLast: boolean
  /** Nothing of it is on its way any more. */
  gone(): void
}

export class SendWindows {
  readonly #buffers: Buffer[] = []
  /** Until each buffer can be filled. */
  readonly #free: Promise<void>[] = [Promise.resolve(), Promise.resolve()]
  #turn = 0
  #last: Reading | undefined

  /** Something was begun ahead and nobody sends it yet. */
  get isAhead(): boolean {
    return this.#last !== undefined && !this.#last.isTaken && !this.#last.isOver
  }

  /** The reading of this data set that was begun ahead, or a new one; another that was begun ahead is given up.
   *  @param fragmentBytes  most that goes into one PDU, an even number */
  of(source: ByteSource, contextId: number, fragmentBytes: number): Reading {
    const last = this.#last
    if (last !== undefined && last.source === source && last.contextId === contextId && !last.isOver) return last
    if (this.isAhead) last?.end()
    this.#last = new Reading(this, source, contextId, fragmentBytes, last?.planned)
    return this.#last
  }

  /** The next buffer in turn, once it is free.
   *  @param gone  until it is free again */
  async buffer(gone: Promise<void>): Promise<Buffer> {
    const which = this.#turn++ % 2
    const free = this.#free[which]
    this.#free[which] = gone
    await free
    this.#buffers[which] ??= Buffer.allocUnsafeSlow(HEAD_ROOM + WINDOW_BYTES)
    return this.#buffers[which]
  }
}

/** One data set, read up to two windows ahead of whoever takes them. */
class Reading {
  readonly source: ByteSource
  readonly contextId: number
  /** Each of its windows has a buffer, or will not need one: the next data set may have the buffers after them. */
  readonly planned: Promise<void>
  /** Somebody sends it. */
  isTaken = false
  isOver = false
  readonly #buffers: SendWindows
  readonly #fragmentBytes: number
  readonly #windowBytes: number
  readonly #begun: Promise<void>
  readonly #windows: Promise<Window>[] = []
  /** Where the window after the planned ones begins; past the end when there is none. */
  #position = 0
  #setPlanned!: () => void

  constructor(buffers: SendWindows, source: ByteSource, contextId: number, fragmentBytes: number, after: Promise<void> | undefined) {
    this.#buffers = buffers
    this.source = source
    this.contextId = contextId
    this.#fragmentBytes = fragmentBytes
    this.#windowBytes = dataBytesIn(fragmentBytes)
    this.planned = new Promise((resolve) => {
      this.#setPlanned = resolve
    })
    this.#begun = this.#begin(after)
  }

  /** The next window; not to be asked for after the last one. */
  async take(): Promise<Window> {
    this.isTaken = true
    await this.#begun
    const window = this.#windows.shift()!
    this.#plan()
    return window
  }

  /** Gives back the buffers of what has not been taken. */
  end(): void {
    this.isOver = true
    for (const window of this.#windows.splice(0)) {
      void window.then(
        ({ gone }) => gone(),
        () => undefined,
      )
    }
    void this.#begun.then(this.#setPlanned)
  }

  async #begin(after: Promise<void> | undefined): Promise<void> {
    await after
    this.#plan()
    this.#plan()
  }

  /** An empty data set has one empty window. */
  #plan(): void {
    const { sizeBytes } = this.source
    const position = this.#position
    if (this.isOver || (position >= sizeBytes && position > 0)) return
    this.#position += this.#windowBytes
    const window = this.#window(position, Math.min(this.#windowBytes, sizeBytes - position))
    window.catch(() => undefined) // told when it is taken
    this.#windows.push(window)
    if (this.#position >= sizeBytes) this.#setPlanned()
  }

  async #window(position: number, dataBytes: number): Promise<Window> {
    let gone!: () => void
    const untilGone = new Promise<void>((resolve) => {
      gone = resolve
    })
    const out = await this.#buffers.buffer(untilGone)
    const isLast = position + dataBytes === this.source.sizeBytes
    try {
      const { end, places } = frame(out, this.contextId, dataBytes, this.#fragmentBytes, isLast)
      if (!this.isOver) await fill(this.source, places, position)
      return { buffer: out, end, isLast, gone }
    } catch (error) {
      gone()
      throw error
    }
  }
}

/** How much of a data set goes into one window. */
function dataBytesIn(fragmentBytes: number): number {
  let left = WINDOW_BYTES
  let bytes = 0
  do {
    const length = fragmentIn(left, fragmentBytes)
    bytes += length
    left -= OVERHEAD_BYTES + length
  } while (left > SMALLEST_FRAGMENT)
  return bytes
}

/** Some receivers take fragments of even length only; the last one is as long as it is. */
function fragmentIn(room: number, fragmentBytes: number): number {
  return Math.min(fragmentBytes, (room - OVERHEAD_BYTES) & ~1)
}

/** Writes the headers of the PDUs for `dataBytes`. @returns where they end, and the places that the data go to */
function frame(
  out: Buffer,
  contextId: number,
  dataBytes: number,
  fragmentBytes: number,
  isLast: boolean,
): { end: number; places: Buffer[] } {
  const places: Buffer[] = []
  let at = HEAD_ROOM
  let left = dataBytes
  do {
    const length = Math.min(left, fragmentIn(out.length - at, fragmentBytes))
    left -= length
    writeHeader(out, at, contextId, length, isLast && left === 0 ? 2 : 0)
    at += OVERHEAD_BYTES
    if (length > 0) places.push(out.subarray(at, at + length))
    at += length
  } while (left > 0)
  return { end: at, places }
}

/** @param control  message control header (PS3.8 E.2): 1 for a command, 2 for the last fragment */
export function writeHeader(out: Buffer, at: number, contextId: number, length: number, control: number): void {
  out[at] = PDU.P_DATA_TF
  out[at + 1] = 0
  out.writeUInt32BE(length + PDV_HEADER_BYTES, at + 2)
  out.writeUInt32BE(length + 2, at + 6)
  out[at + 10] = contextId
  out[at + 11] = control
}

/** Fills all the places.
 *  @throws NodeError STORAGE_FAILED where the source ends before */
async function fill(source: ByteSource, places: readonly Buffer[], position: number): Promise<void> {
  const wanted = places.reduce((sum, place) => sum + place.length, 0)
  const count = wanted === 0 ? 0 : await source.read(places, position)
  if (count < wanted) throw new NodeError('STORAGE_FAILED', { reason: 'shorter than it was', at: position + count })
}
