/** S29: a disk that fills up. A small file system of its own (tmpfs), which needs the right to mount; skipped under a name that says so. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CT_IMAGE, ct, encode, TAG, type TestDataSet, textOf } from '../support/data-sets.ts'
import { STORE_CONTEXTS } from '../support/hostile-case.ts'
import { expectAlive, expectCleanLog, expectExactlyKept, expectOthersServed, holdings } from '../support/invariants.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { RawPeer } from '../support/raw-peer.ts'

const MiB = 1024 * 1024

function mountSmallDisk(megabytes: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'ariane-small-disk-'))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]).status === 0) return folder
  rmdirSync(folder)
  return undefined
}

function unmount(folder: string): void {
  spawnSync('umount', ['-l', folder])
  rmdirSync(folder)
}

const trial = mountSmallDisk(1)
if (trial !== undefined) unmount(trial)
const mayMount = trial !== undefined

describe.skipIf(!mayMount)(`a small disk${mayMount ? '' : ' (skipped: a tmpfs cannot be mounted here)'}`, () => {
  let disk: string
  let node: NodeProcess
  let peer: RawPeer
  beforeEach(async () => {
    disk = mountSmallDisk(40)!
    node = await startNode({ folder: disk })
    peer = await RawPeer.associate(node.port, { contexts: STORE_CONTEXTS })
  })
  afterEach(async () => {
    peer.destroy()
    await node.stop()
    unmount(disk)
  })

  const store = (elements: TestDataSet) => peer.store(3, CT_IMAGE, textOf(elements, TAG.SOPInstanceUID), encode(elements))
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(disk)
    return bavail * bsize
  }
  /** Leaves only so much. */
  const fill = (leave: number) => writeFileSync(join(disk, 'filler'), Buffer.alloc(Math.max(0, freeBytes() - leave), 1))

  it('S29 A700 for an instance that does not fit, nothing half-written, service again without a restart when there is room', async () => {
    const before = holdings(node)
    fill(2 * MiB)
    const large = ct({}, 2000)
    const refused = await store(large)
    expect(refused.status).toBe(0xa700)
    expect(refused.errorComment).toBeTruthy()
    await expectExactlyKept(node, before, [])
    await expectOthersServed(node)

    rmSync(join(disk, 'filler'))
    expect((await store(large)).status).toBe(0)
    await expectExactlyKept(node, before, [textOf(large, TAG.SOPInstanceUID)])
    expectAlive(node)
    expectCleanLog(node)
  })

  it('S29 with no byte left at all: every instance refused, none half-kept, and all taken afterwards', async () => {
    const before = holdings(node)
    fill(0)
    const instances = Array.from({ length: 5 }, () => ct({}, 64))
    for (const elements of instances) expect((await store(elements)).status).toBe(0xa700)
    expect(await peer.echo()).toBe(0)
    await expectExactlyKept(node, before, [])

    rmSync(join(disk, 'filler'))
    for (const elements of instances) expect((await store(elements)).status).toBe(0)
    await expectExactlyKept(
      node,
      before,
      instances.map((elements) => textOf(elements, TAG.SOPInstanceUID)),
    )
    expectAlive(node)
    expectCleanLog(node)
  })
})
