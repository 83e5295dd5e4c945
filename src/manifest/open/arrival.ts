/** One instance on its way in: through the header walker, into a draft, and at its end kept or not.
 *
 *  Promises: bytes flow, nothing is gathered but the file meta information of a part (64 KiB at most); kept is only what is whole, readable and what was
 *  promised (ledger.ts); otherwise nothing is left of it. Back-pressure of the draft is handed on.
 *  Does not: know files; {@link Keeper} is handed in. PS3.10 7.1. */
import { HeaderWalker, type WalkedHeader } from '../../dicom/header-walker.ts'
import type { IndexKeys } from '../../dicom/index-attributes.ts'
import { part10Header, readPart10Header } from '../../dicom/part10.ts'
import type { Uid } from '../../dicom/uid.ts'
import type { SeriesLedger } from './ledger.ts'

/** An instance that is what was promised. All UIDs are those of the manifest. */
export interface Arrived {
  readonly studyInstanceUid: Uid
  readonly seriesInstanceUid: Uid
  readonly sopInstanceUid: Uid
  readonly sopClassUid: string
  readonly transferSyntaxUid: string
  readonly keys: IndexKeys
}

/** A Part 10 file being written. */
export interface KeptDraft {
  /** The bytes are the caller's again when it resolves, or on return where it gives nothing. @throws CannotKeep */
  write(bytes: Buffer): Promise<void> | undefined
  /** @throws CannotKeep */
  keep(arrived: Arrived): Promise<void>
  /** Safe to call at any time. */
  discard(): Promise<void>
}

export interface Keeper {
  draft(): KeptDraft
}

/** Nothing more can be kept: no other way of retrieving helps. */
export class CannotKeep extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'CannotKeep'
  }
}

export interface ArrivalParts {
  readonly ledger: SeriesLedger
  readonly keeper: Keeper
  /** Largest instance, in bytes. */
  readonly limitBytes: number
  readonly onBytes: (count: number) => void
}

export class Arrival {
  readonly #parts: ArrivalParts
  readonly #draft: KeptDraft
  readonly #walker: HeaderWalker
  readonly #transferSyntaxUid: string
  readonly #announced: string | undefined
  readonly #isBound: boolean
  #bytes = 0

  /** @param header     Part 10 header, as it will stand in the file
   *  @param announced  SOP Instance UID under which it comes
   *  @param isBound    whether the data set must have that one (PS3.4 B.2.3) */
  constructor(parts: ArrivalParts, transferSyntaxUid: string, header: Buffer, announced: string | undefined, isBound: boolean) {
    this.#parts = parts
    this.#announced = announced
    this.#isBound = isBound
    this.#draft = parts.keeper.draft()
    this.#walker = new HeaderWalker(transferSyntaxUid)
    this.#transferSyntaxUid = transferSyntaxUid
    void this.#draft.write(header)?.catch(() => undefined)
  }

  /** A bit of the data set. @throws CannotKeep */
  write(bytes: Buffer): Promise<void> | undefined {
    this.#bytes += bytes.length
    this.#parts.onBytes(bytes.length)
    if (this.isTooLarge) return undefined
    this.#walker.feed(bytes)
    return this.#draft.write(bytes)
  }

  /** What comes now is not written any more: whoever receives should stop. */
  get isTooLarge(): boolean {
    return this.#bytes > this.#parts.limitBytes
  }

  /** @returns what to answer to a C-STORE (PS3.4 B.2.3). @throws CannotKeep */
  async end(): Promise<number> {
    const { ledger } = this.#parts
    const header = this.#finished()
    const verdict = header === undefined ? undefined : ledger.judge(header, this.#isBound ? this.#announced : undefined)
    if (header === undefined || verdict?.kind !== 'right') {
      await this.#draft.discard()
      return verdict === undefined ? 0xc000 : verdict.kind === 'wrong' ? 0xa900 : 0x0000
    }
    await this.#draft.keep({
      studyInstanceUid: ledger.studyInstanceUid!,
      seriesInstanceUid: ledger.seriesInstanceUid!,
      sopInstanceUid: verdict.uid,
      sopClassUid: ledger.promised.get(verdict.uid)!,
      transferSyntaxUid: this.#transferSyntaxUid,
      keys: header.keys,
    })
    ledger.count(verdict.uid, this.#bytes)
    return 0x0000
  }

  abandon(): Promise<void> {
    return this.#draft.discard()
  }

  #finished(): WalkedHeader | undefined {
    const { ledger, limitBytes } = this.#parts
    if (this.isTooLarge) {
      ledger.refuse(this.#announced, `larger than ${limitBytes} bytes (storage.maxInstanceBytes)`)
      return undefined
    }
    try {
      return this.#walker.finish()
    } catch (error) {
      ledger.refuse(this.#announced, `cannot be read: ${(error as Error).message}`)
      return undefined
    }
  }
}

/** By C-GET: the header is ours to write. */
export function arrivalByStore(parts: ArrivalParts, command: StoreCommand): Arrival {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid, sourceAeTitle } = command
  return new Arrival(
    parts,
    transferSyntaxUid,
    part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid, sourceAeTitle }),
    sopInstanceUid,
    true,
  )
}

export interface StoreCommand {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly transferSyntaxUid: string
  readonly sourceAeTitle: string
}

/** A file meta information that is longer is an attack. */
const MAX_META_BYTES = 64 * 1024

/** A whole Part 10 file arriving in pieces; its header stays as it came. */
export class FileArrival {
  readonly #parts: ArrivalParts
  #start = Buffer.alloc(0)
  #arrival: Arrival | undefined
  #isNoFile = false

  constructor(parts: ArrivalParts) {
    this.#parts = parts
  }

  get isTooLarge(): boolean {
    return this.#arrival?.isTooLarge ?? false
  }

  write(bytes: Buffer): Promise<void> | undefined {
    if (this.#arrival !== undefined) return this.#arrival.write(bytes)
    if (this.#isNoFile) return undefined
    this.#start = Buffer.concat([this.#start, bytes])
    return this.#begin(false)
  }

  async end(): Promise<void> {
    if (this.#arrival === undefined) await this.#begin(true)
    if (this.#arrival !== undefined) await this.#arrival.end()
    else this.#parts.ledger.excess++
  }

  async abandon(): Promise<void> {
    await this.#arrival?.abandon()
  }

  /** The data set has begun where an element of another group follows group 0002. */
  #begin(isAll: boolean): Promise<void> | undefined {
    const meta = readPart10Header(this.#start)
    if (meta === undefined || (!isAll && this.#start.length < meta.dataSetOffset + 8)) {
      this.#isNoFile = this.#start.length > MAX_META_BYTES
      if (this.#isNoFile) this.#start = Buffer.alloc(0)
      return undefined
    }
    if (meta.transferSyntaxUid === undefined) {
      this.#isNoFile = true
      return undefined
    }
    const header = this.#start.subarray(0, meta.dataSetOffset)
    this.#arrival = new Arrival(this.#parts, meta.transferSyntaxUid, header, meta.sopInstanceUid, false)
    const rest = this.#start.subarray(meta.dataSetOffset)
    this.#start = Buffer.alloc(0)
    return this.#arrival.write(rest)
  }
}
