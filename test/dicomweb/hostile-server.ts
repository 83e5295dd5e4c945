/** A web server that answers one series request exactly as it is told, right or wrong, and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface Asked {
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

export interface HostileServer {
  readonly url: string
  readonly host: string
  readonly asked: readonly Asked[]
  /** What the next requests get. */
  answer(how: (request: IncomingMessage, response: ServerResponse) => void): void
  /** Instead of HTTP: bytes on the socket. */
  answerRaw(bytes: string): void
  close(): Promise<void>
}

export async function hostileServer(): Promise<HostileServer> {
  const asked: Asked[] = []
  let answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => void response.writeHead(404).end()
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', headers: request.headers })
    answer(request, response)
  })
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}/rs`,
    host,
    asked,
    answer: (how) => {
      answer = how
    },
    answerRaw: (bytes) => {
      answer = (request) => void request.socket.end(bytes)
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A right answer, with its boundary in quotes. */
export function multipart(files: readonly Buffer[], boundary = 'b o u n d'): { type: string; body: Buffer } {
  const parts = files.flatMap((file) => [Buffer.from(`\r\n--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`), file])
  return {
    type: `multipart/related; type="application/dicom"; boundary="${boundary}"`,
    body: Buffer.concat([...parts, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  }
}
