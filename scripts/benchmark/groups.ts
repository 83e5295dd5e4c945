/** What is measured, in which order, of which servers, how often and for how long: the three sizes of the benchmark. */

import { setTimeout as sleep } from 'node:timers/promises'
import { memory } from './accounting.ts'
import { loadUntilWarm, WARM_SECONDS } from './clients.ts'
import { ctSlice, writeFiles } from './data.ts'
import type { Figures } from './figures.ts'
import { MIB } from './figures.ts'
import * as measures from './measures.ts'
import type { Name, Server } from './servers.ts'
import * as web from './web-measures.ts'

export type Size = 'quick' | 'default' | 'full'

/** Measured one after the other on the same server; each round and each server begins with a fresh storage. */
export interface Group {
  readonly title: string
  readonly servers: readonly Name[]
  readonly rounds: number
  readonly quietSeconds: number
  /** Of Orthanc: with its DICOMweb plugin. */
  readonly web?: boolean
  /** Of Ariane: with the probe of its event loop. */
  readonly probe: boolean
  readonly measures: readonly Measure[]
}

export interface Measure {
  readonly title: string
  /** Only these of the group's servers. */
  readonly servers?: readonly Name[]
  /** About; for what is left to be told. */
  readonly seconds: number
  /** For what comes after it in the group: runs even where it is not asked for. */
  readonly prepares?: boolean
  run(server: Server): Promise<Figures>
}

export interface Surroundings {
  readonly size: Size
  readonly destinationPort: number
  /** For files that clients send. */
  readonly folder: string
}

const ALL = ['ariane', 'orthanc', 'storescp'] as const
const ARCHIVES = ['ariane', 'orthanc'] as const
const ARIANE = ['ariane'] as const

export function groups(around: Surroundings): Group[] {
  const { size } = around
  const rounds = { quick: 2, default: 3, full: 5 }[size]
  const few = { quick: 1, default: 2, full: 3 }[size]
  const group = (title: string, servers: readonly Name[], list: readonly Measure[], more: Partial<Group> = {}): Group => ({
    title,
    servers,
    rounds,
    quietSeconds: 1,
    probe: true,
    measures: list,
    ...more,
  })
  const all = [
    group('start', ALL, [start()], { probe: false }),
    group('CT slices 512x512, 525 kB', ALL, slices(around, 512, 400)),
    group('slices 64x64, 9 kB', ALL, slices(around, 64, 1000)),
    group(`manifest of 400 instances`, ARIANE, [manifest(400, 1)]),
    group('DICOMweb, CT slices', ARCHIVES, onTheWeb(around, 512, 200), { web: true }),
    group('DICOMweb, slices 64x64', ARCHIVES, onTheWeb(around, 64, 1000), { web: true }),
  ]
  if (size === 'quick') return all
  const studies = size === 'full' ? 1000 : 300
  const opened = size === 'full' ? 10_000 : 1000
  all.push(
    group('ultrasound, 120 frames, 6 MB', ALL, [warmUp(['--ultrasound'], 20), ...[1, 4].map((n) => raw(around, ['--ultrasound'], n))]),
    group('CT slices, eight senders', ALL, [raw(around, ['--side', '512'], 8)], { rounds: few }),
    group(`${studies} studies due at once`, ARIANE, [running(), due(around, studies, 64, 8 + studies / 70)], {
      rounds: few,
      quietSeconds: 3600,
    }),
    group('200 slow readers of DICOMweb', ARIANE, slowReaders(200), { rounds: few }),
    group(`${opened} associations`, ARCHIVES, [associations(opened)], { rounds: few }),
  )
  if (size === 'default') return all
  all.push(
    group(`${studies} studies due at once, CT`, ARIANE, [running(), due(around, studies, 512, 8 + studies / 60)], {
      rounds: few,
      quietSeconds: 3600,
    }),
    group('manifest of 20000 instances', ARIANE, [manifest(20_000, 40)], { rounds: few }),
    group('multi-frame of 2 GiB', ALL, [large(2048)], { rounds: few }),
  )
  return all
}

/** In with our sender and with DCMTK's, and out again. */
function slices(around: Surroundings, side: number, instances: number): Measure[] {
  const { size } = around
  const repetitions = { quick: 3, default: 3, full: 5 }[size]
  const options = ['--side', String(side)]
  let study: measures.Study | undefined
  const prepare: Measure = {
    title: 'warm-up',
    seconds: 2 + WARM_SECONDS,
    prepares: true,
    run: async (server) => {
      study = await measures.storeStudy(server, options, instances)
      return warm(server, options)
    },
  }
  const out = (by: 'C-GET' | 'C-MOVE'): Measure => ({
    title: `${by}, DCMTK, of a study of ${instances}`,
    servers: ARCHIVES,
    seconds: repetitions,
    run: (server) => measures.retrieve(server, by, study!, repetitions),
  })
  const outRaw: Measure = {
    title: `C-GET, raw receiver, of a study of ${instances}`,
    servers: ARCHIVES,
    seconds: repetitions / 2,
    run: (server) => measures.retrieveRaw(server, study!, repetitions),
  }
  const find: Measure = {
    title: `C-FIND of ${instances} images`,
    servers: ARCHIVES,
    seconds: 2,
    run: (server) => measures.find(server, study!, 5),
  }
  const dcmtk = size === 'quick' ? [] : [1, 4].map((n) => storescu(around, side, n))
  return [prepare, ...[1, 4].map((n) => raw(around, options, n)), ...dcmtk, outRaw, out('C-GET'), out('C-MOVE'), find]
}

/** Out by WADO-RS, and found by QIDO-RS. */
function onTheWeb({ size }: Surroundings, side: number, instances: number): Measure[] {
  const repetitions = { quick: 3, default: 5, full: 9 }[size]
  let study: measures.Study | undefined
  const measure = (title: string, seconds: number, run: (server: Server, study: measures.Study) => Promise<Figures>): Measure => ({
    title,
    seconds,
    run: (server) => run(server, study!),
  })
  return [
    {
      title: 'warm-up',
      seconds: 2,
      prepares: true,
      run: async (server) => {
        study = await measures.storeStudy(server, ['--side', String(side)], instances)
        return {}
      },
    },
    measure(`WADO-RS of a study of ${instances}`, repetitions, (server, one) => web.wadoStudy(server, one, repetitions)),
    measure('WADO-RS of 200 instances one by one, 4 at a time', 2, (server, one) => web.wadoInstances(server, one, 4, repetitions)),
    measure('QIDO-RS, one study by its UID', 1, (server, one) =>
      web.qido(server, `/studies?StudyInstanceUID=${one.studyInstanceUid}`, 20 * repetitions),
    ),
    measure(`QIDO-RS, ${instances} instances of a study`, 2, (server, one) =>
      web.qido(server, `/studies/${one.studyInstanceUid}/instances`, repetitions),
    ),
  ]
}

function slowReaders(readers: number): Measure[] {
  const load = ['--side', '512', '--associations', '4', '--seconds', '5', '--count', '1000000']
  return [
    {
      title: 'while CT slices are stored',
      seconds: 15,
      run: async (server) => web.slowReaders(server, await measures.storeStudy(server, ['--side', '512'], 400), readers, load),
    },
  ]
}

function raw({ size }: Surroundings, options: readonly string[], associations: number): Measure {
  const seconds = { quick: 1, default: 2, full: 4 }[size]
  const load = [...options, '--associations', String(associations), '--seconds', String(seconds), '--count', '1000000']
  return { title: `C-STORE, raw sender, ${plural(associations)}`, seconds: seconds + 1, run: (server) => measures.storeRaw(server, load) }
}

function storescu({ folder }: Surroundings, side: number, associations: number): Measure {
  const kind = ctSlice(side)
  const count = side === 512 ? 400 : 1200
  let files: string[] | undefined
  return {
    title: `C-STORE, storescu, ${plural(associations)}`,
    seconds: 3,
    run: async (server) => {
      // The same files for every server: each has a storage of its own.
      files ??= await writeFiles(`${folder}/files-${side}-${associations}`, kind, `2.25.6${associations}`, count, 400)
      return measures.storeFiles(server, files, associations, kind.sizeBytes * count)
    },
  }
}

function warmUp(options: readonly string[], count: number): Measure {
  return {
    title: 'warm-up',
    seconds: 2,
    prepares: true,
    run: async (server) => {
      await measures.storeStudy(server, options, count)
      return {}
    },
  }
}

/** What it stores falls due with the rest. */
function running(): Measure {
  return { title: 'warm-up', seconds: WARM_SECONDS, prepares: true, run: async (server) => warm(server, ['--side', '64']) }
}

async function warm(server: Server, options: readonly string[]): Promise<Figures> {
  await loadUntilWarm(server, options)
  return {}
}

function start(): Measure {
  return {
    title: 'start',
    seconds: 2,
    run: async (server) => {
      await sleep(1000)
      return { 'listening after ms': server.startMilliseconds, 'idle resident MiB': (await memory(server.pid)).now / MIB }
    },
  }
}

function manifest(instances: number, seconds: number): Measure {
  return { title: 'last instance to manifest', seconds: seconds + 2, run: (server) => measures.manifestDelay(server, instances, 1) }
}

function due({ destinationPort }: Surroundings, studies: number, side: number, seconds: number): Measure {
  return {
    title: `while slices ${side}x${side} are stored`,
    seconds,
    run: (server) => measures.dueAtOnce(server, studies, ['--side', String(side)], destinationPort),
  }
}

function associations(count: number): Measure {
  return { title: 'opened and closed', seconds: 6 + count / 1000, run: (server) => measures.associations(server, count) }
}

function large(mebibytes: number): Measure {
  return { title: 'in and out', seconds: 40, run: (server) => measures.multiFrame(server, mebibytes, server.name !== 'storescp') }
}

function plural(associations: number): string {
  return `${associations} association${associations === 1 ? '' : 's'}`
}
