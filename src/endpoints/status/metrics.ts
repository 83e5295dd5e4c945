/** `GET /metrics`: the node in numbers, for Prometheus. Each name, its unit and its meaning: docs/metrics.md, which a test holds to this file.
 *
 *  Promises: a registry of its own; labels are bounded (targets and states by the configuration, peers by meters.ts); a scrape costs a few milliseconds
 *  however much is stored: sums over all rows are remembered for a minute. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Metric } from './metric.ts'
import { stateMetrics } from './metrics-of-state.ts'
import { trafficMetrics } from './metrics-of-traffic.ts'
import { workMetrics } from './metrics-of-work.ts'
import type { StatusParts } from './status-parts.ts'

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
