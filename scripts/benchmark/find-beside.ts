/** C-FIND of Ariane beside Orthanc at equal content: made-up studies of one instance each, and one study of 400, sent to both by C-STORE.
 *
 *  The client only counts (find-client.ts), for findscu takes longer to start than either server to answer; the processor's time of the server is
 *  what counts. Never a test: it prints.
 *
 *  By itself: node scripts/benchmark/find-beside.ts [--studies 4000] [--samples 200]; the built node is measured (`npm run build`). */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { InstanceFacts } from '../../src/catalog/contract.ts'
import { encoderFor } from '../../src/dicom/character-set.ts'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { INDEX_ATTRIBUTES, type IndexKeys } from '../../src/dicom/index-attributes.ts'
import { part10Header } from '../../src/dicom/part10.ts'
import { cpuSeconds } from './accounting.ts'
import { dcmtk } from './clients.ts'
import { MADE_UP } from './fill-catalog.ts'
import { queryKinds } from './find-at-scale.ts'
import { FindClient, identifier } from './find-client.ts'
import { madeUpStudy } from './made-up-studies.ts'
import { endAll } from './processes.ts'
import { type Server, START } from './servers.ts'

const LATIN_1 = 'ISO_IR 100'
const LARGE = 400
/** Queries of each kind before those that are counted. */
const WARM_UP = 10

export interface BesideOptions {
  readonly studies: number
  /** Queries of each kind. */
  readonly samples: number
  /** Where storages go. */
  readonly folder: string
}

interface Cost {
  readonly wall: number
  readonly cpu: number
  readonly answers: number
}

/** @returns query → server → milliseconds of a query */
export async function findBeside({ studies, samples, folder: parent }: BesideOptions): Promise<Map<string, Map<string, Cost>>> {
  const costs = new Map<string, Map<string, Cost>>()
  const folder = await mkdtemp(join(parent, 'ariane-beside-'))
  try {
    const folders = await writeFiles(join(folder, 'files'), studies)
    for (const name of ['ariane', 'orthanc'] as const) {
      const home = join(folder, name)
      await mkdir(home)
      const server = await START[name]({ home, destinationPort: 1, quietSeconds: 1, probe: false })
      try {
        await Promise.all(folders.map((one) => dcmtk('storescu', server, ['+sd', '-R'], [one])))
        await untilIdle(server)
        for (const [query, cost] of await ask(server, studies, samples)) {
          costs.set(query, (costs.get(query) ?? new Map<string, Cost>()).set(name, cost))
        }
      } finally {
        await server.stop()
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return costs
}

/** @returns folders, one for each association */
async function writeFiles(folder: string, studies: number): Promise<string[]> {
  const folders = [0, 1, 2, 3].map((part) => join(folder, String(part)))
  for (const one of folders) await mkdir(one, { recursive: true })
  let at = 0
  const write = (facts: InstanceFacts) => writeFile(join(folders[at++ % 4]!, `${at}.dcm`), fileOf(facts))
  for (let number = 0; number < studies; number++)
    for (const facts of madeUpStudy(number, { ...MADE_UP, studies, instancesPerStudy: 1 }).instances) await write(facts)
  for (const facts of large().instances) await write(facts)
  return folders
}

const large = () => madeUpStudy(0, { ...MADE_UP, seed: 2, studies: 1, instancesPerStudy: LARGE })

function fileOf({ sopClassUid, sopInstanceUid, transferSyntaxUid, ...facts }: InstanceFacts): Buffer {
  const keys: IndexKeys = {
    ...facts.keys,
    SOPClassUID: sopClassUid,
    SOPInstanceUID: sopInstanceUid,
    SeriesInstanceUID: facts.seriesInstanceUid,
  }
  const writer = new ElementWriter({ explicit: true, encode: encoderFor(LATIN_1) })
  for (const { keyword, tag, vr } of INDEX_ATTRIBUTES)
    if (vr !== 'SQ' && keys[keyword] !== undefined) writer.element(tag, vr, keys[keyword])
  return Buffer.concat([part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid }), writer.finish()])
}

/** What comes after reception, manifests and checkpoints, is not to be counted. */
async function untilIdle(server: Server): Promise<void> {
  for (let before = await cpuSeconds(server.pid), quiet = 0; quiet < 3; ) {
    await sleep(1000)
    const now = await cpuSeconds(server.pid)
    quiet = now - before < 0.05 ? quiet + 1 : 0
    before = now
  }
}

async function ask(server: Server, studies: number, samples: number): Promise<Map<string, Cost>> {
  const costs = new Map<string, Cost>()
  const client = await FindClient.open(server.port, server.aeTitle)
  const sample = async (name: string, level: string, queries: readonly Buffer[]): Promise<void> => {
    for (const query of queries.slice(0, WARM_UP)) await client.find(query)
    const [cpu, began] = [await cpuSeconds(server.pid), performance.now()]
    let answers = 0
    for (const query of queries) answers += (await client.find(query)).answers
    const wall = (performance.now() - began) / queries.length
    costs.set(`${name} (${level})`, {
      wall,
      cpu: (((await cpuSeconds(server.pid)) - cpu) * 1000) / queries.length,
      answers: answers / queries.length,
    })
  }
  const kinds = queryKinds(studies).filter(({ name }) => name !== 'instances of a study')
  for (const { name, level, keys, rarely = 1 } of kinds) {
    const numbers = Array.from({ length: Math.ceil(samples / rarely) }, (_, at) => Math.floor((((at + 1) * 0.6180339887) % 1) * studies))
    await sample(
      name.replace(', first 1000', ''),
      level,
      numbers.map((number) => identifier(level, keys(number))),
    )
  }
  const images = queryKinds(1).find(({ level }) => level === 'IMAGE')!
  const study = large().instances[0]!.studyInstanceUid
  const query = identifier('IMAGE', [...images.keys(0).slice(1), [0x0020000d, 'UI', study]])
  await sample(`${LARGE} instances of a study`, 'IMAGE', new Array<Buffer>(samples).fill(query))
  await client.release()
  return costs
}

/** As a Markdown table: a row for each kind of query. */
export function besideTable(costs: ReadonlyMap<string, ReadonlyMap<string, Cost>>): string {
  const lines = [
    '| | answers | Ariane CPU ms | Orthanc CPU ms | ratio | Ariane wall ms | Orthanc wall ms | ratio |',
    '|---|---|---|---|---|---|---|---|',
  ]
  for (const [name, of] of costs) {
    const [ours, theirs] = [of.get('ariane')!, of.get('orthanc')!]
    const answers = ours.answers.toFixed(2)
    const same = answers === theirs.answers.toFixed(2) ? answers : `${answers} / ${theirs.answers.toFixed(2)}`
    const row = [ours.cpu, theirs.cpu, theirs.cpu / ours.cpu, ours.wall, theirs.wall, theirs.wall / ours.wall]
    lines.push(`| ${name} | ${same} | ${row.map((value) => value.toFixed(2)).join(' | ')} |`)
  }
  return lines.join('\n')
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { studies: { type: 'string', default: '4000' }, samples: { type: 'string', default: '200' } } })
  const asked = { studies: Number(values.studies), samples: Number(values.samples), folder: tmpdir() }
  try {
    process.stdout.write(`${besideTable(await findBeside(asked))}\n`)
  } finally {
    await endAll()
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
