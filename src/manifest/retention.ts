/** Retention: studies that rules say are to go, as a whole, so many days after their last instance.
 *
 *  Promises: never anything without a rule. Of the rules whose modality and sender fit a study, the first one decides. Deleted in the one way that
 *  there is (delete-instances.ts): manifests are withdrawn before, "retention rule NAME". A study that gains an instance meanwhile, or is sent again,
 *  is not old any more. One that cannot be deleted holds up no other. One at a time; waits while instances arrive.
 *  Does not: look at what the study is about, or at the room on the disk. Ages by the time of reception. */
import type { AgedStudy } from '../catalog/contract.ts'
import type { Config } from '../config/settings.ts'
import { log } from '../log.ts'
import { againAndAgain, type Repeated } from './again-and-again.ts'
import { Courtesy } from './courtesy.ts'
import { type DeletionParts, deleteInstances, resumeDeletions } from './delete-instances.ts'

export type RetentionRule = Config['retention']['rules'][number]

const DAY_MS = 86_400_000
/** Series that come with those of other modalities: reports, key objects, presentation states, documents. */
const COMPANIONS: ReadonlySet<string> = new Set(['SR', 'KO', 'PR', 'DOC'])

export interface OutOfTime extends AgedStudy {
  readonly rule: RetentionRule
}

export interface RetentionCounts {
  studies: number
  instances: number
  bytes: number
  withdrawn: number
  failed: number
}

/** Studies that the rules would delete now. */
export async function* outOfTime(
  parts: Pick<DeletionParts, 'catalog' | 'now'>,
  rules: readonly RetentionRule[],
): AsyncGenerator<OutOfTime> {
  if (rules.length === 0) return
  const now = parts.now()
  const shortest = Math.min(...rules.map((rule) => rule.olderThanDays))
  let after: string | undefined
  do {
    const page = await parts.catalog.agedStudies(now - shortest * DAY_MS, after)
    for (const study of page.items) {
      const rule = await ruleFor(parts, rules, study)
      if (rule !== undefined && study.lastReceivedAt < now - rule.olderThanDays * DAY_MS) yield { ...study, rule }
    }
    after = page.next
  } while (after !== undefined)
}

async function ruleFor({ catalog }: Pick<DeletionParts, 'catalog'>, rules: readonly RetentionRule[], { studyInstanceUid }: AgedStudy) {
  const { modalities, sources } = await catalog.originsOf(studyInstanceUid)
  const main = modalities.filter((modality) => !COMPANIONS.has(modality))
  const fits = (wanted: string | undefined, all: readonly string[]): boolean =>
    wanted === undefined || (all.length > 0 && all.every((one) => one === wanted))
  return rules.find(({ modality, sender }) => {
    const of = modality !== undefined && COMPANIONS.has(modality) ? modalities : main
    return fits(modality, of) && fits(sender, sources)
  })
}

/** @param told  called for each study that is deleted */
export async function runRetention(
  parts: DeletionParts,
  rules: readonly RetentionRule[],
  actor: string,
  told?: (study: OutOfTime, deleted: { readonly instances: number; readonly bytes: number }) => void,
): Promise<RetentionCounts> {
  const counts: RetentionCounts = { studies: 0, instances: 0, bytes: 0, withdrawn: 0, failed: 0 }
  await resumeDeletions(parts)
  for await (const study of outOfTime(parts, rules)) {
    if (parts.isStopped?.() === true) break
    await deleteOne(parts, study, actor, counts, told)
    await parts.rest?.()
  }
  if (counts.studies + counts.failed > 0) log.warn('retention rules applied', { ...counts })
  return counts
}

async function deleteOne(
  parts: DeletionParts,
  study: OutOfTime,
  actor: string,
  counts: RetentionCounts,
  told: Parameters<typeof runRetention>[3],
): Promise<void> {
  const { studyInstanceUid, rule } = study
  const lastReceivedBefore = parts.now() - rule.olderThanDays * DAY_MS
  const what = { studyInstanceUid, reason: `retention rule ${rule.name}`, actor, withdraw: true, lastReceivedBefore }
  try {
    const outcome = await deleteInstances(parts, what)
    if (outcome.kind !== 'deleted') return
    counts.studies++
    counts.instances += outcome.instances
    counts.bytes += outcome.bytes
    counts.withdrawn += outcome.withdrawn.length
    told?.(study, outcome)
  } catch (error) {
    counts.failed++
    log.error('a study cannot be deleted by its retention rule; tried again with the next run', {
      StudyInstanceUID: studyInstanceUid,
      rule: rule.name,
      error,
    })
  }
}

export interface RetentionWorkerParts extends Omit<DeletionParts, 'rest' | 'isStopped' | 'progress'> {
  readonly rules: () => { readonly rules: readonly RetentionRule[]; readonly hour: number; readonly timezone: string }
  readonly arrivals: () => number
  /** Called behind each run: deliveries may wait. */
  readonly done: () => void
  /** How often it looks at the clock; default: each minute. */
  readonly lookMs?: number
}

/** Noted in the catalog: the day of the last run, so that a restart does not make it run again. */
const LAST_DAY = 'retention.day'
const LOOK_MS = 60_000

/** Takes up at once what was left of deletions; then runs daily, in its hour. */
export function startRetentionWorker(parts: RetentionWorkerParts): Repeated {
  let isFirst = true
  const looks = { firstAfterMs: 0, everyMs: parts.lookMs ?? LOOK_MS, failed: 'retention cannot be seen to; tried again' }
  return againAndAgain(looks, async (signal) => {
    const courtesy = new Courtesy({ arrivals: parts.arrivals, signal })
    const work: DeletionParts = { ...parts, rest: () => courtesy.rest(), isStopped: () => signal.aborted }
    const takesUp = isFirst
    isFirst = false
    await (takesUp ? resumeDeletions(work) : runIfDue(parts, work))
    parts.done()
  })
}

async function runIfDue(parts: RetentionWorkerParts, work: DeletionParts): Promise<void> {
  const { rules, hour, timezone } = parts.rules()
  const now = dayAndHour(parts.now(), timezone)
  if (now.hour !== hour || (await parts.catalog.noted(LAST_DAY)) === now.day) return
  await parts.catalog.note(LAST_DAY, now.day)
  await runRetention(work, rules, 'ariane')
}

/** @param timezone  IANA name */
export function dayAndHour(at: number, timezone: string): { readonly day: string; readonly hour: number } {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: timezone, dateStyle: 'short', timeStyle: 'short', hourCycle: 'h23' })
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
  return { day: `${part.year}-${part.month}-${part.day}`, hour: Number(part.hour) }
}
