/** A breach of PS3.8 or PS3.7 by the peer: the association ends with A-ABORT. */

/** A-ABORT reasons of the service provider, PS3.8 Table 9-26. */
export const ABORT = {
  NOT_SPECIFIED: 0,
  UNRECOGNISED_PDU: 1,
  UNEXPECTED_PDU: 2,
  UNRECOGNISED_PARAMETER: 4,
  UNEXPECTED_PARAMETER: 5,
  INVALID_PARAMETER: 6,
} as const

export class ProtocolError extends Error {
  /** {@link ABORT} */
  readonly reason: number

  constructor(reason: number, text: string) {
    super(text)
    this.name = 'ProtocolError'
    this.reason = reason
  }
}
