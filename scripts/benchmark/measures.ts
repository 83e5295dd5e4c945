/** What is measured of one running server: each function returns figures by name.
 *
 *  CPU time is the server's, from the operating system's accounting: user and system, children that have ended included. */
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, memory, resetPeak } from './accounting.ts'
import { dcmtk, openAssociation, receive, send, startPulse, startSending } from './clients.ts'
import { namesOf } from './data.ts'
import { type Figures, MIB, median, percentile } from './figures.ts'
import { run } from './processes.ts'
import { configureAriane, DESTINATION, isOpen, type Server } from './servers.ts'

/** About what is received in a second or two. */
const TOUCHED_BYTES = 768 * MIB

/** @param options  of raw-sender.ts: what, how many, on how many associations */
export async function storeRaw(server: Server, options: readonly string[]): Promise<Figures> {
  return observed(server, async () => {
    const { instances, bytes, seconds, ...sent } = await send(server, options)
    return {
      instances,
      bytes,
      figures: {
        'instances/s': instances / seconds,
        'MB/s': bytes / seconds / 1e6,
        'answer p50 ms': sent.latencyP50Ms,
        'answer p99 ms': sent.latencyP99Ms,
        'sender CPU ms/instance': sent.senderCpuMsPerInstance,
      },
    }
  })
}

/** All files, one storescu for each association, all started together. Their start counts. */
export async function storeFiles(server: Server, files: readonly string[], associations: number, bytes: number): Promise<Figures> {
  return observed(server, async () => {
    const share = Math.ceil(files.length / associations)
    const began = performance.now()
    const shares = Array.from({ length: associations }, (_, at) => files.slice(at * share, (at + 1) * share))
    await Promise.all(shares.map((part) => dcmtk('storescu', server, [], part)))
    const seconds = (performance.now() - began) / 1000
    return { instances: files.length, bytes, figures: { 'instances/s': files.length / seconds, 'MB/s': bytes / seconds / 1e6 } }
  })
}

interface Load {
  readonly instances: number
  readonly bytes: number
  readonly figures: Figures
}

/** A load, and what it does to the server meanwhile: CPU time, memory, the answer to a C-ECHO, the event loop. */
async function observed(server: Server, work: () => Promise<Load>): Promise<Figures> {
  const before = await prepare(server)
  const endPulse = await startPulse(server)
  const { instances, bytes, figures } = await work()
  const stallMs = await server.probe?.stallMs()
  const echoes = await endPulse()
  const cpu = (await cpuOfAll(server)) - before
  return {
    ...figures,
    'server CPU s/GB': cpu / (bytes / 1e9),
    'server CPU s/1000 instances': (cpu / instances) * 1000,
    'C-ECHO p99 ms': percentile(echoes, 0.99),
    'C-ECHO worst ms': percentile(echoes, 1),
    ...(server.forks ? {} : { 'highest resident MiB': (await memory(server.pid)).peak / MIB }),
    ...(stallMs === undefined ? {} : { 'longest stall ms': stallMs }),
  }
}

/** What others left to be written goes first, so that it is not written at our cost. @returns CPU seconds so far */
async function prepare(server: Server): Promise<number> {
  await run('sync', [])
  await touchMemory(server.home)
  await resetPeak(server.pid)
  server.probe?.reset()
  return cpuSeconds(server.pid)
}

/** A virtual machine gets memory that it has not used lately from its host page by page, at up to 9 µs for each: a millisecond for a CT slice in the page
 *  cache. Whoever is measured first would pay for the others: so that much is used, and given back, before each load. */
async function touchMemory(folder: string): Promise<void> {
  const path = join(folder, 'touched')
  const file = await open(path, 'w')
  try {
    const bytes = Buffer.alloc(4 * MIB, 1)
    for (let written = 0; written < TOUCHED_BYTES; written += bytes.length) await file.write(bytes)
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}

/** A server that forks waits for its children when the next connection comes. */
async function cpuOfAll(server: Server): Promise<number> {
  if (server.forks) {
    for (let touch = 0; touch < 5; touch++) {
      await sleep(30)
      await isOpen(server.port)
    }
  }
  return cpuSeconds(server.pid)
}

/** Stores one study and, where the server can, fetches it twice, which warms the server up. @returns what {@link retrieve} needs */
export async function storeStudy(server: Server, options: readonly string[], instances: number): Promise<Study> {
  const root = '2.25.7'
  const { studyInstanceUid } = namesOf(root, 0, 0)
  const { bytes } = await send(server, [...options, '--root', root, '--one-study', '--count', String(instances)])
  if (server.name !== 'storescp') await receive(server, studyInstanceUid, 2)
  return { studyInstanceUid, instances, bytes }
}

export interface Study {
  readonly studyInstanceUid: string
  readonly instances: number
  readonly bytes: number
}

/** A study out by C-GET, or by C-MOVE, with a client of DCMTK, some times. What a client costs that only calls C-ECHO is taken off. */
export async function retrieve(server: Server, by: 'C-GET' | 'C-MOVE', study: Study, repetitions: number): Promise<Figures> {
  const keys = ['-S', '-k', '0008,0052=STUDY', '-k', `0020,000d=${study.studyInstanceUid}`]
  const [program, options] =
    by === 'C-GET' ? ['getscu', ['--ignore', '-pdu', '131072', ...keys]] : ['movescu', ['-aem', DESTINATION, ...keys]]
  const idle = await medianSeconds(repetitions, () => dcmtk('echoscu', server))
  return retrieved(server, study, repetitions, async () => {
    return { seconds: (await medianSeconds(repetitions, () => dcmtk(program!, server, options))) - idle, figures: {} }
  })
}

/** A study out by C-GET to a receiver that costs next to nothing, some times on one association. */
export async function retrieveRaw(server: Server, study: Study, repetitions: number): Promise<Figures> {
  return retrieved(server, study, repetitions, async () => {
    const { instances, seconds, receiverCpuMsPerInstance } = await receive(server, study.studyInstanceUid, repetitions)
    if (instances !== study.instances) throw new Error(`${instances} of ${study.instances} instances came`)
    return { seconds, figures: { 'receiver CPU ms/instance': receiverCpuMsPerInstance } }
  })
}

async function retrieved(
  server: Server,
  study: Study,
  repetitions: number,
  work: () => Promise<{ seconds: number; figures: Figures }>,
): Promise<Figures> {
  const before = await prepare(server)
  const { seconds, figures } = await work()
  const cpu = ((await cpuSeconds(server.pid)) - before) / repetitions
  const stallMs = await server.probe?.stallMs()
  return {
    'instances/s': study.instances / seconds,
    'MB/s': study.bytes / seconds / 1e6,
    ...figures,
    'server CPU s/GB': cpu / (study.bytes / 1e9),
    'server CPU s/1000 instances': (cpu / study.instances) * 1000,
    'highest resident MiB': (await memory(server.pid)).peak / MIB,
    ...(stallMs === undefined ? {} : { 'longest stall ms': stallMs }),
  }
}

/** All instances of a study by C-FIND; as many times on one association, so that the client's start is small beside it. */
export async function find(server: Server, study: Study, repetitions: number): Promise<Figures> {
  const keys = ['0008,0052=IMAGE', `0020,000d=${study.studyInstanceUid}`, '0008,0018', '0020,000e', '0020,0013']
  const options = ['-S', '--repeat', String(repetitions), ...keys.flatMap((key) => ['-k', key])]
  const idle = await medianSeconds(3, () => dcmtk('echoscu', server))
  const before = await cpuSeconds(server.pid)
  const seconds = (await medianSeconds(3, () => dcmtk('findscu', server, options))) - idle
  const cpu = ((await cpuSeconds(server.pid)) - before) / (3 * repetitions)
  return { 'answers/s': (study.instances * repetitions) / seconds, 'server CPU s/1000 answers': (cpu / study.instances) * 1000 }
}

async function medianSeconds(times: number, work: () => Promise<void>): Promise<number> {
  const all: number[] = []
  for (let time = 0; time < times; time++) {
    const began = performance.now()
    await work()
    all.push((performance.now() - began) / 1000)
  }
  return median(all)
}

/** One multi-frame in, and where the server can also out by C-MOVE; memory is counted above what it was before. */
export async function multiFrame(server: Server, mebibytes: number, isArchive: boolean): Promise<Figures> {
  const root = '2.25.8'
  const idle = (await memory(server.pid)).now
  const stored = await storeRaw(server, ['--multi-frame', String(mebibytes), '--count', '1', '--root', root])
  const above = async (): Promise<number> => ((await memory(server.pid)).peak - idle) / MIB
  const figures: Record<string, number> = {
    'in: MB/s': stored['MB/s']!,
    'in: server CPU s/GB': stored['server CPU s/GB']!,
    'in: C-ECHO worst ms': stored['C-ECHO worst ms']!,
  }
  if (stored['longest stall ms'] !== undefined) figures['in: longest stall ms'] = stored['longest stall ms']
  if (!isArchive) return figures
  figures['in: highest resident MiB above idle'] = await above()
  const study = { studyInstanceUid: namesOf(root, 0, 0).studyInstanceUid, instances: 1, bytes: mebibytes * MIB }
  const out = await retrieve(server, 'C-MOVE', study, 1)
  figures['out: MB/s'] = out['MB/s']!
  figures['out: server CPU s/GB'] = out['server CPU s/GB']!
  figures['out: highest resident MiB above idle'] = await above()
  return figures
}

/** Associations opened, asked C-ECHO once and released, eight at a time. What memory has grown by shows a leak; the heap is measured once garbage is collected. */
export async function associations(server: Server, count: number): Promise<Figures> {
  const each = async (many: number): Promise<void> => {
    let claimed = 0
    const worker = async (): Promise<void> => {
      while (claimed++ < many) {
        const association = await openAssociation(server)
        await association.echo()
        await association.release()
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
  }
  const heap = async (): Promise<number> => ((await server.probe?.heapBytes()) ?? Number.NaN) / MIB
  const resident = async (): Promise<number> => (await memory(server.pid)).now / MIB
  await each(Math.min(1000, count))
  await sleep(3000)
  const [heapBefore, residentBefore] = [await heap(), await resident()]
  const cpuBefore = await cpuSeconds(server.pid)
  const began = performance.now()
  await each(count)
  const seconds = (performance.now() - began) / 1000
  const cpu = (await cpuSeconds(server.pid)) - cpuBefore
  await sleep(3000)
  const [heapAfter, residentAfter] = [await heap(), await resident()]
  return {
    'associations/s': count / seconds,
    'server CPU ms/association': (cpu / count) * 1000,
    'resident MiB before': residentBefore,
    'resident MiB after': residentAfter,
    ...(server.probe === undefined ? {} : { 'heap MiB before': heapBefore, 'heap MiB after': heapAfter }),
  }
}

/** From the last answer to an instance of a study to its manifest in the outbox, beyond the quiet time. */
export async function manifestDelay(server: Server, instances: number, quietSeconds: number): Promise<Figures> {
  const root = '2.25.9'
  const folder = join(server.home, 'storage/outbox', namesOf(root, 0, 0).studyInstanceUid)
  const size = ['--side', '64', '--count', String(instances), '--one-study', '--associations', '4']
  const { endedAt } = await send(server, [...size, '--root', root])
  server.probe?.reset()
  await appeared(folder, 1, 120)
  const delayMs = Date.now() - endedAt - quietSeconds * 1000
  const stallMs = await server.probe?.stallMs()
  return { 'after the quiet time ms': delayMs, ...(stallMs === undefined ? {} : { 'longest stall ms': stallMs }) }
}

/** Many small studies that fall due at once, by a shorter quiet time, while others are stored.
 *  @param load     of raw-sender.ts, what is stored meanwhile */
export async function dueAtOnce(server: Server, studies: number, load: readonly string[], destinationPort: number): Promise<Figures> {
  const inStudy = 3
  const few = ['--side', '64', '--associations', '4', '--in-study', String(inStudy), '--count', String(studies * inStudy)]
  await send(server, few)
  // Studies of the load itself stay unfinished, so that they fall due in neither part.
  const endless = [...load, '--associations', '4', '--in-study', '1000000', '--count', '1000000']
  await configureAriane({ home: server.home, quietSeconds: 1, destinationPort }, server.port)
  const outbox = join(server.home, 'storage/outbox')
  process.kill(server.pid, 'SIGHUP')
  // The sender takes a moment to start: it is there when the first study is due.
  await sleep(600)
  const endPulse = await startPulse(server)
  const sending = startSending(server, endless)
  await appeared(outbox, 1, 60)
  const began = performance.now()
  server.probe?.reset()
  await appeared(outbox, studies, 300)
  const seconds = (performance.now() - began) / 1000
  const stallMs = await server.probe?.stallMs()
  // What is stored meanwhile shall not fall due when the sender ends.
  await configureAriane({ home: server.home, quietSeconds: 3600, destinationPort }, server.port)
  process.kill(server.pid, 'SIGHUP')
  sending.stop()
  const meanwhile = await sending.figures
  const echoes = await endPulse()
  // Behind it, because what a machine can write falls with the time that it writes.
  const without = await send(server, [...endless, '--seconds', '5'])
  return {
    'instances/s without': without.instancesPerSecond,
    'instances/s meanwhile': meanwhile.instancesPerSecond,
    'meanwhile to without': meanwhile.instancesPerSecond / without.instancesPerSecond,
    'answer p99 ms without': without.latencyP99Ms,
    'answer p99 ms meanwhile': meanwhile.latencyP99Ms,
    'manifests/s meanwhile': studies / seconds,
    'C-ECHO p99 ms meanwhile': percentile(echoes, 0.99),
    ...(stallMs === undefined ? {} : { 'longest stall ms': stallMs }),
  }
}

async function appeared(folder: string, entries: number, withinSeconds: number): Promise<void> {
  const until = performance.now() + withinSeconds * 1000
  while ((await readdir(folder).catch(() => [])).length < entries) {
    if (performance.now() > until) throw new Error(`not ${entries} in ${folder} within ${withinSeconds} s`)
    await sleep(5)
  }
}
