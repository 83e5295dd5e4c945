/** Writes PDUs and DIMSE messages to a socket, one message at a time.
 *
 *  Promises: messages never interleave; a message that fits goes out in one write; each write waits until the peer has read enough
 *  (drain) and fails after `writeMilliseconds` without; memory per association is bounded by one chunk.
 *  Errors: NodeError PEER_TIMEOUT, PEER_ABORTED. After either the association is of no more use: half a message may be out. */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { NodeError } from '../errors.ts'
import type { ByteSource } from './contract.ts'
import { PDU } from './pdu-reader.ts'

/** What is added to each fragment: PDU header, PDV length, context ID, message control header. */
const OVERHEAD_BYTES = 12
const PDV_HEADER_BYTES = 6
/** PS3.8 D.1: zero means no limit; we still send bounded PDUs. */
const LARGEST_PDU = 256 * 1024
/** What is read and written at a time; two of these belong to an association that sends files. Holds the largest PDU and a command set. */
const STREAM_BYTES = LARGEST_PDU + 16 * 1024
/** A rest of the buffer that is smaller than this waits for the next. */
const SMALLEST_FRAGMENT = 4096

export class PduWriter {
  readonly #socket: Socket
  readonly #writeMilliseconds: number
  #fragmentBytes = 16_384 - PDV_HEADER_BYTES
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0
  readonly #buffers: Buffer[] = []

  constructor(socket: Socket, writeMilliseconds: number) {
    this.#socket = socket
    this.#writeMilliseconds = writeMilliseconds
  }

  /** The peer's Maximum Length (PS3.8 D.1), 0 or undefined for none. */
  set peerMaxPduLength(length: number | undefined) {
    const pdu = length === undefined ? 16_384 : length === 0 ? LARGEST_PDU : Math.min(length, LARGEST_PDU)
    // Some receivers take fragments of even length only; the last one is as long as it is.
    this.#fragmentBytes = (pdu - PDV_HEADER_BYTES) & ~1
  }

  /** Whether a message is being written or waits for the peer to read. */
  get isBusy(): boolean {
    return this.#waiting > 0
  }

  /** A PDU other than P-DATA-TF; does not wait. */
  control(pdu: Buffer): void {
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.write(pdu)
  }

  /** A command set and, where given, its whole data set. */
  message(contextId: number, command: Buffer, dataSet?: Buffer): Promise<void> {
    return this.#inTurn(async () => {
      const commandPdus = this.#pdus(contextId, command, true, true)
      await this.#write(dataSet === undefined ? commandPdus : Buffer.concat([commandPdus, this.#pdus(contextId, dataSet, false, true)]))
    })
  }

  /** A command set and a data set that is read as it is sent. */
  stream(contextId: number, command: Buffer, open: () => Readable | ByteSource): Promise<void> {
    return this.#inTurn(() => {
      const source = open()
      return 'sizeBytes' in source ? this.#bytes(contextId, command, source) : this.#readable(contextId, command, source)
    })
  }

  /** A chunk of odd length keeps its last byte for the next: only the last fragment may be odd, where the data set is. */
  async #readable(contextId: number, command: Buffer, source: Readable): Promise<void> {
    let head: Buffer | undefined = this.#pdus(contextId, command, true, true)
    let held: Buffer = Buffer.alloc(0)
    try {
      for await (const chunk of source) {
        const even = held.length & ~1
        if (even > 0) {
          const pdus = this.#pdus(contextId, held.subarray(0, even), false, false)
          await this.#write(head === undefined ? pdus : Buffer.concat([head, pdus]))
          head = undefined
        }
        held = even === held.length ? (chunk as Buffer) : Buffer.concat([held.subarray(even), chunk as Buffer])
      }
      const last = this.#pdus(contextId, held, false, true)
      await this.#write(head === undefined ? last : Buffer.concat([head, last]))
    } finally {
      source.destroy()
    }
  }

  /** Reads into one buffer while the other is on its way: nothing is allocated or copied, whatever the size. */
  async #bytes(contextId: number, command: Buffer, source: ByteSource): Promise<void> {
    const head = this.#pdus(contextId, command, true, true)
    const underway: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()]
    try {
      for (let position = 0, turn = 0; turn === 0 || position < source.sizeBytes; turn++) {
        const which = turn % 2
        await underway[which]
        const out = this.#buffer(which)
        const start = turn === 0 ? head.copy(out) : 0
        const left = source.sizeBytes - position
        const { end, views, taken } = this.#frame(contextId, out, start, left)
        await fill(source, views, position)
        position += taken
        underway[which] = this.#flush(out.subarray(0, end))
        underway[which].catch(() => undefined)
      }
      await Promise.all(underway)
    } finally {
      source.close()
      // A buffer is used again only when nothing of it is on its way any more.
      await Promise.allSettled(underway)
    }
  }

  #buffer(which: number): Buffer {
    this.#buffers[which] ??= Buffer.allocUnsafeSlow(STREAM_BYTES)
    return this.#buffers[which]
  }

  /** Lays out P-DATA-TF PDUs for up to `left` bytes. @returns where they end, and the places that the bytes go to */
  #frame(contextId: number, out: Buffer, start: number, left: number): { end: number; views: Buffer[]; taken: number } {
    const views: Buffer[] = []
    let at = start
    let taken = 0
    do {
      const room = out.length - at - OVERHEAD_BYTES
      const length = Math.min(this.#fragmentBytes, left - taken, room - (room % 2))
      taken += length
      header(out, at, contextId, length, taken === left ? 2 : 0)
      at += OVERHEAD_BYTES
      if (length > 0) views.push(out.subarray(at, at + length))
      at += length
    } while (taken < left && out.length - at > SMALLEST_FRAGMENT)
    return { end: at, views, taken }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#waiting++
    const turn = this.#tail.then(work)
    this.#tail = turn
      .catch(() => undefined)
      .finally(() => {
        this.#waiting--
      })
    return turn
  }

  /** `bytes` as P-DATA-TF PDUs of one PDV each; an empty value makes one empty last fragment. */
  #pdus(contextId: number, bytes: Buffer, isCommand: boolean, isLast: boolean): Buffer {
    const count = Math.max(1, Math.ceil(bytes.length / this.#fragmentBytes))
    const out = Buffer.allocUnsafe(bytes.length + count * OVERHEAD_BYTES)
    let to = 0
    for (let from = 0, at = 0; at < count; at++, from += this.#fragmentBytes) {
      const length = Math.min(this.#fragmentBytes, bytes.length - from)
      header(out, to, contextId, length, (isCommand ? 1 : 0) | (isLast && at === count - 1 ? 2 : 0))
      bytes.copy(out, to + OVERHEAD_BYTES, from, from + length)
      to += OVERHEAD_BYTES + length
    }
    return out
  }

  /** Resolves when the peer has read enough for the next. */
  #write(bytes: Buffer): Promise<void> {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return Promise.reject(new NodeError('PEER_ABORTED', { while: 'sending' }))
    if (socket.write(bytes)) return Promise.resolve()
    return this.#within((done) => {
      socket.once('drain', done)
      return () => socket.off('drain', done)
    })
  }

  /** Resolves when the bytes have left the process, so that their buffer can be used again. */
  #flush(bytes: Buffer): Promise<void> {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return Promise.reject(new NodeError('PEER_ABORTED', { while: 'sending' }))
    return this.#within((done) => {
      socket.write(bytes, () => done())
      return () => undefined
    })
  }

  /** @param begin  calls `done` when it is so; returns what takes the call back */
  #within(begin: (done: () => void) => () => void): Promise<void> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      const settle = (error?: NodeError): void => {
        clearTimeout(timer)
        forget()
        socket.off('close', onClose)
        if (error === undefined && !socket.destroyed) resolve()
        else reject(error ?? new NodeError('PEER_ABORTED', { while: 'sending' }))
      }
      const onClose = (): void => settle(new NodeError('PEER_ABORTED', { while: 'sending' }))
      const timer = setTimeout(() => {
        settle(new NodeError('PEER_TIMEOUT', { while: 'sending' }))
        // Half a message may be out, and the peer reads no A-ABORT either.
        socket.destroy()
      }, this.#writeMilliseconds)
      socket.once('close', onClose)
      const forget = begin(() => settle())
    })
  }
}

function header(out: Buffer, at: number, contextId: number, length: number, control: number): void {
  out[at] = PDU.P_DATA_TF
  out[at + 1] = 0
  out.writeUInt32BE(length + PDV_HEADER_BYTES, at + 2)
  out.writeUInt32BE(length + 2, at + 6)
  out[at + 10] = contextId
  out[at + 11] = control
}

/** Fills all the places, however few bytes the system gives at a time.
 *  @throws NodeError STORAGE_FAILED where the source ends before */
async function fill(source: ByteSource, views: readonly Buffer[], position: number): Promise<void> {
  let rest = views
  let at = position
  while (rest.length > 0) {
    let count = await source.read(rest, at)
    if (count === 0) throw new NodeError('STORAGE_FAILED', { reason: 'shorter than it was', at })
    at += count
    let whole = 0
    while (whole < rest.length && count >= rest[whole]!.length) count -= rest[whole++]!.length
    rest = rest.slice(whole)
    if (count > 0) rest = [rest[0]!.subarray(count), ...rest.slice(1)]
  }
}
