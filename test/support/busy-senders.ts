/** Senders that store without pause until they are told to stop or lose the node, and that remember what was promised to them.
 *
 *  Promises: an instance is `acknowledged` exactly where its sender has read status 0000; `offered` before its first byte goes out. One that was
 *  offered and never answered may be sent again later with the same bytes, as modalities do.
 *  Sizes in bytes, times in milliseconds. */
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { connect } from '../../src/dimse/connect.ts'
import type { OutboundAssociation } from '../../src/dimse/contract.ts'
import { CT_IMAGE, ct, EXPLICIT_LE, encode, TAG, testUid } from './data-sets.ts'

export const TIMEOUTS = { associateSeconds: 5, idleSeconds: 60, writeSeconds: 20, connectSeconds: 5, responseSeconds: 30 }

export interface TestInstance {
  readonly sopInstanceUid: string
  readonly studyInstanceUid: string
  readonly dataSet: Buffer
  readonly sha256: string
}

/** What was promised, and what was at least begun. */
export class Ledger {
  readonly #acknowledged = new Map<string, { studyInstanceUid: string; sha256: string }>()
  readonly #unanswered = new Map<string, TestInstance>()
  readonly #refusals = new Map<number, number>()

  offer(instance: TestInstance): void {
    this.#unanswered.set(instance.sopInstanceUid, instance)
  }

  answered({ sopInstanceUid, studyInstanceUid, sha256 }: TestInstance, status: number): void {
    this.#unanswered.delete(sopInstanceUid)
    if (status === 0) this.#acknowledged.set(sopInstanceUid, { studyInstanceUid, sha256 })
    else this.#refusals.set(status, (this.#refusals.get(status) ?? 0) + 1)
  }

  /** SOP Instance UID → its study, and the SHA-256 of its data set. */
  get acknowledged(): ReadonlyMap<string, { readonly studyInstanceUid: string; readonly sha256: string }> {
    return this.#acknowledged
  }

  /** Begun, without an answer: may be held or not. */
  get unanswered(): ReadonlyMap<string, TestInstance> {
    return this.#unanswered
  }

  /** Status → how often. */
  get refusals(): ReadonlyMap<number, number> {
    return this.#refusals
  }

  /** Acknowledged instances by study. */
  byStudy(): Map<string, Map<string, string>> {
    const studies = new Map<string, Map<string, string>>()
    for (const [uid, { studyInstanceUid, sha256 }] of this.#acknowledged) {
      const study = studies.get(studyInstanceUid) ?? new Map<string, string>()
      studies.set(studyInstanceUid, study.set(uid, sha256))
    }
    return studies
  }
}

/** A CT slice with random pixels of `side` × `side` × 16 bit. */
export function randomSlice(studyInstanceUid: string, seriesInstanceUid: string, number: number, side: number): TestInstance {
  const sopInstanceUid = testUid()
  const dataSet = encode(
    ct(
      {
        [TAG.SOPInstanceUID]: ['UI', sopInstanceUid],
        [TAG.StudyInstanceUID]: ['UI', studyInstanceUid],
        [TAG.SeriesInstanceUID]: ['UI', seriesInstanceUid],
        [TAG.InstanceNumber]: ['IS', String(number)],
        [TAG.PixelData]: ['OW', randomBytes(side * side * 2)],
      },
      side,
    ),
  )
  return { sopInstanceUid, studyInstanceUid, dataSet, sha256: createHash('sha256').update(dataSet).digest('hex') }
}

export interface SenderOptions {
  readonly port: number
  readonly ledger: Ledger
  /** Studies to draw from; all senders share them. */
  readonly studies: readonly string[]
  /** 0 to 1. */
  readonly random: () => number
  readonly senders?: number
  /** Instances per association before it is released and the next one opened. */
  readonly perAssociation?: number
  /** Stop after so many instances each. Default: never. */
  readonly instancesEach?: number
  /** Wait between two instances. */
  readonly pauseMs?: number
}

export interface Senders {
  /** Resolves when every sender has ended: told to, done, or without a node. */
  readonly ended: Promise<void>
  stop(): void
}

export function startSenders(options: SenderOptions): Senders {
  let stopped = false
  const isStopped = () => stopped
  const ended = Promise.all(Array.from({ length: options.senders ?? 8 }, (_, number) => runSender(options, number, isStopped)))
  return {
    ended: ended.then(() => undefined),
    stop: () => {
      stopped = true
    },
  }
}

export const connectAsSender = (port: number, calling: string): Promise<OutboundAssociation> =>
  connect({
    host: '127.0.0.1',
    port,
    callingAeTitle: aeTitle(calling),
    calledAeTitle: aeTitle('ARIANE'),
    contexts: [{ abstractSyntax: CT_IMAGE, transferSyntaxes: [EXPLICIT_LE] }],
    timeouts: TIMEOUTS,
  })

export async function storeInstance(association: OutboundAssociation, ledger: Ledger, instance: TestInstance): Promise<number> {
  ledger.offer(instance)
  const { status } = await association.store({
    sopClassUid: CT_IMAGE,
    sopInstanceUid: instance.sopInstanceUid,
    transferSyntaxUid: EXPLICIT_LE,
    open: () => Readable.from([instance.dataSet]),
  })
  ledger.answered(instance, status)
  return status
}

async function runSender(options: SenderOptions, number: number, isStopped: () => boolean): Promise<void> {
  const { port, ledger, perAssociation = 25, instancesEach = Number.POSITIVE_INFINITY } = options
  const again = [...ledger.unanswered.values()].filter((_, at) => at % (options.senders ?? 8) === number)
  let sent = 0
  const goesOn = () => !isStopped() && sent < instancesEach
  try {
    while (goesOn()) {
      const association = await connectAsSender(port, `SENDER${number}`)
      const series = new Map<string, string>()
      for (let one = 0; one < perAssociation && goesOn(); one++) {
        await storeInstance(association, ledger, again.shift() ?? nextSlice(options, series, sent))
        sent++
        if (options.pauseMs !== undefined) await sleep(options.pauseMs)
      }
      await association.release()
    }
  } catch {
    // the node is gone, as the test wanted: what was not answered stays in the ledger
  }
}

/** 100 to 170 pixels a side: 20 to 58 kB. */
function nextSlice({ studies, random }: SenderOptions, series: Map<string, string>, number: number): TestInstance {
  const study = studies[Math.floor(random() * studies.length)]!
  const seriesUid = series.get(study) ?? testUid()
  series.set(study, seriesUid)
  return randomSlice(study, seriesUid, number + 1, 100 + Math.floor(random() * 71))
}
