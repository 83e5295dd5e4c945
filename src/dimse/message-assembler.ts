/** Puts presentation data values together to DIMSE messages (PS3.8 Annex E, PS3.7 6.3.1).
 *
 *  Promises: a data set goes to its sink fragment by fragment as it arrives, or is gathered up to {@link MAX_IDENTIFIER_BYTES}; of a longer one of an
 *  N-service nothing is kept, it is read to its end, so that it can be answered (0213H, PS3.7 C.5.20), any other is a ProtocolError;
 *  fragments of one message stay in one context, command before data set, nothing interleaved: otherwise ProtocolError.
 *  Does not: answer anything, or know what a message means. */
import { decodeCommandSet } from './command-set.ts'
import { type AcceptedContext, COMMAND, type CommandSet, MAX_IDENTIFIER_BYTES, type StoreSink } from './contract.ts'
import { ABORT, ProtocolError } from './protocol-error.ts'

/** A command set has seven to ten short elements; more than this is an attack. */
const LARGEST_COMMAND_BYTES = 64 * 1024
const NOTHING = Buffer.alloc(0)

export interface MessageReceiver {
  context(id: number): AcceptedContext | undefined
  /** A command whose data set is about to arrive. @returns where the data set goes; undefined to have it gathered */
  commandArrived(context: AcceptedContext, command: CommandSet): StoreSink | undefined
  /** A whole message; `sink` is what `commandArrived` returned and has got everything. */
  messageArrived(context: AcceptedContext, command: CommandSet, dataSet: Buffer, sink: StoreSink | undefined): void
  /** A whole message whose data set was too long to be gathered. */
  messageTooLong(context: AcceptedContext, command: CommandSet): void
  /** The sink asks for a pause. */
  pauseUntil(ready: Promise<void>): void
}

export class MessageAssembler {
  readonly #receiver: MessageReceiver
  #context: AcceptedContext | undefined
  /** Set while the data set of this command arrives. */
  #command: CommandSet | undefined
  #sink: StoreSink | undefined
  #gathering: Buffer = NOTHING
  #size = 0
  #isTooLong = false
  #isLast = false

  constructor(receiver: MessageReceiver) {
    this.#receiver = receiver
  }

  pdvBegins(contextId: number, isCommand: boolean, isLast: boolean): void {
    const context = this.#receiver.context(contextId)
    if (context === undefined) throw new ProtocolError(ABORT.INVALID_PARAMETER, `presentation context ${contextId} is not accepted`)
    if (this.#context !== undefined && this.#context !== context) {
      throw new ProtocolError(
        ABORT.UNEXPECTED_PARAMETER,
        `fragment of context ${contextId} inside a message of context ${this.#context.id}`,
      )
    }
    if (isCommand !== (this.#command === undefined)) {
      const what = isCommand ? 'command fragment before the data set has ended' : 'data set fragment without a command'
      throw new ProtocolError(ABORT.UNEXPECTED_PARAMETER, what)
    }
    this.#context = context
    this.#isLast = isLast
  }

  pdvData(fragment: Buffer): void {
    if (this.#sink !== undefined) {
      const ready = this.#sink.write(fragment)
      if (ready !== undefined) this.#receiver.pauseUntil(ready)
      return
    }
    const limit = this.#command === undefined ? LARGEST_COMMAND_BYTES : MAX_IDENTIFIER_BYTES
    if (this.#isTooLong || this.#size + fragment.length > limit) {
      if (!isAnsweredTooLong(this.#command)) throw new ProtocolError(ABORT.NOT_SPECIFIED, `message larger than ${limit} bytes`)
      this.#isTooLong = true
      this.#gathering = NOTHING
      return
    }
    this.#makeRoom(this.#size + fragment.length)
    fragment.copy(this.#gathering, this.#size)
    this.#size += fragment.length
  }

  /** Doubles, so that gathering is linear in time and at most twice the size in memory, however small the fragments. */
  #makeRoom(bytes: number): void {
    if (bytes <= this.#gathering.length) return
    const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#gathering.length, 512))
    this.#gathering.copy(larger, 0, 0, this.#size)
    this.#gathering = larger
  }

  pdvEnds(): void {
    if (!this.#isLast) return
    const context = this.#context!
    if (this.#command === undefined) {
      const command = decodeCommandSet(this.#gathered())
      if (command.hasDataSet) {
        this.#command = command
        this.#sink = this.#receiver.commandArrived(context, command)
        return
      }
      this.#context = undefined
      this.#receiver.messageArrived(context, command, Buffer.alloc(0), undefined)
      return
    }
    const command = this.#command
    const sink = this.#sink
    const isTooLong = this.#isTooLong
    this.#context = this.#command = this.#sink = undefined
    const dataSet = this.#gathered()
    if (isTooLong) this.#receiver.messageTooLong(context, command)
    else this.#receiver.messageArrived(context, command, dataSet, sink)
  }

  /** The association ends in the middle of a message. */
  abandon(): void {
    this.#sink?.abandon()
    this.#context = this.#command = this.#sink = undefined
    this.#gathered()
  }

  #gathered(): Buffer {
    const bytes = this.#gathering.subarray(0, this.#size)
    this.#gathering = NOTHING
    this.#size = 0
    this.#isTooLong = false
    return bytes
  }
}

function isAnsweredTooLong(command: CommandSet | undefined): boolean {
  return command?.commandField === COMMAND.N_CREATE_RQ || command?.commandField === COMMAND.N_SET_RQ
}
