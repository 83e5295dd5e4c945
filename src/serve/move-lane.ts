/** One outbound association of a C-MOVE, opened when needed and again after it was lost (PS3.4 C.4.2.2, C.4.2.3.1).
 *
 *  Promises: the contexts proposed are one for each stored transfer syntax of each SOP class of the job, with this syntax alone, so that the
 *  acceptor's choice never forces a conversion; and, for each class, one with Explicit and one with Implicit VR Little Endian to fall back to.
 *  A job with more than fits in one association is sent in several, one after the other. A destination that cannot be reached, from which
 *  {@link FRUITLESS_LIMIT} associations in a row were lost without one answer, is given up: the rest fails at once. One that timed out without
 *  an answer counts for all but one of them: one instance that the destination cannot take does not cost the others, and a destination that
 *  is dead takes two timeouts, not one for each instance.
 *  When the request is stopped, the instance in flight has {@link STOP_GRACE_MS} to end; then the association is aborted.
 *  Does not: count (see send-instances.ts). */
import type { Retrievable } from '../catalog/contract.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import type { WantedContext } from '../dimse/connect.ts'
import type { OutboundAssociation, OutgoingInstance, StoreResult } from '../dimse/contract.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import type { ByteSource, Storage } from '../storage/contract.ts'
import type { Opened } from './opened-ahead.ts'
import { readyToSend } from './send-instance.ts'
import type { Lane } from './send-instances.ts'

/** PS3.8 9.3.2.2 allows 128 (odd numbers of one byte). */
const MAX_CONTEXTS = 126
const FRUITLESS_LIMIT = 3
const STOP_GRACE_MS = 1_000

export type Connect = (contexts: readonly WantedContext[]) => Promise<OutboundAssociation>

/** SOP classes that go together on one association, with their contexts. */
export interface ContextBatch {
  readonly classes: ReadonlySet<string>
  readonly contexts: readonly WantedContext[]
}

export function contextBatches(syntaxesOfClass: ReadonlyMap<string, ReadonlySet<string>>): ContextBatch[] {
  const batches: { classes: Set<string>; contexts: WantedContext[] }[] = []
  for (const [abstractSyntax, stored] of syntaxesOfClass) {
    const syntaxes = new Set([...stored, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN])
    let batch = batches.at(-1)
    if (batch === undefined || batch.contexts.length + syntaxes.size > MAX_CONTEXTS) {
      batch = { classes: new Set(), contexts: [] }
      batches.push(batch)
    }
    batch.classes.add(abstractSyntax)
    for (const syntax of syntaxes) batch.contexts.push({ abstractSyntax, transferSyntaxes: [syntax] })
  }
  return batches
}

export interface MoveLaneOptions {
  readonly storage: Storage
  readonly aeTitle: string
  readonly connect: Connect
  readonly batches: readonly ContextBatch[]
  readonly moveOriginator: OutgoingInstance['moveOriginator']
  readonly stopped: AbortSignal
}

export class MoveLane implements Lane {
  readonly #options: MoveLaneOptions
  #association: OutboundAssociation | undefined
  #batch: ContextBatch | undefined
  /** Associations in a row that were lost before anything was answered on them. */
  #fruitless = 0
  /** Something was answered on the association in use. */
  #answered = false
  #givenUp: NodeError | undefined
  readonly #onStop = () => this.#stop()
  #stopTimer: NodeJS.Timeout | undefined

  constructor(options: MoveLaneOptions) {
    this.#options = options
    options.stopped.addEventListener('abort', this.#onStop, { once: true })
  }

  get usable(): boolean {
    return this.#givenUp === undefined
  }

  async prepare(): Promise<boolean> {
    const first = this.#options.batches[0]
    if (first !== undefined) await this.#open(first).catch(() => undefined)
    return this.usable
  }

  async send(opened: Opened): Promise<StoreResult> {
    const association = await this.#associationFor(opened.instance.sopClassUid)
    const store = await readyToSend(association, opened, this.#options)
    try {
      const result = await store()
      this.#fruitless = 0
      this.#answered = true
      return result
    } catch (error) {
      if (association.ended.aborted) this.#lost(association, error)
      throw error
    }
  }

  readAhead({ sopClassUid, transferSyntaxUid }: Retrievable, bytes: ByteSource): void {
    this.#association?.readAhead(sopClassUid, transferSyntaxUid, bytes)
  }

  async close(): Promise<void> {
    this.#options.stopped.removeEventListener('abort', this.#onStop)
    const association = this.#association
    this.#association = undefined
    if (association !== undefined && !association.ended.aborted) await association.release().catch(() => association.abort())
    clearTimeout(this.#stopTimer)
  }

  async #associationFor(sopClassUid: string): Promise<OutboundAssociation> {
    if (this.#givenUp !== undefined) throw this.#givenUp
    const fits = this.#batch?.classes.has(sopClassUid) === true
    if (fits && this.#association !== undefined && !this.#association.ended.aborted) return this.#association
    const batch = fits ? this.#batch : this.#options.batches.find(({ classes }) => classes.has(sopClassUid))
    if (batch === undefined) throw new NodeError('NO_CONTEXT', { sopClassUid })
    return this.#open(batch)
  }

  async #open(batch: ContextBatch): Promise<OutboundAssociation> {
    const former = this.#association
    this.#association = undefined
    if (former !== undefined && !former.ended.aborted) await former.release().catch(() => former.abort())
    try {
      this.#association = await this.#options.connect(batch.contexts)
    } catch (error) {
      this.#giveUp(error)
      throw error
    }
    this.#batch = batch
    this.#answered = false
    if (this.#options.stopped.aborted) throw new NodeError('PEER_ABORTED', { why: 'the retrieval was stopped' })
    return this.#association
  }

  /** A file of ours that cannot be read says nothing about the destination. */
  #lost(association: OutboundAssociation, error: unknown): void {
    this.#association = undefined
    association.abort()
    const code = error instanceof NodeError ? error.code : undefined
    if (code === 'STORAGE_FAILED' || code === 'UNREADABLE') return
    if (!this.#answered) this.#fruitless += code === 'PEER_TIMEOUT' ? FRUITLESS_LIMIT - 1 : 1
    if (this.#fruitless >= FRUITLESS_LIMIT) this.#giveUp(error)
  }

  #giveUp(error: unknown): void {
    this.#givenUp ??= error instanceof NodeError ? error : new NodeError('PEER_UNREACHABLE', {}, { cause: error })
    if (!this.#options.stopped.aborted) log.warn('move destination given up', { error: String(this.#givenUp) })
  }

  #stop(): void {
    this.#stopTimer = setTimeout(() => this.#association?.abort(), STOP_GRACE_MS)
  }
}
