/** The benchmark: C-STORE of large and small slices over one and four associations, each server in turn; memory, CPU and start besides.
 *  Ratios within one run count; machines differ and are noisy. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Kind, makeSlices } from './data.ts'
import { cpuSeconds, memory, type Server, type Start, startAriane, startOrthanc, startStorescp } from './servers.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'string' } } })
const ROUNDS = values.quick ? 1 : 3
const KINDS: readonly Kind[] = [
  { name: 'CT 512x512, 525 KB', side: 512, count: values.quick ? 200 : 400 },
  { name: '64x64, 9 KB', side: 64, count: values.quick ? 400 : 1200 },
]
const SERVERS: readonly (readonly [string, Start])[] = [
  ['ariane', startAriane],
  ['orthanc', startOrthanc],
  ['storescp', startStorescp],
]

interface Measured {
  readonly perSecond: number
  readonly megabytesPerSecond: number
  readonly cpuMilliseconds: number
}

const folder = await mkdtemp(join(tmpdir(), 'ariane-bench-'))
const cells = new Map<string, Measured[]>()
const peaks = new Map<string, number[]>()
const idle = new Map<string, number[]>()
const starts = new Map<string, number[]>()
try {
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, start] of SERVERS) {
      process.stderr.write(`round ${round + 1} of ${ROUNDS}: ${name}\n`)
      const home = await mkdtemp(join(folder, 'server-'))
      const server = await start(home)
      push(starts, name, server.startMilliseconds)
      await settle()
      push(idle, name, (await memory(server.pid)).now)
      for (const [at, kind] of KINDS.entries()) {
        for (const associations of [1, 4]) {
          const files = await makeSlices(join(folder, 'data'), kind, `2.25.99${round}.${at}.${associations}`)
          push(cells, `${kind.name}|${associations}|${name}`, await store(server, files, associations, kind))
          await rm(join(folder, 'data'), { recursive: true })
        }
      }
      push(peaks, name, (await memory(server.pid)).peak)
      await server.stop()
      await rm(home, { recursive: true, force: true })
    }
  }
  report()
  if (values.json) await writeFile(values.json, JSON.stringify(Object.fromEntries(cells), null, 1))
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** DCMTK's storescu, one process per association, all started together. */
async function store(server: Server, files: readonly string[], associations: number, kind: Kind): Promise<Measured> {
  const share = Math.ceil(files.length / associations)
  const before = await cpuSeconds(server.pid)
  const began = performance.now()
  await Promise.all(Array.from({ length: associations }, (_, at) => storescu(server, files.slice(at * share, (at + 1) * share))))
  const seconds = (performance.now() - began) / 1000
  const cpu = (await cpuSeconds(server.pid)) - before
  const bytes = files.length * kind.side * kind.side * 2
  return { perSecond: files.length / seconds, megabytesPerSecond: bytes / seconds / 1e6, cpuMilliseconds: (cpu / files.length) * 1000 }
}

function storescu(server: Server, files: readonly string[]): Promise<void> {
  const child = spawn('storescu', ['-aet', 'BENCH', '-aec', server.aeTitle, '127.0.0.1', String(server.port), ...files], {
    env: { ...process.env, TCP_NODELAY: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return new Promise((resolve, reject) =>
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`storescu ended with ${code}`)))),
  )
}

function report(): void {
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  say('| | associations | server | instances/s (min–max) | MB/s | server CPU ms/instance | Ariane against it |')
  say('|---|---|---|---|---|---|---|')
  for (const kind of KINDS) {
    for (const associations of [1, 4]) {
      const ours = median(cells.get(`${kind.name}|${associations}|ariane`)!.map((one) => one.perSecond))
      for (const [name] of SERVERS) {
        const measured = cells.get(`${kind.name}|${associations}|${name}`)!
        const rates = measured.map((one) => one.perSecond)
        const rate = median(rates)
        const range = `${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)}`
        const cpu = median(measured.map((one) => one.cpuMilliseconds)).toFixed(2)
        const megabytes = median(measured.map((one) => one.megabytesPerSecond)).toFixed(0)
        say(
          `| ${kind.name} | ${associations} | ${name} | ${rate.toFixed(0)} (${range}) | ${megabytes} | ${cpu} | ${(ours / rate).toFixed(2)} x |`,
        )
      }
    }
  }
  for (const [name] of SERVERS) {
    const mib = (all: readonly number[]): string => (median(all) / 1048576).toFixed(0)
    say(
      `${name}: listening after ${median(starts.get(name)!).toFixed(0)} ms; resident ${mib(idle.get(name)!)} MiB idle, ${mib(peaks.get(name)!)} MiB at most`,
    )
  }
}

function push<T>(into: Map<string, T[]>, key: string, value: T): void {
  into.set(key, [...(into.get(key) ?? []), value])
}

function median(all: readonly number[]): number {
  return [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000))
}
