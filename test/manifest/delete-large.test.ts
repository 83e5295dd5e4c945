/** A study of 20,000 instances is deleted, and audited, while the event loop stays free. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { StorageKey } from '../../src/catalog/contract.ts'
import { uid } from '../../src/dicom/uid.ts'
import { auditAll } from '../../src/manifest/audit.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { deleteInstances } from '../../src/manifest/delete-instances.ts'
import { NameSource } from '../../src/storage/storage-key.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { filesBelow } from '../support/node-process.ts'
import { type Held, holdNothing, holdRows } from './held-studies.ts'

beforeEach(silenceLog)
afterEach(closeAll)

/** Of processor time: what else the machine does meanwhile does not count. */
const STALL_MS = 50
const STUDY = uid('1.2.840.1')
const [SERIES, EACH] = [10, 2_000]

/** The longest time that work of this thread held the event loop, in milliseconds of its processor time. */
async function stallDuring(work: () => Promise<unknown>): Promise<{ longestMs: number; tookMs: number }> {
  let running = true
  let longestMs = 0
  const watching = (async () => {
    let last = threadMs()
    while (running) {
      await setImmediate()
      const now = threadMs()
      longestMs = Math.max(longestMs, now - last)
      last = now
    }
  })()
  const began = performance.now()
  await work().finally(() => {
    running = false
  })
  await watching
  return { longestMs, tookMs: performance.now() - began }
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Rows with files of one byte. */
async function holdLarge(): Promise<Held> {
  const held = await holdNothing()
  mkdirSync(join(held.path, 'instances/2026/01/15'), { recursive: true })
  const sha256 = createHash('sha256').update('.').digest('hex')
  const names = new NameSource()
  const keep: Held['catalog']['keep'] = (facts) => {
    const storageKey = `instances/2026/01/15/${names.randomName()}.dcm` as StorageKey
    writeFileSync(join(held.path, storageKey), '.')
    return held.catalog.keep({ ...facts, storageKey, sha256 })
  }
  await holdRows({ ...held, catalog: { ...held.catalog, keep } }, STUDY, SERIES, EACH)
  await buildManifest(held.parts, STUDY, 'quiet')
  return held
}

it('20,000 instances: hidden, withdrawn and removed with the event loop free', { timeout: 120_000 }, async () => {
  const held = await holdLarge()
  const parts = { ...held.parts, path: held.path }
  const what = { studyInstanceUid: STUDY, reason: 'deleted by operator', actor: 'ann', withdraw: true }
  const { longestMs, tookMs } = await stallDuring(async () => {
    expect(await deleteInstances(parts, what)).toMatchObject({ kind: 'deleted', instances: SERIES * EACH, withdrawn: [{ version: 1 }] })
  })
  console.info(`20,000 instances deleted in ${(tookMs / 1000).toFixed(1)} s, longest stall ${longestMs.toFixed(0)} ms`)
  expect(filesBelow(join(held.path, 'instances'))).toEqual([])
  expect((await held.catalog.totals()).instances).toBe(0)
  expect(longestMs).toBeLessThan(STALL_MS)
})

it('20,000 instances: one series deleted, the manifest revised, with the event loop free', { timeout: 120_000 }, async () => {
  const held = await holdLarge()
  const parts = { ...held.parts, path: held.path }
  const what = {
    studyInstanceUid: STUDY,
    seriesInstanceUid: uid(`${STUDY}.3`),
    reason: 'deleted by operator',
    actor: 'ann',
    withdraw: true,
  }
  const { longestMs } = await stallDuring(async () => {
    expect(await deleteInstances(parts, what)).toMatchObject({ instances: EACH, made: [{ instanceCount: (SERIES - 1) * EACH }] })
  })
  console.info(`one series of 20,000 instances deleted, longest stall ${longestMs.toFixed(0)} ms`)
  expect(longestMs).toBeLessThan(STALL_MS)
})

it('20,000 instances: audited with the event loop free', { timeout: 120_000 }, async () => {
  const held = await holdLarge()
  let audited = 0
  const work = { catalog: held.catalog, storage: held.storage, isThere: async () => true, dryRun: true }
  const { longestMs } = await stallDuring(async () => {
    for await (const one of auditAll(work)) audited += one.bytes > 0 ? 1 : 0
  })
  console.info(`20,000 instances audited, longest stall ${longestMs.toFixed(0)} ms`)
  expect(audited).toBe(SERIES * EACH + 1)
  expect(longestMs).toBeLessThan(STALL_MS)
})
