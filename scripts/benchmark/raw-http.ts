/** One connection over HTTP that fetches and throws away: only lengths are read, nothing is copied or kept, so that the client costs next to nothing (RFC 9112).
 *  Takes bodies with a length, in chunks, and up to the end of the connection, which is then opened again. */
import { connect, type Socket } from 'node:net'

const READ_BYTES = 512 * 1024
const LONGEST_HEAD = 64 * 1024

interface Waiting {
  resolve(bytes: number): void
  reject(error: Error): void
}

export class RawHttp {
  readonly #host: string
  readonly #port: number
  #socket: Socket | undefined
  #waiting: Waiting | undefined
  /** Of the head, or of a chunk's line, while it is not whole. */
  #text = ''
  #place: 'head' | 'chunk size' | 'chunk' | 'body' | 'trailer' = 'head'
  #left = 0
  #bytes = 0

  /** @param base  `http://host:port` and whatever follows */
  constructor(base: string) {
    const { hostname, port } = new URL(base)
    this.#host = hostname
    this.#port = Number(port)
  }

  /** @returns bytes of the body. Not before the one before has resolved.
   *  @throws Error where the answer is not 200 */
  async get(path: string, accept: string): Promise<number> {
    this.#socket ??= await this.#open()
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#text = ''
      this.#place = 'head'
      this.#bytes = 0
      const head = [`GET ${path} HTTP/1.1`, `Host: ${this.#host}:${this.#port}`, `Accept: ${accept}`, 'Accept-Encoding: identity', '', '']
      this.#socket!.write(head.join('\r\n'))
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #open(): Promise<Socket> {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    return new Promise((resolve, reject) => {
      const callback = (length: number): boolean => {
        this.#read(buffer, length)
        return true
      }
      const socket = connect({ host: this.#host, port: this.#port, noDelay: true, onread: { buffer, callback } })
      socket.once('connect', () => resolve(socket))
      socket.once('error', (error) => {
        reject(error)
        this.#waiting?.reject(error)
      })
      socket.once('close', () => this.#closed(socket))
    })
  }

  #closed(socket: Socket): void {
    if (this.#socket === socket) this.#socket = undefined
    if (this.#place === 'body' && this.#left === Number.POSITIVE_INFINITY) this.#done()
    else this.#waiting?.reject(new Error('the connection was closed in the middle of an answer'))
  }

  #read(buffer: Buffer, length: number): void {
    for (let at = 0; at < length && this.#waiting !== undefined; ) {
      if (this.#place === 'body' || this.#place === 'chunk') at += this.#skip(length - at)
      else at = this.#line(buffer, at, length)
    }
  }

  /** @returns how much of what came belongs to the body or chunk */
  #skip(length: number): number {
    const count = Math.min(length, this.#left)
    this.#left -= count
    this.#bytes += count
    if (this.#left === 0) {
      if (this.#place === 'body') this.#done()
      else this.#place = 'chunk size'
    }
    return count
  }

  /** Text up to the line's end, of the head up to the empty line. @returns where it goes on */
  #line(buffer: Buffer, from: number, length: number): number {
    const end = this.#place === 'head' ? '\r\n\r\n' : '\r\n'
    const before = this.#text.length
    // What is looked for may have begun in the piece before.
    this.#text += buffer.toString('latin1', from, Math.min(length, from + LONGEST_HEAD))
    const found = this.#text.indexOf(end, Math.max(0, before - end.length))
    if (found < 0) return length
    const text = this.#text.slice(0, found)
    this.#text = ''
    if (this.#place === 'head') this.#head(text)
    else if (this.#place === 'chunk size') this.#chunk(text)
    else if (text === '') this.#done()
    return from + found + end.length - before
  }

  #head(text: string): void {
    if (!/^HTTP\/1\.1 200 /.test(text)) {
      this.#waiting!.reject(new Error(`not what was asked for: ${text.slice(0, text.indexOf('\r\n'))}`))
      this.#waiting = undefined
      this.#socket!.destroy()
    } else if (/^transfer-encoding: *chunked/im.test(text)) this.#place = 'chunk size'
    else {
      const length = /^content-length: *(\d+)/im.exec(text)
      this.#place = 'body'
      this.#left = length === null ? Number.POSITIVE_INFINITY : Number(length[1])
      if (this.#left === 0) this.#done()
    }
  }

  #chunk(text: string): void {
    if (text === '') return // the end of the chunk before
    this.#left = Number.parseInt(text, 16)
    this.#place = this.#left === 0 ? 'trailer' : 'chunk'
  }

  #done(): void {
    const { resolve } = this.#waiting!
    this.#waiting = undefined
    resolve(this.#bytes)
  }
}
