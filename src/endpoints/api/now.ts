/** How the node does at this moment (NOW in api-contract.ts): for the page, once or live.
 *
 *  Promises: what costs something is found out once for all who look, and no oftener than it changes; studies and manifests of levels that a caller may
 *  not see are not in what it gets, and who its patient is only in what those get who may search (find), as in the list of studies. */
import type { Condition } from '../../catalog/contract.ts'
import type { PendingStudy } from '../../catalog/contract-due.ts'
import type { LevelSet } from '../../dicom/confidentiality.ts'
import { SOFTWARE_VERSION } from '../../dicom/implementation.ts'
import type { WebCaller } from '../../dicomweb/web-service.ts'
import { auditState } from '../../manifest/audit-worker.ts'
import { waitingStudy } from '../../manifest/waiting-study.ts'
import { refused, storageTrouble } from '../status/health.ts'
import { midnight } from '../status/local-day.ts'
import { STEP_MS } from '../status/meters.ts'
import { refreshed, remembered } from '../status/remembered.ts'
import type { StatusParts } from '../status/status-parts.ts'
import type { Now, StudyRow } from './api-contract.ts'
import { rowOf, SEARCH } from './api-studies.ts'

const MOST_PEERS = 50
const MOST_COLLECTING = 20
const MOST_DELIVERIES = 20
const WEEK_MS = 7 * 86_400_000
const DAY_MS = 86_400_000
/** A sum over the rows of a week. */
const RATE_HOLDS_MS = 3_600_000
const FIGURES_HOLD_MS = 1_000

type Seen = Pick<Now, 'collecting'> & { readonly troubled: Now['deliveries']['items'] }

/** Who looks, as far as it matters. */
export interface Onlooker {
  readonly levels: LevelSet
  /** Whether it may read whose studies they are. */
  readonly mayFind: boolean
}

export const onlooker = ({ levels, rights }: Pick<WebCaller, 'levels' | 'rights'>): Onlooker => ({ levels, mayFind: rights.has('find') })

export interface NowBoard {
  look(by: Onlooker): Promise<Now>
}

export function nowBoard(parts: StatusParts): NowBoard {
  const shared = remembered(FIGURES_HOLD_MS, sharedBy(parts))
  return {
    look: async (by) => {
      const [common, { collecting, troubled }] = await Promise.all([shared(), seenBy(parts, by)])
      return { ...common, collecting, deliveries: { ...common.deliveries, items: troubled } }
    },
  }
}

export const iso = (at: number): string => new Date(at).toISOString()

/** What everybody gets. */
function sharedBy(parts: StatusParts): () => Promise<Omit<Now, 'collecting'>> {
  const { catalog, now } = parts
  const daily = refreshed(RATE_HOLDS_MS, () => bytesPerDay(parts))
  return async () => {
    const since = midnight(now(), parts.config().manifest.timezone)
    const [figures, sums, peers, receiving, disk, audit] = await Promise.all([
      catalog.figures(since),
      parts.totals(),
      peersOf(parts),
      receivingOf(parts),
      diskOf(parts, daily),
      auditOf(parts),
    ])
    const { patients, studies, series, instances, bytes } = sums
    const count = (of: 'waiting' | 'failed'): number => figures.targets.reduce((sum, one) => sum + one[of], 0)
    return {
      node: nodeOf(parts),
      receiving,
      peers,
      associations: { open: parts.dicom.open() },
      rate: rateOf(parts),
      manifests: {
        today: figures.manifestsSince,
        inForce: figures.manifests.filter(({ state }) => state === 'in force').reduce((sum, one) => sum + one.count, 0),
        withheld: figures.studiesWithheld,
      },
      deliveries: { waiting: count('waiting'), failed: count('failed'), items: [] },
      disk,
      audit,
      totals: { patients, studies, series, instances, bytes },
      conflicts: figures.studiesInConflict,
    }
  }
}

function nodeOf({ config, meters, dicom }: StatusParts): Now['node'] {
  return { aeTitle: config().aeTitle, version: SOFTWARE_VERSION, startedAt: iso(meters.startedAt), dicomPort: dicom.port }
}

async function receivingOf(parts: StatusParts): Promise<Now['receiving']> {
  const reasons = [...(parts.dicom.isOpen() ? [] : ['the DICOM port is not open']), ...(await storageTrouble(parts)), ...refused(parts)]
  return reasons.length === 0 ? { open: true } : { open: false, reason: reasons.join('; ') }
}

async function peersOf({ catalog, meters }: StatusParts): Promise<Now['peers']> {
  return (await catalog.peersSeen()).slice(0, MOST_PEERS).map(({ callingAeTitle: aeTitle, address, lastSeenAt, outcome }) => {
    const instancesToday = meters.todayOf(aeTitle)
    const lastAt = iso(Math.max(lastSeenAt, outcome === 'accepted' ? (meters.bySource.get(aeTitle)?.lastAt ?? 0) : 0))
    return { aeTitle, address, lastAt, ...(instancesToday === undefined ? {} : { instancesToday }), outcome }
  })
}

/** Of the last ten seconds. */
const PRESENT_STEPS = 5

function rateOf({ meters }: StatusParts): Now['rate'] {
  const present = meters.steps.slice(-PRESENT_STEPS)
  const seconds = Math.max(1, present.length) * (STEP_MS / 1000)
  const sum = (of: 'instances' | 'bytes'): number => present.reduce((total, step) => total + step[of], 0)
  return {
    instancesPerSecond: sum('instances') / seconds,
    bytesPerSecond: sum('bytes') / seconds,
    history: meters.steps.map(({ at, instances, bytes }) => ({ at: iso(at), instances, bytes })),
  }
}

/** Of the last week, or as much of it as there is; undefined where that is less than a day. */
async function bytesPerDay({ catalog, now }: StatusParts): Promise<number | undefined> {
  const { bytes, firstAt } = await catalog.bytesReceivedSince(now() - WEEK_MS)
  const days = firstAt === undefined ? 0 : (now() - firstAt) / DAY_MS
  return days < 1 || bytes === 0 ? undefined : bytes / days
}

async function diskOf({ storage, config }: StatusParts, daily: () => Promise<number | undefined>): Promise<Now['disk']> {
  const { reserveBytes } = config().storage
  const freeBytes = await storage.freeBytes().catch(() => 0)
  const perDay = await daily()
  const daysLeft = perDay === undefined ? null : Math.max(0, Math.round(((freeBytes - reserveBytes) / perDay) * 10) / 10)
  return { freeBytes, reserveBytes, daysLeft }
}

async function auditOf({ catalog, config }: StatusParts): Promise<Now['audit']> {
  const { present, last } = await auditState(catalog)
  const lastPassAt = last === undefined ? {} : { lastPassAt: iso(last.finishedAt ?? last.startedAt) }
  const problems = (present ?? last)?.lost ?? 0
  if (present !== undefined) return { state: `goes on: ${present.instances} instances and manifests read`, ...lastPassAt, problems }
  if (last?.stopped !== undefined) return { state: `stopped: ${last.stopped}`, ...lastPassAt, problems }
  if (last !== undefined) return { state: `${last.instances} instances and manifests read`, ...lastPassAt, problems }
  return { state: config().audit.everyDays === 0 ? 'switched off (audit.everyDays is 0)' : 'has not begun yet', problems }
}

/** What is of studies, by who may see them. */
async function seenBy(parts: StatusParts, by: Onlooker): Promise<Seen> {
  const { catalog } = parts
  const [{ items: pending }, { items: deliveries }] = await Promise.all([
    catalog.studiesWaiting(MOST_COLLECTING),
    catalog.deliveries({ state: 'in trouble', levels: by.levels }, MOST_DELIVERIES),
  ])
  const troubled = deliveries.map(({ id, target, manifestUid, lastError = '', nextAttemptAt }) => ({
    id,
    target,
    manifestUid,
    reason: lastError,
    nextAttemptAt: iso(nextAttemptAt),
  }))
  return { collecting: await collectingOf(parts, pending, by), troubled }
}

async function collectingOf(
  { catalog, config, now }: StatusParts,
  pending: readonly PendingStudy[],
  { levels, mayFind }: Onlooker,
): Promise<Now['collecting']> {
  if (pending.length === 0) return []
  const values = pending.map(({ studyInstanceUid }) => studyInstanceUid)
  const conditions: readonly Condition[] = [{ keyword: 'StudyInstanceUID', kind: 'list', values }]
  const page = await catalog.find({ ...SEARCH, conditions, levels }, MOST_COLLECTING)
  const rows = new Map(page.items.map((match) => [match.StudyInstanceUID, rowOf(match, undefined)]))
  return Promise.all(
    pending.flatMap((study) => {
      const row = rows.get(study.studyInstanceUid)
      return row === undefined ? [] : [collectingRow(study, row)]
    }),
  )

  async function collectingRow(study: PendingStudy, row: StudyRow): Promise<Now['collecting'][number]> {
    const { patientName, patientId, accessionNumber, studyDescription, modalities } = row
    return {
      studyInstanceUid: study.studyInstanceUid,
      ...(mayFind ? { patientName, patientId, accessionNumber, studyDescription } : {}),
      modalities,
      since: iso(study.pendingSince),
      instances: row.instances,
      waitsFor: (await waitingStudy(catalog, study, config().manifest, now())).waitsFor,
    }
  }
}
