/** C-FIND, C-STORE and the start of Ariane on catalogues of two sizes (fill-catalog.ts), in one run: what grows with the size is seen in the ratio.
 *
 *  Times are of a whole query on an association that is open, by a client on the loopback that only counts (find-client.ts), less the median
 *  round trip of C-ECHO on the same association: what the server takes, and the writing of the answers.
 *  Never a test: it prints.
 *
 *  By itself: node scripts/benchmark/find-at-scale.ts [--studies 1000,100000] [--samples 200] [--catalogs FOLDER] [--json FILE]; the built node is measured
 *  (`npm run build`). Catalogues that lie in FOLDER already are used again (100,000 studies take two minutes to make). */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { leaveCleanStop } from '../../src/storage/node-identity.ts'
import { cpuSeconds, memory } from './accounting.ts'
import { dcmtk, loadUntilWarm, send } from './clients.ts'
import { ctSlice, writeFiles } from './data.ts'
import { percentile } from './figures.ts'
import { fillCatalog, MADE_UP } from './fill-catalog.ts'
import { FindClient, identifier, type Key } from './find-client.ts'
import { madeUpStudy } from './made-up-studies.ts'
import { endAll } from './processes.ts'
import { type Server, START } from './servers.ts'

export interface ScaleOptions {
  /** Numbers of studies, 10 instances each. */
  readonly studies: readonly number[]
  /** Queries of each kind. */
  readonly samples: number
  /** Where catalogues are made, and found again. */
  readonly catalogs: string
  /** Where storages go. */
  readonly folder: string
}

const SMALL = ['--side', '64']
const STORED_SECONDS = 4

/** Figure → one value for each size. */
export type ScaleFigures = Map<string, number[]>

interface QueryKind {
  readonly name: string
  readonly level: 'STUDY' | 'SERIES' | 'IMAGE'
  /** Keys of the query about study `number`. */
  keys(number: number): readonly Key[]
  /** Every how many samples it is asked; default 1. */
  readonly rarely?: number
  readonly cancelAfter?: number
}

/** What a viewer asks for in a list of studies. */
const RETURNED: readonly Key[] = [
  [0x00080020, 'DA', ''],
  [0x00080030, 'TM', ''],
  [0x00080050, 'SH', ''],
  [0x00080090, 'PN', ''],
  [0x00081030, 'LO', ''],
  [0x00100010, 'PN', ''],
  [0x00100020, 'LO', ''],
  [0x00100030, 'DA', ''],
  [0x00100040, 'CS', ''],
  [0x0020000d, 'UI', ''],
  [0x00200010, 'SH', ''],
]
const COUNTS: readonly Key[] = [
  [0x00080061, 'CS', ''],
  [0x00201206, 'IS', ''],
  [0x00201208, 'IS', ''],
]
const study = (number: number, studies: number) => madeUpStudy(number, { ...MADE_UP, studies }).instances[0]!

/** Later keys take the place of earlier ones. */
export function queryKinds(studies: number): readonly QueryKind[] {
  const of = (number: number) => study(number, studies)
  const day = (number: number, before = 0): string =>
    new Date(of(number).receivedAt - before * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
  const list = (...keys: Key[]): readonly Key[] => [...RETURNED, ...COUNTS, ...keys]
  return [
    { name: 'StudyInstanceUID', level: 'STUDY', keys: (n) => list([0x0020000d, 'UI', of(n).studyInstanceUid]) },
    { name: 'PatientID', level: 'STUDY', keys: (n) => list([0x00100020, 'LO', of(n).keys.PatientID!]) },
    { name: 'AccessionNumber', level: 'STUDY', keys: (n) => list([0x00080050, 'SH', of(n).keys.AccessionNumber!]) },
    {
      name: 'PatientName Dup* and StudyDate of a month',
      level: 'STUDY',
      keys: (n) => list([0x00100010, 'PN', 'Dup*'], [0x00080020, 'DA', `${day(n, 30)}-${day(n)}`]),
    },
    {
      name: 'PatientName Dup* and StudyDate of a year',
      level: 'STUDY',
      keys: (n) => list([0x00100010, 'PN', 'Dup*'], [0x00080020, 'DA', `${day(n, 365)}-${day(n)}`]),
      rarely: 4,
    },
    {
      name: 'PatientName *pont*, StudyDate of a month',
      level: 'STUDY',
      keys: (n) => list([0x00100010, 'PN', '*pont*'], [0x00080020, 'DA', `${day(n, 30)}-${day(n)}`]),
    },
    { name: 'StudyDate of a day', level: 'STUDY', keys: (n) => list([0x00080020, 'DA', day(n)]) },
    {
      name: 'ModalitiesInStudy MR, StudyDate of a day',
      level: 'STUDY',
      keys: (n) => list([0x00080020, 'DA', day(n)], [0x00080061, 'CS', 'MR']),
    },
    {
      name: 'ModalitiesInStudy PT, StudyDate of a month',
      level: 'STUDY',
      keys: (n) => list([0x00080020, 'DA', `${day(n, 30)}-${day(n)}`], [0x00080061, 'CS', 'PT']),
    },
    { name: 'all studies, first 1000', level: 'STUDY', keys: () => RETURNED, rarely: 8, cancelAfter: 1000 },
    { name: 'all studies, first 1000, with counts', level: 'STUDY', keys: () => list(), rarely: 8, cancelAfter: 1000 },
    {
      name: 'series of a study',
      level: 'SERIES',
      keys: (n) => [
        [0x0020000d, 'UI', of(n).studyInstanceUid],
        [0x00080060, 'CS', ''],
        [0x0020000e, 'UI', ''],
        [0x00200011, 'IS', ''],
        [0x0008103e, 'LO', ''],
        [0x00201209, 'IS', ''],
      ],
    },
    {
      name: 'instances of a study',
      level: 'IMAGE',
      keys: (n) => [
        [0x0020000d, 'UI', of(n).studyInstanceUid],
        [0x0020000e, 'UI', ''],
        [0x00080016, 'UI', ''],
        [0x00080018, 'UI', ''],
        [0x00200013, 'IS', ''],
      ],
    },
  ]
}

export async function findAtScale(options: ScaleOptions, tell: (what: string) => void = () => undefined): Promise<ScaleFigures> {
  const figures: ScaleFigures = new Map()
  for (const [at, studies] of options.studies.entries()) {
    const note = (name: string, value: number): void => {
      const values = figures.get(name) ?? []
      figures.set(name, values)
      values[at] = value
    }
    tell(`${studies} studies`)
    const home = await mkdtemp(join(options.folder, 'ariane-scale-'))
    try {
      await makeStorage(home, studies, options.catalogs, tell)
      await measureSize(home, studies, options.samples, note)
    } finally {
      await rm(home, { recursive: true, force: true })
    }
  }
  return figures
}

async function makeStorage(home: string, studies: number, catalogs: string, tell: (what: string) => void): Promise<void> {
  await mkdir(catalogs, { recursive: true })
  const made = join(catalogs, `${studies}-studies-seed-${MADE_UP.seed}.sqlite`)
  if (!existsSync(made)) {
    await rm(`${made}.new`, { force: true })
    fillCatalog(`${made}.new`, { ...MADE_UP, studies }, (done) => done % 10_000 === 0 && tell(`${done} studies made`))
    await copyFile(`${made}.new`, made)
    await rm(`${made}.new`, { force: true })
  }
  await mkdir(join(home, 'storage'), { recursive: true })
  await copyFile(made, join(home, 'storage/catalog.sqlite'))
  await leaveCleanStop(join(home, 'storage'))
}

async function measureSize(home: string, studies: number, samples: number, note: (name: string, value: number) => void): Promise<void> {
  // What the first start lets in becomes the newest row, and has a file: the made-up rows, which have none, are then older than what a start
  // compares.
  const first = await startAt(home)
  await dcmtk('storescu', first, [], await writeFiles(join(home, 'first'), ctSlice(64), '2.25.970', 1, 400))
  await sleep(2000)
  await first.stop()
  const server = await startAt(home)
  try {
    note('start, ms', server.startMilliseconds)
    await sleep(2000)
    note('resident memory after the start, MiB', (await memory(server.pid)).now / 2 ** 20)
    await measureStore(server, note)
    // What was stored has its manifests by then.
    await sleep(5000)
    await measureQueries(server, studies, samples, note)
    await measureWholeList(server, note)
    note('highest resident memory, MiB', (await memory(server.pid)).peak / 2 ** 20)
  } finally {
    await server.stop()
  }
}

const startAt = (home: string) => START.ariane({ home, destinationPort: 1, quietSeconds: 1, probe: false })

async function measureQueries(server: Server, studies: number, samples: number, note: (name: string, value: number) => void) {
  const client = await FindClient.open(server.port, server.aeTitle)
  for (const { name, level, keys, rarely = 1, cancelAfter } of queryKinds(studies)) {
    const echoes: number[] = []
    for (let at = 0; at < 50; at++) echoes.push(await client.echo())
    const echo = percentile(echoes, 0.5)
    const times: number[] = []
    let answers = 0
    const count = Math.ceil(samples / rarely)
    const before = await cpuSeconds(server.pid)
    for (let at = 0; at < count; at++) {
      // Spread over all of the ten years, in no order.
      const number = Math.floor((((at + 1) * 0.6180339887) % 1) * studies)
      const found = await client.find(identifier(level, keys(number)), cancelAfter)
      times.push(Math.max(0, found.milliseconds - echo))
      answers += found.answers
    }
    note(`${name}: p50 ms`, percentile(times, 0.5))
    note(`${name}: p95 ms`, percentile(times, 0.95))
    note(`${name}: max ms`, percentile(times, 1))
    note(`${name}: server CPU ms`, (((await cpuSeconds(server.pid)) - before) / count) * 1000)
    note(`${name}: answers`, answers / count)
  }
  await client.release()
}

/** Everything in one query, and how long others wait meanwhile. */
async function measureWholeList(server: Server, note: (name: string, value: number) => void): Promise<void> {
  const client = await FindClient.open(server.port, server.aeTitle)
  const pulse = await FindClient.open(server.port, server.aeTitle, 'PULSE')
  const echoes: number[] = []
  let isOver = false
  const beating = (async () => {
    while (!isOver) {
      echoes.push(await pulse.echo())
      await sleep(5)
    }
  })()
  const before = await cpuSeconds(server.pid)
  const found = await client.find(identifier('STUDY', [...RETURNED, ...COUNTS]))
  isOver = true
  await beating
  note('all studies: answers/s', found.answers / (found.milliseconds / 1000))
  note('all studies: server CPU us/answer', (((await cpuSeconds(server.pid)) - before) / found.answers) * 1e6)
  note('C-ECHO meanwhile: p99 ms', percentile(echoes, 0.99))
  note('C-ECHO meanwhile: max ms', percentile(echoes, 1))
  await Promise.all([client.release(), pulse.release()])
}

/** What storing costs at this size, by a process that has run for some seconds, once the catalogue that was copied is on the disk. */
async function measureStore(server: Server, note: (name: string, value: number) => void): Promise<void> {
  await promisify(execFile)('sync')
  await loadUntilWarm(server, SMALL)
  const before = await cpuSeconds(server.pid)
  const { instances, seconds } = await send(server, [
    ...SMALL,
    '--associations',
    '4',
    '--seconds',
    String(STORED_SECONDS),
    '--count',
    '1000000',
  ])
  note('C-STORE, 4 associations: instances/s', instances / seconds)
  note('C-STORE, 4 associations: server CPU ms/instance', (((await cpuSeconds(server.pid)) - before) / instances) * 1000)
}

/** As a Markdown table: a column for each size, and the last to the first. */
export function scaleTable(studies: readonly number[], figures: ScaleFigures): string {
  const lines = [`| | ${studies.map((count) => `${count * MADE_UP.instancesPerStudy} instances`).join(' | ')} | ratio |`]
  lines.push(`|---|${'---|'.repeat(studies.length + 1)}`)
  for (const [name, values] of figures) {
    const cells = values.map((value) => value.toFixed(value < 10 ? 2 : 0))
    lines.push(`| ${name} | ${cells.join(' | ')} | ${(values.at(-1)! / values[0]!).toFixed(2)} |`)
  }
  return lines.join('\n')
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      studies: { type: 'string', default: '1000,100000' },
      samples: { type: 'string', default: '200' },
      catalogs: { type: 'string' },
      json: { type: 'string' },
    },
  })
  const studies = values.studies.split(',').map(Number)
  const catalogs = values.catalogs ?? (await mkdtemp(join(tmpdir(), 'ariane-catalogs-')))
  try {
    const figures = await findAtScale({ studies, samples: Number(values.samples), catalogs, folder: tmpdir() }, (what) =>
      process.stderr.write(`${what}\n`),
    )
    process.stdout.write(`${scaleTable(studies, figures)}\n`)
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(Object.fromEntries(figures), undefined, 1)}\n`)
  } finally {
    await endAll()
    if (values.catalogs === undefined) await rm(catalogs, { recursive: true, force: true })
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
