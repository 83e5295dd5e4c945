/** When a study is due, and by which signal. Pure; the only place where the signals meet.
 *
 *  Rules: at once where a manifest in force says what is not so any more; else quiet time or, if earlier, the end of its associations and a short time; a step in progress, or ended with something missing, holds the
 *  study back until it has not been heard of for `mppsMaxWaitSeconds`; ended and all here makes it due at once; none of this longer than
 *  `maxWaitSeconds` after the first change. Times in milliseconds since 1970. */
import type { Due, DueRules, PendingStudy } from './contract-due.ts'

export function whenDue(study: PendingStudy, rules: DueRules): Due {
  if (study.urgentAt !== undefined) return { at: study.urgentAt, signal: 'urgent', stepsSilent: false }
  const due = bySignals(study, rules)
  const latest = study.pendingSince + rules.maxWaitSeconds * 1000
  return due.at <= latest ? due : { at: latest, signal: 'maximum wait', stepsSilent: false }
}

function bySignals(study: PendingStudy, rules: DueRules): Due {
  const arrival = byArrival(study, rules)
  if (study.steps === 'nothing') return arrival
  const { lastReceivedAt, stepsHeardAt } = study
  if (study.steps === 'ended' && study.isComplete) {
    return { at: Math.max(lastReceivedAt, stepsHeardAt), signal: 'steps complete', stepsSilent: false }
  }
  return { ...arrival, at: Math.max(arrival.at, stepsHeardAt + rules.mppsMaxWaitSeconds * 1000), stepsSilent: true }
}

function byArrival({ lastReceivedAt, associationEndedAt }: PendingStudy, rules: DueRules): Due {
  const quietAt = lastReceivedAt + rules.quietSeconds * 1000
  const endAt = associationEndedAt === undefined ? Number.POSITIVE_INFINITY : associationEndedAt + rules.associationEndSeconds * 1000
  return endAt < quietAt
    ? { at: endAt, signal: 'association end', stepsSilent: false }
    : { at: quietAt, signal: 'quiet', stepsSilent: false }
}
