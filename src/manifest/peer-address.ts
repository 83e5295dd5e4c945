/** Where the node itself and its peers are, for whoever calls them as a viewer would.
 *
 *  Promises: the own AE title leads to the own node, any other one to the peer of the configuration that has it.
 *  Errors: NodeError UNKNOWN_DESTINATION where nobody told us the address; those of connect.ts. */
import type { Config } from '../config/settings.ts'
import { type AeTitle, aeTitle } from '../dicom/ae-title.ts'
import { connect } from '../dimse/connect.ts'
import { NodeError } from '../errors.ts'
import type { ConnectTo } from './retrieve-requests.ts'

/** Calls by our own AE title.
 *  @param ownPort  where the own node listens, if it is not as configured */
export function connectAs(config: Config, ownPort?: number): ConnectTo {
  return async (title, contexts) => {
    const { host, port } = addressOf(config, title, ownPort)
    const { timeouts } = config.dicom
    return connect({ host, port, callingAeTitle: aeTitle(config.aeTitle), calledAeTitle: title, contexts, timeouts })
  }
}

/** @throws NodeError UNKNOWN_DESTINATION */
export function addressOf(config: Config, title: AeTitle, ownPort = config.dicom.port): { host: string; port: number } {
  if (title === config.aeTitle) return { host: reachable(config.dicom.host), port: ownPort }
  const peer = config.peers.find((one) => one.aeTitle === title)
  if (peer?.host === undefined || peer.port === undefined) {
    throw new NodeError('UNKNOWN_DESTINATION', { aeTitle: title, help: 'ariane peer add' })
  }
  return { host: peer.host, port: peer.port }
}

/** "Listen everywhere" is no address to call. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
