/** Where the node itself and its peers are, for commands that call them as a viewer would.
 *
 *  Promises: the own AE title leads to the own node, any other one to the peer of the configuration that has it.
 *  Errors: NodeError UNKNOWN_DESTINATION where nobody told us the address; those of connect.ts. */
import type { Config } from '../config/settings.ts'
import { type AeTitle, aeTitle } from '../dicom/ae-title.ts'
import { VERIFICATION } from '../dicom/sop-classes.ts'
import { connect } from '../dimse/connect.ts'
import { NodeError } from '../errors.ts'
import { type ConnectTo, queryContext } from '../manifest/retrieve-requests.ts'
import { CommandFailure } from './command-line.ts'

/** Calls by our own AE title. */
export function connectAs(config: Config): ConnectTo {
  return async (title, contexts) => {
    const { host, port } = addressOf(config, title)
    const { timeouts } = config.dicom
    return connect({ host, port, callingAeTitle: aeTitle(config.aeTitle), calledAeTitle: title, contexts, timeouts })
  }
}

/** @throws NodeError UNKNOWN_DESTINATION */
export function addressOf(config: Config, title: AeTitle): { host: string; port: number } {
  if (title === config.aeTitle) return { host: reachable(config.dicom.host), port: config.dicom.port }
  const peer = config.peers.find((one) => one.aeTitle === title)
  if (peer?.host === undefined || peer.port === undefined) {
    throw new NodeError('UNKNOWN_DESTINATION', { aeTitle: title, help: 'ariane peer add' })
  }
  return { host: peer.host, port: peer.port }
}

/** Said once, not for each reference.
 *  @throws CommandFailure where our own node is not running, or does not let its commands in */
export async function requireOwnNode(config: Config): Promise<void> {
  const own = aeTitle(config.aeTitle)
  const { host, port } = addressOf(config, own)
  try {
    const association = await connectAs(config)(own, [queryContext(VERIFICATION)])
    await association.release()
  } catch (cause) {
    if (!(cause instanceof NodeError)) throw cause
    const what =
      cause.code === 'PEER_REJECTED'
        ? `takes no calls from its own commands; let them in: ariane peer add ${own} 127.0.0.1 --allow echo find get (then reload it)`
        : `does not answer (${cause.tell}): is it running?`
    throw new CommandFailure(`the node ${own} at ${host}:${port} ${what}`, { cause })
  }
}

/** "Listen everywhere" is no address to call. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
