/** Listens for associations and keeps their number in bounds.
 *
 *  Only admitted associations take one of the `maxAssociations` places; connections that have not said who they are have a bound of
 *  their own and ARTIM, so that they cannot keep anybody out. */
import { createServer, type Server, type Socket } from 'node:net'
import { log } from '../log.ts'
import { AcceptedAssociation, type AcceptorHost } from './acceptor.ts'
import type { AssociationRequest, Rejection, Services } from './contract.ts'
import type { NegotiationPolicy } from './negotiation.ts'
import { chunkedSocket } from './socket-chunks.ts'
import type { Timeouts } from './upper-layer.ts'

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly maxAssociations: number
  readonly maxAssociationsPerAddress: number
  readonly maxPduLength: number
  readonly timeouts: Timeouts
  readonly services: Services
  readonly policy: NegotiationPolicy
  readonly seen: AcceptorHost['seen']
}

export interface Listener {
  readonly port: number
  readonly associations: ReadonlySet<AcceptedAssociation>
  /** Takes no more connections, lets open associations finish for `graceSeconds`, then aborts them. */
  close(graceSeconds: number): Promise<void>
}

/** Connections that have not associated yet, in all and of one address; where there is one more, the oldest of them goes. */
const MAX_WAITING = 1024
const MAX_WAITING_OF_ONE_ADDRESS = 256

export async function listen(options: ListenerOptions): Promise<Listener> {
  const associations = new Set<AcceptedAssociation>()
  const sockets = new Set<Socket>()
  let connections = 0
  const host: AcceptorHost = {
    services: options.services,
    policy: options.policy,
    seen: options.seen,
    capacity: (request) => capacity(request, associations, options),
    opened: (association) => associations.add(association),
    closed: (association) => associations.delete(association),
  }
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
    const chunked = chunkedSocket(accepted)
    const { socket } = chunked
    makeRoomFor(socket, sockets, associations)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    new AcceptedAssociation(chunked, { id: `in-${++connections}`, maxPduLength: options.maxPduLength, timeouts: options.timeouts }, host)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new Error(`cannot listen at ${options.host}:${options.port}: ${listenFailure(cause, 'dicom')}`, { cause })),
    )
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, resolve)
  })
  server.on('error', (error) => log.error('listener failed', { error: error.message }))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    associations,
    close: (graceSeconds) => closeListener(server, sockets, associations, graceSeconds),
  }
}

/** Silent connections make room: of the caller's own address first, so that one address cannot keep the others out. */
function makeRoomFor(socket: Socket, sockets: ReadonlySet<Socket>, associations: ReadonlySet<AcceptedAssociation>): void {
  if (sockets.size - associations.size < MAX_WAITING_OF_ONE_ADDRESS) return
  const busy = new Set([...associations].map((association) => association.socket))
  const waiting = [...sockets].filter((one) => !busy.has(one))
  const ofAddress = waiting.filter((one) => one.remoteAddress === socket.remoteAddress)
  if (ofAddress.length >= MAX_WAITING_OF_ONE_ADDRESS) ofAddress[0]!.destroy()
  else if (waiting.length >= MAX_WAITING) waiting[0]!.destroy()
}

/** @param section  of the settings that name host and port */
export function listenFailure(error: NodeJS.ErrnoException, section: 'dicom' | 'web'): string {
  if (error.code === 'EADDRINUSE') return `another program (another node?) has this port; choose one with ${section}.port`
  if (error.code === 'EACCES') return `ports below 1024 need a privilege; choose a higher one with ${section}.port`
  if (error.code === 'EADDRNOTAVAIL') return `this machine has no such address (${section}.host)`
  return error.message
}

/** PS3.8 Table 9-21: local limit exceeded, transient. */
function capacity(
  request: AssociationRequest,
  associations: ReadonlySet<AcceptedAssociation>,
  options: ListenerOptions,
): Rejection | undefined {
  const limited = (why: string): Rejection => ({ result: 2, source: 3, reason: 2, why })
  if (associations.size >= options.maxAssociations)
    return limited(`${options.maxAssociations} associations are open (dicom.maxAssociations)`)
  let fromThere = 0
  for (const association of associations) if (association.address === request.address) fromThere++
  if (fromThere < options.maxAssociationsPerAddress) return undefined
  return limited(`${fromThere} associations are open from this address (dicom.maxAssociationsPerAddress)`)
}

async function closeListener(
  server: Server,
  sockets: ReadonlySet<Socket>,
  associations: ReadonlySet<AcceptedAssociation>,
  graceSeconds: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const end = Date.now() + graceSeconds * 1000
  while (associations.size > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  for (const association of associations) association.abort()
  for (const socket of sockets) socket.destroy()
  await closed
}
