/** C-ECHO (PS3.4 A) of a peer: can it be reached, does it take us. For `ariane peer echo`, and for the page. */
import type { Config, Peer } from '../config/settings.ts'
import { aeTitle } from '../dicom/ae-title.ts'
import { VERIFICATION } from '../dicom/sop-classes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { connect, type WantedContext } from '../dimse/connect.ts'
import type { OutboundAssociation } from '../dimse/contract.ts'

/** Where a peer listens. */
export type ReachablePeer = Pick<Peer, 'aeTitle'> & { readonly host: string; readonly port: number }

export const ECHO_CONTEXT: WantedContext = {
  abstractSyntax: VERIFICATION,
  transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN],
}

export function isReachable(peer: Peer | undefined): peer is Peer & ReachablePeer {
  return peer?.host !== undefined && peer.port !== undefined
}

/** @returns the status of its answer, and how long all took, in milliseconds
 *  @throws NodeError PEER_UNREACHABLE, PEER_REJECTED, PEER_ABORTED, PEER_TIMEOUT, NO_CONTEXT */
export async function echoPeer(config: Config, peer: ReachablePeer): Promise<{ status: number; milliseconds: number }> {
  const began = performance.now()
  const association = await associateWith(config, peer, [ECHO_CONTEXT])
  try {
    const status = await association.echo()
    await association.release()
    return { status, milliseconds: performance.now() - began }
  } catch (error) {
    association.abort()
    throw error
  }
}

/** By our own AE title. */
export function associateWith(config: Config, peer: ReachablePeer, contexts: readonly WantedContext[]): Promise<OutboundAssociation> {
  const titles = { callingAeTitle: aeTitle(config.aeTitle), calledAeTitle: aeTitle(peer.aeTitle) }
  return connect({ host: peer.host, port: peer.port, ...titles, contexts, timeouts: config.dicom.timeouts })
}
