/** The publish stage: carries every waiting delivery to its target.
 *
 *  Promises: each manifest in force reaches each of its targets, however often it fails on the way: a transient failure is tried again for ever,
 *  at most an hour apart; a permanent one is recorded as failed. What is not in force any more is not delivered. Older manifests go first; one target's trouble does not hold up
 *  another. What waits is read from the catalog alone, so that a restart loses nothing. Delivered twice after a crash at most, which
 *  targets take as once.
 *  Does not: make manifests, or choose targets (the delivery rows name them). Times in milliseconds since 1970. */
import type { Catalog, Delivery, ManifestRecord } from '../catalog/contract.ts'
import type { PublishTarget } from '../config/settings.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import type { Storage } from '../storage/contract.ts'
import { type Formats, inFormatOf } from './formats.ts'
import { isPermanent, retryDelayMs } from './retry-policy.ts'
import { folderTarget } from './targets/folder.ts'
import type { Deliverable, Target } from './targets/target.ts'

export interface PublishParts {
  readonly catalog: Catalog
  readonly storage: Storage
  /** As they are now: they can change while the node runs. */
  readonly targets: () => readonly PublishTarget[]
  /** Who makes other formats of a manifest. */
  readonly formats: Formats
  readonly now: () => number
  /** 0 to 1; default: chance. */
  readonly random?: () => number
}

export interface PublishWorker {
  /** When it last looked for work, or began some: milliseconds since 1970. */
  readonly aliveAt: number
  /** There are new deliveries: look at once. */
  nudge(): void
  /** Lets the deliveries in work be finished, then ends. */
  stop(): Promise<void>
}

/** Another process may have made a manifest (`ariane manifest build`): so soon it is seen. */
const LONGEST_SLEEP_MS = 5_000
const SHORTEST_SLEEP_MS = 20
const AFTER_TROUBLE_MS = 5_000
const BATCH = 100

/** One function for each kind of target. */
const KINDS: Readonly<Record<PublishTarget['kind'], (target: PublishTarget) => Target>> = {
  folder: (target) => folderTarget(target.path),
}

export function startPublishWorker(parts: PublishParts): PublishWorker {
  const worker = new Outbox(parts)
  worker.nudge()
  return worker
}

class Outbox implements PublishWorker {
  readonly #parts: PublishParts
  #timer: NodeJS.Timeout | undefined
  #wakesAt = Number.POSITIVE_INFINITY
  #passing: Promise<void> | undefined
  #again = false
  #stopped = false
  readonly #kept = new WeakMap<PublishTarget, Target>()

  aliveAt: number

  constructor(parts: PublishParts) {
    this.#parts = parts
    this.aliveAt = parts.now()
  }

  nudge(): void {
    if (this.#passing === undefined) this.#wakeAt(this.#parts.now())
    else this.#again = true
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#passing
  }

  /** Sets the one timer, unless it rings before that anyway. */
  #wakeAt(at: number): void {
    if (this.#stopped || this.#wakesAt <= at) return
    clearTimeout(this.#timer)
    this.#wakesAt = at
    const sleepMs = Math.min(LONGEST_SLEEP_MS, Math.max(SHORTEST_SLEEP_MS, at - this.#parts.now()))
    this.#timer = setTimeout(() => this.#ring(), sleepMs)
  }

  #ring(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY
    if (this.#passing !== undefined) return
    this.#again = false
    this.#passing = this.#pass()
      .catch((error: unknown) => {
        log.error('deliveries cannot be read or recorded', { error })
        return this.#parts.now() + AFTER_TROUBLE_MS
      })
      .then((next) => {
        this.#passing = undefined
        this.#wakeAt(this.#again ? this.#parts.now() : next)
      })
  }

  /** Handles everything that is due, target beside target. @returns when to look again */
  async #pass(): Promise<number> {
    const { catalog, now } = this.#parts
    while (!this.#stopped) {
      this.aliveAt = now()
      const due = await catalog.deliveriesDue(now(), BATCH)
      if (due.length === 0) break
      const lanes = Map.groupBy(due, (delivery) => delivery.target)
      await Promise.all([...lanes.values()].map((lane) => this.#lane(lane)))
    }
    return Math.min(now() + LONGEST_SLEEP_MS, (await catalog.earliestDelivery()) ?? Number.POSITIVE_INFINITY)
  }

  /** The deliveries of one target, one after the other. */
  async #lane(deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) {
      if (this.#stopped) return
      this.aliveAt = this.#parts.now()
      await this.#attempt(delivery)
    }
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { catalog, now } = this.#parts
    const { id, target, manifestUid } = delivery
    const attempts = delivery.attempts + 1
    try {
      const target = this.#targetOf(delivery)
      const to = this.#kindOf(target)
      if (delivery.action === 'publish') await to.publish(await inFormatOf(target, await this.#deliverable(delivery), this.#parts.formats))
      else await to.withdraw(await this.#record(delivery))
    } catch (error) {
      return this.#failed(delivery, attempts, error)
    }
    await catalog.settleDelivery(id, { state: 'done', attempts, nextAttemptAt: now() })
    log.info(delivery.action === 'publish' ? 'manifest delivered' : 'withdrawal of a manifest delivered', {
      target,
      SOPInstanceUID: manifestUid,
      attempts,
    })
  }

  #targetOf(delivery: Delivery): PublishTarget {
    const target = this.#parts.targets().find((one) => one.name === delivery.target)
    if (target === undefined) throw new Error('no such target in the configuration')
    return target
  }

  #kindOf(target: PublishTarget): Target {
    const kept = this.#kept.get(target) ?? KINDS[target.kind](target)
    this.#kept.set(target, kept)
    return kept
  }

  async #record({ manifestUid }: Delivery): Promise<ManifestRecord> {
    const record = await this.#parts.catalog.findManifest(manifestUid)
    if (record === undefined) throw new NodeError('INVALID_ARGUMENT', { reason: 'no such manifest', manifestUid })
    return record
  }

  async #deliverable(delivery: Delivery): Promise<Deliverable> {
    const { catalog, storage } = this.#parts
    const { manifestUid } = delivery
    const [record, facts] = await Promise.all([this.#record(delivery), catalog.findInstance(manifestUid)])
    // It may have been withdrawn, or another version taken its place, while an attempt of it was under way that failed.
    if (record.state !== 'in force')
      throw new NodeError('INVALID_ARGUMENT', { reason: `${record.state} before it was delivered`, manifestUid })
    if (facts === undefined) throw new NodeError('INVALID_ARGUMENT', { reason: 'no such manifest', manifestUid })
    return { record, open: () => storage.open(facts.storageKey), fileSizeBytes: facts.fileSizeBytes, extension: 'dcm' }
  }

  async #failed({ id, target, manifestUid }: Delivery, attempts: number, error: unknown): Promise<void> {
    const { catalog, now } = this.#parts
    const state = isPermanent(error) ? 'failed' : 'waiting'
    const delayMs = retryDelayMs(attempts, (this.#parts.random ?? Math.random)())
    const lastError = error instanceof Error ? error.message : String(error)
    const retryInSeconds = state === 'waiting' ? Math.round(delayMs / 1000) : undefined
    log.error('manifest not delivered', { target, SOPInstanceUID: manifestUid, attempts, state, retryInSeconds, error })
    await catalog.settleDelivery(id, { state, attempts, nextAttemptAt: now() + delayMs, lastError })
  }
}
