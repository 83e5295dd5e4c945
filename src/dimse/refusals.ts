/** Which service a request belongs to, and how one that we cannot serve is answered (PS3.7 Annex C, PS3.4 B.2.3). */
import { parseUid } from '../dicom/uid.ts'
import { type ErrorCode, NodeError } from '../errors.ts'
import { type AcceptedContext, COMMAND, type CommandSet, type StoreSink } from './contract.ts'
import type { ServiceKind } from './negotiation.ts'
import { RESPONSE } from './own-requests.ts'

export type ServedCommand = 'echo' | 'store' | 'find' | 'move' | 'get' | 'createStep' | 'setStep'

const SERVICES: ReadonlyMap<number, { readonly service: ServedCommand; readonly kind: ServiceKind }> = new Map([
  [COMMAND.C_ECHO_RQ, { service: 'echo', kind: 'verification' }],
  [COMMAND.C_STORE_RQ, { service: 'store', kind: 'storage' }],
  [COMMAND.C_FIND_RQ, { service: 'find', kind: 'find' }],
  [COMMAND.C_MOVE_RQ, { service: 'move', kind: 'move' }],
  [COMMAND.C_GET_RQ, { service: 'get', kind: 'get' }],
  [COMMAND.N_CREATE_RQ, { service: 'createStep', kind: 'mpps' }],
  [COMMAND.N_SET_RQ, { service: 'setStep', kind: 'mpps' }],
])

/** The service that a request asks for, or why it gets none. */
export function serviceFor(
  context: AcceptedContext,
  command: CommandSet,
  kindOf: (abstractSyntax: string) => ServiceKind,
): ServedCommand | ErrorCode {
  const served = SERVICES.get(command.commandField)
  if (served === undefined) return 'UNRECOGNISED_OPERATION'
  if (served.kind !== kindOf(context.abstractSyntax)) return served.kind === 'mpps' ? 'UNRECOGNISED_OPERATION' : 'SOP_CLASS_NOT_SUPPORTED'
  const named = served.service === 'setStep' ? command.requestedSopClassUid : command.affectedSopClassUid
  if (served.service !== 'store' && named !== undefined && named !== context.abstractSyntax) return 'SOP_CLASS_NOT_SUPPORTED'
  return served.service
}

export function isErrorCode(service: ServedCommand | ErrorCode): service is ErrorCode {
  return service === service.toUpperCase()
}

/** Reads a data set to its end and answers with the failure. */
export function refusingSink(code: ErrorCode): StoreSink {
  const error = new NodeError(code)
  return {
    write: () => undefined,
    end: () => Promise.resolve({ status: error.status, errorComment: error.tell }),
    abandon: () => undefined,
  }
}

/** The command set that answers `request`; a peer's UIDs are sent back only where they are UIDs. */
export function answerTo(request: CommandSet): CommandSet {
  return {
    commandField: request.commandField | RESPONSE,
    messageIdBeingRespondedTo: request.messageId,
    affectedSopClassUid: parseUid(request.affectedSopClassUid ?? request.requestedSopClassUid),
    affectedSopInstanceUid: parseUid(request.affectedSopInstanceUid ?? request.requestedSopInstanceUid),
    hasDataSet: false,
  }
}
