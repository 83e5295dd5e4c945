/** S26: an instance larger than any Buffer and than 32 bits can count passes in by C-STORE and out by C-GET with the node's memory bounded.
 *
 *  Larger than 2^32 bytes where there is room for it twice over, else 700 MiB; `ARIANE_TEST_LARGE_MIB` says otherwise. */
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { connect } from '../../src/dimse/connect.ts'
import { TIMEOUTS } from '../support/busy-senders.ts'
import { storescu } from '../support/dcmtk.ts'
import { expectAlive, expectOthersServed } from '../support/invariants.ts'
import { readCatalog } from '../support/kept-promises.ts'
import { type LargeInstance, largeInstance } from '../support/large-instance.ts'
import { eventually, startNode } from '../support/node-process.ts'
import { watchMemory } from '../support/resident-memory.ts'
import { getStudy } from '../support/retrieve-digests.ts'
import { studyFiles } from '../support/study-files.ts'

const MiB = 1024 * 1024
const ALLOWANCE_MIB = 96
const BEYOND_32_BITS_MIB = 4300
const { bavail, bsize } = statfsSync(tmpdir())
const hasRoomFor = (mebibytes: number): boolean => bavail * bsize > mebibytes * MiB
const sizeMiB = Number(process.env.ARIANE_TEST_LARGE_MIB) || (hasRoomFor(2 * BEYOND_32_BITS_MIB) ? BEYOND_32_BITS_MIB : 700)
const fits = hasRoomFor(sizeMiB + 512)

describe.skipIf(!fits)(`an instance of ${sizeMiB} MiB (ARIANE_TEST_LARGE_MIB)${fits ? '' : ' (skipped: no room for it)'}`, () => {
  it(`S26 in and out again with the same bytes, less than ${ALLOWANCE_MIB} MiB of memory above idle`, { timeout: 600_000 }, async () => {
    const node = await startNode()
    onTestFinished(async () => void (await node.stop()))
    const small = await studyFiles()
    expect((await storescu(node, small.files)).code).toBe(0)
    await small.remove()
    const idleBytes = node.rssBytes()
    const instance = largeInstance(sizeMiB * MiB)

    const stored = await watchMemory(node, () => store(node.port, instance))
    expect(stored.result).toBe(0)
    const row = readCatalog(node.storagePath).instances.find(({ uid }) => uid === instance.sopInstanceUid)
    expect(row?.sha256).toBe(instance.sha256())
    expect(row!.size - row!.offset).toBe(instance.sizeBytes)

    const retrieved = await watchMemory(node, async () => {
      const coming = getStudy(node.port, instance.studyInstanceUid, instance)
      await eventually('others are served meanwhile', async () => {
        await expectOthersServed(node)
        return true
      })
      return coming
    })
    expect(retrieved.result.status).toBe(0)
    expect(retrieved.result.digests.get(instance.sopInstanceUid)).toBe(instance.sha256())
    expect(retrieved.result.bytes).toBe(instance.sizeBytes)

    const above = (peakBytes: number) => Math.round((peakBytes - idleBytes) / MiB)
    const figure = (name: string, { peakBytes, tookMs }: { peakBytes: number; tookMs: number }) =>
      `${name} ${(tookMs / 1000).toFixed(1)} s, ${Math.round(instance.sizeBytes / MiB / (tookMs / 1000))} MiB/s, peak ${above(peakBytes)} MiB above idle`
    console.info(`${sizeMiB} MiB, idle ${Math.round(idleBytes / MiB)} MiB; ${figure('in', stored)}; ${figure('out', retrieved)}`)
    await sleep(2000)
    console.info(`${sizeMiB} MiB, afterwards ${Math.round(node.rssBytes() / MiB)} MiB resident`)
    expect(above(stored.peakBytes), 'MiB above idle while it comes in').toBeLessThan(ALLOWANCE_MIB)
    expect(above(retrieved.peakBytes), 'MiB above idle while it goes out').toBeLessThan(ALLOWANCE_MIB)
    expectAlive(node)
  })
})

async function store(port: number, instance: LargeInstance): Promise<number> {
  const association = await connect({
    host: '127.0.0.1',
    port,
    callingAeTitle: aeTitle('SENDER'),
    calledAeTitle: aeTitle('ARIANE'),
    contexts: [{ abstractSyntax: instance.sopClassUid, transferSyntaxes: [instance.transferSyntaxUid] }],
    timeouts: TIMEOUTS,
  })
  const { status } = await association.store({ ...instance, open: () => instance.open() })
  await association.release()
  return status
}
