/** `GET /metrics`: the node in numbers, for Prometheus. Each name, its unit and its meaning: docs/metrics.md, which a test holds to this file.
 *
 *  Promises: a registry of its own; labels are bounded (targets and states by the configuration, peers by meters.ts); a scrape costs a few milliseconds
 *  however much is stored: sums over all rows are remembered for a minute. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { SOFTWARE_VERSION } from '../dicom/implementation.ts'
import { statusInHex } from '../errors.ts'
import { auditState } from '../manifest/audit-worker.ts'
import { remembered } from './remembered.ts'
import type { StatusParts } from './status-parts.ts'

/** Several metrics of one scrape look at the same. */
const SCRAPE_MS = 500
/** Studies that are due and not dealt with: counted so far. */
const MOST_DUE = 1_000

/** One value of a metric, with its labels. */
type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>]

interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly labels?: readonly string[]
  readonly find: () => readonly Sample[] | Promise<readonly Sample[]>
}

export function openMetrics(parts: StatusParts): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 })
  registry.registerMetric(parts.meters.durations)
  for (const metric of [...trafficMetrics(parts), ...workMetrics(parts), ...stateMetrics(parts)]) register(registry, metric)
  return registry
}

function register(registry: Registry, { name, help, type, labels = [], find }: Metric): void {
  const registers = [registry]
  const labelNames = [...labels]
  if (type === 'gauge')
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        this.reset()
        for (const [value, of] of await find()) this.set({ ...of }, value)
      },
    })
  else
    new Counter({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        this.reset()
        for (const [value, of] of await find()) this.inc({ ...of }, value)
      },
    })
}

// --- what comes in and is asked

function trafficMetrics({ meters, dicom, config }: StatusParts): readonly Metric[] {
  const byStatus = (of: 'instances' | 'bytes') => (): Sample[] =>
    [...meters.byStatus].map(([status, tally]) => [tally[of], { status: statusInHex(status) }])
  const byPeer = (of: 'instances' | 'bytes') => (): Sample[] => [...meters.bySource].map(([peer, tally]) => [tally[of], { peer }])
  return [
    {
      name: 'ariane_info',
      help: 'Always 1; what runs is in the labels.',
      type: 'gauge',
      labels: ['version', 'ae_title'],
      find: () => [[1, { version: SOFTWARE_VERSION, ae_title: config().aeTitle }]],
    },
    {
      name: 'ariane_received_instances_total',
      help: 'Instances received, by the status that was answered (hexadecimal; 0000 success, Bxxx warning).',
      type: 'counter',
      labels: ['status'],
      find: byStatus('instances'),
    },
    {
      name: 'ariane_received_bytes_total',
      help: 'Bytes of their data sets.',
      type: 'counter',
      labels: ['status'],
      find: byStatus('bytes'),
    },
    {
      name: 'ariane_peer_instances_total',
      help: 'Instances taken in (success or warning), by calling AE title; beyond 100 titles: (others).',
      type: 'counter',
      labels: ['peer'],
      find: byPeer('instances'),
    },
    {
      name: 'ariane_peer_bytes_total',
      help: 'Bytes of their data sets.',
      type: 'counter',
      labels: ['peer'],
      find: byPeer('bytes'),
    },
    { name: 'ariane_associations_open', help: 'Associations that are open, accepted ones.', type: 'gauge', find: () => [[dicom.open()]] },
    {
      name: 'ariane_associations_total',
      help: 'Associations asked for, by outcome: accepted, rejected.',
      type: 'counter',
      labels: ['outcome'],
      find: () => Object.entries(meters.associations).map(([outcome, count]) => [count, { outcome }]),
    },
    {
      name: 'ariane_web_answers_total',
      help: 'Answers on the web, by service and class of the status (2xx …).',
      type: 'counter',
      labels: ['service', 'status'],
      find: () =>
        [...meters.answers].map(([key, count]) => {
          const at = key.lastIndexOf(' ')
          return [count, { service: key.slice(0, at), status: key.slice(at + 1) }]
        }),
    },
  ]
}

// --- manifests, deliveries, studies

function workMetrics(parts: StatusParts): readonly Metric[] {
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

// --- what is stored

function stateMetrics({ catalog, storage, path, config, workers, totals }: StatusParts): readonly Metric[] {
  const audit = remembered(SCRAPE_MS, () => auditState(catalog))
  return [
    {
      name: 'ariane_audit_last_pass_timestamp_seconds',
      help: 'When the last audit ended, seconds since 1970; 0 where there was none.',
      type: 'gauge',
      find: async () => {
        const { last } = await audit()
        return [[(last?.finishedAt ?? last?.startedAt ?? 0) / 1000]]
      },
    },
    {
      name: 'ariane_audit_instances',
      help: 'Instances and manifests that the present audit has read so far, or the last one in all.',
      type: 'gauge',
      find: async () => [[Object.values(await audit())[0]?.instances ?? 0]],
    },
    {
      name: 'ariane_audit_problems',
      help: 'Of these, lost or damaged.',
      type: 'gauge',
      find: async () => [[Object.values(await audit())[0]?.lost ?? 0]],
    },
    {
      name: 'ariane_disk_free_bytes',
      help: 'Free on the file system of the storage.',
      type: 'gauge',
      find: async () => [[await storage.freeBytes()]],
    },
    {
      name: 'ariane_disk_reserve_bytes',
      help: 'Below so many bytes free, instances are refused (storage.reserveBytes).',
      type: 'gauge',
      find: () => [[config().storage.reserveBytes]],
    },
    {
      name: 'ariane_stored',
      help: 'What is held: patients, studies, series, instances.',
      type: 'gauge',
      labels: ['of'],
      find: async () => {
        const { patients, studies, series, instances } = await totals()
        return Object.entries({ patients, studies, series, instances }).map(([of, count]) => [count, { of }])
      },
    },
    { name: 'ariane_stored_bytes', help: 'Bytes of their files.', type: 'gauge', find: async () => [[(await totals()).bytes]] },
    {
      name: 'ariane_catalog_bytes',
      help: 'Size of the catalog on disk, its log included.',
      type: 'gauge',
      find: async () => [[await sizeOf(join(path, 'catalog.sqlite'), join(path, 'catalog.sqlite-wal'))]],
    },
    {
      name: 'ariane_worker_alive_timestamp_seconds',
      help: 'When each worker last gave a sign of life, seconds since 1970.',
      type: 'gauge',
      labels: ['worker'],
      find: () => Object.entries(workers()).map(([worker, at]) => [at / 1000, { worker }]),
    },
  ]
}

async function sizeOf(...files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
