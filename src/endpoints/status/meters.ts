/** Counts of what happens: instances and bytes as they are received, by status and by sender, associations, how long requests take.
 *
 *  Promises: an instance costs a few additions, a fragment one; memory is bounded whatever callers call themselves: beyond {@link MOST_SOURCES} they are
 *  {@link OTHERS}. Everything begins at zero with the process.
 *  Does not: know who asks (now.ts, metrics.ts). Times are milliseconds since 1970. */
import { Histogram } from 'prom-client'
import type { Request, StoreSink } from '../../dimse/contract.ts'
import { TOO_LARGE } from '../../errors.ts'
import { midnight } from './local-day.ts'

export const OTHERS = '(others)'
const MOST_SOURCES = 100
/** Leads into the next day, and not beyond. */
const LONGEST_DAY_MS = 30 * 3_600_000

/** One step of the curve, and how many are kept. */
export const STEP_MS = 2_000
const STEPS = 60

export interface Tally {
  instances: number
  bytes: number
}

export interface SourceTally extends Tally {
  lastAt: number
  /** Of the present day, and when that ends. */
  today: number
  dayEndsAt: number
}

export interface Step extends Readonly<Tally> {
  /** Its end. */
  readonly at: number
}

export class Meters {
  readonly startedAt: number
  /** Kept, or known already: answered with success or a warning. */
  readonly received: Tally = { instances: 0, bytes: 0 }
  readonly associations = { accepted: 0, rejected: 0 }
  /** Answered "out of resources" (A7xx, PS3.4 B.2.3) since the last one that was kept; `lastAt`: of these. */
  readonly outOfResources = { instances: 0, lastAt: 0 }
  /** Of requests by DIMSE and on the web. */
  readonly durations = new Histogram({
    name: 'ariane_request_duration_seconds',
    help: 'How long requests took, from their arrival to the end of their answer.',
    labelNames: ['service'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300],
    registers: [],
  })
  /** Answers on the web by service and first digit of the status. */
  readonly answers = new Map<string, number>()
  readonly #byStatus = new Map<number, Tally>()
  readonly #bySource = new Map<string, SourceTally>()
  readonly #steps: Step[] = []
  readonly #timer: NodeJS.Timeout
  readonly #now: () => number
  readonly #timezone: string
  #stepped: Tally = { instances: 0, bytes: 0 }

  constructor(timezone: string, now: () => number = Date.now) {
    this.#now = now
    this.#timezone = timezone
    this.startedAt = now()
    this.#timer = setInterval(() => this.#step(), STEP_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  get byStatus(): ReadonlyMap<number, Readonly<Tally>> {
    return this.#byStatus
  }

  get bySource(): ReadonlyMap<string, Readonly<SourceTally>> {
    return this.#bySource
  }

  /** Oldest first. */
  get steps(): readonly Step[] {
    return this.#steps
  }

  /** Puts itself between the association and whatever takes an instance in. */
  counting(source: string, sink: StoreSink): StoreSink {
    let bytes = 0
    return {
      write: (fragment) => {
        bytes += fragment.length
        return sink.write(fragment)
      },
      end: async () => {
        const answer = await sink.end()
        this.instance(source, answer.status, bytes, answer.errorComment)
        return answer
      },
      abandon: () => sink.abandon(),
    }
  }

  /** @param source  who sent it
   *  @param status  what was answered, as C-STORE says it (PS3.4 B.2.3)
   *  @param comment  and in which words: A700 for one that is too large says nothing about the room */
  instance(source: string, status: number, bytes: number, comment?: string): void {
    add(tallyOf(this.#byStatus, status), bytes)
    if (status >> 8 === 0xa7 && !TOO_LARGE.has(comment)) {
      this.outOfResources.instances++
      this.outOfResources.lastAt = this.#now()
    }
    if (status !== 0 && status >> 12 !== 0xb) return
    this.outOfResources.instances = 0
    add(this.received, bytes)
    const tally = this.#sourceOf(source)
    add(tally, bytes)
    tally.lastAt = this.#now()
    if (tally.lastAt >= tally.dayEndsAt) this.#turn(tally, tally.lastAt)
    tally.today++
  }

  /** @returns the same, timed */
  timed(service: string, work: (request: Request) => Promise<void>): (request: Request) => Promise<void> {
    return async (request) => {
      const end = this.durations.startTimer({ service })
      await work(request).finally(() => end())
    }
  }

  /** @param service  one of a few */
  answered(service: string, status: number, seconds: number): void {
    this.durations.observe({ service }, seconds)
    const key = `${service} ${Math.floor(status / 100)}xx`
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1)
  }

  /** A day ends also for those that bring nothing. @returns how many came from it since midnight */
  todayOf(source: string): number | undefined {
    const tally = this.#bySource.get(source)
    if (tally === undefined) return undefined
    if (this.#now() >= tally.dayEndsAt) this.#turn(tally, this.#now())
    return tally.today
  }

  #sourceOf(source: string): SourceTally {
    const name = this.#bySource.has(source) || this.#bySource.size < MOST_SOURCES ? source : OTHERS
    const known = this.#bySource.get(name)
    if (known !== undefined) return known
    const tally = { instances: 0, bytes: 0, lastAt: 0, today: 0, dayEndsAt: 0 }
    this.#bySource.set(name, tally)
    return tally
  }

  #turn(tally: SourceTally, at: number): void {
    tally.dayEndsAt = midnight(midnight(at, this.#timezone) + LONGEST_DAY_MS, this.#timezone)
    tally.today = 0
  }

  #step(): void {
    const { instances, bytes } = this.received
    this.#steps.push({ at: this.#now(), instances: instances - this.#stepped.instances, bytes: bytes - this.#stepped.bytes })
    this.#stepped = { instances, bytes }
    if (this.#steps.length > STEPS) this.#steps.shift()
  }
}

function tallyOf(tallies: Map<number, Tally>, status: number): Tally {
  const known = tallies.get(status)
  if (known !== undefined) return known
  const tally = { instances: 0, bytes: 0 }
  tallies.set(status, tally)
  return tally
}

function add(tally: Tally, bytes: number): void {
  tally.instances++
  tally.bytes += bytes
}
