/** Metrics of manifests, their deliveries, and the studies that wait for something: from the catalog. */
import type { Metric, Sample } from './metric.ts'
import { SCRAPE_MS } from './metric.ts'
import { remembered } from './remembered.ts'
import type { StatusParts } from './status-parts.ts'

/** Studies that are due and not dealt with: counted so far. */
const MOST_DUE = 1_000

export function workMetrics(parts: StatusParts): readonly Metric[] {
  const { catalog, config, now } = parts
  const figures = remembered(SCRAPE_MS, () => catalog.figures(0))
  const perTarget = async (of: (one: { waiting: number; failed: number; oldestMadeAt?: number }) => number): Promise<Sample[]> => {
    const { targets } = await figures()
    const known = new Map(targets.map((one) => [one.target, one]))
    const names = new Set([...config().publish.map(({ name }) => name), ...known.keys()])
    return [...names].map((target) => [of(known.get(target) ?? { waiting: 0, failed: 0 }), { target }])
  }
  return [
    {
      name: 'ariane_manifests',
      help: 'Manifests by state (in force, superseded, withdrawn) and dialect.',
      type: 'gauge',
      labels: ['state', 'dialect'],
      find: async () => (await figures()).manifests.map(({ state, dialect, count }) => [count, { state, dialect }]),
    },
    {
      name: 'ariane_manifests_made_total',
      help: 'Manifests ever made, by dialect; does not begin anew with the process.',
      type: 'counter',
      labels: ['dialect'],
      find: async () =>
        [...Map.groupBy((await figures()).manifests, ({ dialect }) => dialect)].map(([dialect, all]) => [
          all.reduce((sum, { count }) => sum + count, 0),
          { dialect },
        ]),
    },
    {
      name: 'ariane_studies',
      help: 'Studies that wait for something: collecting (all with changes that no manifest has dealt with), due (of these), withheld, conflict.',
      type: 'gauge',
      labels: ['state'],
      find: async () => {
        const { studiesCollecting, studiesWithheld, studiesInConflict } = await figures()
        const pending = studiesCollecting === 0 ? [] : await catalog.studiesPending(config().manifest, now(), MOST_DUE)
        return [
          [studiesCollecting, { state: 'collecting' }],
          [pending.filter(({ due }) => due.at <= now()).length, { state: 'due' }],
          [studiesWithheld, { state: 'withheld' }],
          [studiesInConflict, { state: 'conflict' }],
        ]
      },
    },
    {
      name: 'ariane_deliveries_waiting',
      help: 'Deliveries that wait, by target.',
      type: 'gauge',
      labels: ['target'],
      find: () => perTarget(({ waiting }) => waiting),
    },
    {
      name: 'ariane_deliveries_failed',
      help: 'Deliveries given up, by target: of manifests in force, and withdrawals.',
      type: 'gauge',
      labels: ['target'],
      find: () => perTarget(({ failed }) => failed),
    },
    {
      name: 'ariane_delivery_oldest_age_seconds',
      help: 'Age of the oldest manifest that waits for its delivery, by target; 0 where none waits.',
      type: 'gauge',
      labels: ['target'],
      find: () => perTarget(({ oldestMadeAt }) => (oldestMadeAt === undefined ? 0 : Math.max(0, now() - oldestMadeAt) / 1000)),
    },
  ]
}
