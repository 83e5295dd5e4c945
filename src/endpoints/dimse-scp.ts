/** The DICOM port: which services there are, and to which stage each of them leads. A table of contents, no work. */
import type { Config, PeerService } from '../config/settings.ts'
import { sopClass, VERIFICATION } from '../dicom/sop-classes.ts'
import { transferSyntax } from '../dicom/transfer-syntaxes.ts'
import type { IncomingStore, Request, Services, StoreSink } from '../dimse/contract.ts'
import type { NegotiationPolicy, ServiceKind } from '../dimse/negotiation.ts'
import { isConvertible } from '../serve/decodable.ts'
import type { PeerBook } from './access.ts'

/** The stages that serve; each gets the caller's request and answers it. */
export interface Stages {
  store(incoming: IncomingStore): StoreSink
  find(request: Request): Promise<void>
  move(request: Request): Promise<void>
  get(request: Request): Promise<void>
  createStep(request: Request): Promise<void>
  setStep(request: Request): Promise<void>
}

/** @param book read anew for each caller, so that a reload takes effect with the next association */
export function dimseServices(stages: Stages, book: () => PeerBook): Services {
  return {
    admit: (request) => book().admit(request),
    mayUse: (request, abstractSyntax) => book().mayUse(request, rightFor(abstractSyntax)),
    store: (incoming) => stages.store(incoming),
    find: (request) => stages.find(request),
    move: (request) => stages.move(request),
    get: (request) => stages.get(request),
    createStep: (request) => stages.createStep(request),
    setStep: (request) => stages.setStep(request),
  }
}

export function negotiationPolicy(config: () => Config, book: () => PeerBook): NegotiationPolicy {
  return {
    kindOf: (abstractSyntax) => kindOf(abstractSyntax, config().dicom.privateStorageClasses),
    isStorableSyntax: (uid) => transferSyntax(uid) !== undefined,
    isDecodableSyntax: isConvertible,
    preferredSyntaxes: (request) => book().peerOf(request)?.transferSyntaxes ?? [],
    mayUse: (request, abstractSyntax) => {
      const peers = book()
      const right = rightFor(abstractSyntax)
      // Storage contexts are proposed by senders and, with the SCP role, by those who retrieve with C-GET.
      return peers.mayUse(request, right) || (right === 'store' && peers.mayUse(request, 'get'))
    },
  }
}

export function kindOf(abstractSyntax: string, privateStorageClasses: readonly string[]): ServiceKind {
  if (abstractSyntax === VERIFICATION) return 'verification'
  const service = sopClass(abstractSyntax)?.service
  if (service === 'storage' || service === 'find' || service === 'move' || service === 'get' || service === 'mpps') return service
  return privateStorageClasses.includes(abstractSyntax) ? 'storage' : 'none'
}

function rightFor(abstractSyntax: string): PeerService {
  if (abstractSyntax === VERIFICATION) return 'echo'
  const service = sopClass(abstractSyntax)?.service
  return service === 'find' || service === 'move' || service === 'get' || service === 'mpps' ? service : 'store'
}
