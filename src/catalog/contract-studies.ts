/** What the catalog tells of studies and patients to those who make manifests and decide (contract.ts). */
import type { Confidentiality, LevelSet } from '../dicom/confidentiality.ts'
import type { IndexKeys } from '../dicom/index-attributes.ts'
import type { Uid } from '../dicom/uid.ts'

/** A study as the manifest stage sees it. */
export interface StudyState {
  readonly studyInstanceUid: Uid
  /** Rises by one with every change of what the study holds (instance kept, replaced, forgotten, identity resolved, file of the manifest in force lost). */
  readonly revision: number
  /** Why no manifest is made of it until somebody asks for one; absent where one is made. */
  readonly withheld?: string
  /** A manifest in force says what is not so any more (a rejection, a lost file, another confidentiality level). */
  readonly isUrgent: boolean
  /** The first change that no manifest has dealt with; absent where there is none. */
  readonly pendingSince?: number
  /** The revision that the manifest stage has dealt with; less than `revision` means there is work. */
  readonly manifestRevision: number
  readonly lastReceivedAt: number
  /** More than one patient identity under this Study Instance UID: no manifest until resolved. */
  readonly inConflict: boolean
  /** Patient and study values that are in force (first received, or as resolved). */
  readonly keys: IndexKeys
}

/** One identity seen under a Study Instance UID. */
export interface StudyIdentity {
  /** Number to name it by in `ariane study resolve`. */
  readonly number: number
  readonly patientId: string
  readonly issuerOfPatientId: string
  readonly patientName: string
  readonly patientBirthDate: string
  readonly patientSex: string
  /** What decisions name it by. */
  readonly keys: IndexKeys
  readonly instances: number
  readonly inForce: boolean
  /** The lowest level of the instances that brought it. */
  readonly level: LevelSet
}

/** A series with the values the evidence needs, in manifest order (series number, then UID). */
export interface EvidenceSeries {
  readonly seriesInstanceUid: Uid
  readonly keys: IndexKeys
  /** Timezone Offset From UTC (0008,0201) of its first instance, as that says it. */
  readonly timezoneOffset?: string
  /** In manifest order: instance number, then UID. */
  readonly instances: readonly EvidenceInstance[]
}

/** What the instances of one confidentiality level say of their study. */
export interface LevelValues {
  /** Of patient and study. */
  readonly keys: IndexKeys
  /** Of series that say it otherwise than {@link EvidenceSeries.keys}. */
  readonly series: ReadonlyMap<Uid, IndexKeys>
}

export interface EvidenceInstance {
  readonly sopInstanceUid: Uid
  readonly sopClassUid: Uid
  readonly instanceNumber?: string
  readonly confidentiality: Confidentiality
  readonly numberOfFrames?: string
  /** Of a Key Object Selection: its Concept Name Code Sequence, as items in DICOM JSON. */
  readonly documentTitle?: string
}

/** A patient, and what there is of them. */
export interface PatientSummary {
  /** What decisions name them by. */
  readonly patientKey: string
  readonly issuer: string
  readonly universalId: string
  readonly keys: IndexKeys
  readonly studies: number
  readonly instances: number
  readonly manifestsInForce: number
}
