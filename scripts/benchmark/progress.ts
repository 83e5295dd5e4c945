/** What is running and how much is left, on standard error. */
import type { Group, Measure } from './groups.ts'
import type { Name } from './servers.ts'

/** Of each server and round: starting it, stopping it, removing its storage. */
const AROUND_SECONDS = 2

export class Progress {
  readonly #began = performance.now()
  readonly #total: number
  #begun = 0
  #current = 0
  #lastServer = ''

  constructor(plan: readonly Group[]) {
    this.#total = plan.reduce((sum, group) => sum + group.rounds * group.servers.reduce((all, name) => all + secondsOf(group, name), 0), 0)
  }

  begin(group: Group, round: number, server: Name, measure: Measure): void {
    this.#begun += this.#current
    const which = `${group.title} ${round} ${server}`
    this.#current = measure.seconds + (which === this.#lastServer ? 0 : AROUND_SECONDS)
    this.#lastServer = which
    const left = this.#total - this.#begun
    // The plan's seconds are corrected by what this machine has needed for them so far.
    const pace = this.#begun < 10 ? 1 : (performance.now() - this.#began) / 1000 / this.#begun
    const minutes = Math.floor((left * pace) / 60)
    const share = Math.round((this.#begun / this.#total) * 100)
    const rest = minutes === 0 ? 'less than a minute' : `about ${minutes + 1} minutes`
    const where = `${group.title}, round ${round + 1} of ${group.rounds}, ${server}`
    process.stderr.write(`${String(share).padStart(3)} %, ${rest} left: ${where}: ${measure.title}\n`)
  }
}

function secondsOf(group: Group, name: Name): number {
  return group.measures
    .filter((measure) => measure.servers?.includes(name) !== false)
    .reduce((sum, measure) => sum + measure.seconds, AROUND_SECONDS)
}
