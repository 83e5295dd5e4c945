/** One DICOM file (PS3.10 7.1) that comes in pieces, through the same door as C-STORE.
 *
 *  Promises: nothing is gathered but the file meta information; what stands behind it goes to the door as it came. The meta information is the command of a
 *  C-STORE: its SOP class, SOP instance and transfer syntax are what the data set is judged against.
 *  Does not: guess: a data set without preamble or transfer syntax is refused, C000.
 *  Errors: none; {@link FilePart.end} always resolves. */
import { readPart10Header } from '../dicom/part10.ts'
import { parseUid } from '../dicom/uid.ts'
import { Gathered } from '../dicomweb/gathered.ts'
import type { StoreSink } from '../dimse/contract.ts'
import { ERRORS } from '../errors.ts'
import type { StoreOutcome } from './store-answer.ts'
import { type Door, type Incoming, receiveInstance } from './store-instance.ts'

/** What is the same for all instances of a request. */
export type Common = Pick<Incoming, 'source' | 'brought' | 'studyInstanceUid'>

const PREAMBLE_BYTES = 132
/** No meta information that means well is longer: private information in it may be. */
const LARGEST_META_BYTES = 1024 * 1024
const NO_FILE = 'not a DICOM file (PS3.10 7.1): no file meta information'

export class FilePart {
  readonly #door: Door
  readonly #common: Common
  #sink: StoreSink | undefined
  #uids: Partial<StoreOutcome> = {}
  #failure: StoreOutcome | undefined
  /** The beginning, while the meta information is not whole. */
  #start = new Gathered()
  /** Looked at again when so much is here: not with each byte of who sends them one by one. */
  #lookAt = PREAMBLE_BYTES + 8

  constructor(door: Door, common: Common) {
    this.#door = door
    this.#common = common
  }

  data(bytes: Buffer): Promise<void> | undefined {
    if (this.#failure !== undefined) return undefined
    if (this.#sink !== undefined) return this.#sink.write(bytes)
    this.#start.push(bytes)
    if (this.#start.sizeBytes < this.#lookAt) return undefined
    this.#lookAt = this.#start.sizeBytes * 2
    return this.#look(false)
  }

  async end(): Promise<StoreOutcome> {
    if (this.#sink === undefined && this.#failure === undefined) await this.#look(true)
    const answer = await this.#sink?.end()
    if (this.#failure !== undefined || answer === undefined) return { ...this.#uids, ...(this.#failure ?? refused(NO_FILE)) }
    return { ...this.#uids, status: answer.status, errorComment: answer.errorComment }
  }

  /** What follows is not to come, or not wanted: {@link end} leaves nothing, and tells this. */
  abandon(failure: StoreOutcome): void {
    this.#sink?.abandon()
    this.#start = new Gathered()
    this.#failure ??= failure
  }

  #look(isWhole: boolean): Promise<void> | undefined {
    const start = this.#start.whole()
    if (start.toString('latin1', PREAMBLE_BYTES - 4, PREAMBLE_BYTES) !== 'DICM')
      return this.#fail('not a DICOM file (PS3.10 7.1): no preamble')
    const meta = readPart10Header(start)
    // Without the beginning of what follows there may be more of group 0002.
    if (meta === undefined || (!isWhole && meta.dataSetOffset + 8 > start.length)) {
      return isWhole || start.length > LARGEST_META_BYTES ? this.#fail('file meta information cannot be read') : undefined
    }
    if (meta.transferSyntaxUid === undefined) return this.#fail('file meta information names no transfer syntax')
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = meta
    this.#uids = { sopClassUid: parseUid(sopClassUid), sopInstanceUid: parseUid(sopInstanceUid) }
    const admitted: Incoming['admitted'] = (uids) => {
      this.#uids = uids
    }
    this.#sink = receiveInstance(this.#door, { ...this.#common, sopClassUid, sopInstanceUid, transferSyntaxUid, admitted })
    this.#start = new Gathered()
    return this.#sink.write(start.subarray(meta.dataSetOffset))
  }

  #fail(errorComment: string): undefined {
    this.#start = new Gathered()
    this.#failure = refused(errorComment)
  }
}

export function refused(errorComment: string): StoreOutcome {
  return { status: ERRORS.UNREADABLE.status, errorComment }
}
