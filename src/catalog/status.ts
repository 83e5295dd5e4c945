/** What people and monitoring ask of the catalog (contract-status.ts), on SQLite.
 *
 *  Sums over what came lately are walked in the order of the rows, some at a time, so that reception is not held up. */
import { EVERY_LEVEL, type LevelSet } from '../dicom/confidentiality.ts'
import { Breath } from './breath.ts'
import type { Row } from './columns.ts'
import type { Confidentiality, Delivery, Page, Uid } from './contract.ts'
import type {
  DeliveriesWanted,
  Figures,
  FirstInstance,
  ListedDelivery,
  Standing,
  StatusCatalog,
  StudyStanding,
  TargetFigures,
} from './contract-status.ts'
import { tell } from './history.ts'
import { findManifest } from './manifests.ts'
import { decodePosition, encodePosition, isRowId } from './position.ts'
import { STATUS_SQL } from './sql/status.ts'
import { UPKEEP_SQL } from './sql/upkeep.ts'
import type { Statements } from './statements.ts'

/** Rows summed in one statement. */
const AT_ONCE = 20_000

type Write = <T>(job: () => T) => Promise<T>
type Read = <T>(work: () => T | Promise<T>) => Promise<T>

export function statusOn(statements: Statements, write: Write, read: Read): StatusCatalog {
  return {
    standingsOf: (uids, levels) => read(() => standingsOf(statements, uids, levels)),
    firstInstancesOf: (uid, levels) => read(() => firstInstancesOf(statements, uid, levels)),
    deliveries: (wanted, pageSize, after) => read(() => deliveries(statements, wanted, pageSize, after)),
    findDelivery: (id) =>
      read(() => {
        const row = statements.row(STATUS_SQL.delivery, id)
        return row && listed(row)
      }),
    retryDelivery: (id, at) => write(() => statements.run(STATUS_SQL.retry, at, id).changes > 0),
    deliverAgain: (uid, targets, asked) => write(() => deliverAgain(statements, uid, targets, asked)),
    figures: (since) => read(() => figures(statements, since)),
    bytesReceivedSince: (at) => read(() => bytesReceivedSince(statements, at)),
    ping: () => read(() => void statements.value(STATUS_SQL.ping)),
  }
}

function standingsOf(statements: Statements, uids: readonly Uid[], levels: LevelSet): ReadonlyMap<string, Standing> {
  const rows = statements.all(STATUS_SQL.standings, levels, levels, levels, levels, JSON.stringify(uids))
  return new Map(rows.map(([uid, state, version]) => [uid as string, standingOf(state as StudyStanding, version as number | null)]))
}

function firstInstancesOf(statements: Statements, study: Uid, levels: LevelSet): ReadonlyMap<string, FirstInstance> {
  const rows = statements.all(STATUS_SQL.firstInstances, levels, study)
  return new Map(
    rows.map(([series, sopInstanceUid, sopClassUid, numberOfFrames, rows, columns]) => [
      series as string,
      {
        sopInstanceUid: sopInstanceUid as Uid,
        sopClassUid: sopClassUid as Uid,
        ...(numberOfFrames === null ? {} : { numberOfFrames: numberOfFrames as string }),
        ...(rows === null ? {} : { rows: rows as string }),
        ...(columns === null ? {} : { columns: columns as string }),
      },
    ]),
  )
}

const standingOf = (state: StudyStanding, version: number | null): Standing => ({
  state,
  ...(version === null ? {} : { manifestVersion: version }),
})

const TEXTS = {
  all: STATUS_SQL.deliveries,
  waiting: STATUS_SQL.deliveriesWaiting,
  failed: STATUS_SQL.deliveriesFailed,
  done: STATUS_SQL.deliveriesDone,
  'in trouble': STATUS_SQL.deliveriesInTrouble,
} as const

function deliveries(statements: Statements, { state, levels }: DeliveriesWanted, pageSize: number, after?: string): Page<ListedDelivery> {
  const before = after === undefined ? Number.MAX_SAFE_INTEGER : decodePosition(after, isRowId)
  const rows = statements.all(TEXTS[state ?? 'all'], before, levels, pageSize + 1)
  const items = rows.slice(0, pageSize).map(listed)
  return rows.length <= pageSize || state === 'in trouble' ? { items } : { items, next: encodePosition(items.at(-1)!.id) }
}

function listed(row: Row): ListedDelivery {
  return {
    id: row[0] as number,
    target: row[1] as string,
    manifestUid: row[2] as Uid,
    action: row[3] as Delivery['action'],
    state: row[4] as Delivery['state'],
    attempts: row[5] as number,
    nextAttemptAt: row[6] as number,
    ...(row[7] === null ? {} : { lastError: row[7] as string }),
    studyInstanceUid: row[8] as Uid,
    confidentiality: row[9] as Confidentiality,
    manifestState: row[10] as string,
  }
}

/** Runs inside a transaction. */
function deliverAgain(
  statements: Statements,
  manifestUid: Uid,
  targets: readonly string[],
  { at, actor }: { readonly at: number; readonly actor: string },
): boolean {
  const record = findManifest(statements, manifestUid)
  if (record?.state !== 'in force') return false
  for (const target of targets) statements.run(STATUS_SQL.again, target, manifestUid, at)
  const { studyInstanceUid, confidentiality, dialect, version } = record
  const reason = `version ${version}: to ${targets.join(', ')} once more`
  tell(statements, { studyInstanceUid, confidentiality, dialect, at, state: 'published again', manifestUid, reason, actor })
  return true
}

function figures(statements: Statements, since: number): Figures {
  const studies = (state: string): number =>
    statements.value<number>(STATUS_SQL.studiesOf(state), MANY, EVERY_LEVEL, EVERY_LEVEL, EVERY_LEVEL) ?? 0
  return {
    manifests: statements
      .all(STATUS_SQL.manifests)
      .map(([state, dialect, count]) => ({ state: state as string, dialect: dialect as string, count: count as number })),
    manifestsSince: statements.value<number>(STATUS_SQL.manifestsSince, since) ?? 0,
    studiesWithheld: studies('withheld'),
    studiesInConflict: statements.value<number>(UPKEEP_SQL.countConflicts) ?? 0,
    studiesCollecting: studies('collecting'),
    targets: targetFigures(statements),
  }
}

/** A state of more studies than this is counted up to it. */
const MANY = 100_000

function targetFigures(statements: Statements): readonly TargetFigures[] {
  const waiting = new Map(statements.all(STATUS_SQL.waiting).map((row) => [row[0] as string, row]))
  const failed = new Map(statements.all(STATUS_SQL.failed).map((row) => [row[0] as string, row[1] as number]))
  return [...new Set([...waiting.keys(), ...failed.keys()])].sort().map((target) => {
    const row = waiting.get(target)
    return {
      target,
      waiting: (row?.[1] as number | undefined) ?? 0,
      ...(row === undefined || row[2] === null ? {} : { oldestMadeAt: row[2] as number }),
      failed: failed.get(target) ?? 0,
    }
  })
}

async function bytesReceivedSince(statements: Statements, at: number): Promise<{ bytes: number; firstAt?: number }> {
  const first = statements.row(STATUS_SQL.firstSince, at)
  if (first === undefined) return { bytes: 0 }
  const breath = new Breath()
  const last = statements.value<number>(UPKEEP_SQL.lastInstanceId) ?? 0
  let bytes = 0
  for (let from = statements.value<number>(STATUS_SQL.lowestSince, at) ?? 0; from <= last; from += AT_ONCE) {
    bytes += statements.value<number>(STATUS_SQL.bytesBetween, from, from + AT_ONCE, at) ?? 0
    await breath.due()
  }
  return { bytes, firstAt: first[1] as number }
}
