/** How long the web waits for whom, how many at once, and how much it takes: connections, headers, bodies that stall, callers that do not read.
 *
 *  Promises: what is counted is the other side's time only: while we do not read a body, or have nothing to send, no clock runs. No limit
 *  for a whole request, which may be of gigabytes over a slow line; what is stored of one has its limits where it is kept (receive/stow-rs.ts).
 *  Does not: time headers; Node does (`headersTimeout`). */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Config } from '../../config/settings.ts'
import { log } from '../../log.ts'
import { canonicalAddress, isLoopback } from '../access.ts'

type Web = Config['web']

const LOOK_EVERY_MS = 500
const CLOSE_WITHIN_MS = 1000
/** Of a body, in `readSeconds`. */
const LEAST_READ_BYTES = 16 * 1024
/** How long it is read past what still comes of a request that has its answer: who sends on hears it, who never ends does not stay. */
const LINGER_MS = 3000

/** Of a body of JSON. Those that are read as streams have no limit here. */
export const LARGEST_JSON_BYTES = 1024 * 1024
/** Of a part of a path, as a list of frames. In characters. */
export const LONGEST_PARAMETER = 8 * 1024
export const LARGEST_HEADERS_BYTES = 16 * 1024

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readBytes: number
  readSince: number
  writtenBytes: number
  writtenSince: number
}

export interface WebPatience {
  /** Whether an answer has begun on it and is not over. */
  isAnswering(socket: Socket): boolean
  /** Ends every connection, at once. */
  closeAll(): void
  stop(): void
}

export function watchConnections(server: Server, web: Web): WebPatience {
  const exchanges = new Set<Exchange>()
  const sockets = new Set<Socket>()
  server.maxConnections = web.maxConnections
  server.on('drop', () => log.debug('connection to the web closed: too many', { limit: web.maxConnections }))
  limitAddresses(server, web)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', (request, response) => {
    const now = performance.now()
    exchanges.add({ request, response, readBytes: request.socket.bytesRead, readSince: now, writtenBytes: 0, writtenSince: now })
    closeWhenRead(request)
  })
  const look = (): void => {
    const now = performance.now()
    for (const exchange of exchanges) {
      if (isOver(exchange)) exchanges.delete(exchange)
      else if (stalls(exchange, now, web.timeouts)) giveUp(exchange)
    }
  }
  const timer = setInterval(look, LOOK_EVERY_MS).unref()
  return {
    isAnswering: (socket) => [...exchanges].some((one) => one.request.socket === socket && one.response.headersSent && !isOver(one)),
    closeAll: () => {
      for (const socket of sockets) socket.destroy()
    },
    stop: () => clearInterval(timer),
  }
}

/** Callers of this machine, which holds proxies and tests, and trusted proxies stand for many. */
function limitAddresses(server: Server, { maxConnectionsPerAddress, trustedProxies }: Web): void {
  const open = new Map<string, number>()
  const exempt = new Set(trustedProxies.map(canonicalAddress))
  server.on('connection', (socket: Socket) => {
    const address = canonicalAddress(socket.remoteAddress ?? '')
    if (isLoopback(address) || exempt.has(address)) return
    const count = (open.get(address) ?? 0) + 1
    if (count > maxConnectionsPerAddress) {
      log.debug('connection to the web closed: too many of one address', { address, limit: maxConnectionsPerAddress })
      socket.destroy()
      return
    }
    open.set(address, count)
    socket.once('close', () => {
      const left = open.get(address)! - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
  })
}

/** Closed while something of the body is still to be read, the connection would be reset, and the caller might lose an answer that is out: it is
 *  half closed first, whoever asks for it (Node does, where the caller says `Connection: close`), and closed when the body has come to its end.
 *  How long that may take: {@link readPast}. */
function closeWhenRead(request: IncomingMessage): void {
  const { socket } = request
  const close = (): void => Object.getPrototypeOf(socket).destroySoon.call(socket)
  socket.destroySoon = () => {
    if (request.complete) return close()
    socket.end()
    request.once('end', close)
  }
}

function isOver({ request, response }: Exchange): boolean {
  return request.socket.destroyed || (request.complete && response.writableFinished)
}

function stalls(exchange: Exchange, now: number, { readSeconds, writeSeconds }: Web['timeouts']): boolean {
  return stallsReading(exchange, now, readSeconds * 1000) || stallsWriting(exchange, now, writeSeconds * 1000)
}

function stallsReading(exchange: Exchange, now: number, patienceMs: number): boolean {
  const { request } = exchange
  const { bytesRead } = request.socket
  const isOurTurn = request.complete || request.readableLength > 0
  if (isOurTurn || bytesRead - exchange.readBytes >= LEAST_READ_BYTES) {
    exchange.readBytes = bytesRead
    exchange.readSince = now
  }
  return now - exchange.readSince > patienceMs
}

/** What has left our buffers counts as taken. */
function stallsWriting(exchange: Exchange, now: number, patienceMs: number): boolean {
  const { socket } = exchange.request
  const taken = socket.bytesWritten - socket.writableLength
  if (socket.writableLength === 0 || taken !== exchange.writtenBytes) {
    exchange.writtenBytes = taken
    exchange.writtenSince = now
  }
  return now - exchange.writtenSince > patienceMs
}

function giveUp({ request, response }: Exchange): void {
  const { socket } = request
  log.debug('request on the web given up: the caller stalls', { address: socket.remoteAddress, bytesRead: socket.bytesRead })
  if (response.headersSent) socket.destroy()
  else {
    socket.write(rawAnswer(408, 'Request Timeout', 'the body came to a stand'))
    closeSoon(socket)
  }
}

/** The rest of a request that has its answer. */
export function readPast(request: IncomingMessage): void {
  if (request.complete) return
  request.resume() // Node does not read on by itself where somebody has begun to
  setTimeout(() => request.complete || request.destroy(), LINGER_MS).unref()
}

/** Once what was written is out, but not later than a moment: the other side may not take it. */
export function closeSoon(socket: Socket): void {
  socket.destroySoon()
  const timer = setTimeout(() => socket.destroy(), CLOSE_WITHIN_MS).unref()
  socket.once('close', () => clearTimeout(timer))
}

/** For callers whose request cannot be taken for one. */
export function rawAnswer(status: number, reason: string, detail: string): string {
  const body = JSON.stringify({ status, detail })
  return `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
}
