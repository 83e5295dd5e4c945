/** What must hold whatever a peer has done: the node lives, serves others, keeps what it acknowledged and nothing else, and its log is
 *  clean. Each check throws with what it saw. Times in milliseconds. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import { eventually, type NodeProcess, pause } from './node-process.ts'
import { echoFromElsewhere } from './raw-peer.ts'

/** How much the resident memory may have grown over its base, in bytes: buffers and code that stay warm, not a leak. */
const RSS_ALLOWANCE = 120 * 1024 * 1024

export interface Holdings {
  readonly files: readonly string[]
  readonly rows: readonly string[]
}

/** What lies in the storage and what the catalog says, now. */
export function holdings(node: NodeProcess): Holdings {
  const database = new Database(join(node.storagePath, 'catalog.sqlite'), { readonly: true })
  try {
    const rows = database.prepare('SELECT "SOPInstanceUID" AS uid FROM instances ORDER BY 1').all() as { uid: string }[]
    return { files: [...node.files('instances'), ...node.files('manifests')], rows: rows.map((row) => row.uid) }
  } finally {
    database.close()
  }
}

/** 1. Alive, same process. */
export function expectAlive(node: NodeProcess): void {
  expect(node.isRunning(), `the node has ended\n${node.log().slice(-3000)}`).toBe(true)
}

/** 2. Another peer is served within a second, while the bad one is still there. */
export async function expectOthersServed(node: NodeProcess): Promise<void> {
  const took = await echoFromElsewhere(node.port, node.aeTitle)
  expect(took, 'C-ECHO of another association, in ms').toBeLessThan(1000)
}

/** 3. No connection of the node's port left that the node still holds, once the peers have gone. */
export async function expectNoConnections(node: NodeProcess, withinMs = 5000): Promise<void> {
  await eventually(`no connection left on port ${node.port}`, () => heldConnections(node.port) === 0, withinMs)
}

/** 4. and 5. Exactly the acknowledged instances are new, as file and as row, and no draft is left. */
export async function expectExactlyKept(node: NodeProcess, before: Holdings, acknowledged: readonly string[]): Promise<void> {
  await eventually('no draft left', () => node.files('drafts').length === 0, 3000)
  const wanted = [...new Set([...before.rows, ...acknowledged])].sort()
  // A manifest of an acknowledged study adds its own file and row.
  const made = () => holdings(node).files.filter((file) => !before.files.includes(file)).length
  const now = holdings(node)
  const known = new Set(wanted)
  const ownManifests = manifestUids(node)
  expect(
    now.rows.filter((uid) => !known.has(uid) && !ownManifests.has(uid)),
    'rows that nobody was told of',
  ).toEqual([])
  expect(
    wanted.filter((uid) => !now.rows.includes(uid)),
    'acknowledged instances without a row',
  ).toEqual([])
  await eventually('as many files as rows', () => holdings(node).files.length === holdings(node).rows.length, 3000).catch(() => {
    const { files, rows } = holdings(node)
    expect(files.length, `files (${made()} new) against rows`).toBe(rows.length)
  })
}

function manifestUids(node: NodeProcess): Set<string> {
  const database = new Database(join(node.storagePath, 'catalog.sqlite'), { readonly: true })
  try {
    const rows = database.prepare('SELECT sop_instance_uid AS uid FROM manifests').all() as { uid: string }[]
    return new Set(rows.map((row) => row.uid))
  } finally {
    database.close()
  }
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

/** Resident memory near what it was; the garbage collector gets some time. */
export async function expectMemoryNear(node: NodeProcess, baseBytes: number, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (node.rssBytes() > baseBytes + RSS_ALLOWANCE && Date.now() < deadline) await pause(250)
  const grownMiB = Math.round((node.rssBytes() - baseBytes) / 1024 / 1024)
  expect(grownMiB, 'resident memory above its base, in MiB').toBeLessThanOrEqual(RSS_ALLOWANCE / 1024 / 1024)
}

const ESTABLISHED = '01'
const CLOSE_WAIT = '08'

/** Connections on the node's side of its port that are open, or that the peer has closed and the node has not. */
export function heldConnections(port: number): number {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((table) => readFileSync(table, 'latin1').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${wanted}`) === true && (state === ESTABLISHED || state === CLOSE_WAIT)).length
}
