/** The requests of the peer, served one after the other and answered in order; the counterpart of own-requests.ts.
 *
 *  Promises: a C-CANCEL stops what it names at once, served or waiting (PS3.7 9.3.2.3); between two requests that wait the event loop turns, so that one
 *  association with many does not keep out the others. While too many wait reading pauses. A service that fails ends the association.
 *  Does not: read or write the socket, or know what a request means ({@link Handlers}). */
import { setImmediate } from 'node:timers/promises'
import { ERRORS, type ErrorCode, NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { encodeCommandSet } from './command-set.ts'
import type {
  AcceptedContext,
  Association,
  CommandSet,
  IncomingStore,
  OutgoingResponse,
  Request,
  ResponseFields,
  StoreSink,
} from './contract.ts'
import type { ServiceKind } from './negotiation.ts'
import type { OutgoingMessage } from './pdu-writer.ts'
import { ABORT, ProtocolError } from './protocol-error.ts'
import { answerTo, isErrorCode, type ServedCommand, serviceFor } from './refusals.ts'

/** Requests that may wait behind the one being served before reading pauses. */
const LONGEST_QUEUE = 16

/** What serves the requests that arrive on an association; what is absent is refused. */
export interface Handlers {
  kindOf(abstractSyntax: string): ServiceKind
  store?(incoming: IncomingStore): StoreSink
  find?(request: Request): Promise<void>
  move?(request: Request): Promise<void>
  get?(request: Request): Promise<void>
  createStep?(request: Request): Promise<void>
  setStep?(request: Request): Promise<void>
}

export interface ServedRequestsHost {
  readonly association: Association
  handlers(): Handlers
  write(contextId: number, messages: readonly OutgoingMessage[]): Promise<void>
  pauseUntil(ready: Promise<void>): void
  /** A service has failed: what the peer would be told is unknown. */
  failed(): void
  /** A request has been answered, or given up. */
  settled(): void
}

export class ServedRequests {
  readonly #host: ServedRequestsHost
  /** Of requests that can be cancelled, by Message ID. */
  readonly #stops = new Map<number, AbortController>()
  #queue: Promise<void> = Promise.resolve()
  #queued = 0
  /** C-MOVE and C-GET requests that are served or wait to be. */
  #retrievals = 0

  constructor(host: ServedRequestsHost) {
    this.#host = host
  }

  get areWaiting(): boolean {
    return this.#queued > 0
  }

  /** A whole request; `sink` has got all of its data set, where it has one. @throws ProtocolError */
  arrived(context: AcceptedContext, command: CommandSet, dataSet: Buffer, sink: StoreSink | undefined): void {
    checkMessageId(command)
    if (sink === undefined) this.#serve(context, command, dataSet)
    else
      this.#inOrder(
        async () => this.#answer(context, command, [{ fields: await sink.end() }]),
        () => sink.abandon(),
      )
  }

  /** Its data set was read past. @throws ProtocolError */
  tooLong(context: AcceptedContext, command: CommandSet): void {
    checkMessageId(command)
    log.warn('request refused', { association: this.#host.association.id, reason: ERRORS.DATA_SET_TOO_LARGE.tell })
    this.#refuse(context, command, 'DATA_SET_TOO_LARGE')
  }

  cancel(messageId: number | undefined): void {
    if (messageId !== undefined) this.#stops.get(messageId)?.abort()
  }

  /** Stops what can be stopped. @returns when everything has been answered */
  stop(): Promise<void> {
    for (const stop of this.#stops.values()) stop.abort()
    return this.#queue
  }

  #serve(context: AcceptedContext, command: CommandSet, identifier: Buffer): void {
    const service = serviceFor(context, command, this.#host.handlers().kindOf)
    if (isErrorCode(service)) this.#refuse(context, command, service)
    else if (service === 'echo') this.#inOrder(() => this.#answer(context, command, [{ fields: { status: 0 } }]))
    // A C-STORE request without a data set holds no instance.
    else if (service === 'store') this.#refuse(context, command, 'UNREADABLE')
    else this.#run(context, command, identifier, service)
  }

  #run(context: AcceptedContext, command: CommandSet, identifier: Buffer, service: Exclude<ServedCommand, 'echo' | 'store'>): void {
    const handler = this.#host.handlers()[service]
    const isRetrieval = service === 'move' || service === 'get'
    if (handler === undefined) {
      this.#refuse(context, command, 'SOP_CLASS_NOT_SUPPORTED')
      return
    }
    if (isRetrieval) this.#retrievals++
    const { association } = this.#host
    const stop = new AbortController()
    this.#stops.set(command.messageId!, stop)
    const request: Request = {
      association,
      context,
      command,
      identifier,
      stopped: AbortSignal.any([stop.signal, association.ended]),
      respond: (fields, answer) => this.#answer(context, command, [{ fields, identifier: answer }]),
      respondAll: (responses) => this.#answer(context, command, responses),
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
    this.#inOrder(() => this.#answer(context, command, [{ fields: { status: error.status, errorComment: error.tell } }]))
  }

  /** Pending answers of one request differ in their identifiers only: their command set is encoded once. */
  #answer(context: AcceptedContext, request: CommandSet, responses: readonly OutgoingResponse[]): Promise<void> {
    let before: OutgoingResponse | undefined
    let command: Buffer
    const messages = responses.map((response) => {
      const { fields, identifier } = response
      const isSame = before?.fields === fields && (before.identifier === undefined) === (identifier === undefined)
      if (!isSame) command = encodedAnswer(request, fields, identifier !== undefined)
      before = response
      return { command, dataSet: identifier }
    })
    return this.#host.write(context.id, messages)
  }

  /** Serves after everything before it.
   *  @param giveUp  instead of `work`, where the association has ended before its turn */
  #inOrder(work: () => Promise<void>, giveUp: () => void = () => undefined): void {
    this.#queued++
    const turn = this.#queue.then(async () => {
      await this.#take(work, giveUp)
      // What others have sent meanwhile comes before the next that waits here, and so does a C-CANCEL.
      if (this.#queued > 0) await setImmediate()
    })
    this.#queue = turn
    if (this.#queued <= LONGEST_QUEUE) return
    // A C-GET waits for answers that would not be read any more, and a C-CANCEL would not be seen.
    if (this.#retrievals > 0) throw new ProtocolError(ABORT.NOT_SPECIFIED, 'more requests at a time than were agreed')
    this.#host.pauseUntil(turn)
  }

  async #take(work: () => Promise<void>, giveUp: () => void): Promise<void> {
    const { association } = this.#host
    try {
      if (association.ended.aborted) giveUp()
      else await work()
    } catch (error) {
      if (association.ended.aborted) return
      log.error('service failed, association aborted', { association: association.id, error: String(error) })
      this.#host.failed()
    } finally {
      this.#queued--
      this.#host.settled()
    }
  }
}

function checkMessageId({ messageId }: CommandSet): void {
  if (messageId === undefined) throw new ProtocolError(ABORT.INVALID_PARAMETER, 'command set: no Message ID (0000,0110)')
}

function encodedAnswer(request: CommandSet, fields: ResponseFields, hasDataSet: boolean): Buffer {
  return encodeCommandSet({ ...answerTo(request), ...fields, hasDataSet })
}
