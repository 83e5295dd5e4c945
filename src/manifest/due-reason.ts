/** Why a study is due, or what it waits for, in words: for the record of its manifest, for `ariane manifest waiting`, for the log.
 *
 *  Does not: decide (catalog/when-due.ts), or say anything of a patient. */
import type { DueRules, DueStudy, StepsProgress } from '../catalog/contract-due.ts'
import { log } from '../log.ts'

/** @param progress  of a study whose steps say something */
export function dueReason({ due, steps }: DueStudy, rules: DueRules, progress: StepsProgress | undefined): string {
  const { quietSeconds, associationEndSeconds, maxWaitSeconds, mppsMaxWaitSeconds } = rules
  const told = progress === undefined ? '' : `; ${stepsInWords(progress)}`
  switch (due.signal) {
    case 'urgent':
      return 'at once'
    case 'steps complete':
      return progress === undefined ? 'MPPS completed' : stepsInWords(progress)
    case 'maximum wait':
      return `${maxWaitSeconds} s after its first change, at the latest${told}`
    default: {
      const arrival = due.signal === 'quiet' ? `quiet for ${quietSeconds} s` : `association ended, nothing for ${associationEndSeconds} s`
      if (!due.stepsSilent) return arrival
      return `${arrival}${told}, ${steps === 'ended' ? 'the rest did not come' : 'no more heard of it'} within ${mppsMaxWaitSeconds} s`
    }
  }
}

/** "MPPS completed: 3 of 3 series, 212 of 212 instances" */
function stepsInWords(progress: StepsProgress): string {
  if (progress.states.some(({ state }) => state === 'IN PROGRESS')) return 'MPPS in progress'
  const { series, seriesHere, instances, instancesHere } = progress
  const isCompleted = progress.states.some(({ state, isAwaited }) => isAwaited && state === 'COMPLETED')
  const state = isCompleted ? 'completed' : 'discontinued'
  return `MPPS ${state}: ${seriesHere} of ${series} series, ${instancesHere} of ${instances} instances`
}

/** " (CT1 since 2026-01-31 23:59:59 UTC)", of those in progress the first. */
function whose({ states }: StepsProgress): string {
  const [first] = states.filter(({ state }) => state === 'IN PROGRESS').sort((a, b) => a.beganAt - b.beganAt)
  if (first === undefined) return ''
  return ` (${first.source} since ${new Date(first.beganAt).toISOString().slice(0, 19).replace('T', ' ')} UTC)`
}

/** What a step that has ended announced, and what the manifest cannot refer to. */
export function tellWhatIsMissing({ studyInstanceUid, steps }: DueStudy, progress: StepsProgress): void {
  const missing = progress.instances - progress.instancesHere
  if (steps !== 'ended' || missing === 0) return
  log.warn('manifest made without instances that the procedure step refers to: they have not come', {
    StudyInstanceUID: studyInstanceUid,
    missing,
    announced: progress.instances,
    SOPInstanceUIDs: progress.missing,
  })
}

/** What a study that is not due yet waits for. */
export function waitsFor(study: DueStudy, now: number, progress: StepsProgress | undefined): string {
  const { due } = study
  if (due.at <= now) return `due since ${duration(now - due.at)}: its manifest is made next, or the log says why not`
  const left = duration(due.at - now)
  const steps = progress === undefined ? '' : `${stepsInWords(progress)}${whose(progress)}`
  if (due.stepsSilent) return `${steps}; ${study.steps === 'ended' ? 'the rest' : 'its end'} is waited for, ${left} more at the most`
  if (due.signal === 'maximum wait') return `the longest time after its first change: ${left} more${steps === '' ? '' : `; ${steps}`}`
  return due.signal === 'quiet' ? `quiet time: ${left} more` : `quiet after the end of its association: ${left} more`
}

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
]

/** Two units at the most: "1 h 40 min", "34 s". */
function duration(ms: number): string {
  let rest = Math.max(0, Math.ceil(ms / 1000))
  const parts: string[] = []
  for (const [seconds, name] of UNITS) {
    const count = Math.floor(rest / seconds)
    rest -= count * seconds
    if (count > 0) parts.push(`${count} ${name}`)
  }
  return parts.slice(0, 2).join(' ') || '0 s'
}
