/** A manifest that is withdrawn while an attempt to deliver it is under way, and fails: it is not delivered afterwards. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { startPublishWorker } from '../../src/publish/outbox.ts'
import { holdNothing, target } from '../manifest/held-studies.ts'
import { note, send, someStudy } from '../receive/rejection-material.ts'
import { closeAll, silenceLog, withMethods } from '../receive/sample-instances.ts'
import { temporaryFolder } from '../storage/temporary-storage.ts'

beforeAll(silenceLog)
afterEach(closeAll)

it('what was withdrawn meanwhile stays away', async () => {
  const held = await holdNothing({ settings: { targets: [target('drop')] } })
  const of = someStudy()
  for (const image of of.images) await send(held, image)
  await buildManifest(held.parts, of.study, 'quiet')
  const [record] = await held.catalog.manifestsOf(of.study)
  let opened = 0
  // The first attempt is under way when all is rejected, and fails behind it.
  const catalog = withMethods(held.catalog, {
    findInstance: async (uid) => {
      const facts = await held.catalog.findInstance(uid)
      if (opened++ > 0) return facts
      await send(held, note('113037', of, of.images))
      await buildManifest(held.parts, of.study, 'quiet')
      throw new Error('the disk is slow today')
    },
  })
  const folder = temporaryFolder()
  const ahead = { ms: 0 }
  const targets = () => [{ name: 'drop', kind: 'folder', levels: ['N'], path: folder }] as never
  const worker = startPublishWorker({ catalog, storage: held.storage, targets, now: () => Date.now() + ahead.ms, formats: {} as never })
  try {
    await expect.poll(() => opened, { timeout: 5000 }).toBeGreaterThan(0)
    await expect.poll(async () => (await held.catalog.manifestsOf(of.study))[0]?.state, { timeout: 5000 }).toBe('withdrawn')
    await sleep(50)
    ahead.ms = 3_600_000
    worker.nudge()
    await expect.poll(async () => (await held.catalog.totals()).deliveriesWaiting, { timeout: 8000 }).toBe(0)
  } finally {
    await worker.stop()
  }
  expect(existsSync(join(folder, of.study, `1-${record!.sopInstanceUid}.dcm`))).toBe(false)
})
