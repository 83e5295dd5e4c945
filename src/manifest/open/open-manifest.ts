/** Opens a manifest: retrieves every series that it refers to, by the ways that it names, and compares what came with what was promised.
 *
 *  Promises: the evidence (0040,A375) is what counts; each series is tried by its ways in their order until everything promised is here; what failed is told
 *  in words, for each way, and nothing is thrown for it. A peer that cannot be reached is not tried again for the next series.
 *  Does not: decide where instances are kept, or read the manifest.
 *  @throws CannotKeep. IHE RAD TF-2 4.16, 4.107; PS3.4 C.4.2, C.4.3 */
import type { AeTitle } from '../../dicom/ae-title.ts'
import { WebFailure } from '../../dicomweb/web-failure.ts'
import { NodeError } from '../../errors.ts'
import type { ReadManifest, ReadSeries } from '../read-manifest.ts'
import type { ConnectTo } from '../retrieve-requests.ts'
import { type ArrivalParts, CannotKeep, type Keeper } from './arrival.ts'
import { GetSession, RetrieveFailure } from './get-session.ts'
import { SeriesLedger } from './ledger.ts'
import { type OwnStorage, retrieveByMove, retrieveByWado, type WebSettings } from './other-ways.ts'
import { nameOf, type Way, type WaySettings, waysTo } from './ways.ts'

export interface OpenParts {
  readonly connectTo: ConnectTo
  readonly ways: WaySettings
  readonly web: WebSettings
  readonly keeper: Keeper
  /** Where C-MOVE is asked for. */
  readonly own?: OwnStorage | undefined
  readonly limitBytes: number
  /** Milliseconds. */
  readonly now: () => number
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly instances: number
  readonly promised: number
  readonly bytes: number
}

export interface WayTaken {
  readonly way: string
  readonly namedBy?: string
  /** taken: instances came by it; failed: none or not all came, `why`; impossible: could not be tried, `why`; unneeded: all was here before its turn. */
  readonly outcome: 'taken' | 'failed' | 'impossible' | 'unneeded'
  readonly instances?: number
  readonly why?: string
}

export interface OpenedSeries {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly promised: number
  readonly received: number
  readonly missing: readonly string[]
  readonly wrong: readonly { readonly sopInstanceUid: string; readonly problem: string }[]
  /** References of the manifest that are no UID. */
  readonly unusable: number
  readonly excess: number
  readonly duplicates: number
  readonly bytes: number
  readonly seconds: number
  /** Best first, as tried. */
  readonly ways: readonly WayTaken[]
}

export interface OpenReport {
  readonly sopInstanceUid: string
  readonly title: string
  readonly promised: number
  readonly received: number
  readonly bytes: number
  readonly seconds: number
  readonly complete: boolean
  readonly series: readonly OpenedSeries[]
}

export async function openManifest(manifest: ReadManifest, parts: OpenParts): Promise<OpenReport> {
  const opening = new Opening(manifest, parts)
  const begun = parts.now()
  const series: OpenedSeries[] = []
  try {
    for (const one of manifest.series) series.push(await opening.series(one))
  } finally {
    await opening.close()
  }
  const sum = (of: (one: OpenedSeries) => number): number => series.reduce((total, one) => total + of(one), 0)
  const promised = sum((one) => one.promised)
  const complete = promised > 0 && series.every((one) => one.received === one.promised)
  return {
    sopInstanceUid: manifest.sopInstanceUid,
    title: manifest.title.meaning,
    promised,
    received: sum((one) => one.received),
    bytes: sum((one) => one.bytes),
    seconds: secondsSince(begun, parts),
    complete,
    series,
  }
}

class Opening {
  readonly #manifest: ReadManifest
  readonly #parts: OpenParts
  readonly #sessions = new Map<AeTitle, GetSession>()
  /** Who cannot be reached, and why. */
  readonly #unreachable = new Map<string, string>()
  readonly #promised: number
  #instances = 0
  #bytes = 0

  constructor(manifest: ReadManifest, parts: OpenParts) {
    this.#manifest = manifest
    this.#parts = parts
    this.#promised = manifest.series.reduce((total, series) => total + series.instances.length, 0)
  }

  async series(series: ReadSeries): Promise<OpenedSeries> {
    const begun = this.#parts.now()
    const ledger = new SeriesLedger(series)
    const { ways, none } = waysTo(series, this.#parts.ways)
    const taken: WayTaken[] = []
    for (const way of ways) taken.push(await this.#tryWay(way, ledger))
    const impossible = none.map(({ way, why }): WayTaken => ({ way, outcome: 'impossible', why }))
    this.#instances += ledger.received.size
    return { ...foundBy(ledger), seconds: secondsSince(begun, this.#parts), ways: [...taken, ...impossible] }
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await session.close()
  }

  async #tryWay(way: Way, ledger: SeriesLedger): Promise<WayTaken> {
    const told = { way: nameOf(way), namedBy: way.by }
    if (ledger.wanted().length === 0) return { ...told, outcome: 'unneeded' }
    const before = ledger.received.size
    const failure = await this.#failureOf(way, ledger)
    const instances = ledger.received.size - before
    if (ledger.wanted().length === 0) return { ...told, outcome: 'taken', instances }
    const why = failure ?? `${ledger.wanted().length} of ${ledger.promised.size} were not sent`
    return { ...told, outcome: 'failed', instances, why }
  }

  async #failureOf(way: Way, ledger: SeriesLedger): Promise<string | undefined> {
    const peer = way.kind === 'wado' ? way.base.origin : way.aeTitle
    const known = this.#unreachable.get(peer)
    if (known !== undefined) return `${known} (as before)`
    try {
      await this.#retrieve(way, this.#arrivals(ledger))
      return undefined
    } catch (error) {
      if (error instanceof CannotKeep) throw error
      const why = inWords(error)
      if (isUnreachable(error)) this.#unreachable.set(peer, why)
      return why
    }
  }

  #retrieve(way: Way, arrivals: ArrivalParts): Promise<void> {
    const { connectTo, own, web } = this.#parts
    if (way.kind === 'wado') return retrieveByWado(arrivals, way.base, this.#manifest.sopInstanceUid, web)
    if (way.kind === 'c-get') return this.#session(way.aeTitle).retrieve(arrivals)
    if (own === undefined) throw new RetrieveFailure('C-MOVE needs a node of our own to send to')
    return retrieveByMove(arrivals, connectTo, way.aeTitle, own)
  }

  #session(aeTitle: AeTitle): GetSession {
    const open = this.#sessions.get(aeTitle)
    if (open !== undefined) return open
    const classes = this.#manifest.series
      .filter((series) => waysTo(series, this.#parts.ways).ways.some((way) => way.kind === 'c-get' && way.aeTitle === aeTitle))
      .flatMap((series) => series.instances.map((instance) => instance.sopClassUid))
    const session = new GetSession(this.#parts.connectTo, aeTitle, new Set(classes))
    this.#sessions.set(aeTitle, session)
    return session
  }

  #arrivals(ledger: SeriesLedger): ArrivalParts {
    const { keeper, limitBytes, onProgress } = this.#parts
    const onBytes = (count: number): void => {
      this.#bytes += count
      onProgress?.({ instances: this.#instances + ledger.received.size, promised: this.#promised, bytes: this.#bytes })
    }
    return { ledger, keeper, limitBytes, onBytes }
  }
}

function foundBy(ledger: SeriesLedger): Omit<OpenedSeries, 'seconds' | 'ways'> {
  const { studyInstanceUid, seriesInstanceUid } = ledger.series
  return {
    studyInstanceUid,
    seriesInstanceUid,
    promised: ledger.promised.size + ledger.unusable,
    received: ledger.received.size,
    missing: ledger.wanted().filter((uid) => !ledger.wrong.has(uid)),
    wrong: [...ledger.wrong].map(([sopInstanceUid, problem]) => ({ sopInstanceUid, problem })),
    unusable: ledger.unusable,
    excess: ledger.excess,
    duplicates: ledger.duplicates,
    bytes: ledger.bytes,
  }
}

function secondsSince(begun: number, { now }: OpenParts): number {
  return Math.round(now() - begun) / 1000
}

function inWords(error: unknown): string {
  if (error instanceof NodeError) return error.inWords
  return error instanceof Error ? error.message : String(error)
}

const UNREACHABLE = new Set(['PEER_UNREACHABLE', 'PEER_REJECTED', 'UNKNOWN_DESTINATION'])

function isUnreachable(error: unknown): boolean {
  return error instanceof WebFailure ? error.isUnreachable : error instanceof NodeError && UNREACHABLE.has(error.code)
}
