/** Who calls the servers: DCMTK's clients, our raw sender in a process of its own, and a C-ECHO from time to time from this process. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { connect } from '../../src/dimse/connect.ts'
import type { OutboundAssociation } from '../../src/dimse/contract.ts'
import { finished, run, start } from './processes.ts'
import type { ReceivedFigures } from './raw-receiver.ts'
import type { RawFigures } from './raw-sender.ts'
import type { Server } from './servers.ts'

const PULSE_MS = 10

/** A client of DCMTK, to its end. */
export async function dcmtk(
  program: string,
  server: Server,
  options: readonly string[] = [],
  files: readonly string[] = [],
): Promise<void> {
  await run(program, ['-aet', 'BENCH', '-aec', server.aeTitle, ...options, '127.0.0.1', String(server.port), ...files])
}

/** A study by C-GET with raw-receiver.ts. */
export async function receive(server: Server, studyInstanceUid: string, repetitions: number): Promise<ReceivedFigures> {
  const script = join(import.meta.dirname, 'raw-receiver.ts')
  const study = ['--study', studyInstanceUid, '--repeat', String(repetitions)]
  return JSON.parse(await run(process.execPath, [script, '--json', '--port', String(server.port), '--called', server.aeTitle, ...study]))
}

/** @param options  of raw-sender.ts */
export async function send(server: Server, options: readonly string[]): Promise<RawFigures> {
  return startSending(server, options).figures
}

/** V8 has compiled by then what is used often. */
export const WARM_SECONDS = 6

/** @param options  of raw-sender.ts: what is sent */
export async function loadUntilWarm(server: Server, options: readonly string[]): Promise<void> {
  await send(server, [...options, '--associations', '4', '--seconds', String(WARM_SECONDS), '--count', '1000000'])
}

/** @returns `stop` ends it early; `figures` come when it has ended */
export function startSending(server: Server, options: readonly string[]): { stop(): void; readonly figures: Promise<RawFigures> } {
  const script = join(import.meta.dirname, 'raw-sender.ts')
  const args = [script, '--json', '--port', String(server.port), '--called', server.aeTitle, ...options]
  const child = start(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  return { stop: () => child.kill('SIGTERM'), figures: finished(child).then((text) => JSON.parse(text)) }
}

export function openAssociation(server: Server): Promise<OutboundAssociation> {
  return connect({
    host: '127.0.0.1',
    port: server.port,
    callingAeTitle: aeTitle('PULSE'),
    calledAeTitle: aeTitle(server.aeTitle),
    contexts: [{ abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2'] }],
    timeouts: { associateSeconds: 5, idleSeconds: 300, writeSeconds: 30, connectSeconds: 10, responseSeconds: 60 },
  })
}

/** Calls C-ECHO every 10 ms on an association of its own. @returns what ends it, and gives the latencies in milliseconds */
export async function startPulse(server: Server): Promise<() => Promise<number[]>> {
  const latencies: number[] = []
  let isOver = false
  const association = await openAssociation(server)
  const work = (async () => {
    while (!isOver) {
      const began = performance.now()
      await association.echo()
      latencies.push(performance.now() - began)
      await sleep(PULSE_MS)
    }
    await association.release()
  })()
  work.catch(() => undefined)
  return async () => {
    isOver = true
    await work
    return latencies
  }
}
