/** An association that a peer opens: admission, negotiation, then the services (PS3.8 7.1). */
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/implementation.ts'
import { log } from '../log.ts'
import { decodeAssociateRq, encodeAssociateAc } from './associate-pdu.ts'
import { type AssociationOptions, DicomAssociation } from './association.ts'
import type { AssociationRequest, Rejection, Services, StoreSink } from './contract.ts'
import { CONTEXT_RESULT, checkForm, type NegotiationPolicy, negotiate, readTitles } from './negotiation.ts'
import { refusingSink } from './refusals.ts'
import type { Handlers } from './served-requests.ts'
import type { ChunkedSocket } from './socket-chunks.ts'

export interface AcceptorHost {
  readonly services: Services
  readonly policy: NegotiationPolicy
  /** Room for one more? Asked after the services have admitted the caller. */
  capacity(request: AssociationRequest): Rejection | undefined
  /** Tells of every knock, for `ariane peer seen`. */
  seen(caller: { callingAeTitle: string; calledAeTitle: string; address: string }, rejection: Rejection | undefined): void
  opened(association: AcceptedAssociation): void
  closed(association: AcceptedAssociation): void
}

export class AcceptedAssociation extends DicomAssociation {
  readonly #host: AcceptorHost
  protected readonly handlers: Handlers
  #isOpen = false
  #stored = 0
  /** C-STORE requests that the caller has no right to. */
  #refused = 0

  constructor(chunked: ChunkedSocket, options: AssociationOptions, host: AcceptorHost) {
    super(chunked, 'inbound', options)
    this.#host = host
    const { services, policy } = host
    this.handlers = {
      kindOf: (abstractSyntax) => policy.kindOf(abstractSyntax),
      store: (incoming) => {
        // A context for storage is also accepted for those who may only retrieve (C-GET): sending is another right.
        const { callingAeTitle, calledAeTitle, address } = this
        if (!services.mayUse({ callingAeTitle, calledAeTitle, address }, incoming.context.abstractSyntax)) {
          if (this.#refused++ === 0) log.warn('caller may not send instances', { association: this.id, calling: callingAeTitle, address })
          return refusingSink('NOT_AUTHORISED')
        }
        return this.#counting(services.store(incoming))
      },
      find: (request) => services.find(request),
      move: (request) => services.move(request),
      get: (request) => services.get(request),
      createStep: (request) => services.createStep(request),
      setStep: (request) => services.setStep(request),
    }
  }

  protected associateRequested(body: Buffer): void {
    const rq = decodeAssociateRq(body)
    const titles = readTitles(rq, this.address)
    const rejection = checkForm(rq) ?? ('why' in titles ? titles : (this.#host.services.admit(titles) ?? this.#host.capacity(titles)))
    const callingAeTitle = rq.callingAeTitle.trim()
    const calledAeTitle = rq.calledAeTitle.trim()
    this.#host.seen({ callingAeTitle, calledAeTitle, address: this.address }, rejection)
    if (rejection !== undefined || 'why' in titles) {
      const { result, source, reason, why } = rejection ?? (titles as Rejection)
      log.warn('association rejected', { association: this.id, calling: callingAeTitle, called: calledAeTitle, address: this.address, why })
      this.layer.reject(result, source, reason)
      return
    }
    const agreed = negotiate(rq, titles, this.#host.policy)
    this.callingAeTitle = titles.callingAeTitle
    this.calledAeTitle = titles.calledAeTitle
    this.contexts = agreed.accepted
    const accept = encodeAssociateAc({
      calledAeTitle: rq.calledAeTitle,
      callingAeTitle: rq.callingAeTitle,
      contexts: agreed.answers,
      user: {
        maxPduLength: this.layer.maxPduLength,
        implementationClassUid: IMPLEMENTATION_CLASS_UID,
        implementationVersionName: IMPLEMENTATION_VERSION_NAME,
        // One operation at a time in each direction, said only where it was asked (PS3.7 D.3.3.3).
        asyncWindow: rq.user.asyncWindow === undefined ? undefined : [1, 1],
        roles: agreed.roles,
        extended: agreed.extended,
      },
    })
    this.#isOpen = true
    this.#host.opened(this)
    log.info('association accepted', {
      association: this.id,
      calling: callingAeTitle,
      address: this.address,
      contexts: agreed.accepted.size,
      proposed: agreed.answers.length,
    })
    const denied = agreed.answers.filter(({ result }) => result === CONTEXT_RESULT.USER_REJECTION).length
    if (denied > 0) log.warn('caller may not use what it asked for', { association: this.id, calling: callingAeTitle, contexts: denied })
    this.layer.establish(rq.user.maxPduLength, accept)
  }

  /** Counts what is answered with success. */
  #counting(sink: StoreSink): StoreSink {
    return {
      write: (fragment) => sink.write(fragment),
      end: async () => {
        const fields = await sink.end()
        if (fields.status === 0) this.#stored++
        return fields
      },
      abandon: () => sink.abandon(),
    }
  }

  protected associateAccepted(): void {}
  protected associateRejected(): void {}

  protected over(why: string): void {
    if (this.#isOpen) {
      this.#host.closed(this)
      log.info('association ended', { association: this.id, calling: this.callingAeTitle, why, stored: this.#stored })
    } else if (why !== 'rejected') log.info('connection ended without an association', { association: this.id, address: this.address, why })
  }
}
