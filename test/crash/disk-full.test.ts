/** S29, T3: the disk fills up under eight senders, stays full for a while, and has room again. Refused early where a reserve is kept, by the
 *  file system's own ENOSPC where none is, for the catalog as for the files. The node never restarts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { connectAsSender, Ledger, randomSlice, startSenders, storeInstance } from '../support/busy-senders.ts'
import { testUid } from '../support/data-sets.ts'
import { expectAlive, expectCleanLog, expectOthersServed } from '../support/invariants.ts'
import { expectManifestsComplete, PromiseCheck } from '../support/kept-promises.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { findInstances, getStudy } from '../support/retrieve-digests.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { mayMount, type SmallDisk, smallDisk } from '../support/small-disk.ts'

const MiB = 1024 * 1024
const allowed = mayMount()

describe.skipIf(!allowed)(`a disk of 40 MiB that fills up${allowed ? '' : ' (skipped: a tmpfs cannot be mounted here)'}`, () => {
  let disk: SmallDisk
  let node: NodeProcess
  afterEach(async () => {
    await node.stop()
    disk.remove()
  })

  const startOnDisk = async (reserveBytes: number) => {
    disk = smallDisk(40)!
    node = await startNode({ folder: disk.folder, settings: { storage: { reserveBytes } } })
  }

  it.each([
    ['with a reserve of 8 MiB', 8 * MiB],
    ['without a reserve', 0],
  ])('S29 T3 %s: A700 to eight senders, the rest of the service goes on, and resumes when room returns', async (_, reserveBytes) => {
    await startOnDisk(reserveBytes)
    const ledger = new Ledger()
    const check = new PromiseCheck(ledger)
    const studies = [testUid(), testUid()]
    disk.fill(24 * MiB)
    const senders = startSenders({ port: node.port, ledger, random: seededRandom(7), studies })
    await eventually('200 instances refused', () => (ledger.refusals.get(0xa700) ?? 0) >= 200, 30_000)
    await expectOthersServed(node)
    for (const study of studies) expect(await findInstances(node.port, study)).toBeGreaterThan(10)
    expect(disk.freeBytes(), 'of the reserve').toBeGreaterThanOrEqual(reserveBytes / 2)
    senders.stop()
    await senders.ended
    expect([...ledger.refusals.keys()]).toEqual([0xa700])
    expect(ledger.unanswered.size, 'instances without an answer').toBe(0)
    await check.look(node)
    await expectGivenBack(ledger)

    disk.fill(0)
    await sleep(1500)
    await check.look(node)
    disk.makeRoom()
    const before = ledger.acknowledged.size
    const later = startSenders({ port: node.port, ledger, random: seededRandom(8), studies: [testUid()], instancesEach: 5 })
    await later.ended
    expect(ledger.acknowledged.size).toBe(before + 40)
    await expectManifestsComplete(node, 20_000)
    check.forgetWhatWasRead()
    await check.look(node)
    await expectGivenBack(ledger)
    expectAlive(node)
    // without a reserve the log names SQLite's own error, as it should
    if (reserveBytes > 0) expectCleanLog(node)
  })

  it('S29 the catalog itself without room (CATALOG_FAILED): A700, no file left, and the node lives', async () => {
    await startOnDisk(0)
    const ledger = new Ledger()
    const check = new PromiseCheck(ledger)
    const association = await connectAsSender(node.port, 'SENDER')
    const [study, series] = [testUid(), testUid()]
    const store = (number: number) => storeInstance(association, ledger, randomSlice(study, series, number, 20))
    expect(await store(1)).toBe(0)
    // somewhere between nothing and enough there is room for a small file and none for the pages that the catalog must write
    const statuses = new Set<number>()
    for (let leavePages = 0; leavePages < 40; leavePages++) {
      disk.makeRoom()
      disk.fill(leavePages * 4096)
      statuses.add(await store(2 + leavePages))
    }
    expect(node.log(), 'the log of the node').toMatch(/index not writable.*SQLITE_(FULL|IOERR)/)
    expect([...statuses].filter((status) => status !== 0)).toEqual([0xa700])
    await expectOthersServed(node)
    await check.look(node)
    disk.makeRoom()
    expect(await store(100)).toBe(0)
    await association.release()
    await expectManifestsComplete(node, 20_000)
    await check.look(node)
    expectAlive(node)
  })

  it('S29 a node that stops, and one that is killed, on a full disk starts again and has lost nothing', async () => {
    await startOnDisk(0)
    const ledger = new Ledger()
    const check = new PromiseCheck(ledger)
    const first = startSenders({ port: node.port, ledger, random: seededRandom(9), studies: [testUid()], instancesEach: 20 })
    await first.ended
    disk.fill(0)
    expect(await node.stop()).toBe(0)
    disk.makeRoom()
    node = await startNode({ folder: disk.folder })
    await check.look(node)
    disk.fill(0)
    await node.kill9()
    disk.makeRoom()
    node = await startNode({ folder: disk.folder })
    await expectManifestsComplete(node)
    await check.look(node)
    await expectGivenBack(ledger)
  })

  async function expectGivenBack(ledger: Ledger): Promise<void> {
    for (const [study, acknowledged] of ledger.byStudy()) {
      const { status, digests } = await getStudy(node.port, study)
      expect(status).toBe(0)
      expect([...digests].sort()).toEqual([...acknowledged].sort())
    }
  }
})
