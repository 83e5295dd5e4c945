/** What the services of the Query/Retrieve Service Class (PS3.4 C) are given to work with, and how they say that they could not. */
import type { Catalog } from '../catalog/contract.ts'
import type { Peer } from '../config/settings.ts'
import type { LevelSet } from '../dicom/confidentiality.ts'
import { type DataSet, readDataSet } from '../dicom/element-reader.ts'
import type { QueryModel } from '../dicom/query-model.ts'
import { STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE } from '../dicom/sop-classes.ts'
import type { WantedContext } from '../dimse/connect.ts'
import type { Association, OutboundAssociation, Request } from '../dimse/contract.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import type { Storage } from '../storage/contract.ts'

export interface Serving {
  readonly catalog: Catalog
  readonly storage: Storage
  /** Ours, as Retrieve AE Title. */
  readonly aeTitle: string
  readonly retrieveLocationUid: string
  /** IANA name of the zone that dates without an offset are in. */
  readonly timezone: string
  /** The configured peer of this AE title. */
  peer(aeTitle: string): Peer | undefined
  /** Confidentiality levels that the caller may see. */
  levelsOf(caller: Association): LevelSet
  /** Whether own manifests appear in ordinary answers. */
  listManifests(): boolean
  /** @throws NodeError PEER_UNREACHABLE, PEER_REJECTED, PEER_ABORTED, PEER_TIMEOUT */
  connectTo(peer: Peer, contexts: readonly WantedContext[]): Promise<OutboundAssociation>
}

/** @throws NodeError UNREADABLE */
export function readIdentifier(request: Request): DataSet {
  return readDataSet(request.identifier, request.context.transferSyntax)
}

/** PS3.4 C.3; the retired Patient/Study Only model is the Patient Root model without its lower levels. */
export function modelOf(request: Request): QueryModel {
  const { abstractSyntax } = request.context
  return [STUDY_ROOT_FIND, STUDY_ROOT_MOVE, STUDY_ROOT_GET].includes(abstractSyntax) ? 'STUDY' : 'PATIENT'
}

/** The final response of a request that failed as a whole; nothing where its association has ended. What is unexpected is told as "unable
 *  to process" and logged in full.
 *  @param outOfResources  status of this service where catalog or storage fail: A700 for C-FIND, A701 for C-MOVE and C-GET */
export async function answerFailure(request: Request, cause: unknown, outOfResources: number): Promise<void> {
  const { association, command } = request
  if (association.ended.aborted) return
  const error = cause instanceof NodeError ? cause : new NodeError('UNABLE_TO_PROCESS', {}, { cause })
  const fields = {
    association: association.id,
    messageId: command.messageId,
    error: cause instanceof Error ? cause.message : String(cause),
  }
  if (cause instanceof NodeError) log.warn('request refused', fields)
  else log.error('request failed', { ...fields, stack: cause instanceof Error ? cause.stack : undefined })
  const isResource = error.code === 'CATALOG_FAILED' || error.code === 'STORAGE_FAILED'
  const failed = { status: isResource ? outOfResources : error.status, errorComment: isResource ? 'Out of resources' : error.tell }
  await request.respond(failed).catch(() => undefined)
}
