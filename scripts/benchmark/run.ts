/** The benchmark: each server in turn on a fresh storage, round after round (A B C A B C). It prints medians with their range, and how Ariane
 *  stands against each. Ratios within one run count; machines differ and are noisy. Never a test. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ctSlice, writeFiles } from './data.ts'
import { type Figures, manifestDelay, retrieve, store } from './measures.ts'
import { memory, QUIET_SECONDS, type Server, type Start, startAriane, startDestination, startOrthanc, startStorescp } from './servers.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'string' } } })
const ROUNDS = values.quick ? 1 : 3
const CT = { ...ctSlice(512), count: values.quick ? 200 : 400 }
const SMALL = { ...ctSlice(64), count: values.quick ? 400 : 1200 }
const SERVERS: readonly (readonly [string, Start])[] = [
  ['ariane', startAriane],
  ['orthanc', startOrthanc],
  ['storescp', startStorescp],
]

/** Measure → figure → server → one value a round. */
const results = new Map<string, Map<string, Map<string, number[]>>>()
const folder = await mkdtemp(join(tmpdir(), 'ariane-bench-'))
try {
  const destination = await startDestination()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, start] of SERVERS) {
      process.stderr.write(`round ${round + 1} of ${ROUNDS}: ${name}\n`)
      await measure(name, await mkdtemp(join(folder, 'server-')), (home) => start(home, destination.port), round)
    }
  }
  await destination.stop()
  report()
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, asObjects, 1)}\n`)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function measure(name: string, home: string, start: (home: string) => Promise<Server>, round: number): Promise<void> {
  const server = await start(home)
  await pause(1000)
  note('process', name, { 'listening after ms': server.startMilliseconds, 'idle MiB': (await memory(server.pid)).now / 1048576 })
  for (const kind of [CT, SMALL]) {
    for (const associations of [1, 4]) {
      const root = `2.25.99${round}.${kind.sizeBytes}.${associations}`
      const files = await writeFiles(join(folder, 'data'), kind, root, kind.count, 400)
      note(
        `C-STORE ${kind.name}, ${associations} association${associations > 1 ? 's' : ''}`,
        name,
        await store(server, files, associations, kind),
      )
      await rm(join(folder, 'data'), { recursive: true })
      // storescp only receives.
      if (kind === CT && associations === 4 && name !== 'storescp') {
        const inStudy = Math.min(kind.count, 400)
        note('one CT study out', name, await retrieve(server, `${root}.1.1000000`, inStudy, inStudy * kind.sizeBytes))
      }
    }
  }
  if (name === 'ariane') {
    const root = `2.25.98${round}`
    const files = await writeFiles(join(folder, 'data'), SMALL, root, 400, 400)
    note(
      'manifest of 400 instances',
      name,
      await manifestDelay(server, files, join(home, 'storage/outbox', `${root}.1.1000000`), QUIET_SECONDS),
    )
    await rm(join(folder, 'data'), { recursive: true })
  }
  note('process', name, { 'highest MiB': (await memory(server.pid)).peak / 1048576 })
  await server.stop()
  await rm(home, { recursive: true, force: true })
}

function note(measure: string, server: string, figures: Figures): void {
  const byFigure = results.get(measure) ?? new Map<string, Map<string, number[]>>()
  results.set(measure, byFigure)
  for (const [figure, value] of Object.entries(figures)) {
    const byServer = byFigure.get(figure) ?? new Map<string, number[]>()
    byFigure.set(figure, byServer)
    byServer.set(server, [...(byServer.get(server) ?? []), value])
  }
}

function report(): void {
  const names = SERVERS.map(([name]) => name)
  const lines = [`| | | ${names.join(' | ')} | Ariane to Orthanc | Ariane to storescp |`, `|---|---|${'---|'.repeat(names.length + 2)}`]
  for (const [measure, byFigure] of results) {
    for (const [figure, byServer] of byFigure) {
      const cells = names.map((name) => spread(byServer.get(name)))
      const ratio = (other: string): string => {
        const theirs = byServer.get(other)
        return theirs === undefined || median(theirs) === 0 ? '' : `${(median(byServer.get('ariane')!) / median(theirs)).toFixed(2)} x`
      }
      lines.push(`| ${measure} | ${figure} | ${cells.join(' | ')} | ${ratio('orthanc')} | ${ratio('storescp')} |`)
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Median (lowest–highest). */
function spread(all: readonly number[] | undefined): string {
  // Of a server that forks, the system tells the time of its children when they have been waited for: nothing is no figure.
  if (all === undefined || median(all) === 0) return ''
  const text = (value: number): string => value.toFixed(value < 10 ? 2 : 0)
  return all.length === 1 ? text(all[0]!) : `${text(median(all))} (${text(Math.min(...all))}–${text(Math.max(...all))})`
}

function median(all: readonly number[]): number {
  return [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!
}

function asObjects(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
