/** C-MOVE (PS3.4 C.4.2, PS3.7 9.1.4): sends what we hold to a destination that the configuration knows.
 *
 *  Promises: A801 and nothing sent for a destination that is not a configured peer with host and port; pending responses with counts
 *  (sub-operations.ts); 0000, B000 (some failed), A702 (none arrived), FE00 (cancelled) at the end, with the list of those that failed.
 *  Sub-operations end with the requestor's association. Several associations at the same time where the peer is configured so.
 *  Errors: none; every failure is answered. */

import type { Peer } from '../config/settings.ts'
import { parseAeTitle } from '../dicom/ae-title.ts'
import { levelSet } from '../dicom/confidentiality.ts'
import { retrieveKeys } from '../dicom/query-model.ts'
import type { Request } from '../dimse/contract.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { contextBatches, MoveLane } from './move-lane.ts'
import { retrieve } from './retrieve.ts'
import type { RetrievePlan } from './retrieve-plan.ts'
import { answerFailure, modelOf, readIdentifier, type Serving } from './serving.ts'

/** Unable to calculate the number of matches (PS3.4 C.4.2.1.5). */
const OUT_OF_RESOURCES = 0xa701

export async function cMove(serving: Serving, request: Request): Promise<void> {
  try {
    const destination = destinationOf(serving, request)
    const { level, keys } = retrieveKeys(readIdentifier(request), modelOf(request))
    // What the caller may see, and the destination too.
    const levels = serving.levelsOf(request.association) & levelSet(destination.levels)
    log.info('move begins', { association: request.association.id, destination: destination.aeTitle, level })
    await retrieve(serving, request, keys, levels, (plan) => lanesFor(serving, request, destination, plan))
  } catch (error) {
    await answerFailure(request, error, OUT_OF_RESOURCES)
  }
}

function destinationOf(serving: Serving, request: Request): Peer {
  const aeTitle = parseAeTitle(request.command.moveDestination)
  const peer = aeTitle === undefined ? undefined : serving.peer(aeTitle)
  if (peer?.host === undefined || peer.port === undefined) {
    const why = aeTitle === undefined ? 'no AE title' : peer === undefined ? 'no such peer' : 'peer has no host or port'
    throw new NodeError('UNKNOWN_DESTINATION', { destination: aeTitle ?? '', why })
  }
  return peer
}

function lanesFor(serving: Serving, request: Request, destination: Peer, plan: RetrievePlan): MoveLane[] {
  const lanes = Math.min(destination.parallelAssociations, plan.total)
  const options = {
    storage: serving.storage,
    aeTitle: serving.aeTitle,
    connect: (contexts: Parameters<Serving['connectTo']>[1]) => serving.connectTo(destination, contexts),
    batches: contextBatches(plan.syntaxesOfClass),
    moveOriginator: { aeTitle: request.association.callingAeTitle, messageId: request.command.messageId ?? 0 },
    stopped: request.stopped,
  }
  return Array.from({ length: lanes }, () => new MoveLane(options))
}
