/** Writes PDUs and DIMSE messages to a socket, one message at a time.
 *
 *  Promises: messages never interleave; a message that fits goes out in one write; each write waits until the peer has read enough
 *  (drain) and fails after `writeMilliseconds` without; memory per association is bounded by one chunk.
 *  Errors: NodeError PEER_TIMEOUT, PEER_ABORTED. After either the association is of no more use: half a message may be out. */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { NodeError } from '../errors.ts'
import { PDU } from './pdu-reader.ts'

/** What is added to each fragment: PDU header, PDV length, context ID, message control header. */
const OVERHEAD_BYTES = 12
const PDV_HEADER_BYTES = 6
/** PS3.8 D.1: zero means no limit; we still send bounded PDUs. */
const LARGEST_PDU = 256 * 1024

export class PduWriter {
  readonly #socket: Socket
  readonly #writeMilliseconds: number
  #fragmentBytes = 16_384 - PDV_HEADER_BYTES
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0

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
  stream(contextId: number, command: Buffer, dataSet: () => Readable): Promise<void> {
    return this.#inTurn(async () => {
      const source = dataSet()
      let head: Buffer | undefined = this.#pdus(contextId, command, true, true)
      let held: Buffer | undefined
      try {
        for await (const chunk of source) {
          if (held !== undefined) {
            const pdus = this.#pdus(contextId, held, false, false)
            await this.#write(head === undefined ? pdus : Buffer.concat([head, pdus]))
            head = undefined
          }
          held = chunk as Buffer
        }
        const last = this.#pdus(contextId, held ?? Buffer.alloc(0), false, true)
        await this.#write(head === undefined ? last : Buffer.concat([head, last]))
      } finally {
        source.destroy()
      }
    })
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
      out[to] = PDU.P_DATA_TF
      out[to + 1] = 0
      out.writeUInt32BE(length + PDV_HEADER_BYTES, to + 2)
      out.writeUInt32BE(length + 2, to + 6)
      out[to + 10] = contextId
      out[to + 11] = (isCommand ? 1 : 0) | (isLast && at === count - 1 ? 2 : 0)
      bytes.copy(out, to + OVERHEAD_BYTES, from, from + length)
      to += OVERHEAD_BYTES + length
    }
    return out
  }

  #write(bytes: Buffer): Promise<void> {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return Promise.reject(new NodeError('PEER_ABORTED', { while: 'sending' }))
    if (socket.write(bytes)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const settle = (error?: NodeError): void => {
        clearTimeout(timer)
        socket.off('drain', onDrain).off('close', onClose)
        if (error === undefined) resolve()
        else reject(error)
      }
      const onDrain = (): void => settle()
      const onClose = (): void => settle(new NodeError('PEER_ABORTED', { while: 'sending' }))
      const timer = setTimeout(() => settle(new NodeError('PEER_TIMEOUT', { while: 'sending' })), this.#writeMilliseconds)
      socket.once('drain', onDrain).once('close', onClose)
    })
  }
}
