/** What must hold whatever a peer has done: the node lives, serves others, keeps what it acknowledged and nothing else, and its log is
 *  clean and names who came. Each check throws with what it saw. Times in milliseconds. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import { eventually, type NodeProcess, pause } from './node-process.ts'
import { echoFromElsewhere } from './raw-peer.ts'

export interface InstanceRow {
  readonly uid: string
  readonly study: string
  readonly key: string
  readonly size: number
  readonly offset: number
  readonly sha256: string
}

export interface Holdings {
  readonly files: readonly string[]
  readonly rows: ReadonlyMap<string, InstanceRow>
  /** SOP Instance UID of each manifest that was made → the study it is of. */
  readonly manifests: ReadonlyMap<string, string>
  /** Study Instance UIDs with changes that no manifest tells of yet, and why a manifest will come. */
  readonly due: ReadonlySet<string>
}

/** What lies in the storage and what the catalog says, now. */
export function holdings(node: NodeProcess): Holdings {
  const database = new Database(join(node.storagePath, 'catalog.sqlite'), { readonly: true })
  try {
    return database.transaction(() => {
      const rows = database
        .prepare(
          `SELECT i."SOPInstanceUID" AS uid, t."StudyInstanceUID" AS study, i.storage_key AS key, i.file_size_bytes AS size,
                  i.data_set_offset AS offset, i.sha256
             FROM instances i JOIN series s ON s.id = i.series_id JOIN studies t ON t.id = s.study_id`,
        )
        .all() as InstanceRow[]
      const made = database.prepare('SELECT sop_instance_uid AS uid, study_instance_uid AS study FROM manifests').all() as {
        uid: string
        study: string
      }[]
      const due = database.prepare('SELECT "StudyInstanceUID" AS uid FROM studies WHERE revision > manifest_revision').all() as {
        uid: string
      }[]
      return {
        files: (['instances', 'manifests'] as const).flatMap((area) => node.files(area).map((file) => `${area}/${file}`)).sort(),
        rows: new Map(rows.map((row) => [row.uid, row])),
        manifests: new Map(made.map(({ uid, study }) => [uid, study])),
        due: new Set(due.map(({ uid }) => uid)),
      }
    })()
  } finally {
    database.close()
  }
}

/** 1. Alive, same process. */
export function expectAlive(node: NodeProcess): void {
  expect(node.isRunning(), `the node has ended\n${node.log().slice(-3000)}`).toBe(true)
}

/** 2. Another peer is served within a second, while the bad one is still there. Time in which the machine gave the node or the test no
 *  processor, or in which the test itself was at work, is not the node's. */
export async function expectOthersServed(node: NodeProcess): Promise<void> {
  const waited = () => waitedForProcessor(`/proc/${node.pid}/schedstat`) + waitedForProcessor('/proc/thread-self/schedstat')
  const waitedBefore = waited()
  const workBefore = performance.eventLoopUtilization()
  const took = await echoFromElsewhere(node.port, node.aeTitle)
  const ofOthers = waited() - waitedBefore + performance.eventLoopUtilization(workBefore).active
  expect(took - ofOthers, `C-ECHO of another association, in ms (it took ${Math.round(took)})`).toBeLessThan(1000)
}

/** Milliseconds so far in which a thread was ready to run and did not (Linux, Documentation/scheduler/sched-stats.rst). */
function waitedForProcessor(schedstat: string): number {
  return Number(readFileSync(schedstat, 'latin1').split(' ')[1]) / 1e6
}

/** 3. No connection of the node's port left that the node still holds, once the peers have gone. */
export async function expectNoConnections(node: NodeProcess, withinMs = 5000): Promise<void> {
  await eventually(`no connection left on port ${node.port}`, () => heldConnections(node.port) === 0, withinMs)
}

/** 4. and 5. Exactly the acknowledged instances are new, as row and as whole file, no manifest tells of anything else, no draft is left.
 *
 *  @param acknowledged SOP Instance UID → SHA-256 of the data set that was sent; undefined where another one may be kept under the UID */
export async function expectExactlyKept(
  node: NodeProcess,
  before: Holdings,
  acknowledged: ReadonlyMap<string, string | undefined>,
): Promise<void> {
  await eventually('no draft left', () => node.files('drafts').length === 0, 3000)
  // A file stands before its row does, and a manifest may be under way for what an earlier case has stored.
  await eventually('as many files as rows', () => filesAgainstRows(holdings(node)).length === 0, 3000).catch(() => {
    expect(filesAgainstRows(holdings(node)), 'files without a row, or rows without a file').toEqual([])
  })
  const now = holdings(node)
  const missing = [...acknowledged.keys()].filter((uid) => !now.rows.has(uid))
  expect(missing, 'acknowledged instances without a row').toEqual([])
  const added = [...now.rows.values()].filter(({ uid }) => !before.rows.has(uid))
  const unknown = added.filter(({ uid }) => !acknowledged.has(uid) && !now.manifests.has(uid)).map(({ uid }) => uid)
  expect(unknown, 'rows that nobody was told of').toEqual([])
  expectManifestsOfAcknowledged(before, now, acknowledged)
  for (const row of before.rows.values()) expect(now.rows.get(row.uid), 'the row of an instance that was here').toEqual(row)
  expectWholeFiles(node, added)
  for (const [uid, sha256] of acknowledged) {
    if (sha256 !== undefined) expect(now.rows.get(uid)?.sha256, `digest of what was sent as ${uid}`).toBe(sha256)
  }
}

/** Every row's file is there with the size and the digest that the row says. */
export function expectWholeFiles(node: NodeProcess, rows: Iterable<InstanceRow>): void {
  const broken = [...rows].flatMap((row) => {
    const file = readFileSync(join(node.storagePath, row.key))
    if (file.length !== row.size) return [`${row.key}: ${file.length} bytes, the row says ${row.size}`]
    const sha256 = createHash('sha256').update(file.subarray(row.offset)).digest('hex')
    return sha256 === row.sha256 ? [] : [`${row.key}: SHA-256 ${sha256}, the row says ${row.sha256}`]
  })
  expect(broken, 'files that are not what their row says').toEqual([])
}

function filesAgainstRows({ files, rows }: Holdings): string[] {
  const named = new Set([...rows.values()].map(({ key }) => key))
  const there = new Set(files)
  return [...files.filter((file) => !named.has(file)), ...[...named].filter((key) => !there.has(key))]
}

/** A manifest may come late, in the time of the next case. So a study may only be due for one because of what this case was told is kept,
 *  and only such studies, or those that were due before, may have got one. */
function expectManifestsOfAcknowledged(before: Holdings, now: Holdings, acknowledged: ReadonlyMap<string, unknown>): void {
  const mayChange = new Set([...before.due, ...[...acknowledged.keys()].map((uid) => now.rows.get(uid)?.study)])
  const madeOf = [...now.manifests].filter(([uid]) => !before.manifests.has(uid)).map(([, study]) => study)
  expect(
    madeOf.filter((study) => !mayChange.has(study)),
    'studies with a new manifest although nothing of them was acknowledged',
  ).toEqual([])
  expect(
    [...now.due].filter((study) => !mayChange.has(study)),
    'studies that are due for a manifest although nothing of them was acknowledged',
  ).toEqual([])
}

/** 6. No control character of a peer in the log, no patient, and no surprise of the program itself. */
export function expectCleanLog(node: NodeProcess, since = 0): void {
  const log = node.log().slice(since)
  expect(log, 'control characters in the log').not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
  expect(log, 'a patient in the log').not.toMatch(/Hostile\^Test|TEST-PATIENT/)
  expect(log, 'an error of the program').not.toMatch(
    /\b(TypeError|RangeError|ReferenceError|SyntaxError|AssertionError|SqliteError|Unhandled|uncaught|Cannot read propert)/i,
  )
}

/** 6. The log says of every peer who it was and why it has gone: of those that got no association by their address, with the calling AE
 *  title where they had said one, of the others by both when they came, and by the reason when they left.
 *  Peers call from 127.0.0.1; {@link expectOthersServed} does not. */
export async function expectPeersNamed(node: NodeProcess, since: number, peers: { refused: number; accepted: number }): Promise<void> {
  const wanted: readonly [string, RegExp, number][] = [
    ['refused', REFUSED_LINE, peers.refused],
    ['accepted', /^\S+ info {2}association accepted association=in-\d+ calling=\S.* address=127\.0\.0\.1 /gm, peers.accepted],
    ['gone', /^\S+ info {2}association ended association=in-\d+ calling=\S.* why=\S/gm, peers.accepted],
  ]
  for (const [what, line, atLeast] of wanted) {
    const count = () => node.log().slice(since).match(line)?.length ?? 0
    await eventually('', () => count() >= atLeast, 3000).catch(() => {
      throw new Error(`of ${atLeast} peers that are ${what} the log names ${count()}:\n${node.log().slice(since).slice(-3000)}`)
    })
  }
}

const REFUSED_LINE =
  /^\S+ (warn {2}association rejected association=in-\d+ calling=\S.* called=\S.*|info {2}connection ended without an association association=in-\d+) address=127\.0\.0\.1 why=\S/gm

/** Resident memory near what it was; the garbage collector gets some time. */
export async function expectMemoryNear(node: NodeProcess, baseBytes: number, allowance: number, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (node.rssBytes() > baseBytes + allowance && Date.now() < deadline) await pause(250)
  const grownMiB = Math.round((node.rssBytes() - baseBytes) / 1024 / 1024)
  expect(grownMiB, 'resident memory above its base, in MiB').toBeLessThanOrEqual(allowance / 1024 / 1024)
}

/** As in /proc/net/tcp (include/net/tcp_states.h). */
const ESTABLISHED = '01'
const CLOSE_WAIT = '08'
const LISTEN = '0A'
/** The socket has been closed by its process: the kernel alone sees it to its end. */
const NO_INODE = '0'

/** Connections on the node's side of its port that are open, that the peer has closed and the node has not, or that the node has ended
 *  without giving its socket back (FIN-WAIT: it waits for a peer that may never close). */
export function heldConnections(port: number): number {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((table) => readFileSync(table, 'latin1').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(`:${wanted}`) === true)
    .filter(([, , , state, , , , , , inode]) => {
      if (state === ESTABLISHED || state === CLOSE_WAIT) return true
      return state !== LISTEN && inode !== NO_INODE
    }).length
}
