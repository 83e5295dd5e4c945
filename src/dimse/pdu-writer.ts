/** Writes PDUs and DIMSE messages to a socket, one message at a time.
 *
 *  Promises: messages never interleave; a message that fits goes out in one write; each write waits until the peer has read enough
 *  (drain) and fails after `writeMilliseconds` without; memory per association is bounded: two windows (send-windows.ts), or one chunk of
 *  a stream.
 *  Errors: NodeError PEER_TIMEOUT, PEER_ABORTED. After either the association is of no more use: half a message may be out. */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { NodeError } from '../errors.ts'
import type { ByteSource } from './contract.ts'
import { Patience } from './patience.ts'
import { HEAD_ROOM, LARGEST_PDU, OVERHEAD_BYTES, PDV_HEADER_BYTES, SendWindows, type Window, writeHeader } from './send-windows.ts'

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
    return this.#inTurn(async () => {
      const commandPdus = this.#pdus(contextId, command, true, true)
      await this.#write(dataSet === undefined ? commandPdus : Buffer.concat([commandPdus, this.#pdus(contextId, dataSet, false, true)]))
    })
  }

  /** Whole messages, one behind the other in one write: for small ones, of which a write each would cost more than what is in them. */
  messages(contextId: number, messages: readonly { readonly command: Buffer; readonly dataSet?: Buffer }[]): Promise<void> {
    return this.#inTurn(() => {
      const parts: Buffer[] = []
      let [command, commandPdus]: (Buffer | undefined)[] = []
      for (const message of messages) {
        if (message.command !== command) commandPdus = this.#pdus(contextId, message.command, true, true)
        command = message.command
        parts.push(commandPdus!)
        if (message.dataSet !== undefined) parts.push(this.#pdus(contextId, message.dataSet, false, true))
      }
      return this.#write(Buffer.concat(parts))
    })
  }

  /** A command set and a data set that is read as it is sent. */
  stream(contextId: number, command: Buffer, open: () => Readable | ByteSource): Promise<void> {
    this.#streamsWaiting++
    return this.#inTurn(() => {
      this.#streamsWaiting--
      const source = open()
      return 'sizeBytes' in source ? this.#bytes(contextId, command, source) : this.#readable(contextId, command, source)
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
    const count = Math.max(1, Math.ceil(bytes.length / this.#fragmentBytes))
    const out = Buffer.allocUnsafe(bytes.length + count * OVERHEAD_BYTES)
    let to = 0
    for (let from = 0, at = 0; at < count; at++, from += this.#fragmentBytes) {
      const length = Math.min(this.#fragmentBytes, bytes.length - from)
      writeHeader(out, to, contextId, length, (isCommand ? 1 : 0) | (isLast && at === count - 1 ? 2 : 0))
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
  #flush(parts: readonly Buffer[]): Promise<void> {
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
