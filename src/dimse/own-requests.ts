/** Requests that we send on an association, and the answers that come for them (PS3.7 9.1, 6.3.1: Message ID, Message ID Being Responded To).
 *
 *  Promises: each request settles once: with its last answer, or with NodeError PEER_ABORTED when the association ends, PEER_TIMEOUT when
 *  nothing comes for `responseSeconds` after it was sent or after the last pending answer. An answer to another kind of request is none, and
 *  one that says "pending" to a request that has but one answer ends the association: what the peer did is then unknown.
 *  Does not: write to the socket (`send` does), or know what is asked. */
import { NodeError } from '../errors.ts'
import { encodeCommandSet } from './command-set.ts'
import { COMMAND, type CommandSet } from './contract.ts'
import { ABORT, ProtocolError } from './protocol-error.ts'

export interface OwnRequest {
  readonly command: CommandSet
  /** Writes the message; gets the encoded command set with its Message ID. */
  send(command: Buffer): Promise<void>
  /** Called for each answer before the last one. */
  onPending?(answer: CommandSet, dataSet: Buffer): void
}

export interface LastAnswer {
  readonly answer: CommandSet
  readonly dataSet: Buffer
}

export interface OwnRequestsHost {
  readonly id: string
  readonly responseSeconds: number
  readonly ended: AbortSignal
  /** No answer in time, or a message that could not be sent whole: the association is of no more use. */
  gaveUp(): void
  /** A request has settled. */
  settled(): void
}

interface Listener {
  readonly answerField: number
  hear(answer: CommandSet, dataSet: Buffer): void
}

const MAY_BE_PENDING: ReadonlySet<number> = new Set([COMMAND.C_FIND_RQ, COMMAND.C_MOVE_RQ, COMMAND.C_GET_RQ])
/** In a response the highest bit of the Command Field is set (PS3.7 E.1). */
const RESPONSE = 0x8000

export class OwnRequests {
  readonly #host: OwnRequestsHost
  readonly #listeners = new Map<number, Listener>()
  #lastMessageId = 0

  constructor(host: OwnRequestsHost) {
    this.#host = host
  }

  get areWaiting(): boolean {
    return this.#listeners.size > 0
  }

  /** An answer has come; one to nothing that we asked is ignored.
   *  @throws ProtocolError where it answers something else than what was asked under its Message ID */
  answered(answer: CommandSet, dataSet: Buffer): void {
    const listener = this.#listeners.get(answer.messageIdBeingRespondedTo ?? -1)
    if (listener === undefined) return
    if (answer.commandField !== listener.answerField) {
      throw new ProtocolError(ABORT.UNEXPECTED_PARAMETER, `Command Field ${answer.commandField.toString(16)} answers another request`)
    }
    listener.hear(answer, dataSet)
  }

  ask(request: OwnRequest): Promise<LastAnswer> {
    const host = this.#host
    if (host.ended.aborted) return Promise.reject(new NodeError('PEER_ABORTED', { association: host.id }))
    const messageId = this.#nextMessageId()
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const settle = (work: () => void): void => {
        clearTimeout(timer)
        this.#listeners.delete(messageId)
        host.ended.removeEventListener('abort', onEnded)
        host.settled()
        work()
      }
      const onEnded = (): void => settle(() => reject(new NodeError('PEER_ABORTED', { association: host.id })))
      const onSilence = (): void => {
        settle(() => reject(new NodeError('PEER_TIMEOUT', { association: host.id })))
        host.gaveUp()
      }
      const wait = (): void => {
        clearTimeout(timer)
        timer = setTimeout(onSilence, host.responseSeconds * 1000)
      }
      host.ended.addEventListener('abort', onEnded)
      const hear: Listener['hear'] = (answer, dataSet) => {
        if (!isPending(answer.status)) {
          settle(() => resolve({ answer, dataSet }))
          return
        }
        if (!MAY_BE_PENDING.has(request.command.commandField)) {
          throw new ProtocolError(ABORT.UNEXPECTED_PARAMETER, 'status pending to a request that has one answer')
        }
        wait()
        request.onPending?.(answer, dataSet)
      }
      this.#listeners.set(messageId, { answerField: request.command.commandField | RESPONSE, hear })
      request.send(encodeCommandSet({ ...request.command, messageId })).then(
        () => {
          if (this.#listeners.has(messageId)) wait()
        },
        (error: unknown) => {
          settle(() => reject(error))
          // Half a message may be out: nothing else can be said on this association.
          host.gaveUp()
        },
      )
    })
  }

  #nextMessageId(): number {
    this.#lastMessageId = (this.#lastMessageId % 65_535) + 1
    return this.#lastMessageId
  }
}

/** PS3.7 Annex C: FF00 and FF01. */
export function isPending(status: number | undefined): boolean {
  return status === 0xff00 || status === 0xff01
}
