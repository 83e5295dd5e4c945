/** What is measured of one server, with DCMTK's clients: each returns figures by name. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { connect } from '../../src/dimse/connect.ts'
import type { Kind } from './data.ts'
import { cpuSeconds, DESTINATION, type Server } from './servers.ts'

export type Figures = Readonly<Record<string, number>>

/** C-STORE of all files, one storescu for each association, all started together; meanwhile C-ECHO on an association of its own. */
export async function store(server: Server, files: readonly string[], associations: number, kind: Kind): Promise<Figures> {
  const share = Math.ceil(files.length / associations)
  const echoes = echoing(server)
  const before = await cpuSeconds(server.pid)
  const began = performance.now()
  const shares = Array.from({ length: associations }, (_, at) => files.slice(at * share, (at + 1) * share))
  await Promise.all(shares.map((part) => client('storescu', server, [], part)))
  const seconds = (performance.now() - began) / 1000
  const cpu = (await cpuSeconds(server.pid)) - before
  const latencies = await echoes()
  return {
    'instances/s': files.length / seconds,
    'MB/s': (files.length * kind.sizeBytes) / seconds / 1e6,
    'server CPU ms/instance': (cpu / files.length) * 1000,
    'C-ECHO p99 ms': percentile(latencies, 0.99),
    'C-ECHO worst ms': percentile(latencies, 1),
  }
}

/** One study out by C-GET and by C-MOVE, and all its instances by C-FIND. */
export async function retrieve(server: Server, studyInstanceUid: string, instances: number, bytes: number): Promise<Figures> {
  const study = ['-S', '-k', '0008,0052=STUDY', '-k', `0020,000d=${studyInstanceUid}`]
  const images = [
    '-S',
    '-k',
    '0008,0052=IMAGE',
    '-k',
    `0020,000d=${studyInstanceUid}`,
    '-k',
    '0008,0018',
    '-k',
    '0020,000e',
    '-k',
    '0020,0013',
  ]
  const get = await seconds(() => client('getscu', server, ['--ignore', '-pdu', '131072', ...study]))
  const move = await seconds(() => client('movescu', server, ['-aem', DESTINATION, ...study]))
  const find = await seconds(() => client('findscu', server, images))
  const idle = await seconds(() => client('echoscu', server, []))
  return {
    'C-GET instances/s': instances / (get - idle),
    'C-GET MB/s': bytes / (get - idle) / 1e6,
    'C-MOVE instances/s': instances / (move - idle),
    'C-MOVE MB/s': bytes / (move - idle) / 1e6,
    'C-FIND answers/s': instances / (find - idle),
  }
}

/** From the last instance of a study to its manifest in the outbox, beyond the quiet time. */
export async function manifestDelay(server: Server, files: readonly string[], studyFolder: string, quietSeconds: number): Promise<Figures> {
  await client('storescu', server, [], files)
  const began = performance.now()
  while (!existsSync(studyFolder) || readdirSync(studyFolder).length === 0) await sleep(5)
  return { 'manifest after quiet time ms': performance.now() - began - quietSeconds * 1000 }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

function client(program: string, server: Server, options: readonly string[], files: readonly string[] = []): Promise<void> {
  const args = ['-aet', 'BENCH', '-aec', server.aeTitle, ...options, '127.0.0.1', String(server.port), ...files]
  const child = spawn(program, args, { env: { ...process.env, TCP_NODELAY: '1' }, stdio: 'ignore' })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${program} at ${server.name} ended with ${code}`))))
  })
}

/** Calls C-ECHO every 10 ms. @returns what ends it and gives the latencies in milliseconds */
function echoing(server: Server): () => Promise<number[]> {
  const latencies: number[] = []
  let isOver = false
  const work = (async () => {
    const contexts = [{ abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2'] }]
    const timeouts = { associateSeconds: 5, idleSeconds: 60, writeSeconds: 10, connectSeconds: 5, responseSeconds: 20 }
    const titles = { callingAeTitle: aeTitle('PULSE'), calledAeTitle: aeTitle(server.aeTitle) }
    const association = await connect({ host: '127.0.0.1', port: server.port, ...titles, contexts, timeouts })
    while (!isOver) {
      const began = performance.now()
      await association.echo()
      latencies.push(performance.now() - began)
      await sleep(10)
    }
    await association.release()
  })()
  return async () => {
    isOver = true
    await work
    return latencies
  }
}

function percentile(all: readonly number[], share: number): number {
  const sorted = [...all].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
