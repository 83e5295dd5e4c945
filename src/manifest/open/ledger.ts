/** What one series of a manifest promises, and what has come of it so far.
 *
 *  Promises: each reference counts once; what has come twice, what was never promised, and what came but is not what was promised (SOP class, study, series
 *  as the evidence (0040,A375) names them) is told apart. Does not: keep instances. IHE RAD TF-2 4.68.4.1.2.1. */
import type { WalkedHeader } from '../../dicom/header-walker.ts'
import { parseUid, type Uid } from '../../dicom/uid.ts'
import type { ReadSeries } from '../read-manifest.ts'

export type Verdict = { readonly kind: 'right'; readonly uid: Uid } | { readonly kind: 'wrong' | 'excess' | 'duplicate' }

/** Beyond so much that was never promised, a peer is not answering what was asked. */
export const MAX_EXCESS = 1000

export class SeriesLedger {
  readonly series: ReadSeries
  /** Checked UIDs; undefined where the manifest names none. */
  readonly studyInstanceUid: Uid | undefined
  readonly seriesInstanceUid: Uid | undefined
  /** SOP class by SOP Instance UID. */
  readonly promised: ReadonlyMap<Uid, string>
  /** References that nobody can follow: not a UID. */
  readonly unusable: number
  readonly received = new Set<Uid>()
  readonly wrong = new Map<string, string>()
  excess = 0
  duplicates = 0
  bytes = 0

  constructor(series: ReadSeries) {
    this.series = series
    this.studyInstanceUid = parseUid(series.studyInstanceUid)
    this.seriesInstanceUid = parseUid(series.seriesInstanceUid)
    const promised = new Map<Uid, string>()
    let unusable = 0
    for (const { sopInstanceUid, sopClassUid } of series.instances) {
      const uid = parseUid(sopInstanceUid)
      if (uid === undefined) unusable++
      else if (!promised.has(uid)) promised.set(uid, sopClassUid)
    }
    this.promised = promised
    this.unusable = unusable
  }

  /** What is still to come. */
  wanted(): Uid[] {
    return [...this.promised.keys()].filter((uid) => !this.received.has(uid))
  }

  get isComplete(): boolean {
    return this.unusable === 0 && this.received.size === this.promised.size
  }

  /** An instance has come whole.
   *  @param asked  the SOP Instance UID of its C-STORE request, where there is one */
  judge(header: WalkedHeader, asked?: string): Verdict {
    const uid = header.sopInstanceUid
    const named = parseUid(asked)
    if (named !== undefined && named !== uid) return this.#wrong(named, `came with SOP Instance UID ${uid ?? 'none'} in its data set`)
    const sopClassUid = uid && this.promised.get(uid)
    if (uid === undefined || sopClassUid === undefined) {
      this.excess++
      return { kind: 'excess' }
    }
    const problem = this.#problemOf(header, sopClassUid)
    if (problem !== undefined) return this.#wrong(uid, problem)
    if (this.received.has(uid)) {
      this.duplicates++
      return { kind: 'duplicate' }
    }
    return { kind: 'right', uid }
  }

  /** The instance is where it belongs. */
  count(uid: Uid, bytes: number): void {
    this.received.add(uid)
    this.wrong.delete(uid)
    this.bytes += bytes
  }

  /** Something came under this UID that cannot be taken. */
  refuse(uid: string | undefined, problem: string): void {
    const named = parseUid(uid)
    if (named !== undefined && this.promised.has(named)) this.#wrong(named, problem)
    else this.excess++
  }

  #problemOf(header: WalkedHeader, sopClassUid: string): string | undefined {
    if (header.sopClassUid !== sopClassUid) return `came as SOP class ${header.sopClassUid ?? 'none'}, promised as ${sopClassUid}`
    if (header.studyInstanceUid !== this.studyInstanceUid) return `came as one of study ${header.studyInstanceUid ?? 'none'}`
    if (header.seriesInstanceUid !== this.seriesInstanceUid) return `came as one of series ${header.seriesInstanceUid ?? 'none'}`
    return undefined
  }

  #wrong(uid: Uid, problem: string): Verdict {
    if (this.promised.has(uid)) {
      if (!this.received.has(uid)) this.wrong.set(uid, problem)
    } else this.excess++
    return { kind: 'wrong' }
  }
}
