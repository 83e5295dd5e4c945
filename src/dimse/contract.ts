/** What the rest of the node sees of the DICOM upper layer (PS3.8) and of DIMSE messages (PS3.7).
 *
 *  Promises: messages of one association are handed over in order; a data set of C-STORE is streamed with back-pressure, any other
 *  one is handed over whole and is at most {@link MAX_IDENTIFIER_BYTES} long (that of an
 *  N-service which is longer is read to its end and refused); everything sent waits for the peer to read and has a
 *  time limit; when the association ends, for whatever reason, {@link Association.ended} fires once and every waiting promise rejects.
 *  Does not: know what a request means, touch files or rows. */
import type { Readable } from 'node:stream'
import type { AeTitle } from '../dicom/ae-title.ts'

/** Largest identifier or other non-stored data set that is read into memory, in bytes (10,000 UIDs are 650 kB). */
export const MAX_IDENTIFIER_BYTES = 4 * 1024 * 1024

/** Command fields, PS3.7 E.1. */
export const COMMAND = {
  C_STORE_RQ: 0x0001,
  C_STORE_RSP: 0x8001,
  C_GET_RQ: 0x0010,
  C_GET_RSP: 0x8010,
  C_FIND_RQ: 0x0020,
  C_FIND_RSP: 0x8020,
  C_MOVE_RQ: 0x0021,
  C_MOVE_RSP: 0x8021,
  C_ECHO_RQ: 0x0030,
  C_ECHO_RSP: 0x8030,
  C_CANCEL_RQ: 0x0fff,
  N_SET_RQ: 0x0120,
  N_SET_RSP: 0x8120,
  N_CREATE_RQ: 0x0140,
  N_CREATE_RSP: 0x8140,
} as const

/** A command set (PS3.7 E.1), element by element; absent where the message has none. */
export interface CommandSet {
  commandField: number
  messageId?: number
  messageIdBeingRespondedTo?: number
  affectedSopClassUid?: string
  affectedSopInstanceUid?: string
  requestedSopClassUid?: string
  requestedSopInstanceUid?: string
  moveDestination?: string
  priority?: number
  /** Whether a data set follows (Command Data Set Type ≠ 0101H). */
  hasDataSet: boolean
  status?: number
  offendingElement?: number
  errorComment?: string
  /** Error ID (0000,0903): more about a failure, as its service says. */
  errorId?: number
  /** Attribute Identifier List (0000,1005). */
  attributeIdentifierList?: readonly number[]
  moveOriginatorAeTitle?: string
  moveOriginatorMessageId?: number
  numberOfRemainingSuboperations?: number
  numberOfCompletedSuboperations?: number
  numberOfFailedSuboperations?: number
  numberOfWarningSuboperations?: number
}

/** One accepted presentation context. Roles are those of the association's requestor (PS3.7 D.3.3.4). */
export interface AcceptedContext {
  readonly id: number
  readonly abstractSyntax: string
  readonly transferSyntax: string
  readonly requestorIsScu: boolean
  readonly requestorIsScp: boolean
  /** SOP Class Extended Negotiation as accepted (PS3.4 C.5.1.1): [relational, combined date-time, fuzzy, time zone]. */
  readonly extended?: Buffer
}

/** What a response carries beside its command field and ids. */
export interface ResponseFields {
  readonly status: number
  readonly errorComment?: string
  readonly offendingElement?: number
  readonly errorId?: number
  readonly attributeIdentifierList?: readonly number[]
  /** Where another one is told than the request named: of an instance that was given its UID here (N-CREATE, PS3.7 10.1.5.1.4). */
  readonly affectedSopInstanceUid?: string
  readonly numberOfRemainingSuboperations?: number
  readonly numberOfCompletedSuboperations?: number
  readonly numberOfFailedSuboperations?: number
  readonly numberOfWarningSuboperations?: number
}

/** A request other than C-STORE, with its whole data set. */
export interface Request {
  readonly association: Association
  readonly context: AcceptedContext
  readonly command: CommandSet
  /** The identifier as received, in the context's transfer syntax; empty where the message has none. */
  readonly identifier: Buffer
  /** Fires when the peer cancels this request (C-CANCEL) or the association ends. */
  readonly stopped: AbortSignal
  /** Sends one response; resolves when it may be followed by the next (the peer reads). Rejects when the association has ended.
   *  `identifier` is in the context's transfer syntax. */
  respond(fields: ResponseFields, identifier?: Buffer): Promise<void>
  /** As {@link respond} for each of them in their order, but in one write: what is written is a few dozen kilobytes at most. */
  respondAll(responses: readonly OutgoingResponse[]): Promise<void>
}

export interface OutgoingResponse {
  readonly fields: ResponseFields
  readonly identifier?: Buffer
}

/** Bytes of known length that can be read into buffers of the reader's own. */
export interface ByteSource {
  readonly sizeBytes: number
  /** Reads from `position` on into the buffers, one after the other. @returns how many bytes; fewer than fit only at the end */
  read(into: readonly Buffer[], position: number): Promise<number>
  close(): void
}

/** What one data set to be sent by C-STORE is. */
export interface OutgoingInstance {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  /** Transfer syntax of `dataSet`; the context used has exactly this one. */
  readonly transferSyntaxUid: string
  /** The data set without Part 10 header; opened only when it is its turn, closed (destroyed) by whoever sends it. A source of bytes is the
   *  faster way: it is read straight into what goes to the socket. */
  readonly open: () => Readable | ByteSource
  readonly moveOriginator?: { readonly aeTitle: string; readonly messageId: number }
}

export interface StoreResult {
  readonly status: number
  readonly errorComment?: string
}

/** One association, of either direction. */
export interface Association {
  /** Short, unique within this run; it is in every log line. */
  readonly id: string
  readonly direction: 'inbound' | 'outbound'
  readonly callingAeTitle: AeTitle
  readonly calledAeTitle: AeTitle
  /** IP address of the peer. */
  readonly address: string
  readonly contexts: ReadonlyMap<number, AcceptedContext>
  /** Fires once, when the association is released, aborted or lost. */
  readonly ended: AbortSignal
  /** The accepted context in which we may send C-STORE for this class in this very transfer syntax; undefined where there is none. */
  storeContext(sopClassUid: string, transferSyntaxUid: string): AcceptedContext | undefined
  /** Transfer syntaxes in which we may send this class, in the order of the contexts. */
  storeSyntaxes(sopClassUid: string): readonly string[]
  /** What {@link store} will be asked to send next, from this very source: its beginning is read while the peer is busy with what goes before.
   *  A hint: nothing has to follow it, and what cannot be read is told when it is sent. */
  readAhead(sopClassUid: string, transferSyntaxUid: string, source: ByteSource): void
  /** Sends one C-STORE request, whole, and waits for its response, also where that comes before the end of the data set. On an inbound
   *  association it is a sub-operation of C-GET.
   *  @throws NodeError NO_CONTEXT, PEER_ABORTED, PEER_TIMEOUT; an error of `open()` or of what it opens: where a part
   *  of the message is out by then the association is aborted */
  store(instance: OutgoingInstance): Promise<StoreResult>
  /** A-ABORT and close. */
  abort(): void
}

/** What an association that we opened offers besides. */
export interface OutboundAssociation extends Association {
  /** @returns the status */
  echo(): Promise<number>
  /** Pending identifiers as they come, then ends; throws NodeError where the final status is a failure.
   *  @param sopClassUid the FIND SOP class, e.g. Study Root */
  find(sopClassUid: string, identifier: Buffer): AsyncIterable<Buffer>
  /** C-MOVE; `onProgress` is called for each pending response. @returns the final response */
  move(
    sopClassUid: string,
    identifier: Buffer,
    destination: AeTitle,
    onProgress?: (response: CommandSet) => void,
  ): Promise<CommandSet & { identifier: Buffer }>
  /** C-GET; the instances come through `sink`. @returns the final response */
  get(
    sopClassUid: string,
    identifier: Buffer,
    sink: (instance: IncomingStore) => StoreSink,
    onProgress?: (response: CommandSet) => void,
  ): Promise<CommandSet & { identifier: Buffer }>
  /** A-RELEASE, waits for the answer, closes. */
  release(): Promise<void>
}

/** A C-STORE request whose data set is about to arrive. */
export interface IncomingStore {
  readonly association: Association
  readonly context: AcceptedContext
  readonly command: CommandSet
}

/** Takes the data set of one C-STORE request. Nothing is answered until `end` resolves. */
export interface StoreSink {
  /** One fragment; the buffer is used again on return: what is to be kept has to be copied. @returns a promise when reading should pause until it resolves */
  write(fragment: Buffer): Promise<void> | undefined
  /** The last fragment has been written. @returns what to answer; never rejects */
  end(): Promise<ResponseFields>
  /** The association ended before the data set did: leave nothing behind. */
  abandon(): void
}

/** An A-ASSOCIATE-RQ, already checked for form. */
export interface AssociationRequest {
  readonly callingAeTitle: AeTitle
  readonly calledAeTitle: AeTitle
  readonly address: string
}

/** A-ASSOCIATE-RJ, PS3.8 Table 9-21. */
export interface Rejection {
  readonly result: 1 | 2
  readonly source: 1 | 2 | 3
  readonly reason: number
  /** For our log and `ariane peer seen`. */
  readonly why: string
}

/** What the node does with what arrives; one object for all associations. */
export interface Services {
  /** Who may in. @returns undefined to accept */
  admit(request: AssociationRequest): Rejection | undefined
  /** Whether this caller may use this SOP class as SCU (a context of a service it may not use is refused, result 1), and whether
   *  it may be given instances in C-GET. */
  mayUse(request: AssociationRequest, abstractSyntax: string): boolean
  store(incoming: IncomingStore): StoreSink
  find(request: Request): Promise<void>
  move(request: Request): Promise<void>
  get(request: Request): Promise<void>
  /** N-CREATE of a procedure step. */
  createStep(request: Request): Promise<void>
  /** N-SET of one. */
  setStep(request: Request): Promise<void>
}
