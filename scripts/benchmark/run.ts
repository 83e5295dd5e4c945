/** The benchmark: group after group, and in each each server in turn on a fresh storage, round after round (A B C, B C A), so that what is compared was
 *  measured within the same minute. Ratios within one run count; machines differ and are noisy. Never a test.
 *
 *  Promises: a run that is cut stops what it has started and removes its folder; a measure that fails is told, and the others go on. */
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Group, groups, type Measure } from './groups.ts'
import { type Options, readOptions } from './options.ts'
import { endAll } from './processes.ts'
import { Progress } from './progress.ts'
import { outcomeOf, queryParts } from './queries.ts'
import { Results, surroundings } from './report.ts'
import { type Name, START, startDestination } from './servers.ts'

const TMPFS = 0x01021994

const options = readOptions()
const asked = chosen(groups({ size: options.size, destinationPort: 0, folder: '' }), options)
const queries = queryParts(options)
if (asked.length === 0 && queries.length === 0) refuse('nothing is left to be measured: see --list')
if (options.list) {
  for (const group of asked) {
    for (const measure of group.measures) if (!measure.prepares) process.stdout.write(`${nameOf(group, measure)}\n`)
  }
  for (const { name } of queries) process.stdout.write(`${name}\n`)
  process.exit(0)
}

// What cannot be written shall not be found out after half an hour.
if (options.json !== undefined) await writeFile(options.json, '').catch((error: Error) => refuse(`--json: ${error.message}`))
const folder = await mkdtemp(join(options.folder, 'ariane-bench-')).catch((error: Error) => refuse(`--folder: ${error.message}`))
if ((await statfs(folder)).type === TMPFS) process.stderr.write(`${options.folder} is in memory: syncs cost nothing there; see --folder\n`)
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => {
    process.stderr.write('cut: stopping servers, removing files\n')
    void cleanUp().finally(() => process.exit(code))
  })
}

const results = new Results()
let isCut = false
try {
  const destination = await startDestination(folder)
  const plan = chosen(groups({ size: options.size, destinationPort: destination.port, folder }), options)
  const progress = new Progress(plan)
  for (const group of plan) {
    for (let round = 0; round < group.rounds; round++) {
      for (const name of inTurn(group.servers, round)) await measure(group, name, round, destination.port, progress)
    }
  }
  const tables: string[] = []
  for (const part of queries) if (!isCut) tables.push(await outcomeOf(part, folder))
  if (!isCut) {
    const about = { size: options.size, ...(await surroundings()) }
    const line = Object.entries(about).map(([name, value]) => `${name} ${value}`)
    process.stdout.write(`${line.join(', ')}\n\n${results.markdown(options.servers)}${tables.join('')}`)
    if (options.json !== undefined) await writeFile(options.json, results.json(about))
  }
} finally {
  if (!isCut) await cleanUp()
}

/** Another one first in each round: A B C, B C A, C A B. */
function inTurn(servers: readonly Name[], round: number): Name[] {
  const first = round % servers.length
  return [...servers.slice(first), ...servers.slice(0, first)]
}

function refuse(reason: string): never {
  process.stderr.write(`${reason}\n`)
  process.exit(2)
}

async function cleanUp(): Promise<void> {
  isCut = true
  await endAll()
  await rm(folder, { recursive: true, force: true })
}

async function measure(group: Group, name: Name, round: number, destinationPort: number, progress: Progress): Promise<void> {
  if (isCut) return
  const home = await mkdtemp(join(folder, `${name}-`))
  try {
    const { quietSeconds, probe, web } = group
    const server = await START[name]({ home, destinationPort, quietSeconds, probe, web })
    for (const one of group.measures) {
      if (isCut || one.servers?.includes(name) === false) continue
      progress.begin(group, round, name, one)
      try {
        const figures = await one.run(server)
        if (!one.prepares) results.add(nameOf(group, one), name, round, figures)
      } catch (error) {
        if (!isCut) results.fail(nameOf(group, one), name, round, error)
      }
    }
    await server.stop()
  } catch (error) {
    if (!isCut) results.fail(group.title, name, round, error)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** The groups with what is asked for, and what that needs. */
function chosen(all: readonly Group[], { only, servers, rounds }: Options): Group[] {
  return all
    .map((group) => ({
      ...group,
      rounds: rounds ?? group.rounds,
      servers: group.servers.filter((name) => servers.includes(name)),
      measures: group.measures.filter((one) => one.prepares || only.test(nameOf(group, one))),
    }))
    .filter((group) => group.servers.length > 0 && group.measures.some((one) => !one.prepares))
}

function nameOf(group: Group, measure: Measure): string {
  return `${group.title}: ${measure.title}`
}
