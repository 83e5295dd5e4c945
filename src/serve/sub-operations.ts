/** The C-STORE sub-operations of one C-MOVE or C-GET request: counted, reported while they run, and summed up in the final response
 *  (PS3.4 C.4.2.1.4 to C.4.2.1.6, C.4.3.1.3 to C.4.3.1.5; PS3.7 9.1.4.1, 9.1.3.1).
 *
 *  Promises: a pending response at least every {@link REPORT_AT_LEAST_MS}, also while one large object is in flight, and at most every
 *  {@link REPORT_AT_MOST_MS}; a requestor that does not read delays reports, never sub-operations, and only one report waits. Nothing is
 *  sent once the request's association has ended. The timer ends with {@link SubOperations.finish}.
 *  Does not: send instances (see send-instances.ts). Times in milliseconds. */
import type { Retrievable } from '../catalog/contract.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { encodingOf } from '../dicom/transfer-syntaxes.ts'
import type { Request, ResponseFields, StoreResult } from '../dimse/contract.ts'
import { ERRORS, statusInHex } from '../errors.ts'

/** Clients give up after 10 to 30 s of silence. */
export const REPORT_AT_LEAST_MS = 1_500
/** Thousands of small instances a second need no response each. */
export const REPORT_AT_MOST_MS = 200

const STATUS_SUCCESS = 0x0000
const STATUS_PENDING = 0xff00
const STATUS_CANCELLED = 0xfe00
const STATUS_SOME_FAILED = 0xb000
const FAILED_SOP_INSTANCE_UID_LIST = 0x00080058

export class SubOperations {
  completed = 0
  failed = 0
  warning = 0
  readonly #request: Request
  /** Instances that the request names. */
  total: number
  readonly #failedUids: string[] = []
  #firstFailure: string | undefined
  #reportedAt = 0
  #reporting: Promise<void> | undefined
  readonly #timer: NodeJS.Timeout

  constructor(request: Request, total: number) {
    this.#request = request
    this.total = total
    this.#timer = setInterval(() => this.#report(), REPORT_AT_LEAST_MS)
  }

  get remaining(): number {
    return Math.max(0, this.total - this.completed - this.failed - this.warning)
  }

  /** Counts the answer of the peer to one sub-operation (PS3.4 B.2.3). @returns whether it holds the instance */
  answered(instance: Retrievable, result: StoreResult): boolean {
    if (result.status === STATUS_SUCCESS) this.completed += 1
    else if (isWarning(result.status)) this.warning += 1
    else {
      // its own comment may name hosts, paths or patients
      this.notSent(instance, `Destination answered ${statusInHex(result.status)}H`)
      return false
    }
    this.#reportSoon()
    return true
  }

  /** Counts a sub-operation that failed, for a reason in words that a peer may read. */
  notSent(instance: Retrievable, reason: string): void {
    this.failed += 1
    this.#failedUids.push(instance.sopInstanceUid)
    this.#firstFailure ??= reason
    this.#reportSoon()
  }

  /** What was never tried, because the rest could not even be listed, counts as failed. */
  restNotSent(reason: string): void {
    this.failed += this.remaining
    this.#firstFailure ??= reason
  }

  /** Ends the reports; something else answers. */
  async abandon(): Promise<void> {
    clearInterval(this.#timer)
    await this.#reporting
  }

  /** The final response; none where the association has ended. */
  async finish(): Promise<void> {
    await this.abandon()
    if (this.#request.association.ended.aborted) return
    const cancelled = this.#request.stopped.aborted && this.remaining > 0
    const status = cancelled ? STATUS_CANCELLED : this.#finalStatus()
    const fields: ResponseFields = {
      status,
      ...this.#counts(),
      ...(cancelled && { numberOfRemainingSuboperations: this.remaining }),
      ...(this.#firstFailure !== undefined && { errorComment: this.#firstFailure.slice(0, 64) }),
    }
    await this.#request.respond(fields, this.#failedUids.length > 0 ? this.#failedList() : undefined)
  }

  /** Warnings hold the instance; only failures make the whole a failure. */
  #finalStatus(): number {
    if (this.failed === 0) return this.warning === 0 ? STATUS_SUCCESS : STATUS_SOME_FAILED
    return this.completed + this.warning === 0 ? ERRORS.SUBOPERATIONS_FAILED.status : STATUS_SOME_FAILED
  }

  #counts(): Omit<ResponseFields, 'status'> {
    return {
      numberOfCompletedSuboperations: count(this.completed),
      numberOfFailedSuboperations: count(this.failed),
      numberOfWarningSuboperations: count(this.warning),
    }
  }

  #failedList(): Buffer {
    const { explicit } = encodingOf(this.#request.context.transferSyntax)
    return new ElementWriter({ explicit }).element(FAILED_SOP_INSTANCE_UID_LIST, 'UI', this.#failedUids.join('\\')).finish()
  }

  #reportSoon(): void {
    if (Date.now() - this.#reportedAt >= REPORT_AT_MOST_MS) this.#report()
  }

  #report(): void {
    if (this.#reporting !== undefined || this.#request.stopped.aborted || this.remaining === 0) return
    this.#reportedAt = Date.now()
    const fields = { status: STATUS_PENDING, ...this.#counts(), numberOfRemainingSuboperations: count(this.remaining) }
    this.#reporting = this.#request
      .respond(fields)
      .catch(() => undefined) // the association has ended: `stopped` tells everybody
      .then(() => {
        this.#reporting = undefined
      })
  }
}

/** Coercion and the like (PS3.4 B.2.3), attribute warnings (PS3.7 C.4): the peer holds the instance. */
function isWarning(status: number): boolean {
  return (status & 0xf000) === 0xb000 || status === 0x0001 || status === 0x0107 || status === 0x0116
}

/** The counts are US elements (PS3.7 E.1). */
function count(value: number): number {
  return Math.min(value, 0xffff)
}
