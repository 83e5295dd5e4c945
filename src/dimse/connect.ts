/** Opens associations. */
import type { AeTitle } from '../dicom/ae-title.ts'
import { NodeError } from '../errors.ts'
import type { OutboundAssociation } from './contract.ts'
import { RequestedAssociation, type WantedContext } from './requestor.ts'
import { connectChunked } from './socket-chunks.ts'
import type { Timeouts } from './upper-layer.ts'

export type { WantedContext }

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  readonly callingAeTitle: AeTitle
  readonly calledAeTitle: AeTitle
  /** At most 128 (PS3.8 9.3.2.2: odd IDs of one byte). */
  readonly contexts: readonly WantedContext[]
  readonly timeouts: Timeouts
  readonly maxPduLength?: number
}

let opened = 0

/** @throws NodeError PEER_UNREACHABLE, PEER_REJECTED, PEER_ABORTED, PEER_TIMEOUT */
export async function connect(options: ConnectOptions): Promise<OutboundAssociation> {
  const { host, port, timeouts } = options
  if (options.contexts.length > 128) throw new NodeError('NO_CONTEXT', { contexts: options.contexts.length, limit: 128 })
  const chunked = connectChunked({ host, port, noDelay: true })
  const { socket } = chunked
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no connection within ${timeouts.connectSeconds} s`)), timeouts.connectSeconds * 1000)
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.removeAllListeners('error')
        resolve()
      })
      socket.once('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
    })
  } catch (cause) {
    socket.on('error', () => undefined)
    socket.destroy()
    throw new NodeError('PEER_UNREACHABLE', { called: options.calledAeTitle, host, port, cause: (cause as Error).message }, { cause })
  }
  const association = new RequestedAssociation(chunked, {
    ...options,
    maxPduLength: options.maxPduLength ?? 131_072,
    id: `out-${++opened}`,
  })
  association.begin()
  await association.established
  return association
}
