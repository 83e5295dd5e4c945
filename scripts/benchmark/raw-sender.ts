/** Sends instances as fast as a server takes them, at next to no cost of its own: see raw-association.ts.
 *    node scripts/benchmark/raw-sender.ts --port 11112 --called ARIANE --calling BENCH --associations 4 --count 2000 --side 512
 *  SIGTERM ends it early, with the figures so far. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { ctSlice, type Kind, multiFrame, ultrasound } from './data.ts'
import { RawAssociation } from './raw-association.ts'

const USAGE = `raw-sender: stores instances, each association waiting for the answer before the next one.

  --port P             where the server listens
  --host H             default 127.0.0.1
  --called AET         default ARIANE
  --calling AET        default BENCH
  --associations N     at the same time, default 1
  --count N            instances in all, default 1000
  --seconds N          begin no instance after so many seconds, default: as long as it takes
  --side N             CT slices of N x N x 16 bits, default 512
  --ultrasound         instead: loops of 120 frames, JPEG Baseline, 6 MB
  --multi-frame MIB    instead: native multi-frames of so many MiB
  --in-study N         instances in a study, default 400; each association sends studies of its own
  --one-study          all associations send into the same study
  --root UID           what all UIDs begin with, default random: the same root sends the same instances again
  --json               one line of JSON
`

export interface RawFigures {
  readonly instances: number
  readonly bytes: number
  readonly seconds: number
  /** When the last answer had come, in milliseconds since 1970. */
  readonly endedAt: number
  readonly instancesPerSecond: number
  readonly megabytesPerSecond: number
  readonly senderCpuMsPerInstance: number
  readonly latencyP50Ms: number
  readonly latencyP99Ms: number
  readonly latencyWorstMs: number
}

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  called: { type: 'string', default: 'ARIANE' },
  calling: { type: 'string', default: 'BENCH' },
  associations: { type: 'string', default: '1' },
  count: { type: 'string', default: '1000' },
  seconds: { type: 'string' },
  side: { type: 'string', default: '512' },
  ultrasound: { type: 'boolean', default: false },
  'multi-frame': { type: 'string' },
  'in-study': { type: 'string', default: '400' },
  'one-study': { type: 'boolean', default: false },
  root: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const { values } = readOptions()
const kind = kindOf()
const root = values.root ?? `2.25.${randomInt(1_000_000_000)}`
const count = Number(values.count)
const inStudy = Number(values['in-study'])
const latencies: number[] = []
let claimed = 0
let isOver = false
process.once('SIGTERM', stop)

const target = { host: values.host, port: Number(values.port), called: values.called, calling: values.calling }
try {
  const associations = await Promise.all(Array.from({ length: Number(values.associations) }, () => RawAssociation.open(target, kind, root)))
  const cpuBefore = process.cpuUsage()
  const began = performance.now()
  if (values.seconds !== undefined) setTimeout(stop, Number(values.seconds) * 1000).unref()
  await Promise.all(associations.map(send))
  print((performance.now() - began) / 1000, process.cpuUsage(cpuBefore))
  await Promise.all(associations.map((association) => association.release()))
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}

function stop(): void {
  isOver = true
}

/** The one that is faster takes more, so that all end together. */
async function send(association: RawAssociation, which: number): Promise<void> {
  for (let own = 0; claimed < count && !isOver; own++) {
    const at = claimed++
    const study = values['one-study'] ? 0 : which * 100_000 + Math.floor(own / inStudy)
    const began = performance.now()
    await association.store(study, at)
    latencies.push(performance.now() - began)
  }
}

function print(seconds: number, cpu: NodeJS.CpuUsage): void {
  const sorted = latencies.sort((a, b) => a - b)
  const instances = sorted.length
  const bytes = instances * kind.sizeBytes
  const figures: RawFigures = {
    instances,
    bytes,
    seconds,
    endedAt: Date.now(),
    instancesPerSecond: instances / seconds,
    megabytesPerSecond: bytes / seconds / 1e6,
    senderCpuMsPerInstance: (cpu.user + cpu.system) / 1000 / instances,
    latencyP50Ms: sorted[Math.floor(instances / 2)]!,
    latencyP99Ms: sorted[Math.floor(instances * 0.99)]!,
    latencyWorstMs: sorted.at(-1)!,
  }
  if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`)
  else {
    const f = (value: number): string => value.toFixed(value < 10 ? 3 : 1)
    process.stdout.write(
      `${instances} x ${kind.name}, ${values.associations} associations: ${f(figures.instancesPerSecond)} instances/s, ${f(figures.megabytesPerSecond)} MB/s, ` +
        `sender ${f(figures.senderCpuMsPerInstance)} CPU ms/instance, latency p50 ${f(figures.latencyP50Ms)} ms, p99 ${f(figures.latencyP99Ms)} ms, worst ${f(figures.latencyWorstMs)} ms\n`,
    )
  }
}

function kindOf(): Kind {
  if (values.ultrasound) return ultrasound()
  return values['multi-frame'] === undefined ? ctSlice(Number(values.side)) : multiFrame(Number(values['multi-frame']))
}

function readOptions() {
  try {
    const parsed = parseArgs({ options: OPTIONS })
    if (parsed.values.help) {
      process.stdout.write(USAGE)
      process.exit(0)
    }
    if (parsed.values.port === undefined) throw new Error('--port is missing')
    return parsed
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}
