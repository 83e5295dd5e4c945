/** Whether our own node answers, for commands that call it as a viewer would. */
import type { Config } from '../config/settings.ts'
import { aeTitle } from '../dicom/ae-title.ts'
import { VERIFICATION } from '../dicom/sop-classes.ts'
import { NodeError } from '../errors.ts'
import { addressOf, connectAs } from '../manifest/peer-address.ts'
import { queryContext } from '../manifest/retrieve-requests.ts'
import { CommandFailure } from './command-line.ts'

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
