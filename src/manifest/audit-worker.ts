/** The audit of a running node: pass after pass, so many days apart, at a pace that nobody feels.
 *
 *  Promises: where a pass stands is noted in the catalog, so that a restart goes on with it; {@link auditState} tells it, and what the last pass has
 *  found. A pass stops, with an error in the log, where more is lost than {@link MOST_LOST}, or the storage is not there: it is not taken up by
 *  itself before the next one is due.
 *  Does not: hold up instances that arrive (courtesy.ts). Times in milliseconds since 1970. */
import type { Catalog } from '../catalog/contract.ts'
import { log } from '../log.ts'
import { againAndAgain, type Repeated } from './again-and-again.ts'
import { type Audited, type AuditFinding, type AuditParts, auditAll, MOST_LOST } from './audit.ts'
import { Courtesy } from './courtesy.ts'

export interface AuditPass {
  readonly startedAt: number
  /** Absent while it goes on. */
  readonly finishedAt?: number
  /** Why it did not come to its end. */
  readonly stopped?: string
  /** The storage key that was looked at last. */
  readonly after?: string
  readonly instances: number
  readonly bytes: number
  /** How many instances are lost or damaged. */
  readonly lost: number
  /** The first of them. */
  readonly findings: readonly AuditFinding[]
}

export interface AuditState {
  /** The one that goes on. */
  readonly present?: AuditPass
  /** The last one that has ended. */
  readonly last?: AuditPass
}

const [PRESENT, LAST] = ['audit', 'audit.last']
const TOLD_FINDINGS = 100
const DAY_MS = 86_400_000
const NOTE_MS = 5_000
const LOOK_MS = 600_000

export async function auditState(catalog: Catalog): Promise<AuditState> {
  const [present, last] = await Promise.all([PRESENT, LAST].map(async (name) => parsed(await catalog.noted(name))))
  return { ...(present === undefined ? {} : { present }), ...(last === undefined ? {} : { last }) }
}

/** Ends the present pass, if there is one, as the last. */
async function noteEnd(catalog: Catalog, pass: AuditPass): Promise<void> {
  await catalog.note(LAST, JSON.stringify(pass))
  await catalog.note(PRESENT, '')
}

function parsed(text: string | undefined): AuditPass | undefined {
  try {
    return text === undefined || text === '' ? undefined : (JSON.parse(text) as AuditPass)
  } catch {
    return undefined
  }
}

export const newPass = (startedAt: number): AuditPass => ({ startedAt, instances: 0, bytes: 0, lost: 0, findings: [] })

export function counted(pass: AuditPass, { key, bytes, findings }: Audited): AuditPass {
  return {
    ...pass,
    after: key === '' ? pass.after : key,
    instances: pass.instances + 1,
    bytes: pass.bytes + bytes,
    lost: pass.lost + findings.length,
    findings: [...pass.findings, ...findings].slice(0, TOLD_FINDINGS),
  }
}

/** Of everything, to its end: told as the last one. An operator has asked for it, so that no loss stops it.
 *  @param onPass  called for each instance looked at */
export async function auditOnDemand(
  parts: AuditParts,
  now: () => number,
  onPass: (pass: AuditPass, audited: Audited) => void,
): Promise<AuditPass> {
  let pass = newPass(now())
  for await (const audited of auditAll(parts)) {
    pass = counted(pass, audited)
    onPass(pass, audited)
  }
  const ended = { ...pass, finishedAt: now() }
  if (parts.dryRun !== true) await parts.catalog.note(LAST, JSON.stringify(ended))
  return ended
}

export interface AuditWorkerParts extends Omit<AuditParts, 'rest' | 'dryRun' | 'isStopped'> {
  readonly settings: () => { readonly everyDays: number; readonly bytesPerSecond: number }
  readonly arrivals: () => number
  readonly now: () => number
  /** How long after the start it begins: others are in need of the machine then. */
  readonly firstAfterMs?: number
}

export function startAuditWorker(parts: AuditWorkerParts): Repeated {
  const firstAfterMs = parts.firstAfterMs ?? LOOK_MS
  const looks = { firstAfterMs, everyMs: Math.min(LOOK_MS, firstAfterMs), failed: 'the audit cannot go on; tried again' }
  return againAndAgain(looks, (signal) => look(parts, signal))
}

async function look(parts: AuditWorkerParts, signal: AbortSignal): Promise<void> {
  const { everyDays } = parts.settings()
  if (everyDays === 0) return
  const { present, last } = await auditState(parts.catalog)
  if (present !== undefined) return goOn(parts, present, signal)
  if (last !== undefined && (last.finishedAt ?? last.startedAt) + everyDays * DAY_MS > parts.now()) return
  await goOn(parts, newPass(parts.now()), signal)
}

async function goOn(parts: AuditWorkerParts, from: AuditPass, signal: AbortSignal): Promise<void> {
  const { catalog } = parts
  const courtesy = new Courtesy({ arrivals: parts.arrivals, bytesPerSecond: () => parts.settings().bytesPerSecond, signal })
  const rest = (bytes: number): Promise<void> => courtesy.rest(bytes)
  let pass = from
  let notedAt = performance.now()
  await catalog.note(PRESENT, JSON.stringify(pass))
  for await (const audited of auditAll({ ...parts, rest, isStopped: () => signal.aborted }, from.after)) {
    pass = counted(pass, audited)
    if (pass.lost >= MOST_LOST) return stopEarly(parts, pass)
    if (signal.aborted || performance.now() - notedAt > NOTE_MS || audited.findings.length > 0) {
      await catalog.note(PRESENT, JSON.stringify(pass))
      notedAt = performance.now()
    }
    if (signal.aborted) return
  }
  if (signal.aborted) return
  await noteEnd(catalog, { ...pass, finishedAt: parts.now() })
  const { instances, bytes, lost } = pass
  log[lost === 0 ? 'info' : 'error']('audit ended: what manifests in force refer to was read', { instances, bytes, lost })
}

async function stopEarly({ catalog, now }: AuditWorkerParts, pass: AuditPass): Promise<void> {
  const stopped = `${pass.lost} instances are lost or damaged: more than is given up without being asked`
  await noteEnd(catalog, { ...pass, finishedAt: now(), stopped })
  log.error(`audit stopped: ${stopped}; look at the disk, then run ariane manifest audit --all`, { lost: pass.lost })
}
