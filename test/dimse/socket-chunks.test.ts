/** Pins what socket-chunks.ts relies on inside of Node: sockets that a server accepted go on under another object, read into one buffer. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { chunkedSocket, connectChunked, READ_BYTES } from '../../src/dimse/socket-chunks.ts'

let server: Server
const peers: Socket[] = []
afterEach(() => {
  for (const peer of peers.splice(0)) peer.destroy()
  server.close()
})

/** What one accepted connection gets, and the buffers in which it came. */
async function accepting(onSocket: (socket: Socket) => void = () => undefined) {
  const got: Buffer[] = []
  const buffers = new Set<ArrayBufferLike>()
  const events: string[] = []
  let socket: Socket | undefined
  server = createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
    const chunked = chunkedSocket(accepted)
    socket = chunked.socket
    for (const event of ['end', 'close', 'error'] as const) socket.on(event, () => events.push(event))
    chunked.listen((chunk) => {
      got.push(Buffer.from(chunk))
      buffers.add(chunk.buffer)
      onSocket(chunked.socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const peer = connect({ port, host: '127.0.0.1' })
  peer.on('error', () => undefined)
  peers.push(peer)
  await expect.poll(() => socket).toBeDefined()
  return { got, buffers, events, peer, socket: socket!, port, bytes: () => got.reduce((sum, part) => sum + part.length, 0) }
}

it('an accepted socket gives every byte in order, in one buffer, and knows its peer', async () => {
  const one = await accepting()
  const sent = Buffer.from(Array.from({ length: 3 * READ_BYTES + 7 }, (_, at) => (at * 7 + (at >> 8)) & 0xff))
  one.peer.write(sent)
  await expect.poll(one.bytes).toBe(sent.length)
  expect(Buffer.concat(one.got).equals(sent)).toBe(true)
  expect(one.buffers.size).toBe(1)
  expect(one.socket.remoteAddress).toBe('127.0.0.1')
  one.socket.write('answer')
  expect(String(await new Promise((resolve) => one.peer.once('data', resolve)))).toBe('answer')
})

it('stops reading when it is paused, and goes on when it is resumed', async () => {
  const one = await accepting((socket) => socket.pause())
  one.peer.write(Buffer.alloc(16 * READ_BYTES))
  await expect.poll(one.bytes).toBeGreaterThan(0)
  await sleep(100)
  const paused = one.bytes()
  expect(paused).toBeLessThanOrEqual(READ_BYTES)
  one.socket.resume()
  await expect.poll(one.bytes).toBeGreaterThan(paused)
})

it('tells the end and the close of the peer', async () => {
  const one = await accepting()
  one.peer.end('last words')
  await expect.poll(() => one.events).toEqual(['end', 'close'])
  expect(String(Buffer.concat(one.got))).toBe('last words')
})

it('tells a reset of the peer', async () => {
  const one = await accepting()
  one.peer.resetAndDestroy()
  await expect.poll(() => one.events).toContain('close')
  expect(one.events).toContain('error')
})

it('is not waited for by the server: who closes the server closes it', async () => {
  const one = await accepting()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  expect(one.socket.destroyed).toBe(false)
  one.socket.destroy()
  await expect.poll(() => one.events).toEqual(['close'])
})

it('a socket that we open reads into one buffer too', async () => {
  const one = await accepting((socket) => socket.write(Buffer.alloc(2 * READ_BYTES, 5)))
  const chunked = connectChunked({ host: '127.0.0.1', port: one.port })
  peers.push(chunked.socket)
  const buffers = new Set<ArrayBufferLike>()
  let bytes = 0
  chunked.listen((chunk) => {
    buffers.add(chunk.buffer)
    bytes += chunk.length
  })
  chunked.socket.once('connect', () => chunked.socket.write('go'))
  await expect.poll(() => bytes).toBe(2 * READ_BYTES)
  expect(buffers.size).toBe(1)
})
