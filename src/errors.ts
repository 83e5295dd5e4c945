/** Every failure that the node names: what a peer is told, and whether trying again can help.
 *
 *  One table. `status` is the DIMSE status a peer sees: C-STORE PS3.4 B.2.3, C-FIND PS3.4 C.4.1.1.4,
 *  C-MOVE PS3.4 C.4.2.1.5, C-GET PS3.4 C.4.3.1.4, general PS3.7 Annex C. `tell` goes on the wire
 *  (Error Comment, at most 64 characters): it reveals no path, host or patient. Details stay in our log. */

export interface Failure {
  /** DIMSE status, 16 bits. */
  readonly status: number
  /** Whether the same request can succeed later without anybody changing anything. */
  readonly retry: 'transient' | 'permanent'
  /** What the peer reads in Error Comment (0000,0902), at most 64 characters. */
  readonly tell: string
}

export const ERRORS = {
  // C-STORE
  STORAGE_FULL: { status: 0xa700, retry: 'transient', tell: 'Out of resources: no room to store' },
  STORAGE_FAILED: { status: 0xa700, retry: 'transient', tell: 'Out of resources: storage not writable' },
  CATALOG_FAILED: { status: 0xa700, retry: 'transient', tell: 'Out of resources: index not writable' },
  INSTANCE_TOO_LARGE: { status: 0xa700, retry: 'permanent', tell: 'Out of resources: instance larger than allowed' },
  INFLATED_TOO_LARGE: { status: 0xa700, retry: 'permanent', tell: 'Out of resources: deflated header expands too far' },
  CLASS_MISMATCH: { status: 0xa900, retry: 'permanent', tell: 'SOP Class UID differs between command and data set' },
  INSTANCE_MISMATCH: { status: 0xa900, retry: 'permanent', tell: 'SOP Instance UID differs between command and data set' },
  STUDY_MISMATCH: { status: 0xa900, retry: 'permanent', tell: 'Study Instance UID differs from that of the address' },
  INVALID_UID: { status: 0xc001, retry: 'permanent', tell: 'A UID is missing or invalid' },
  UNREADABLE: { status: 0xc000, retry: 'permanent', tell: 'Data set cannot be read' },
  DUPLICATE_REFUSED: { status: 0x0111, retry: 'permanent', tell: 'SOP Instance UID already here with other content' },
  REJECTED_BEFORE: { status: 0x0124, retry: 'permanent', tell: 'Rejected by a rejection note: not accepted again' },
  // access and protocol
  NOT_AUTHORISED: { status: 0x0124, retry: 'permanent', tell: 'Not authorised for this service' },
  SOP_CLASS_NOT_SUPPORTED: { status: 0x0122, retry: 'permanent', tell: 'SOP class not supported here' },
  UNRECOGNISED_OPERATION: { status: 0x0211, retry: 'permanent', tell: 'Operation not recognised' },
  INVALID_ARGUMENT: { status: 0x0115, retry: 'permanent', tell: 'Invalid argument value' },
  PROCESSING_FAILURE: { status: 0x0110, retry: 'transient', tell: 'Processing failure' },
  // N-CREATE, N-SET (PS3.4 F.7.2, PS3.7 10.1.3, 10.1.5)
  NOT_SETTABLE: { status: 0x0105, retry: 'permanent', tell: 'Attribute may not be set' },
  INVALID_VALUE: { status: 0x0106, retry: 'permanent', tell: 'Invalid attribute value' },
  STEP_ENDED: { status: 0x0110, retry: 'permanent', tell: 'Performed Procedure Step Object may no longer be updated' },
  STEP_UNREADABLE: { status: 0x0110, retry: 'permanent', tell: 'Data set cannot be read' },
  STEP_EXISTS: { status: 0x0111, retry: 'permanent', tell: 'Performed Procedure Step exists already' },
  NO_SUCH_STEP: { status: 0x0112, retry: 'permanent', tell: 'No such Performed Procedure Step' },
  INVALID_INSTANCE: { status: 0x0117, retry: 'permanent', tell: 'SOP Instance UID is missing or invalid' },
  MISSING_ATTRIBUTE: { status: 0x0120, retry: 'permanent', tell: 'Missing attribute' },
  MISSING_VALUE: { status: 0x0121, retry: 'permanent', tell: 'Missing attribute value' },
  DATA_SET_TOO_LARGE: { status: 0x0213, retry: 'permanent', tell: 'Resource limitation: data set larger than allowed' },
  // C-FIND, C-MOVE, C-GET
  IDENTIFIER_MISMATCH: { status: 0xa900, retry: 'permanent', tell: 'Identifier does not match SOP class' },
  UNABLE_TO_PROCESS: { status: 0xc000, retry: 'permanent', tell: 'Unable to process the identifier' },
  UNKNOWN_DESTINATION: { status: 0xa801, retry: 'permanent', tell: 'Move destination unknown' },
  SUBOPERATIONS_FAILED: { status: 0xa702, retry: 'transient', tell: 'Unable to perform sub-operations' },
  // outbound associations
  PEER_UNREACHABLE: { status: 0xa702, retry: 'transient', tell: 'Peer cannot be reached' },
  PEER_REJECTED: { status: 0xa702, retry: 'permanent', tell: 'Peer rejected the association' },
  PEER_ABORTED: { status: 0xa702, retry: 'transient', tell: 'Peer aborted the association' },
  PEER_TIMEOUT: { status: 0xa702, retry: 'transient', tell: 'Peer did not answer in time' },
  NO_CONTEXT: { status: 0xa702, retry: 'permanent', tell: 'Peer accepts no suitable presentation context' },
} as const satisfies Record<string, Failure>

/** Words with which A700 says that the instance is too large, not the room too small: another attempt does not help. */
export const TOO_LARGE: ReadonlySet<string | undefined> = new Set([ERRORS.INSTANCE_TOO_LARGE.tell, ERRORS.INFLATED_TOO_LARGE.tell])

export type ErrorCode = keyof typeof ERRORS

/** A failure of the table above, with details for our own log. `details` may hold UIDs, AE titles, sizes,
 *  never a patient's name or identifier. */
export class NodeError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, details: Record<string, unknown> = {}, options?: { cause?: unknown }) {
    super(`${ERRORS[code].tell}${describe(details)}`, options)
    this.name = 'NodeError'
    this.code = code
    this.details = details
  }

  /** DIMSE status for the peer. */
  get status(): number {
    return ERRORS[this.code].status
  }

  get retry(): 'transient' | 'permanent' {
    return ERRORS[this.code].retry
  }

  /** Error Comment for the peer, at most 64 characters. */
  get tell(): string {
    return ERRORS[this.code].tell
  }

  /** For whoever calls from here: also why, as the other side or the system says it. */
  get inWords(): string {
    const more = this.details.why ?? this.details.cause
    return more === undefined ? this.tell : `${this.tell}: ${String(more)}`
  }
}

/** A DIMSE status as the standard writes it, without the H: `A701`. */
export function statusInHex(status: number): string {
  return status.toString(16).toUpperCase().padStart(4, '0')
}

function describe(details: Record<string, unknown>): string {
  const parts = Object.entries(details).map(([key, value]) => `${key}=${String(value)}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}
