/** HTTP as text over a socket, for what no client would send. Times in milliseconds. */
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly text: string
  /** Until the other side closed. */
  readonly elapsed: number
}

/** Sends and reads until the other side closes. A request that keeps the connection is to say `Connection: close`. */
export function rawHttp(port: number, text: string | Buffer, withinMs = 10_000): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(text))
    let answer = ''
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`open after ${withinMs} ms: ${answer.slice(0, 200)}`))
    }, withinMs)
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
    })
    // Closed with our bytes unread is a reset; what was answered before counts.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), text: answer, elapsed: performance.now() - began })
    })
  })
}

/** Lines of a head, with CRLF and the empty line. */
export function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`
}

export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(socket))
    socket.once('error', reject)
  })
}
