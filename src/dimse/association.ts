/** One association: messages in (dispatched in order) and messages out (answers, and requests of ours with their answers).
 *
 *  Promises: see contract.ts. C-STORE data sets flow to their sink while they arrive. A message that breaks PS3.7 or PS3.8 Annex E ends in A-ABORT.
 *  Does not: decide who may in (acceptor.ts), open associations (requestor.ts), serve requests (served-requests.ts), or match answers with requests of
 *  ours (own-requests.ts). */
import type { Socket } from 'node:net'
import type { AeTitle } from '../dicom/ae-title.ts'
import { NodeError } from '../errors.ts'
import {
  type AcceptedContext,
  type Association,
  type ByteSource,
  COMMAND,
  type CommandSet,
  type OutgoingInstance,
  type StoreResult,
  type StoreSink,
} from './contract.ts'
import { MessageAssembler } from './message-assembler.ts'
import { type LastAnswer, type OwnRequest, OwnRequests, RESPONSE } from './own-requests.ts'
import { ABORT } from './protocol-error.ts'
import { isErrorCode, refusingSink, serviceFor } from './refusals.ts'
import { type Handlers, ServedRequests } from './served-requests.ts'
import type { ChunkedSocket } from './socket-chunks.ts'
import { type Timeouts, UpperLayer, type UpperLayerUser } from './upper-layer.ts'

/** One for all: the platform would make an error with a stack for each. */
const ENDED = new NodeError('PEER_ABORTED', { while: 'the association ended' })

export interface AssociationOptions {
  readonly id: string
  readonly maxPduLength: number
  readonly timeouts: Timeouts
}

export abstract class DicomAssociation implements Association {
  readonly id: string
  readonly direction: 'inbound' | 'outbound'
  readonly address: string
  readonly socket: Socket
  callingAeTitle = '' as AeTitle
  calledAeTitle = '' as AeTitle
  contexts: ReadonlyMap<number, AcceptedContext> = new Map()
  protected readonly layer: UpperLayer
  protected abstract handlers: Handlers
  readonly #assembler: MessageAssembler
  readonly #ended = new AbortController()
  readonly #requests: OwnRequests
  readonly #served: ServedRequests
  #pauses = 0

  constructor(chunked: ChunkedSocket, direction: 'inbound' | 'outbound', options: AssociationOptions) {
    this.id = options.id
    this.direction = direction
    const { socket } = chunked
    this.socket = socket
    this.address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    this.#assembler = new MessageAssembler({
      context: (id) => this.contexts.get(id),
      commandArrived: (context, command) => this.#commandArrived(context, command),
      messageArrived: (context, command, dataSet, sink) => this.#messageArrived(context, command, dataSet, sink),
      messageTooLong: (context, command) => this.#served.tooLong(context, command),
      pauseUntil: (ready) => this.#pauseUntil(ready),
    })
    this.#requests = new OwnRequests({
      id: options.id,
      responseSeconds: options.timeouts.responseSeconds,
      ended: this.ended,
      gaveUp: () => this.abort(),
      settled: () => this.layer.touch(),
    })
    this.#served = new ServedRequests({
      association: this,
      handlers: () => this.handlers,
      write: (contextId, messages) => this.layer.writer.messages(contextId, messages),
      pauseUntil: (ready) => this.#pauseUntil(ready),
      failed: () => this.layer.abortWith(2, ABORT.NOT_SPECIFIED, 'internal failure'),
      settled: () => this.layer.touch(),
    })
    this.layer = new UpperLayer(chunked, direction, options, this.#user())
  }

  protected abstract associateRequested(body: Buffer): void
  protected abstract associateAccepted(body: Buffer): void
  protected abstract associateRejected(result: number, source: number, reason: number): void
  /** The association is over; `why` in words. */
  protected abstract over(why: string): void

  get ended(): AbortSignal {
    return this.#ended.signal
  }

  abort(): void {
    this.layer.abortWith(0, ABORT.NOT_SPECIFIED, 'aborted by us')
  }

  // --- C-STORE as SCU

  storeContext(sopClassUid: string, transferSyntaxUid: string): AcceptedContext | undefined {
    for (const context of this.contexts.values()) {
      if (context.abstractSyntax === sopClassUid && context.transferSyntax === transferSyntaxUid && this.#maySend(context)) return context
    }
    return undefined
  }

  storeSyntaxes(sopClassUid: string): readonly string[] {
    return [...this.contexts.values()]
      .filter((context) => context.abstractSyntax === sopClassUid && this.#maySend(context))
      .map((context) => context.transferSyntax)
  }

  #maySend(context: AcceptedContext): boolean {
    return this.direction === 'outbound' ? context.requestorIsScu : context.requestorIsScp
  }

  readAhead(sopClassUid: string, transferSyntaxUid: string, source: ByteSource): void {
    const context = this.storeContext(sopClassUid, transferSyntaxUid)
    if (context !== undefined) this.layer.writer.readAhead(context.id, source)
  }

  async store(instance: OutgoingInstance): Promise<StoreResult> {
    const context = this.storeContext(instance.sopClassUid, instance.transferSyntaxUid)
    if (context === undefined)
      throw new NodeError('NO_CONTEXT', { SOPClassUID: instance.sopClassUid, TransferSyntaxUID: instance.transferSyntaxUid })
    const command: CommandSet = {
      commandField: COMMAND.C_STORE_RQ,
      affectedSopClassUid: instance.sopClassUid,
      affectedSopInstanceUid: instance.sopInstanceUid,
      priority: 0,
      hasDataSet: true,
      moveOriginatorAeTitle: instance.moveOriginator?.aeTitle,
      moveOriginatorMessageId: instance.moveOriginator?.messageId,
    }
    const { answer } = await this.ask({ command, send: (encoded) => this.layer.writer.stream(context.id, encoded, instance.open) })
    return { status: answer.status ?? 0xc000, errorComment: answer.errorComment }
  }

  /** Sends one request of ours and waits for its last answer; see {@link OwnRequests}. */
  protected ask(request: OwnRequest): Promise<LastAnswer> {
    return this.#requests.ask(request)
  }

  // --- what arrives

  #commandArrived(context: AcceptedContext, command: CommandSet): StoreSink | undefined {
    if (command.commandField !== COMMAND.C_STORE_RQ) return undefined
    const service = serviceFor(context, command, this.handlers.kindOf)
    if (isErrorCode(service)) return refusingSink(service)
    if (this.handlers.store === undefined || !this.#mayReceive(context)) return refusingSink('SOP_CLASS_NOT_SUPPORTED')
    return this.handlers.store({ association: this, context, command })
  }

  #mayReceive(context: AcceptedContext): boolean {
    return this.direction === 'inbound' ? context.requestorIsScu : context.requestorIsScp
  }

  #messageArrived(context: AcceptedContext, command: CommandSet, dataSet: Buffer, sink: StoreSink | undefined): void {
    if ((command.commandField & RESPONSE) !== 0) this.#requests.answered(command, dataSet)
    else if (command.commandField === COMMAND.C_CANCEL_RQ) this.#served.cancel(command.messageIdBeingRespondedTo)
    else this.#served.arrived(context, command, dataSet, sink)
  }

  /** Several pauses may overlap: reading goes on when the last of them is over. */
  #pauseUntil(ready: Promise<void>): void {
    this.#pauses++
    this.layer.hold()
    const resume = (): void => {
      if (--this.#pauses === 0) this.layer.resume()
    }
    ready.then(resume, resume)
  }

  /** What the upper layer tells; kept apart from the public face of the association. */
  #user(): UpperLayerUser {
    return {
      associateRequested: (body) => this.associateRequested(body),
      associateAccepted: (body) => this.associateAccepted(body),
      associateRejected: (result, source, reason) => this.associateRejected(result, source, reason),
      pdvBegins: (contextId, isCommand, isLast) => this.#assembler.pdvBegins(contextId, isCommand, isLast),
      pdvData: (fragment) => this.#assembler.pdvData(fragment),
      pdvEnds: () => this.#assembler.pdvEnds(),
      releaseRequested: () => {
        this.#assembler.abandon()
        return this.#served.stop()
      },
      isBusy: () => this.#served.areWaiting || this.#requests.areWaiting,
      layerEnded: (why) => {
        this.#assembler.abandon()
        this.#ended.abort(ENDED)
        this.over(why)
      },
    }
  }
}
