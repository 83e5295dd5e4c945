/** A move destination on a bare socket that behaves as badly as it is told to, or well but slowly.
 *
 *  Independent of src/dimse. Associations it accepts are answered context by context with the first transfer syntax proposed. */
import net from 'node:net'
import { commandSet, ReceivedCommand } from './raw-command.ts'
import { APPLICATION_CONTEXT, abort, item, maximumLength, PDU_TYPE, pData, pdu, pdv, readItems, releaseReply } from './raw-pdu.ts'

/** silent: accepts TCP and never says a word. resets: RST at once. refuses contexts: associates, takes no context.
 *  rejects: A-ASSOCIATE-RJ. aborts: A-ABORT at the first data. mute: associates, never answers C-STORE. stores: takes everything. */
export type Behaviour = 'silent' | 'resets' | 'refuses contexts' | 'rejects' | 'aborts' | 'mute' | 'stores'

export interface RawDestination {
  readonly port: number
  behaviour: Behaviour
  /** Before each C-STORE response, in milliseconds. */
  delayMs: number
  /** C-STORE status that it answers with. */
  status: number
  /** Affected SOP Instance UIDs of the C-STORE requests answered so far. */
  readonly stored: string[]
  /** Connections open now. */
  connections(): number
  close(): Promise<void>
}

export async function startRawDestination(behaviour: Behaviour = 'stores'): Promise<RawDestination> {
  const sockets = new Set<net.Socket>()
  const stored: string[] = []
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    if (destination.behaviour === 'resets') socket.resetAndDestroy()
    else serve(socket, destination, stored)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const destination: RawDestination = {
    port,
    behaviour,
    delayMs: 0,
    status: 0,
    stored,
    connections: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return destination
}

function serve(socket: net.Socket, destination: RawDestination, stored: string[]): void {
  let received = Buffer.alloc(0)
  let command = Buffer.alloc(0)
  let pending: { request: ReceivedCommand; contextId: number } | undefined
  const onValue = (contextId: number, control: number, bytes: Buffer) => {
    if ((control & 1) === 1) {
      command = Buffer.concat([command, bytes])
      if ((control & 2) === 0) return
      pending = { request: new ReceivedCommand(command), contextId }
      command = Buffer.alloc(0)
      return
    }
    if ((control & 2) === 2 && pending !== undefined) answerStore(socket, destination, stored, pending)
  }
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 6 && received.length >= 6 + received.readUInt32BE(2)) {
      const end = 6 + received.readUInt32BE(2)
      const [type, body] = [received[0]!, received.subarray(6, end)]
      received = received.subarray(end)
      if (destination.behaviour === 'silent') continue
      if (type === PDU_TYPE.request) answerAssociate(socket, destination, body)
      else if (type === PDU_TYPE.releaseRequest) socket.end(releaseReply())
      else if (type === PDU_TYPE.abort) socket.destroy()
      else if (destination.behaviour === 'aborts') socket.end(abort(2, 1))
      else if (type === PDU_TYPE.data) forEachValue(body, onValue)
    }
  })
}

function forEachValue(body: Buffer, onValue: (contextId: number, control: number, bytes: Buffer) => void): void {
  for (let at = 0; at + 6 <= body.length; ) {
    const end = at + 4 + body.readUInt32BE(at)
    onValue(body[at + 4]!, body[at + 5]!, body.subarray(at + 6, end))
    at = end
  }
}

function answerAssociate(socket: net.Socket, destination: RawDestination, body: Buffer): void {
  if (destination.behaviour === 'rejects') {
    socket.end(pdu(PDU_TYPE.reject, Buffer.from([0, 1, 1, 1])))
    return
  }
  const result = destination.behaviour === 'refuses contexts' ? 3 : 0
  const contexts = readItems(body.subarray(68))
    .filter(({ type }) => type === 0x20)
    .map(({ body: bytes }) => {
      const syntax = readItems(bytes.subarray(4)).find(({ type }) => type === 0x40)
      return item(0x21, Buffer.concat([Buffer.from([bytes[0]!, 0, result, 0]), item(0x40, syntax?.body ?? '')]))
    })
  const user = item(0x50, Buffer.concat([maximumLength(65536), item(0x52, '1.2.826.0.1.3680043.9.9998')]))
  socket.write(pdu(PDU_TYPE.accept, Buffer.concat([body.subarray(0, 68), item(0x10, APPLICATION_CONTEXT), ...contexts, user])))
}

function answerStore(
  socket: net.Socket,
  destination: RawDestination,
  stored: string[],
  { request, contextId }: { request: ReceivedCommand; contextId: number },
): void {
  if (destination.behaviour === 'mute') return
  const uid = request.text(0x1000) ?? ''
  setTimeout(() => {
    stored.push(uid)
    const response = {
      2: request.text(0x0002),
      256: 0x8001,
      288: request.number(0x0110),
      2048: 0x0101,
      2304: destination.status,
      4096: uid,
    }
    if (socket.writable) socket.write(pData(pdv(contextId, 3, commandSet(response))))
  }, destination.delayMs)
}
