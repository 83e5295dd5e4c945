/** An association that we open, and the SCU verbs on it (PS3.7 9.1, PS3.4 Annexes A, C). */
import type { AeTitle } from '../dicom/ae-title.ts'
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/implementation.ts'
import { ERRORS, NodeError, statusInHex } from '../errors.ts'
import { decodeAssociateAc, encodeAssociateRq, type ProposedContext, type RoleSelection } from './associate-pdu.ts'
import { type AssociationOptions, DicomAssociation } from './association.ts'
import { type AcceptedContext, COMMAND, type CommandSet, type IncomingStore, type OutboundAssociation, type StoreSink } from './contract.ts'
import { type ServiceKind, SMALLEST_PDU } from './negotiation.ts'
import { ABORT, ProtocolError } from './protocol-error.ts'
import type { Handlers } from './served-requests.ts'
import type { ChunkedSocket } from './socket-chunks.ts'

/** A context that we propose. */
export interface WantedContext {
  readonly abstractSyntax: string
  readonly transferSyntaxes: readonly string[]
  /** We want to be SCP of it: instances come to us by C-GET (PS3.7 D.3.3.4). */
  readonly asScp?: boolean
}

export interface RequestorOptions extends AssociationOptions {
  readonly callingAeTitle: AeTitle
  readonly calledAeTitle: AeTitle
  readonly contexts: readonly WantedContext[]
}

/** Identifiers of pending C-FIND answers that may wait for whoever reads them before the socket is paused. */
const WAITING_ANSWERS = 64

export class RequestedAssociation extends DicomAssociation implements OutboundAssociation {
  protected handlers: Handlers
  readonly established: Promise<void>
  readonly #options: RequestorOptions
  readonly #proposed: ProposedContext[]
  #settle!: { resolve: () => void; reject: (error: NodeError) => void }

  constructor(chunked: ChunkedSocket, options: RequestorOptions) {
    super(chunked, 'outbound', options)
    this.#options = options
    this.callingAeTitle = options.callingAeTitle
    this.calledAeTitle = options.calledAeTitle
    this.#proposed = options.contexts.map((one, at) => ({
      id: 2 * at + 1,
      abstractSyntaxes: [one.abstractSyntax],
      transferSyntaxes: one.transferSyntaxes,
    }))
    const scpClasses = new Set(options.contexts.filter((one) => one.asScp).map((one) => one.abstractSyntax))
    this.handlers = { kindOf: (abstractSyntax): ServiceKind => (scpClasses.has(abstractSyntax) ? 'storage' : 'none') }
    this.established = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.established.catch(() => undefined)
  }

  /** The TCP connection is there: A-ASSOCIATE-RQ goes out. */
  begin(): void {
    const roles = new Map<string, RoleSelection>()
    for (const one of this.#options.contexts) {
      if (one.asScp) roles.set(one.abstractSyntax, { sopClassUid: one.abstractSyntax, scu: false, scp: true })
    }
    this.layer.request(
      encodeAssociateRq({
        calledAeTitle: this.calledAeTitle,
        callingAeTitle: this.callingAeTitle,
        contexts: this.#proposed,
        user: {
          maxPduLength: this.layer.maxPduLength,
          implementationClassUid: IMPLEMENTATION_CLASS_UID,
          implementationVersionName: IMPLEMENTATION_VERSION_NAME,
          roles: [...roles.values()],
          extended: [],
        },
      }),
    )
  }

  protected associateRequested(): void {}

  protected associateAccepted(body: Buffer): void {
    const ac = decodeAssociateAc(body)
    const length = ac.user.maxPduLength
    if (length !== undefined && length !== 0 && length < SMALLEST_PDU) {
      throw new ProtocolError(ABORT.INVALID_PARAMETER, `maximum length ${length} is too small to send anything in`)
    }
    const accepted = new Map<number, AcceptedContext>()
    for (const answer of ac.contexts) {
      const proposed = this.#proposed.find((one) => one.id === answer.id)
      if (proposed === undefined) throw new ProtocolError(ABORT.INVALID_PARAMETER, `presentation context ${answer.id} was never proposed`)
      if (answer.result !== 0 || !proposed.transferSyntaxes.includes(answer.transferSyntax)) continue
      const abstractSyntax = proposed.abstractSyntaxes[0]!
      const role = ac.user.roles.find((one) => one.sopClassUid === abstractSyntax)
      accepted.set(answer.id, {
        id: answer.id,
        abstractSyntax,
        transferSyntax: answer.transferSyntax,
        requestorIsScu: role?.scu ?? true,
        requestorIsScp: role?.scp ?? false,
      })
    }
    this.contexts = accepted
    this.layer.establish(length)
    this.#settle.resolve()
  }

  protected associateRejected(result: number, source: number, reason: number): void {
    this.#settle.reject(
      new NodeError('PEER_REJECTED', { called: this.calledAeTitle, result, source, reason, why: rejectionInWords(source, reason) }),
    )
  }

  protected over(why: string): void {
    this.#settle.reject(new NodeError(why.includes('in time') ? 'PEER_TIMEOUT' : 'PEER_ABORTED', { called: this.calledAeTitle, why }))
  }

  async release(): Promise<void> {
    await this.layer.release()
  }

  // --- the SCU verbs

  async echo(): Promise<number> {
    const context = this.#contextOf('1.2.840.10008.1.1')
    const { answer } = await this.#request(context, { commandField: COMMAND.C_ECHO_RQ, hasDataSet: false })
    return answer.status ?? 0xc000
  }

  async *find(sopClassUid: string, identifier: Buffer): AsyncIterable<Buffer> {
    const context = this.#contextOf(sopClassUid)
    const waiting: Buffer[] = []
    let wake = (): void => undefined
    let isHeld = false
    let outcome: { error?: unknown; status?: number; comment?: string } | undefined
    void this.#request(context, { commandField: COMMAND.C_FIND_RQ, priority: 0, hasDataSet: true }, identifier, (_answer, dataSet) => {
      waiting.push(dataSet)
      if (waiting.length > WAITING_ANSWERS && !isHeld) {
        isHeld = true
        this.layer.hold()
      }
      wake()
    }).then(
      ({ answer }) => {
        outcome = { status: answer.status, comment: answer.errorComment }
        wake()
      },
      (error: unknown) => {
        outcome = { error }
        wake()
      },
    )
    for (;;) {
      const next = waiting.shift()
      if (next !== undefined) {
        yield next
        continue
      }
      if (isHeld) {
        isHeld = false
        this.layer.resume()
        continue
      }
      if (outcome !== undefined) break
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    if (outcome.error !== undefined) throw outcome.error
    if (outcome.status !== 0)
      throw new NodeError('UNABLE_TO_PROCESS', {
        status: statusInHex(outcome.status ?? ERRORS.UNABLE_TO_PROCESS.status),
        comment: outcome.comment,
      })
  }

  async move(
    sopClassUid: string,
    identifier: Buffer,
    destination: AeTitle,
    onProgress?: (answer: CommandSet) => void,
  ): Promise<CommandSet & { identifier: Buffer }> {
    const command = { commandField: COMMAND.C_MOVE_RQ, priority: 0, hasDataSet: true, moveDestination: destination }
    const { answer, dataSet } = await this.#request(this.#contextOf(sopClassUid), command, identifier, onProgress)
    return { ...answer, identifier: dataSet }
  }

  async get(
    sopClassUid: string,
    identifier: Buffer,
    sink: (instance: IncomingStore) => StoreSink,
    onProgress?: (answer: CommandSet) => void,
  ): Promise<CommandSet & { identifier: Buffer }> {
    const without = this.handlers
    this.handlers = { ...without, store: sink }
    try {
      const command = { commandField: COMMAND.C_GET_RQ, priority: 0, hasDataSet: true }
      const { answer, dataSet } = await this.#request(this.#contextOf(sopClassUid), command, identifier, onProgress)
      return { ...answer, identifier: dataSet }
    } finally {
      this.handlers = without
    }
  }

  #contextOf(sopClassUid: string): AcceptedContext {
    for (const context of this.contexts.values()) if (context.abstractSyntax === sopClassUid) return context
    throw new NodeError('NO_CONTEXT', { called: this.calledAeTitle, SOPClassUID: sopClassUid })
  }

  #request(context: AcceptedContext, command: CommandSet, identifier?: Buffer, onPending?: (answer: CommandSet, dataSet: Buffer) => void) {
    return this.ask({
      command: { affectedSopClassUid: context.abstractSyntax, ...command },
      send: (encoded) => this.layer.writer.message(context.id, encoded, identifier),
      onPending,
    })
  }
}

/** PS3.8 Table 9-21. */
function rejectionInWords(source: number, reason: number): string {
  const words: Record<string, string> = {
    '1.2': 'application context not supported',
    '1.3': 'our AE title is not known there',
    '1.7': 'the called AE title is not theirs',
    '2.2': 'protocol version not supported',
    '3.1': 'temporary congestion',
    '3.2': 'local limit exceeded',
  }
  return words[`${source}.${reason}`] ?? 'no reason given'
}
