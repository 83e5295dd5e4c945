/** The part of the catalog's contract that says when a study is due: what was noticed of it, and what its procedure steps (MPPS, PS3.4 F.7) say.
 *
 *  Promises: what is due can be told from rows alone; the end of an association is a hint that a power failure may take. A step that was answered
 *  with success is durable. Does not: keep a step's data set, or anything of a patient: a step is no instance that a manifest refers to, and is lost
 *  with the catalog, where quiet time then rules.
 *  Times are milliseconds since 1970 UTC. */
import type { Uid } from '../dicom/uid.ts'

/** How long each signal takes, in seconds. */
export interface DueRules {
  readonly quietSeconds: number
  readonly associationEndSeconds: number
  readonly maxWaitSeconds: number
  readonly mppsMaxWaitSeconds: number
}

/** What steps say of a study. `ended`: what they refer to is waited for. */
export type StepsSay = 'nothing' | 'ended' | 'in progress'

/** A study with changes that no manifest has dealt with. */
export interface PendingStudy {
  readonly studyInstanceUid: Uid
  readonly revision: number
  readonly manifestRevision: number
  readonly lastReceivedAt: number
  /** The first of those changes. */
  readonly pendingSince: number
  /** Nothing has come since, and no association that brought something of it is open. */
  readonly associationEndedAt?: number
  /** Since then a manifest in force says what is not so any more (a rejection, a lost file, another confidentiality level). */
  readonly urgentAt?: number
  readonly steps: StepsSay
  /** When a step that says something was last heard of. */
  readonly stepsHeardAt: number
  /** Of steps that have ended: whether all they refer to is here. */
  readonly isComplete: boolean
}

export type DueSignal = 'urgent' | 'quiet' | 'association end' | 'steps complete' | 'maximum wait'

export interface Due {
  readonly at: number
  readonly signal: DueSignal
  /** Steps held the study back, in vain. */
  readonly stepsSilent: boolean
}

export interface DueStudy extends PendingStudy {
  readonly due: Due
}

export type StepState = 'IN PROGRESS' | 'COMPLETED' | 'DISCONTINUED'

/** A procedure step, as far as the next message about it has to know. */
export interface Step {
  readonly state: StepState
  readonly hasEndDate: boolean
  readonly hasEndTime: boolean
  /** Items of its Performed Series Sequence. */
  readonly series: number
}

export interface PerformedSeries {
  readonly seriesInstanceUid: Uid
  readonly sopInstanceUids: readonly Uid[]
}

export interface StepChange {
  readonly state: StepState
  readonly at: number
  readonly hasEndDate: boolean
  readonly hasEndTime: boolean
  /** Takes the place of what it had; absent: it stays. */
  readonly series?: readonly PerformedSeries[]
  /** Whether the end of this step makes its studies due when all it refers to is here. */
  readonly isAwaited: boolean
}

/** What the steps of a study have announced, and what of it is here. */
export interface StepsProgress {
  readonly states: readonly {
    readonly sopInstanceUid: Uid
    readonly state: StepState
    readonly isAwaited: boolean
    /** Calling AE title that began it. */
    readonly source: string
    readonly beganAt: number
  }[]
  readonly series: number
  readonly seriesHere: number
  readonly instances: number
  readonly instancesHere: number
  /** Some that are missing, 20 at most. */
  readonly missing: readonly Uid[]
}

export interface DueCatalog {
  /** Studies with unhandled changes, first due first; conflicts left out. Those with `due.at <= now` are due; of the others the first ones only are sure to be here. */
  studiesPending(rules: DueRules, now: number, limit: number): Promise<readonly DueStudy[]>
  /** All of them, in the order of their last arrival. */
  studiesWaiting(pageSize: number, after?: string): Promise<{ readonly items: readonly PendingStudy[]; readonly next?: string }>
  /** That study, where it has such changes. */
  pendingStudy(studyInstanceUid: Uid): Promise<PendingStudy | undefined>
  /** The last association that brought something of these studies has ended. */
  associationEnded(studyInstanceUids: readonly Uid[], at: number): Promise<void>
  findStep(sopInstanceUid: Uid): Promise<Step | undefined>
  /** A step that begins. Steps not heard of for 90 days are forgotten meanwhile. @returns false where it is here already */
  addStep(
    step: { readonly sopInstanceUid: Uid; readonly source: string; readonly studyInstanceUids: readonly Uid[] } & Omit<StepChange, 'state'>,
  ): Promise<boolean>
  /** @returns false where there is no such step, or it has ended: nothing is changed then */
  changeStep(sopInstanceUid: Uid, change: StepChange): Promise<boolean>
  stepsOf(studyInstanceUid: Uid): Promise<StepsProgress>
}
