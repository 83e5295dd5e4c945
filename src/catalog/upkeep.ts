/** Peers that knocked, small facts that outlive restarts, totals. */

import { Breath } from './breath.ts'
import type { Catalog, SeenPeer, Totals } from './contract.ts'
import { UPKEEP_SQL } from './sql/upkeep.ts'
import type { Statements } from './statements.ts'

/** Runs inside a transaction. Only the newest are kept: a scanner must not fill the disk. */
export function notePeer(statements: Statements, seen: Parameters<Catalog['notePeer']>[0], calls = 1): void {
  const { callingAeTitle, calledAeTitle, address, outcome, reason, at } = seen
  statements.run(UPKEEP_SQL.notePeer, callingAeTitle, calledAeTitle, address, outcome, reason, at, at, calls)
  statements.run(UPKEEP_SQL.boundPeers)
}

/** Newest first. */
export function peersSeen(statements: Statements): SeenPeer[] {
  return statements.all(UPKEEP_SQL.peers).map((row) => ({
    callingAeTitle: row[0] as string,
    calledAeTitle: row[1] as string,
    address: row[2] as string,
    outcome: row[3] as SeenPeer['outcome'],
    reason: row[4] as string,
    firstSeenAt: row[5] as number,
    lastSeenAt: row[6] as number,
    count: row[7] as number,
  }))
}

/** Rows summed in one statement. */
const AT_ONCE = 20_000

/** This node's own manifests count as manifests, not as instances or series. */
export async function totals(statements: Statements): Promise<Totals> {
  const count = (sql: string) => statements.value<number>(sql) ?? 0
  const breath = new Breath()
  const last = count(UPKEEP_SQL.lastInstanceId)
  let [instances, bytes] = [0, 0]
  for (let from = 0; from < last; from += AT_ONCE) {
    const [some, size] = statements.row(UPKEEP_SQL.sumInstances, from, from + AT_ONCE) as [number, number]
    instances += some
    bytes += size
    await breath.due()
  }
  return {
    patients: count(UPKEEP_SQL.countPatients),
    studies: count(UPKEEP_SQL.countStudies),
    series: count(UPKEEP_SQL.countSeries) - count(UPKEEP_SQL.countManifestSeries),
    instances,
    bytes,
    manifestsInForce: count(UPKEEP_SQL.countInForce),
    deliveriesWaiting: count(UPKEEP_SQL.countWaiting),
    studiesInConflict: count(UPKEEP_SQL.countConflicts),
  }
}
