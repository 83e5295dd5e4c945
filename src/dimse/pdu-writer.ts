/** Writes PDUs and DIMSE messages to a socket, one message at a time.
 *
 *  Promises: messages never interleave; a message that fits goes out in one write; each write waits until the peer has read enough
 *  (drain) and fails after `writeMilliseconds` without; memory per association is bounded: two windows (send-windows.ts), or one chunk of
 *  a stream.
 *  Errors: NodeError PEER_TIMEOUT, PEER_ABORTED, what reading throws: after these the association is of no more use, for half a message may be out.
 *  {@link Unsent} where nothing of it can be. */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { NodeError } from '../errors.ts'
import type { ByteSource } from './contract.ts'
import { Patience } from './patience.ts'
import { HEAD_ROOM, LARGEST_PDU, OVERHEAD_BYTES, PDV_HEADER_BYTES, SendWindows, type Window, writeHeader } from './send-windows.ts'

export interface OutgoingMessage {
  readonly command: Buffer
  readonly dataSet?: Buffer
}

/** Nothing of the message is out, for the reason in `cause`: the association can go on. */
export class Unsent extends Error {
  constructor(cause: unknown) {
    super('nothing was sent', { cause })
  }
}

interface Wait {
  readonly since: number
  fail(error: NodeError): void
}

export class PduWriter {
  readonly #socket: Socket
  readonly #patience: Patience
  /** For the peer to read; the oldest first. */
  readonly #waits = new Set<Wait>()
  #fragmentBytes = 16_384 - PDV_HEADER_BYTES
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0
  readonly #windows = new SendWindows()
  /** Writes of messages that were tried, also on a connection that is lost: where there was none, nothing of a message can be out. */
  #writes = 0
  /** Asked to be sent, and not begun. */
  #streamsWaiting = 0
  /** Sent after that, as far as we know. */
  #expected: { readonly contextId: number; readonly source: ByteSource } | undefined

  constructor(socket: Socket, writeMilliseconds: number) {
    this.#socket = socket
    this.#patience = new Patience(
      writeMilliseconds,
      () => this.#oldestWait()?.since,
      () => this.#tooLong(),
    )
    socket.once('close', () => this.#closed())
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
    return this.messages(contextId, [{ command, dataSet }])
  }

  /** Whole messages, one behind the other in one write: for small ones, of which a write each would cost more than what is in them. */
  messages(contextId: number, messages: readonly OutgoingMessage[]): Promise<void> {
    return this.#inTurn(() => {
      let size = 0
      for (const { command, dataSet } of messages) size += this.#sizeOf(command) + (dataSet === undefined ? 0 : this.#sizeOf(dataSet))
      const out = Buffer.allocUnsafe(size)
      let end = 0
      for (const { command, dataSet } of messages) {
        end = this.#put(out, end, contextId, command, true, true)
        if (dataSet !== undefined) end = this.#put(out, end, contextId, dataSet, false, true)
      }
      return this.#write(out)
    })
  }

  /** A command set and a data set that is read as it is sent.
   *  @throws Unsent where it cannot be read before anything of it is out */
  stream(contextId: number, command: Buffer, open: () => Readable | ByteSource): Promise<void> {
    this.#streamsWaiting++
    return this.#inTurn(async () => {
      this.#streamsWaiting--
      const before = this.#writes
      try {
        const source = open()
        await ('sizeBytes' in source ? this.#bytes(contextId, command, source) : this.#readable(contextId, command, source))
      } catch (error) {
        throw this.#writes === before ? new Unsent(error) : error
      }
    })
  }

  /** Begins to read what will be sent next, while the peer is busy with what goes before. What fails is told by {@link stream}. */
  readAhead(contextId: number, source: ByteSource): void {
    this.#expected = { contextId, source }
    // What goes before has the buffers first.
    if (this.#streamsWaiting === 0 && !this.#windows.isAhead) this.#beginExpected()
  }

  #beginExpected(): void {
    const expected = this.#expected
    this.#expected = undefined
    if (expected !== undefined) this.#windows.of(expected.source, expected.contextId, this.#fragmentBytes)
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

  /** One window is on its way while the next is read; nothing is allocated or copied, whatever the size. */
  async #bytes(contextId: number, command: Buffer, source: ByteSource): Promise<void> {
    const head = this.#pdus(contextId, command, true, true)
    const reading = this.#windows.of(source, contextId, this.#fragmentBytes)
    if (this.#expected?.source === source) this.#expected = undefined
    const underway: Promise<void>[] = []
    try {
      for (let number = 0, isLast = false; !isLast; number++) {
        const taking = reading.take()
        this.#beginExpected()
        const window = await taking
        // What was in this buffer before has left, or the connection is lost.
        await underway[number % 2]
        isLast = window.isLast
        const flushed = this.#flush(number === 0 ? withHead(head, window) : [window.buffer.subarray(HEAD_ROOM, window.end)])
        flushed.then(window.gone, window.gone)
        underway[number % 2] = flushed
      }
      await Promise.all(underway)
    } finally {
      reading.end()
      source.close()
      await Promise.allSettled(underway)
    }
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
    const out = Buffer.allocUnsafe(this.#sizeOf(bytes))
    this.#put(out, 0, contextId, bytes, isCommand, isLast)
    return out
  }

  /** Of {@link #pdus}. */
  #sizeOf(bytes: Buffer): number {
    return bytes.length + Math.max(1, Math.ceil(bytes.length / this.#fragmentBytes)) * OVERHEAD_BYTES
  }

  /** {@link #pdus}, from `start` on. @returns where they end */
  #put(out: Buffer, start: number, contextId: number, bytes: Buffer, isCommand: boolean, isLast: boolean): number {
    const end = start + this.#sizeOf(bytes)
    let from = 0
    for (let to = start; to < end; ) {
      const length = Math.min(this.#fragmentBytes, bytes.length - from)
      const isLastFragment = to + OVERHEAD_BYTES + length === end
      writeHeader(out, to, contextId, length, (isCommand ? 1 : 0) | (isLast && isLastFragment ? 2 : 0))
      bytes.copy(out, to + OVERHEAD_BYTES, from, from + length)
      from += length
      to += OVERHEAD_BYTES + length
    }
    return end
  }

  /** Resolves when the peer has read enough for the next. */
  #write(bytes: Buffer): Promise<void> {
    this.#writes++
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return Promise.reject(new NodeError('PEER_ABORTED', { while: 'sending' }))
    if (socket.write(bytes)) return Promise.resolve()
    return this.#within((done) => {
      socket.once('drain', done)
      return () => socket.off('drain', done)
    })
  }

  /** Resolves when the bytes have left the process, so that their buffer can be used again. */
  #flush(parts: readonly Buffer[]): Promise<void> {
    this.#writes++
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return Promise.reject(new NodeError('PEER_ABORTED', { while: 'sending' }))
    let left = (): void => undefined
    for (const part of parts.slice(0, -1)) socket.write(part)
    socket.write(parts.at(-1)!, () => left())
    // The system has taken all of it at once.
    if (socket.writableLength === 0 && !socket.destroyed) return Promise.resolve()
    return this.#within((done) => {
      left = done
      return () => undefined
    })
  }

  /** @param begin  calls `done` when it is so; returns what takes the call back */
  #within(begin: (done: () => void) => () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const waits = this.#waits
      const wait: Wait = {
        since: performance.now(),
        fail: (error) => {
          waits.delete(wait)
          forget()
          reject(error)
        },
      }
      waits.add(wait)
      const forget = begin(() => {
        if (!waits.delete(wait)) return
        if (this.#socket.destroyed) reject(new NodeError('PEER_ABORTED', { while: 'sending' }))
        else resolve()
      })
      this.#patience.begin()
    })
  }

  #closed(): void {
    this.#patience.end()
    for (const wait of this.#waits) wait.fail(new NodeError('PEER_ABORTED', { while: 'sending' }))
  }

  #tooLong(): void {
    this.#oldestWait()?.fail(new NodeError('PEER_TIMEOUT', { while: 'sending' }))
    // Half a message may be out, and the peer reads no A-ABORT either.
    this.#socket.destroy()
  }

  #oldestWait(): Wait | undefined {
    return this.#waits.values().next().value
  }
}

/** In front of the first window, where there is room for it. */
function withHead(head: Buffer, { buffer, end }: Window): readonly Buffer[] {
  if (head.length > HEAD_ROOM) return [head, buffer.subarray(HEAD_ROOM, end)]
  head.copy(buffer, HEAD_ROOM - head.length)
  return [buffer.subarray(HEAD_ROOM - head.length, end)]
}
