/** T1, T14: thousands of associations come and go, in order or not, and leave nothing: no heap, no socket, no draft, no file handle. And eight
 *  senders begin the same new study at the same moment: one patient, one study, exact counts. Sizes in bytes. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connectAsSender, Ledger, randomSlice, storeInstance } from '../support/busy-senders.ts'
import { CT_IMAGE, testUid } from '../support/data-sets.ts'
import { STORE_CONTEXTS } from '../support/hostile-case.ts'
import { expectAlive, expectCleanLog, expectNoConnections } from '../support/invariants.ts'
import { expectManifestsComplete, PromiseCheck } from '../support/kept-promises.ts'
import { eventually, type NodeProcess, PROJECT, startNode } from '../support/node-process.ts'
import { storeRequest } from '../support/raw-command.ts'
import { abort, pData, pdv } from '../support/raw-pdu.ts'
import { echoFromElsewhere, RawPeer } from '../support/raw-peer.ts'
import { getStudy } from '../support/retrieve-digests.ts'

const KiB = 1024
const MiB = 1024 * KiB
/** `ARIANE_TEST_ASSOCIATIONS=20000` looks for slower leaks. */
const ASSOCIATIONS = Number(process.env.ARIANE_TEST_ASSOCIATIONS) || 6000
/** Buffers, code and the cache of the catalog grow first. */
const WARM_UP = ASSOCIATIONS / 2
const PARALLEL = 8

describe(`${ASSOCIATIONS} associations (ARIANE_TEST_ASSOCIATIONS)`, () => {
  it('T14 echo, store, aborted and cut in the middle: heap and resident memory flat, no socket and no handle left', {
    timeout: 180_000,
  }, async () => {
    const node = await startNode({ nodeArguments: ['--expose-gc', '--import', join(PROJECT, 'test/support/heap-probe.mjs')] })
    onTestFinished(async () => void (await node.stop()))
    const ledger = new Ledger()
    const study = { uid: testUid(), series: testUid() }
    const before = { handles: 0, heap: 0, rss: 0 }
    let begun = 0
    const runner = async (until: number) => {
      while (begun < until) await KINDS[begun++ % KINDS.length]!(node, ledger, study)
    }
    await Promise.all(Array.from({ length: PARALLEL }, () => runner(WARM_UP)))
    await expectNoConnections(node)
    Object.assign(before, { handles: handlesOf(node), heap: await heapBytes(node), rss: node.rssBytes() })
    const started = performance.now()
    await Promise.all(Array.from({ length: PARALLEL }, () => runner(ASSOCIATIONS)))
    const seconds = (performance.now() - started) / 1000
    await expectNoConnections(node)
    await expectManifestsComplete(node)
    const heapGrowth = (await heapBytes(node)) - before.heap
    const rssGrowth = node.rssBytes() - before.rss
    const counted = ASSOCIATIONS - WARM_UP
    console.info(
      `${counted} associations in ${seconds.toFixed(1)} s (${Math.round(counted / seconds)}/s): heap ${signed(heapGrowth / KiB)} KiB, resident ${signed(rssGrowth / MiB)} MiB, ${before.handles} handles before, ${handlesOf(node)} after`,
    )
    expect(heapGrowth / counted, 'bytes of heap per association').toBeLessThan(1024)
    expect(rssGrowth / MiB, 'resident MiB').toBeLessThan(64)
    await eventually('as many open handles as before', () => handlesOf(node) <= before.handles + 2)
    await new PromiseCheck(ledger).look(node)
    expect(ledger.acknowledged.size).toBe(ASSOCIATIONS / KINDS.length)
    expectAlive(node)
    expectCleanLog(node)
  })
})

describe('eight senders of one new study', () => {
  it('T1 begin it at the same moment: exact counts, one patient, one study, one series each, one chain of manifests', async () => {
    const node = await startNode()
    onTestFinished(async () => void (await node.stop()))
    const ledger = new Ledger()
    const studies = Array.from({ length: 5 }, testUid)
    const associations = await Promise.all(Array.from({ length: PARALLEL }, (_, number) => connectAsSender(node.port, `SENDER${number}`)))
    for (const study of studies) {
      const shared = testUid()
      const slices = associations.map((_, number) =>
        [1, 2, 3].map((one) => randomSlice(study, one === 3 ? shared : `${shared}.${number}`, one, 40)),
      )
      await Promise.all(
        associations.map(async (association, number) => {
          for (const slice of slices[number]!) expect(await storeInstance(association, ledger, slice)).toBe(0)
        }),
      )
    }
    await Promise.all(associations.map((association) => association.release()))
    const database = new Database(join(node.storagePath, 'catalog.sqlite'), { readonly: true })
    const count = (table: string, where = '') => database.prepare(`SELECT count(*) FROM ${table} ${where}`).pluck().get()
    expect({
      patients: count('patients'),
      studies: count('studies'),
      identities: count('study_identities'),
      series: count(
        'series JOIN studies ON studies.id = study_id',
        "WHERE EXISTS (SELECT 1 FROM instances WHERE series_id = series.id AND role = 'content')",
      ),
      instances: count('instances', "WHERE role = 'content'"),
      conflicts: count('studies', 'WHERE in_conflict = 1'),
    }).toEqual({ patients: 1, studies: 5, identities: 5, series: 5 * 9, instances: 5 * 24, conflicts: 0 })
    database.close()
    await expectManifestsComplete(node)
    const { manifests } = await new PromiseCheck(ledger).look(node)
    expect(manifests.map(({ version, state }) => `${version} ${state}`)).toEqual(studies.map(() => '1 in force'))
    for (const [study, acknowledged] of ledger.byStudy()) {
      expect([...(await getStudy(node.port, study)).digests].sort()).toEqual([...acknowledged].sort())
    }
  })
})

type Kind = (node: NodeProcess, ledger: Ledger, study: { readonly uid: string; readonly series: string }) => Promise<void>

/** What an association can come to. */
const KINDS: readonly Kind[] = [
  async (node) => void (await echoFromElsewhere(node.port)),
  async (node, ledger, study) => {
    const association = await connectAsSender(node.port, 'SENDER')
    expect(await storeInstance(association, ledger, randomSlice(study.uid, study.series, 1, 32))).toBe(0)
    await association.release()
  },
  // A-ABORT after half a data set
  async (node, _, study) => {
    const { peer, instance } = await halfStored(node, study)
    peer.send(pData(pdv(3, 0, instance.dataSet.subarray(0, 8000))), abort())
    await peer.readToEnd()
    peer.destroy()
  },
  // the connection reset after half a data set
  async (node, _, study) => {
    const { peer, instance } = await halfStored(node, study)
    await peer.sendAll(pData(pdv(3, 0, instance.dataSet)).subarray(0, 9000))
    peer.reset()
  },
]

async function halfStored(node: NodeProcess, study: { readonly uid: string; readonly series: string }) {
  const instance = randomSlice(study.uid, study.series, 1, 100)
  const peer = await RawPeer.associate(node.port, { contexts: STORE_CONTEXTS })
  peer.sendMessage(3, storeRequest(1, CT_IMAGE, instance.sopInstanceUid))
  return { peer, instance }
}

const handlesOf = (node: NodeProcess) => readdirSync(`/proc/${node.pid}/fd`).length

const signed = (value: number) => `${value < 0 ? '' : '+'}${value.toFixed(1)}`

/** After a collection of garbage. */
async function heapBytes(node: NodeProcess): Promise<number> {
  const answers = () => [...node.output().matchAll(/^heap (\d+)$/gm)].map((found) => Number(found[1]))
  const before = answers().length
  node.process.kill('SIGUSR2')
  await eventually('the heap is counted', () => answers().length > before)
  return answers().at(-1)!
}
