/** The C-STORE service (PS3.4 B, PS3.7 9.1.1): bytes to a draft and to the header reader at the same time, judged, kept, entered, answered.
 *
 *  Promises: success (0000) is said only when the file, its name and its row are durable. After any other answer but a warning nothing of the
 *  instance is left. The stored data set is what was received, byte for byte. One instance's failure stays with that instance: `end` always
 *  resolves. Import from disk uses the same door.
 *  Does not: know sockets or associations; decide who may send (the endpoint did).
 *  Statuses: A700, A900, C000, C001, 0111, 0122, 0124 (it was rejected before) of `errors.ts`, warning B000 where the first of two different instances is kept, B007 where a
 *  rejection note has no effect. */
import type { Catalog, InstanceFacts } from '../catalog/contract.ts'
import { parseAeTitle } from '../dicom/ae-title.ts'
import { HeaderWalker } from '../dicom/header-walker.ts'
import { part10Header } from '../dicom/part10.ts'
import { parseUid, type Uid } from '../dicom/uid.ts'
import type { ResponseFields, StoreSink } from '../dimse/contract.ts'
import { ERRORS, NodeError } from '../errors.ts'
import { log } from '../log.ts'
import type { Draft, Storage } from '../storage/contract.ts'
import { journalNote } from '../storage/decisions.ts'
import { type AdmittedUids, type Announced, type AnnouncedUids, admitCommand, admitDataSet } from './admission.ts'
import type { Judging } from './confidentiality-rules.ts'
import { readRejection } from './rejection-note.ts'
import { DUPLICATE_REFUSED, type DuplicatePolicy, enterFile, FIRST_ONE_KEPT, REJECTED_BEFORE } from './settle-duplicate.ts'

/** Where instances are taken to; one object for all associations. */
export interface Door extends Judging {
  readonly storage: Storage
  readonly catalog: Catalog
  readonly duplicates: DuplicatePolicy
  /** `storage.path`, where the journal of decisions is. */
  readonly path: string
  /** Milliseconds since 1970. */
  now(): number
  /** Called after a study gained an instance: saves polling delay, nothing depends on it. */
  kept(studyInstanceUid: string): void
  /** Called after a manifest in force has come to say what is not so any more; saves delay too. */
  urgent?(studyInstanceUid: string): void
  isStorable(sopClassUid: string): boolean
  /** Counts what goes through. */
  counting?(source: string, sink: StoreSink): StoreSink
}

export interface Incoming extends Announced {
  /** Calling AE title, or the name of the import. */
  readonly source: string
  /** Called as {@link Door.kept} is, with what came in. */
  readonly brought?: (studyInstanceUid: Uid) => void
  /** Called with what the data set says of itself, where it was let in. */
  readonly admitted?: (uids: AdmittedUids) => void
}

/** Warning: Data Set does not match SOP Class (PS3.4 B.2.3). */
const DATA_SET_DOES_NOT_MATCH = 0xb007

/** What may wait in memory while the draft is being opened. */
const MAX_EARLY_BYTES = 256 * 1024

export function receiveInstance(door: Door, incoming: Incoming): StoreSink {
  const reception = new Reception(door, incoming)
  return door.counting?.(incoming.source, reception) ?? reception
}

class Reception implements StoreSink {
  readonly #door: Door
  readonly #incoming: Incoming
  #uids: AnnouncedUids | undefined
  #walker: HeaderWalker | undefined
  #opening: Promise<void> = Promise.resolve()
  #draft: Draft | undefined
  #early: Buffer[] = []
  #earlyBytes = 0
  /** The first thing that went wrong; what arrives afterwards is dropped. */
  #failure: unknown

  constructor(door: Door, incoming: Incoming) {
    this.#door = door
    this.#incoming = incoming
    try {
      this.#uids = admitCommand(incoming, door.isStorable)
      this.#walker = new HeaderWalker(this.#uids.transferSyntaxUid)
      const draft = door.storage.draft('instances')
      if (draft instanceof Promise) this.#opening = this.#open(draft, this.#uids)
      else this.#begin(draft, this.#uids)
    } catch (error) {
      this.#fail(error)
    }
  }

  write(fragment: Buffer): Promise<void> | undefined {
    if (this.#failure !== undefined) return undefined
    try {
      this.#walker?.feed(fragment)
      if (this.#walker?.failure !== undefined) throw this.#walker.failure
      if (this.#draft !== undefined) return this.#draft.write(fragment)
      // The buffer is used again for what comes next.
      this.#early.push(Buffer.from(fragment))
      this.#earlyBytes += fragment.length
      return this.#earlyBytes > MAX_EARLY_BYTES ? this.#opening : undefined
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  async end(): Promise<ResponseFields> {
    try {
      await this.#opening
      if (this.#failure !== undefined || this.#uids === undefined || this.#walker === undefined || this.#draft === undefined)
        throw this.#failure
      const header = this.#walker.finish()
      const uids = admitDataSet(this.#uids, header, this.#incoming.studyInstanceUid)
      this.#incoming.admitted?.(uids)
      for (const warning of header.warnings) log.debug('odd header', { SOPInstanceUID: uids.sopInstanceUid, warning })
      const file = await this.#draft.keep()
      const { key: storageKey, fileSizeBytes, dataSetOffset, sha256 } = file
      const { source } = this.#incoming
      const confidentiality = this.#door.confidentialityOf(source, header.keys)
      const received = { storageKey, fileSizeBytes, dataSetOffset, sha256, source, confidentiality, receivedAt: this.#door.now() }
      const facts = { ...uids, ...received, keys: header.keys }
      return uids.role === 'rejection-note' ? await this.#enterNote(facts) : await this.#enter(facts)
    } catch (error) {
      this.#fail(error)
      await this.#draft?.discard()
      return this.#refusal(this.#failure)
    }
  }

  abandon(): void {
    this.#fail(new NodeError('PEER_ABORTED', { step: 'data set' }))
  }

  #begin(draft: Draft, uids: AnnouncedUids): void {
    this.#draft = draft
    draft.begin(part10Header({ ...uids, sourceAeTitle: parseAeTitle(this.#incoming.source) }))
  }

  async #open(opening: Promise<Draft>, uids: AnnouncedUids): Promise<void> {
    try {
      const draft = await opening
      if (this.#failure !== undefined) return await draft.discard()
      this.#begin(draft, uids)
      let pause: Promise<void> | undefined
      for (const fragment of this.#early) pause = draft.write(fragment) ?? pause
      this.#early = []
      await pause
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A note without effect is kept and warned about: its sender believes something rejected that is not. */
  async #enterNote(facts: InstanceFacts): Promise<ResponseFields> {
    const { rejection, problem } = await readRejection(this.#door.storage, facts, this.#door.quality)
    const answer = await this.#enter({ ...facts, rejection })
    if (answer.status === 0x0000) await journalNote(this.#door, { ...facts, rejection })
    if (problem === undefined) return answer
    const { sopInstanceUid, studyInstanceUid, source } = facts
    log.warn('a rejection note has no effect, or not its whole', {
      SOPInstanceUID: sopInstanceUid,
      StudyInstanceUID: studyInstanceUid,
      source,
      problem,
    })
    return answer.status === 0x0000
      ? { status: DATA_SET_DOES_NOT_MATCH, errorComment: 'Rejection note without effect on some references' }
      : answer
  }

  async #enter(facts: InstanceFacts): Promise<ResponseFields> {
    const settled = await enterFile(this.#door, facts)
    if (settled.kind === 'refused') return DUPLICATE_REFUSED
    if (settled.kind === 'first one kept') return FIRST_ONE_KEPT
    if (settled.kind === 'rejected') {
      if (this.#door.resent === 'accept') return { status: 0x0000 }
      const { sopInstanceUid, studyInstanceUid, source } = facts
      log.warn('an instance that was rejected is sent again: not accepted', {
        SOPInstanceUID: sopInstanceUid,
        StudyInstanceUID: studyInstanceUid,
        source,
      })
      return REJECTED_BEFORE
    }
    if (settled.conflict)
      log.warn('study now holds more than one patient identity', { StudyInstanceUID: facts.studyInstanceUid, source: facts.source })
    if (facts.rejection !== undefined || settled.kind === 'returned') this.#door.urgent?.(facts.studyInstanceUid)
    if (settled.kind !== 'known') {
      this.#door.kept(facts.studyInstanceUid)
      this.#incoming.brought?.(facts.studyInstanceUid)
    }
    return { status: 0x0000 }
  }

  #fail(error: unknown): void {
    this.#failure ??= error ?? new NodeError('PROCESSING_FAILURE')
    this.#early = []
    void this.#draft?.discard()
  }

  #refusal(failure: unknown): ResponseFields {
    const error = failure instanceof NodeError ? failure : new NodeError('PROCESSING_FAILURE', {}, { cause: failure })
    const { sopInstanceUid, sopClassUid } = this.#uids ?? this.#incoming
    const uids = { SOPInstanceUID: parseUid(sopInstanceUid), SOPClassUID: parseUid(sopClassUid) }
    log[error.retry === 'transient' ? 'error' : 'warn']('instance refused', {
      reason: error.message,
      ...uids,
      source: this.#incoming.source,
      cause: causeOf(error),
    })
    const { attribute } = error.details
    if (error.code === 'INVALID_UID' && typeof attribute === 'string') {
      return { status: ERRORS.INVALID_UID.status, errorComment: `${attribute} is missing or invalid` }
    }
    return { status: error.status, errorComment: error.tell }
  }
}

/** In words, for our log. */
function causeOf(error: NodeError): string | undefined {
  return error.cause instanceof Error ? error.cause.message : undefined
}
