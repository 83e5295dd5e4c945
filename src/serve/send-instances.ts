/** The sub-operations of a retrieval, one after the other on each lane (PS3.4 C.4.2.3, C.4.3.3): C-GET has one lane, the association of
 *  its request; C-MOVE has one for each parallel association.
 *
 *  Promises: every instance is either answered, or counted as failed, or left as remaining because the request was stopped; one that fails
 *  does not keep the others back. Ends soon after `stopped` fires. Where the rest cannot be listed, it counts as failed.
 *  Does not: answer the request (see sub-operations.ts).
 *  Errors: none; they are counted. */
import { setImmediate } from 'node:timers/promises'
import type { Retrievable } from '../catalog/contract.ts'
import type { Association, StoreResult } from '../dimse/contract.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import type { ByteSource } from '../storage/contract.ts'
import { NotCorrectable } from './correct-instance.ts'
import { NotRepairable } from './even-lengths.ts'
import { closeOpened, type Opened, type OpenedAhead } from './opened-ahead.ts'
import type { SubOperations } from './sub-operations.ts'

/** Where sub-operations go, one at a time. */
export interface Lane {
  /** Made ready before it takes an instance. @returns false where it cannot be used */
  prepare(): Promise<boolean>
  /** False once nothing sent here can arrive: the other lanes take the rest. */
  readonly usable: boolean
  /** @throws NodeError where the instance did not arrive */
  send(opened: Opened): Promise<StoreResult>
  /** A hint: this is what it will probably be given after the present one. */
  readAhead(instance: Retrievable, bytes: ByteSource): void
  close(): Promise<void>
}

export interface SendJob {
  /** The request's association, for log lines. */
  readonly association: Association
  readonly instances: OpenedAhead
  readonly lanes: readonly Lane[]
  readonly operations: SubOperations
  readonly stopped: AbortSignal
}

/** Failures of one request that get a line of the log each; the rest is told as a number. */
const FAILURES_TOLD = 3

interface Progress {
  lanes: number
  failed: number
}

export async function sendInstances(job: SendJob): Promise<void> {
  const open: Progress = { lanes: job.lanes.length, failed: 0 }
  const ends = await Promise.allSettled(job.lanes.map((lane) => runLane(lane, job, open)))
  await job.instances.close()
  if (open.failed > FAILURES_TOLD) log.warn('sub-operations failed', { association: job.association.id, failed: open.failed })
  for (const end of ends) {
    if (end.status === 'fulfilled' || job.stopped.aborted) continue
    log.error('sub-operations ended early', { association: job.association.id, error: String(end.reason) })
    job.operations.restNotSent('Processing failure')
  }
}

/** The last lane goes on when it is not usable: what it takes is then counted as failed. */
async function runLane(lane: Lane, job: SendJob, open: Progress): Promise<void> {
  try {
    const ready = await lane.prepare()
    for (let sent = 0; !job.stopped.aborted; sent++) {
      if ((!ready || !lane.usable) && open.lanes > 1) return
      const next = await job.instances.next()
      if (next === undefined) return
      const sending = sendOne(lane, job, next, open)
      // Which of several lanes gets the next one is not known, and they send while others read.
      if (job.lanes.length === 1) void readAhead(lane, job.instances.coming)
      await sending
      if (sent % 100 === 99) await setImmediate()
    }
  } finally {
    open.lanes -= 1
    await lane.close()
  }
}

async function readAhead(lane: Lane, coming: Promise<Opened | undefined> | undefined): Promise<void> {
  try {
    const next = await coming
    const bytes = await next?.bytes
    if (next !== undefined && next.instance.correction === undefined && bytes !== undefined) lane.readAhead(next.instance, bytes)
  } catch {
    // told when it is its turn
  }
}

async function sendOne(lane: Lane, { association, operations, stopped }: SendJob, opened: Opened, open: Progress): Promise<void> {
  const { instance } = opened
  const { sopInstanceUid } = instance
  try {
    const result = await lane.send(opened)
    if (!operations.answered(instance, result)) {
      log.warn('sub-operation refused', { association: association.id, sopInstanceUid, status: result.status.toString(16) })
    }
  } catch (error) {
    if (stopped.aborted) return
    if (open.failed++ < FAILURES_TOLD)
      log.warn('sub-operation failed', { association: association.id, sopInstanceUid, error: String(error) })
    operations.notSent(instance, error instanceof NodeError ? reasonOf(error) : 'Processing failure')
  } finally {
    await closeOpened(opened)
  }
}

/** What the requestor reads; "Peer" alone would be taken for itself. */
function reasonOf(error: NodeError): string {
  if (error instanceof NotCorrectable) return 'Stored patient or study values cannot be corrected'
  if (error instanceof NotRepairable) return 'Stored values have odd lengths that cannot be mended'
  if (error.code === 'STORAGE_FAILED') return 'Stored file cannot be read'
  if (error.code === 'UNREADABLE') return 'Cannot be converted to a transfer syntax of the destination'
  if (error.code === 'NO_CONTEXT') return 'Destination accepts no suitable presentation context'
  return error.tell.replace(/^Peer /, 'Destination ')
}
