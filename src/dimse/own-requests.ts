/** Requests that we send on an association, and the answers that come for them (PS3.7 9.1, 6.3.1: Message ID, Message ID Being Responded To).
 *
 *  Promises: each request settles once: with its last answer, or with NodeError PEER_ABORTED when the association ends, PEER_TIMEOUT when
 *  nothing comes for `responseSeconds` after it was sent or after the last pending answer. An answer to another kind of request is none, and
 *  one that says "pending" to a request that has but one answer ends the association: what the peer did is then unknown.
 *  Does not: write to the socket (`send` does), or know what is asked. */
import { NodeError } from '../errors.ts'
import { encodeCommandSet } from './command-set.ts'
import { COMMAND, type CommandSet } from './contract.ts'
import { Patience } from './patience.ts'
import { Unsent } from './pdu-writer.ts'
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
  /** No answer in time, or a message that was sent in part: the association is of no more use. */
  gaveUp(): void
  /** A request has settled. */
  settled(): void
}

/** A request whose last answer is waited for. */
interface Asked {
  readonly messageId: number
  readonly request: OwnRequest
  readonly resolve: (answer: LastAnswer) => void
  readonly reject: (error: unknown) => void
  /** Since when the peer could have said something; undefined until the message is out. */
  silentSince?: number
}

const MAY_BE_PENDING: ReadonlySet<number> = new Set([COMMAND.C_FIND_RQ, COMMAND.C_MOVE_RQ, COMMAND.C_GET_RQ])
/** In a response the highest bit of the Command Field is set (PS3.7 E.1). */
export const RESPONSE = 0x8000

export class OwnRequests {
  readonly #host: OwnRequestsHost
  readonly #asked = new Map<number, Asked>()
  readonly #patience: Patience
  #lastMessageId = 0

  constructor(host: OwnRequestsHost) {
    this.#host = host
    this.#patience = new Patience(
      host.responseSeconds * 1000,
      () => this.#longestSilence()?.silentSince,
      () => this.#tooLong(),
    )
    host.ended.addEventListener('abort', () => {
      this.#patience.end()
      for (const asked of this.#asked.values()) this.#fail(asked, new NodeError('PEER_ABORTED', { association: host.id }))
    })
  }

  get areWaiting(): boolean {
    return this.#asked.size > 0
  }

  /** An answer has come; one to nothing that we asked is ignored.
   *  @throws ProtocolError where it answers something else than what was asked under its Message ID */
  answered(answer: CommandSet, dataSet: Buffer): void {
    const messageId = answer.messageIdBeingRespondedTo ?? -1
    const asked = this.#asked.get(messageId)
    if (asked === undefined) return
    const { commandField } = asked.request.command
    if (answer.commandField !== (commandField | RESPONSE)) {
      throw new ProtocolError(ABORT.UNEXPECTED_PARAMETER, `Command Field ${answer.commandField.toString(16)} answers another request`)
    }
    if (!isPending(answer.status)) {
      this.#settle(asked)
      asked.resolve({ answer, dataSet })
      return
    }
    if (!MAY_BE_PENDING.has(commandField)) {
      throw new ProtocolError(ABORT.UNEXPECTED_PARAMETER, 'status pending to a request that has one answer')
    }
    this.#listen(asked)
    asked.request.onPending?.(answer, dataSet)
  }

  async ask(request: OwnRequest): Promise<LastAnswer> {
    const host = this.#host
    if (host.ended.aborted) throw new NodeError('PEER_ABORTED', { association: host.id })
    const messageId = this.#nextMessageId()
    const { promise, resolve, reject } = Promise.withResolvers<LastAnswer>()
    const asked: Asked = { messageId, request, resolve, reject, silentSince: undefined }
    this.#asked.set(messageId, asked)
    const sent = request.send(encodeCommandSet({ ...request.command, messageId }))
    sent.then(
      () => this.#listen(asked),
      (error: unknown) => {
        const isUnsent = error instanceof Unsent
        this.#fail(asked, isUnsent ? error.cause : error)
        // Half a message may be out: nothing else can be said on this association.
        if (!isUnsent) host.gaveUp()
      },
    )
    const last = await promise
    // A peer that answers before it has the whole message cannot know what it has; and what is read from is closed when this settles.
    await sent
    return last
  }

  #listen(asked: Asked): void {
    asked.silentSince = performance.now()
    if (!this.#host.ended.aborted) this.#patience.begin()
  }

  #longestSilence(): Asked | undefined {
    let longest: Asked | undefined
    for (const asked of this.#asked.values()) {
      if (asked.silentSince !== undefined && asked.silentSince < (longest?.silentSince ?? Number.POSITIVE_INFINITY)) longest = asked
    }
    return longest
  }

  #tooLong(): void {
    const silent = this.#longestSilence()
    if (silent !== undefined) this.#fail(silent, new NodeError('PEER_TIMEOUT', { association: this.#host.id }))
    this.#host.gaveUp()
  }

  #fail(asked: Asked, error: unknown): void {
    this.#settle(asked)
    asked.reject(error)
  }

  #settle({ messageId }: Asked): void {
    this.#asked.delete(messageId)
    this.#host.settled()
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
