/** The part of the catalog's contract that is about manifests: their records, what became of them and why, decisions of operators, deliveries.
 *  Times are milliseconds since 1970 UTC. */
import type { Confidentiality } from '../dicom/confidentiality.ts'
import type { IndexKeys, IndexKeyword } from '../dicom/index-attributes.ts'
import type { Uid } from '../dicom/uid.ts'
import type { InstanceFacts, Rejection } from './contract.ts'

export type ManifestState = 'in force' | 'superseded' | 'withdrawn'

export interface ManifestRecord {
  readonly sopInstanceUid: Uid
  readonly studyInstanceUid: Uid
  /** Of everything that it refers to. With study and dialect it names the chain of versions that this is one of. */
  readonly confidentiality: Confidentiality
  /** In which form it says it: `xds-i`, `mado`, `drimbox`. */
  readonly dialect: string
  readonly seriesInstanceUid: Uid
  /** 1, 2, 3 … = Instance Number. */
  readonly version: number
  /** Digest over what the manifest says, without its UID, number and times: equal digest, no new version. */
  readonly contentDigest: string
  /** Whose it is (manifest/patient-key.ts); absent where an earlier release made it. */
  readonly patientKey?: string
  readonly state: ManifestState
  readonly supersededBy?: Uid
  readonly instanceCount: number
  readonly createdAt: number
  /** Why it was made, in words: "quiet for 60 s", "asked by operator". */
  readonly reason: string
}

/** The record of a manifest as its own file tells it. */
export interface RestoredManifest extends Omit<ManifestRecord, 'state' | 'supersededBy'> {
  /** Whose study the manifest says it is; values as it has them, made fit for their VR. */
  readonly patient?: IndexKeys
}

/** States of the manifest of a study (PS3.3 C.17.6; IHE RAD TF-2 4.68.4.1.2.1): `collecting`, `changed` (by something else than an
 *  instance that arrived), `due`, `withheld` and `allowed` and `deleted` (instances of it) are of the study, the others of one manifest. */
export type HistoryState =
  | 'collecting'
  | 'changed'
  | 'due'
  | 'in force'
  | 'superseded'
  | 'withdrawn'
  | 'withheld'
  | 'allowed'
  | 'deleted'
  | 'published again'

/** One transition. */
export interface HistoryEntry {
  readonly studyInstanceUid: Uid
  readonly confidentiality?: Confidentiality
  readonly dialect?: string
  readonly at: number
  readonly state: HistoryState
  readonly manifestUid?: Uid
  /** In words: "quiet for 60 s", "rejection note 113037". */
  readonly reason: string
  /** `ariane`, the account of an operator, or a calling AE title. */
  readonly actor: string
}

/** What the manifest stage has done with a revision of a study, in the order in which it happened. */
export type ManifestChange =
  /** A new version; the one in force of its chain is superseded, or withdrawn where it was another patient's. */
  | {
      readonly kind: 'made'
      readonly facts: InstanceFacts
      readonly record: ManifestRecord
      readonly targets: readonly string[]
      /** Targets that are not given it: those that have a former version are told that it holds no longer. */
      readonly others?: readonly string[]
      readonly actor: string
    }
  /** The one in force is taken back without another in its place. */
  | {
      readonly kind: 'withdrawn'
      readonly manifestUid: Uid
      readonly at: number
      readonly reason: string
      readonly actor: string
    }
  /** Something that is told and changes no manifest: why it was due, or why it was withheld. */
  | { readonly kind: 'told'; readonly entry: HistoryEntry }

/** What no file can tell after the loss of the catalog (storage/decisions.ts): mostly what an operator decides. */
export type DecisionBody =
  /** An instance that was rejected for the end of its retention was sent again: these notes do not concern it any more. */
  | { readonly kind: 'rejection lifted'; readonly studyInstanceUid: Uid; readonly sopInstanceUid: Uid; readonly noteUids: readonly Uid[] }
  /** What a rejection note said that took effect: its file can be lost, its effect must not be. */
  | {
      readonly kind: 'instances rejected'
      readonly studyInstanceUid: Uid
      readonly noteUid: Uid
      readonly code: Rejection['code']
      readonly sopInstanceUids: readonly Uid[]
    }
  /** Every instance of the study, or of one series of it, has this level, those that are still to come too. Without a level the rules say it again
   *  for what is to come; what is here keeps the one it has. */
  | {
      readonly kind: 'confidentiality decided'
      readonly studyInstanceUid: Uid
      readonly seriesInstanceUid?: Uid
      readonly level?: Confidentiality
      /** Told at a replay: when it was cleared again. It holds for what came before that. */
      readonly until?: number
    }
  /** Its manifests are taken back, and none is made until it is allowed again. */
  | { readonly kind: 'manifest withheld'; readonly studyInstanceUid: Uid; readonly reason: string }
  | { readonly kind: 'manifest allowed'; readonly studyInstanceUid: Uid }
  /** Of the identities that have come under one Study Instance UID this one is right; what comes under one that was not among them is another question. */
  | {
      readonly kind: 'identity chosen'
      readonly studyInstanceUid: Uid
      readonly patient: IndexKeys
      readonly others: readonly IndexKeys[]
    }
  /** These values are right. `former` are those that were wrong, as instances may still bring them. */
  | {
      readonly kind: 'patient updated'
      readonly patientKey: string
      readonly values: IndexKeys
      readonly former: Partial<Record<IndexKeyword, readonly string[]>>
    }
  /** Two records of one patient; `values` are those of the one that stays. */
  | { readonly kind: 'patients merged'; readonly fromKey: string; readonly intoKey: string; readonly values: IndexKeys }
  | { readonly kind: 'study updated'; readonly studyInstanceUid: Uid; readonly values: IndexKeys }

export type Decision = { readonly id: string; readonly at: number; readonly actor: string } & DecisionBody

export type DeliveryState = 'waiting' | 'done' | 'failed'

export interface Delivery {
  readonly id: number
  readonly target: string
  readonly manifestUid: Uid
  /** `withdraw`: the target is told that the manifest is not in force any more and has no successor. */
  readonly action: 'publish' | 'withdraw'
  readonly state: DeliveryState
  readonly attempts: number
  readonly nextAttemptAt: number
  readonly lastError?: string
}
