/** What a study waits for that has no manifest for what it holds now: for `ariane manifest waiting`, and for the page. */
import type { Catalog } from '../catalog/contract.ts'
import type { DueRules, PendingStudy, StepsProgress } from '../catalog/contract-due.ts'
import { whenDue } from '../catalog/when-due.ts'
import { waitsFor } from './due-reason.ts'

export interface WaitingStudy {
  /** Milliseconds since 1970. */
  readonly dueAt: number
  /** In words. */
  readonly waitsFor: string
  /** Its procedure steps, where they say something. */
  readonly steps?: StepsProgress['states']
}

export async function waitingStudy(catalog: Catalog, study: PendingStudy, rules: DueRules, now: number): Promise<WaitingStudy> {
  const due = whenDue(study, rules)
  const progress = study.steps === 'nothing' ? undefined : await catalog.stepsOf(study.studyInstanceUid)
  return { dueAt: due.at, waitsFor: waitsFor({ ...study, due }, now, progress), steps: progress?.states }
}
