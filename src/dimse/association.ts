/** One association: messages in (dispatched in order) and messages out (answers, and requests of ours with their answers).
 *
 *  Promises: see contract.ts. C-STORE data sets flow to their sink while they arrive; requests are served one after the other and
 *  answered in order; C-CANCEL is seen at once. A message that breaks PS3.7 or PS3.8 Annex E ends in A-ABORT.
 *  Does not: decide who may in (acceptor.ts), open associations (requestor.ts), or know what a request means ({@link Handlers}). */
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { AeTitle } from '../dicom/ae-title.ts'
import { type ErrorCode, NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { encodeCommandSet } from './command-set.ts'
import {
  type AcceptedContext,
  type Association,
  type ByteSource,
  COMMAND,
  type CommandSet,
  type IncomingStore,
  type OutgoingInstance,
  type OutgoingResponse,
  type Request,
  type ResponseFields,
  type StoreResult,
  type StoreSink,
} from './contract.ts'
import { MessageAssembler } from './message-assembler.ts'
import type { ServiceKind } from './negotiation.ts'
import { type LastAnswer, type OwnRequest, OwnRequests } from './own-requests.ts'
import { ABORT, ProtocolError } from './protocol-error.ts'
import { answerTo, isErrorCode, refusingSink, serviceFor } from './refusals.ts'
import type { ChunkedSocket } from './socket-chunks.ts'
import { type Timeouts, UpperLayer, type UpperLayerUser } from './upper-layer.ts'

/** One for all: the platform would make an error with a stack for each. */
const ENDED = new NodeError('PEER_ABORTED', { while: 'the association ended' })
/** Requests that may wait behind the one being served before reading pauses. */
const LONGEST_QUEUE = 16

/** What serves the requests that arrive on an association; what is absent is refused. */
export interface Handlers {
  kindOf(abstractSyntax: string): ServiceKind
  store?(incoming: IncomingStore): StoreSink
  find?(request: Request): Promise<void>
  move?(request: Request): Promise<void>
  get?(request: Request): Promise<void>
}

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
  protected readonly timeouts: Timeouts
  protected abstract handlers: Handlers
  readonly #assembler: MessageAssembler
  readonly #ended = new AbortController()
  readonly #requests: OwnRequests
  readonly #stops = new Map<number, AbortController>()
  #queue: Promise<void> = Promise.resolve()
  #queued = 0
  /** C-MOVE and C-GET requests that are served or wait to be. */
  #retrievals = 0
  #pauses = 0

  constructor(chunked: ChunkedSocket, direction: 'inbound' | 'outbound', options: AssociationOptions) {
    this.id = options.id
    this.direction = direction
    const { socket } = chunked
    this.socket = socket
    this.address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    this.timeouts = options.timeouts
    this.#assembler = new MessageAssembler({
      context: (id) => this.contexts.get(id),
      commandArrived: (context, command) => this.#commandArrived(context, command),
      messageArrived: (context, command, dataSet, sink) => this.#messageArrived(context, command, dataSet, sink),
      pauseUntil: (ready) => this.#pauseUntil(ready),
    })
    this.#requests = new OwnRequests({
      id: options.id,
      responseSeconds: options.timeouts.responseSeconds,
      ended: this.ended,
      gaveUp: () => this.abort(),
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
    let sent: Promise<void> | undefined
    const { answer } = await this.ask({
      command,
      send: (encoded) => {
        sent = this.layer.writer.stream(context.id, encoded, instance.open)
        return sent
      },
    })
    // One that answers before it has the whole data set cannot know what it has; and what is read from is closed when this settles.
    await sent
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
    if ((command.commandField & 0x8000) !== 0) {
      this.#requests.answered(command, dataSet)
      return
    }
    if (command.commandField === COMMAND.C_CANCEL_RQ) {
      this.#stops.get(command.messageIdBeingRespondedTo ?? -1)?.abort()
      return
    }
    if (command.messageId === undefined) throw new ProtocolError(ABORT.INVALID_PARAMETER, 'command set: no Message ID (0000,0110)')
    if (sink !== undefined) {
      this.#inOrder(
        async () => this.#answer(context, command, await sink.end()),
        () => sink.abandon(),
      )
    } else this.#serve(context, command, dataSet)
  }

  #serve(context: AcceptedContext, command: CommandSet, identifier: Buffer): void {
    const service = serviceFor(context, command, this.handlers.kindOf)
    if (isErrorCode(service)) this.#refuse(context, command, service)
    else if (service === 'echo') this.#inOrder(() => this.#answer(context, command, { status: 0 }))
    // A C-STORE request without a data set holds no instance.
    else if (service === 'store') this.#refuse(context, command, 'UNREADABLE')
    else this.#run(context, command, identifier, service)
  }

  #run(context: AcceptedContext, command: CommandSet, identifier: Buffer, service: 'find' | 'move' | 'get'): void {
    const handler = this.handlers[service]
    const isRetrieval = service !== 'find'
    if (handler === undefined) {
      this.#refuse(context, command, 'SOP_CLASS_NOT_SUPPORTED')
      return
    }
    if (isRetrieval) this.#retrievals++
    const stop = new AbortController()
    this.#stops.set(command.messageId!, stop)
    const request: Request = {
      association: this,
      context,
      command,
      identifier,
      stopped: AbortSignal.any([stop.signal, this.ended]),
      respond: (fields, answer) => this.#answer(context, command, fields, answer),
      respondAll: (responses) => this.#answerAll(context, command, responses),
    }
    this.#inOrder(async () => {
      try {
        await handler(request)
      } finally {
        if (isRetrieval) this.#retrievals--
        if (this.#stops.get(command.messageId!) === stop) this.#stops.delete(command.messageId!)
      }
    })
  }

  #refuse(context: AcceptedContext, command: CommandSet, code: ErrorCode): void {
    const error = new NodeError(code)
    this.#inOrder(() => this.#answer(context, command, { status: error.status, errorComment: error.tell }))
  }

  #answer(context: AcceptedContext, request: CommandSet, fields: ResponseFields, identifier?: Buffer): Promise<void> {
    return this.layer.writer.message(context.id, encodedAnswer(request, fields, identifier !== undefined), identifier)
  }

  /** Pending answers of one request differ in their identifiers only. */
  #answerAll(context: AcceptedContext, request: CommandSet, responses: readonly OutgoingResponse[]): Promise<void> {
    let before: OutgoingResponse | undefined
    let command: Buffer
    const messages = responses.map((response) => {
      const { fields, identifier } = response
      const isSame = before?.fields === fields && (before.identifier === undefined) === (identifier === undefined)
      if (!isSame) command = encodedAnswer(request, fields, identifier !== undefined)
      before = response
      return { command, dataSet: identifier }
    })
    return this.layer.writer.messages(context.id, messages)
  }

  /** Serves after everything before it; reading pauses while too much waits.
   *  @param giveUp  instead of `work`, where the association has ended before its turn */
  #inOrder(work: () => Promise<void>, giveUp: () => void = () => undefined): void {
    this.#queued++
    const turn = this.#queue.then(async () => {
      try {
        if (this.ended.aborted) giveUp()
        else await work()
      } catch (error) {
        if (!this.ended.aborted) {
          log.error('service failed, association aborted', { association: this.id, error: String(error) })
          this.layer.abortWith(2, ABORT.NOT_SPECIFIED, 'internal failure')
        }
      } finally {
        this.#queued--
        this.layer.touch()
      }
      // What others have sent meanwhile comes before the next that waits here, and so does a C-CANCEL.
      if (this.#queued > 0) await setImmediate()
    })
    this.#queue = turn
    if (this.#queued <= LONGEST_QUEUE) return
    // A C-GET waits for answers that would not be read any more, and a C-CANCEL would not be seen.
    if (this.#retrievals > 0) throw new ProtocolError(ABORT.NOT_SPECIFIED, 'more requests at a time than were agreed')
    this.#pauseUntil(turn)
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
        for (const stop of this.#stops.values()) stop.abort()
        return this.#queue
      },
      isBusy: () => this.#queued > 0 || this.#requests.areWaiting,
      layerEnded: (why) => {
        this.#assembler.abandon()
        this.#ended.abort(ENDED)
        this.over(why)
      },
    }
  }
}

function encodedAnswer(request: CommandSet, fields: ResponseFields, hasDataSet: boolean): Buffer {
  return encodeCommandSet({ ...answerTo(request), ...fields, hasDataSet })
}
