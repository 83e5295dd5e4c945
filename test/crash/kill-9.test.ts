/** S30, T1, T12: the node is killed without warning while eight senders store, again and again on the same storage. What was acknowledged
 *  is there, what was not is there whole or not at all, and no manifest names what is not there. With the write-ahead log gone, and with the
 *  whole catalog gone, the files bring it all back.
 *
 *  The moments are chance; `ARIANE_TEST_SEED` repeats a run's. */
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Ledger, startSenders } from '../support/busy-senders.ts'
import { testUid } from '../support/data-sets.ts'
import { expectManifestsComplete, PromiseCheck } from '../support/kept-promises.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { findInstances, getStudy } from '../support/retrieve-digests.ts'
import { seededRandom, seedOfThisRun } from '../support/seeded-random.ts'

const seed = seedOfThisRun()
const random = seededRandom(seed)
const STUDIES_PER_ROUND = 3
const PAGE_BYTES = 4096

let folder: string
let node: NodeProcess | undefined
let ledger: Ledger
let check: PromiseCheck
let studies: string[]
/** What the starts after a kill had to put right, as their log says. */
let repaired: Map<string, number>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ariane-kill-'))
  ledger = new Ledger()
  check = new PromiseCheck(ledger)
  studies = []
  repaired = new Map()
  node = undefined
})
afterEach(async () => {
  await node?.stop()
  node = undefined
  await rm(folder, { recursive: true, force: true })
})

const start = async () => {
  node = await startNode({ folder, settings: { manifest: { quietSeconds: 1 } } })
  for (const [, what, count] of node.log().matchAll(/\b(draftsSwept|adopted|manifestsAdopted)=(\d+)/g)) {
    repaired.set(what!, (repaired.get(what!) ?? 0) + Number(count))
  }
  return node
}

/** Senders at work, the node killed at some moment of it. Some studies are new, one goes on from an earlier round. */
async function killedRound(running: NodeProcess): Promise<void> {
  const earlier = studies[Math.floor(random() * studies.length)]
  const fresh = Array.from({ length: STUDIES_PER_ROUND }, testUid)
  studies.push(...fresh)
  const senders = startSenders({
    port: running.port,
    ledger,
    random,
    studies: earlier === undefined ? fresh : [earlier, ...fresh],
    pauseMs: 4,
  })
  await sleep(100 + random() * 1400)
  await running.kill9()
  await senders.ended
}

/** Of a study drawn by chance, and over the network: all that was acknowledged, with its bytes. */
async function expectRetrievable(running: NodeProcess, studyInstanceUid: string): Promise<void> {
  const acknowledged = ledger.byStudy().get(studyInstanceUid) ?? new Map<string, string>()
  const { status, digests } = await getStudy(running.port, studyInstanceUid)
  expect(status, `C-GET of ${studyInstanceUid}`).toBe(0)
  const wrong = [...acknowledged].filter(([uid, sha256]) => digests.get(uid) !== sha256).map(([uid]) => uid)
  expect(wrong, 'acknowledged, but not given back by C-GET').toEqual([])
  expect(await findInstances(running.port, studyInstanceUid), 'C-FIND').toBe(digests.size)
}

const catalogFile = () => join(folder, 'storage/catalog.sqlite')

/** The catalog's own file with everything that stood in the log. */
function checkpointed(): Buffer {
  const database = new Database(catalogFile())
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
  return readFileSync(catalogFile())
}

const told = (rounds: number) =>
  console.info(
    `seed ${seed}: ${rounds} kills, ${ledger.acknowledged.size} acknowledged, ${studies.length} studies, ${node?.files('manifests').length} manifests, put right at starts: ${JSON.stringify(Object.fromEntries(repaired))}`,
  )

describe(`kill -9 (seed ${seed}; ARIANE_TEST_SEED repeats it)`, () => {
  it('S30 T1 T12 at 20 random moments during 8 parallel senders: nothing acknowledged is lost, nothing half-written is indexed', {
    timeout: 120_000,
  }, async () => {
    for (let round = 1; round <= 20; round++) {
      await killedRound(node ?? (await start()))
      const running = await start()
      await check.look(running)
      await expectRetrievable(running, studies[Math.floor(random() * studies.length)]!)
    }
    await expectManifestsComplete(node!)
    check.forgetWhatWasRead()
    await check.look(node!)
    for (const study of studies.filter((one) => ledger.byStudy().has(one))) await expectRetrievable(node!, study)
    // otherwise no kill hit anybody at work
    expect(ledger.acknowledged.size).toBeGreaterThan(500)
    expect(repaired.get('draftsSwept')).toBeGreaterThan(0)
    expect(node!.files('manifests').length).toBeGreaterThan(STUDIES_PER_ROUND)
    told(20)
  })

  it('S30 with the write-ahead log removed after the kill: rows come back from the files', { timeout: 240_000 }, async () => {
    for (let round = 1; round <= 20; round++) {
      await killedRound(node ?? (await start()))
      for (const suffix of ['-wal', '-shm']) await rm(join(folder, `storage/catalog.sqlite${suffix}`), { force: true })
      const running = await start()
      expect(running.log()).toContain('write-ahead log of the catalog is lost')
      await check.look(running)
    }
    await expectManifestsComplete(node!)
    check.forgetWhatWasRead()
    await check.look(node!)
    for (const study of ledger.byStudy().keys()) await expectRetrievable(node!, study)
    told(20)
  })

  it.each([0.1, 0.5, 0.9])(
    'S30 with the write-ahead log lost when it was copied to the catalog up to %d of its pages: nothing is missing',
    {
      timeout: 60_000,
    },
    async (share) => {
      await killedRound(await start())
      await killedRound(await start())
      const before = checkpointed()
      await killedRound(await start())
      const after = checkpointed()
      const copied = Math.ceil((after.length / PAGE_BYTES) * share) * PAGE_BYTES
      writeFileSync(catalogFile(), Buffer.concat([after.subarray(0, copied), before.subarray(copied)]))
      const running = await start()
      await check.look(running)
      await expectManifestsComplete(running)
      for (const study of ledger.byStudy().keys()) await expectRetrievable(running, study)
      await check.look(running)
    },
  )

  it.each([
    ['the catalog (its write-ahead log left behind)', ['']],
    ['the catalog and its write-ahead log', ['', '-wal', '-shm']],
  ])(
    'S30 with %s removed after the kill: everything acknowledged is back, manifests are true',
    { timeout: 60_000 },
    async (_, suffixes) => {
      await killedRound(await start())
      const before = await start()
      await expectManifestsComplete(before)
      const delivered = before.files('manifests').length
      await killedRound(before)
      for (const suffix of suffixes) await rm(join(folder, `storage/catalog.sqlite${suffix}`), { force: true })
      const running = await start()
      const { manifests } = await check.look(running)
      expect(manifests.length, 'records of manifests').toBeGreaterThanOrEqual(delivered)
      await expectManifestsComplete(running)
      check.forgetWhatWasRead()
      await check.look(running)
      for (const study of ledger.byStudy().keys()) await expectRetrievable(running, study)
      told(2)
    },
  )
})
