/** Metrics of what is stored, and whether it is still there. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { auditState } from '../../manifest/audit-worker.ts'
import type { Metric } from './metric.ts'
import { SCRAPE_MS } from './metric.ts'
import { remembered } from './remembered.ts'
import type { StatusParts } from './status-parts.ts'

export function stateMetrics({ catalog, storage, path, config, workers, totals }: StatusParts): readonly Metric[] {
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
