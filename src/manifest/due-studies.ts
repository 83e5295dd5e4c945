/** The manifest stage: builds the manifest of every study that is due (catalog/when-due.ts says when), with the reason (due-reason.ts).
 *
 *  Promises: studies are handled one after the other, oldest first; one that fails is tried again later and holds up no other; the worker
 *  itself never stops before {@link ManifestWorker.stop}. What is due is read from the catalog alone, so that a restart loses nothing.
 *  Sleeps until the next study can fall due; never longer than {@link LONGEST_SLEEP_MS}, for another process may have changed the
 *  catalog, or somebody the clock. While instances arrive it takes a part of the time only.
 *  Does not: build twice at once. Times in milliseconds since 1970. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ManifestRecord } from '../catalog/contract.ts'
import type { DueRules, DueStudy } from '../catalog/contract-due.ts'
import type { Uid } from '../dicom/uid.ts'
import { log } from '../log.ts'
import { buildManifest, type ManifestParts } from './build-manifest.ts'
import { dueReason, tellWhatIsMissing } from './due-reason.ts'

export interface ManifestWorkerParts extends ManifestParts {
  /** As they are now. */
  readonly rules: () => DueRules
  /** Called after a manifest was made: saves the next stage some delay. */
  readonly made?: (record: ManifestRecord) => void
}

export interface ManifestWorker {
  /** When it last looked for work, or finished some: milliseconds since 1970. */
  readonly aliveAt: number
  /** A study has changed: look again when it may be due. Cheap, callable for every instance. */
  nudge(): void
  /** A procedure step has begun, changed or ended. */
  stepsChanged(): void
  /** A manifest in force says what is not so any more. */
  lookNow(): void
  /** An association that brought something has ended. */
  associationEnded(): void
  /** Lets the study in work be finished, then ends. */
  stop(): Promise<void>
}

const LONGEST_SLEEP_MS = 15_000
const SHORTEST_SLEEP_MS = 20
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 10 * 60_000
/** While instances arrive, so many times as long as a study took is left to them before the next one: many studies that fall due at once must not hold
 *  up the modalities. Its delivery, which follows by itself, costs as much again. */
const REST_FACTOR = 10
const LONGEST_REST_MS = 1_000
/** While steps are heard of, how often arrivals make us look whether one of them is complete. */
const STEP_LOOK_MS = 1_000

interface Failing {
  readonly attempts: number
  readonly notBefore: number
}

export function startManifestWorker(parts: ManifestWorkerParts): ManifestWorker {
  const worker = new DueStudies(parts)
  worker.wakeAt(parts.now())
  return worker
}

class DueStudies implements ManifestWorker {
  readonly #parts: ManifestWorkerParts
  readonly #failing = new Map<Uid, Failing>()
  #timer: NodeJS.Timeout | undefined
  #wakesAt = Number.POSITIVE_INFINITY
  #passing: Promise<void> | undefined
  readonly #stop = new AbortController()
  /** Nudges: instances that have arrived, and reloads. */
  #arrivals = 0
  /** Until then a step may be waiting for instances. After a start nobody knows. */
  #awaitsUntil: number
  aliveAt: number

  constructor(parts: ManifestWorkerParts) {
    this.#parts = parts
    this.aliveAt = parts.now()
    this.#awaitsUntil = parts.now() + this.#afterSteps()
  }

  nudge(): void {
    this.#arrivals++
    const now = this.#parts.now()
    const quietMs = this.#parts.rules().quietSeconds * 1000
    this.wakeAt(now + (now < this.#awaitsUntil ? Math.min(quietMs, STEP_LOOK_MS) : quietMs))
  }

  lookNow(): void {
    this.wakeAt(this.#parts.now())
  }

  stepsChanged(): void {
    const now = this.#parts.now()
    this.#awaitsUntil = now + this.#afterSteps()
    this.wakeAt(now)
  }

  associationEnded(): void {
    this.wakeAt(this.#parts.now() + this.#parts.rules().associationEndSeconds * 1000)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await this.#passing
  }

  /** Sets the one timer, unless it rings before that anyway. */
  wakeAt(at: number): void {
    if (this.#stop.signal.aborted || this.#wakesAt <= at) return
    clearTimeout(this.#timer)
    this.#wakesAt = at
    const sleepMs = Math.min(LONGEST_SLEEP_MS, Math.max(SHORTEST_SLEEP_MS, at - this.#parts.now()))
    this.#timer = setTimeout(() => this.#ring(), sleepMs)
  }

  #ring(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY
    if (this.#passing !== undefined) return
    this.#passing = this.#pass()
      .catch((error: unknown) => {
        log.error('studies that are due cannot be read', { error })
        return this.#parts.now() + FIRST_RETRY_MS * 5
      })
      .then((next) => {
        this.#passing = undefined
        this.wakeAt(next)
      })
  }

  #afterSteps(): number {
    return this.#parts.rules().mppsMaxWaitSeconds * 1000
  }

  /** Handles everything that is due. @returns when to look again */
  async #pass(): Promise<number> {
    const { catalog, now } = this.#parts
    for (;;) {
      this.aliveAt = now()
      if (this.#stop.signal.aborted) return Number.POSITIVE_INFINITY
      // One at a time: those behind it may gain instances meanwhile, and are not quiet any more.
      const pending = await catalog.studiesPending(this.#parts.rules(), now(), 1 + this.#failing.size)
      const study = pending.find((one) => this.#momentOf(one) <= now())
      if (study === undefined) return this.#nextLook()
      await this.#withRest(() => this.#handle(study))
    }
  }

  /** Rests behind it where instances have arrived meanwhile. */
  async #withRest(work: () => Promise<void>): Promise<void> {
    const before = this.#arrivals
    const began = performance.now()
    await work()
    if (this.#arrivals === before) return
    const restMs = Math.min(LONGEST_REST_MS, REST_FACTOR * (performance.now() - began))
    await sleep(restMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }

  /** The earliest moment at which a study can be due, or be tried again. */
  async #nextLook(): Promise<number> {
    const limit = this.#failing.size + 1
    const pending = await this.#parts.catalog.studiesPending(this.#parts.rules(), this.#parts.now(), limit)
    const names = new Set(pending.map((study) => study.studyInstanceUid))
    if (pending.length < limit) for (const name of this.#failing.keys()) if (!names.has(name)) this.#failing.delete(name)
    return Math.min(this.#parts.now() + LONGEST_SLEEP_MS, ...pending.map((study) => this.#momentOf(study)))
  }

  #momentOf({ studyInstanceUid, due }: DueStudy): number {
    return Math.max(this.#failing.get(studyInstanceUid)?.notBefore ?? 0, due.at)
  }

  async #handle(study: DueStudy): Promise<void> {
    const { studyInstanceUid } = study
    try {
      const progress = study.steps === 'nothing' ? undefined : await this.#parts.catalog.stepsOf(studyInstanceUid)
      const outcome = await buildManifest(this.#parts, studyInstanceUid, dueReason(study, this.#parts.rules(), progress))
      if (outcome.kind === 'conflict' || outcome.kind === 'unknown study') return this.#postpone(studyInstanceUid)
      this.#failing.delete(studyInstanceUid)
      if (outcome.kind !== 'made') return
      if (progress !== undefined) tellWhatIsMissing(study, progress)
      this.#parts.made?.(outcome.record)
    } catch (error) {
      this.#postpone(studyInstanceUid)
      log.error('manifest could not be made', {
        StudyInstanceUID: studyInstanceUid,
        attempts: this.#failing.get(studyInstanceUid)?.attempts,
        error,
      })
    }
  }

  #postpone(studyInstanceUid: Uid): void {
    const attempts = (this.#failing.get(studyInstanceUid)?.attempts ?? 0) + 1
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 20))
    this.#failing.set(studyInstanceUid, { attempts, notBefore: this.#parts.now() + delayMs })
  }
}
