/** What the catalog offers to whoever deletes: instances are hidden first, removed once no manifest in force refers to them, and their files are
 *  remembered until they are gone. Each step can be taken again.
 *
 *  Promises: one deletion of a study at a time. Rows go, and the names of their files are noted, in one transaction: a file that no row names any more
 *  is either noted here or gone. What arrives after a deletion has begun is not concerned by it, whatever its SOP Instance UID.
 *  Does not: touch files, revise manifests. */
import type { ManifestRecord, Page, StorageKey, Uid } from './contract.ts'

export interface Deletion {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly actor: string
  readonly studyInstanceUid: Uid
  /** One series of it; the whole study where absent. */
  readonly seriesInstanceUid?: Uid
  /** For the history, and for the manifests that are withdrawn: "deleted by operator", "retention rule NAME". */
  readonly reason: string
  /** Goes on although manifests in force refer to what is deleted: they are revised or withdrawn. */
  readonly withdraw: boolean
}

/** A deletion that is not finished. */
export interface DeletionUnderWay extends Deletion {
  /** Instances that it concerns: how many are hidden so far. */
  readonly hidden: number
  /** Rows removed so far, and the size of their files in bytes. */
  readonly instances: number
  readonly bytes: number
}

export type DeletionBegun =
  | { readonly kind: 'begun' }
  /** The study has one that is not finished; it is to be finished first. */
  | { readonly kind: 'another is under way'; readonly other: DeletionUnderWay }
  /** Manifests in force refer to it, and it is not to withdraw any. */
  | { readonly kind: 'locked'; readonly by: readonly ManifestRecord[] }
  /** No instance here that it could concern, or the study has gained one meanwhile. */
  | { readonly kind: 'nothing to delete' }

export interface DeletionLimits {
  /** Only where the last instance of the study came before it; otherwise nothing is to be deleted. */
  readonly lastReceivedBefore?: number
  /** Only instances that came at or before it: for a deletion that is begun again after the loss of the catalog. */
  readonly receivedUntil?: number
}

/** A study as a rule about retention sees it. */
export interface AgedStudy {
  readonly studyInstanceUid: Uid
  readonly lastReceivedAt: number
}

export interface Deletions {
  beginDeletion(deletion: Deletion, limits?: DeletionLimits): Promise<DeletionBegun>
  /** Hides some of the instances that it concerns, for everybody. At the end the revision of the study rises, so that its manifests are revised.
   *  @param after  what the call before has returned
   *  @returns undefined where all are hidden */
  hideDeleted(id: string, after?: string): Promise<string | undefined>
  /** Whether no manifest in force can refer to what is hidden: the manifest stage has dealt with the study since. */
  isDeletionSettled(id: string): Promise<boolean>
  /** Removes the rows of some instances that are hidden and settled, with what becomes empty above them.
   *  @returns how many; 0 where none is left */
  removeDeleted(id: string): Promise<number>
  /** Its end, told in the history of the study. @returns what it has removed; undefined where somebody else has ended it */
  endDeletion(id: string): Promise<DeletionUnderWay | undefined>
  findDeletion(id: string): Promise<DeletionUnderWay | undefined>
  /** Those that are not finished, oldest first. */
  deletionsUnderWay(): Promise<readonly DeletionUnderWay[]>

  /** Files whose rows are removed. */
  filesToRemove(limit: number): Promise<readonly StorageKey[]>
  isToBeRemoved(key: StorageKey): Promise<boolean>
  /** They are gone. */
  filesRemoved(keys: readonly StorageKey[]): Promise<void>

  /** Studies with instances, the last of which came before that time. */
  agedStudies(lastReceivedBefore: number, after?: string): Promise<Page<AgedStudy>>
  /** Modality of each series, and who has sent instances, of what is not ours. */
  originsOf(studyInstanceUid: Uid): Promise<{ readonly modalities: readonly string[]; readonly sources: readonly string[] }>

  /** Something that the catalog cannot see has changed what the manifests of a study have to say: it is due at once.
   *  @returns whether there is such a study */
  reviseStudy(studyInstanceUid: Uid, reason: string, actor: string): Promise<boolean>
}
