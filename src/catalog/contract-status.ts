/** The part of the catalog's contract that people and monitoring ask: how a study stands, what is delivered, how much of everything there is.
 *
 *  Promises: a look at one page costs what the page costs, however many studies there are; what is of a level that the caller may not see is as if it
 *  were not there. Does not: change a manifest. Times are milliseconds since 1970 UTC, sizes bytes. */
import type { Confidentiality, LevelSet } from '../dicom/confidentiality.ts'
import type { StudyStanding } from '../dicom/query.ts'
import type { Page, Uid } from './contract.ts'
import type { Delivery, DeliveryState } from './contract-manifests.ts'

export type { StudyStanding }

/** How a study stands, as far as a caller may see. */
export interface Standing {
  readonly state: StudyStanding
  /** Of the manifest in force: the usual one where there are several. */
  readonly manifestVersion?: number
}

/** A delivery, and whose it is. */
export interface ListedDelivery extends Delivery {
  readonly studyInstanceUid: Uid
  readonly confidentiality: Confidentiality
  /** Of its manifest. */
  readonly manifestState: string
}

export interface DeliveriesWanted {
  /** `in trouble`: waiting after a failure. */
  readonly state?: DeliveryState | 'in trouble'
  readonly levels: LevelSet
}

export interface TargetFigures {
  readonly target: string
  readonly waiting: number
  /** When the oldest manifest that waits was made. */
  readonly oldestMadeAt?: number
  /** Given up, of manifests that are in force, and withdrawals. */
  readonly failed: number
}

export interface Figures {
  /** How many manifests there are of each state and dialect. */
  readonly manifests: readonly { readonly state: string; readonly dialect: string; readonly count: number }[]
  readonly manifestsSince: number
  readonly studiesWithheld: number
  readonly studiesInConflict: number
  readonly studiesCollecting: number
  readonly targets: readonly TargetFigures[]
}

/** Of a series, what a page shows of it first: values as they were sent. */
export interface FirstInstance {
  readonly sopInstanceUid: Uid
  readonly sopClassUid: Uid
  readonly numberOfFrames?: string
  readonly rows?: string
  readonly columns?: string
}

export interface StatusCatalog {
  standingsOf(studyInstanceUids: readonly Uid[], levels: LevelSet): Promise<ReadonlyMap<string, Standing>>
  /** The first instance of each series in the order of a query, of those that the caller may see; no manifests of our own.
   *  @returns by Series Instance UID */
  firstInstancesOf(studyInstanceUid: Uid, levels: LevelSet): Promise<ReadonlyMap<string, FirstInstance>>
  /** Newest first. */
  deliveries(wanted: DeliveriesWanted, pageSize: number, after?: string): Promise<Page<ListedDelivery>>
  findDelivery(id: number): Promise<ListedDelivery | undefined>
  /** A delivery that waits or was given up is tried next. @returns whether there is such a one */
  retryDelivery(id: number, at: number): Promise<boolean>
  /** Each of these targets is given the manifest, again where it has it, and the history says so, in one transaction.
   *  @returns false where it is not in force */
  deliverAgain(manifestUid: Uid, targets: readonly string[], asked: { readonly at: number; readonly actor: string }): Promise<boolean>
  /** @param since  of manifests that are counted apart */
  figures(since: number): Promise<Figures>
  /** What came since then, and the time of the first of it. */
  bytesReceivedSince(at: number): Promise<{ readonly bytes: number; readonly firstAt?: number }>
  /** Whether the catalog answers at all. */
  ping(): Promise<void>
}
