/** What a power failure takes of the catalog is the end of its write-ahead log, while every file is on disk: decisions 9 and 10. */
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { newUid, type Uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { ensureUndecidedDeliveries } from '../../src/manifest/undecided-deliveries.ts'
import { reconcile } from '../../src/receive/reconcile.ts'
import { type Held, holdNothing, receive, target } from '../manifest/held-studies.ts'
import { startNode } from '../support/node-process.ts'
import { closeAll, silenceLog } from './sample-instances.ts'

beforeAll(silenceLog)
afterEach(closeAll)

const TARGETS = { settings: { targets: [target('drop')] } }
const FILES = ['catalog.sqlite', 'catalog.sqlite-wal']

/** What is on disk of the catalog from now on, however much is written. */
function lastSync({ path }: Held): (settings?: Parameters<typeof holdNothing>[0]) => Promise<Held> {
  for (const name of FILES) if (existsSync(join(path, name))) copyFileSync(join(path, name), join(path, `${name}.synced`))
  return async (options = TARGETS) => {
    await closeAll()
    for (const name of [...FILES, 'catalog.sqlite-shm']) rmSync(join(path, name), { force: true })
    for (const name of FILES) if (existsSync(join(path, `${name}.synced`))) copyFileSync(join(path, `${name}.synced`), join(path, name))
    const again = await holdNothing({ ...options, path })
    await reconcile(again)
    return again
  }
}

/** As the worker does: only what the catalog says is due. */
async function buildDue(held: Held): Promise<string[]> {
  const outcomes: string[] = []
  for (const { studyInstanceUid } of (await held.catalog.studiesWaiting(100)).items) {
    outcomes.push((await buildManifest(held.parts, studyInstanceUid, 'quiet')).kind)
  }
  return outcomes
}

const waiting = async (held: Held): Promise<string[]> =>
  (await held.catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 100)).map((delivery) => delivery.manifestUid)

const versions = async (held: Held, study: Uid): Promise<unknown[]> =>
  (await held.catalog.manifestsOf(study)).map(({ version, state, supersededBy }) => [version, state, supersededBy])

it('manifests that it took the rows of are there again, none is made anew, the one in force is delivered', async () => {
  const held = await holdNothing(TARGETS)
  const study = newUid()
  await receive(held, { study })
  const restart = lastSync(held)
  await buildDue(held)
  await receive(held, { study, instanceNumber: 2 })
  await buildDue(held)
  const before = await held.catalog.manifestsOf(study)
  expect(before).toHaveLength(2)
  const again = await restart()
  expect(await again.catalog.manifestsOf(study)).toEqual(before)
  expect(await buildDue(again)).toEqual(['unchanged'])
  expect(await again.catalog.manifestsOf(study)).toEqual(before)
  expect(await waiting(again)).toEqual([before[0]!.sopInstanceUid])
  expect(await buildDue(again)).toEqual([])
})

it('a version that was made though the study had not changed is delivered too', async () => {
  const held = await holdNothing(TARGETS)
  const study = newUid()
  await receive(held, { study })
  await buildDue(held)
  for (const { id } of await held.catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 10)) {
    await held.catalog.settleDelivery(id, { state: 'done', attempts: 1, nextAttemptAt: 0 })
  }
  const restart = lastSync(held)
  const changed = { settings: { ...TARGETS.settings, institution: 'Another name' } }
  const parts = { ...held.parts, settings: () => ({ ...held.parts.settings(), ...changed.settings }) }
  expect(await buildManifest(parts, study, 'asked by operator')).toMatchObject({ kind: 'made', record: { version: 2 } })
  const again = await restart(changed)
  const [second] = await again.catalog.manifestsOf(study)
  expect(await versions(again, study)).toEqual([
    [2, 'in force', undefined],
    [1, 'superseded', second!.sopInstanceUid],
  ])
  expect(await buildDue(again)).toEqual(['unchanged'])
  expect(await waiting(again)).toEqual([second!.sopInstanceUid])
})

it('a decision between identities stays, and so does the manifest made upon it', async () => {
  const held = await holdNothing(TARGETS)
  const study = newUid()
  await receive(held, { study, patientId: 'A' })
  await receive(held, { study, patientId: 'B', instanceNumber: 2 })
  await held.catalog.resolveStudy(study, 2)
  const restart = lastSync(held)
  await buildDue(held)
  await receive(held, { study, patientId: 'A', instanceNumber: 3 })
  await buildDue(held)
  const before = await held.catalog.manifestsOf(study)
  expect(before).toHaveLength(2)
  const again = await restart()
  expect(await again.catalog.findStudy(study)).toMatchObject({ inConflict: false, keys: { PatientID: 'B' } })
  expect(await buildDue(again)).toEqual(['unchanged'])
  expect(await again.catalog.manifestsOf(study)).toEqual(before)
})

it('a manifest of before a conflict is delivered, though its study waits for a decision', async () => {
  const held = await holdNothing(TARGETS)
  const study = newUid()
  await receive(held, { study, patientId: 'A' })
  const restart = lastSync(held)
  await buildDue(held)
  await receive(held, { study, patientId: 'B', instanceNumber: 2 })
  const again = await restart()
  expect(await again.catalog.findStudy(study)).toMatchObject({ inConflict: true })
  const [first] = await again.catalog.manifestsOf(study)
  for (const _ of [1, 2]) await ensureUndecidedDeliveries(again.catalog, [target('drop')], 1)
  expect(await waiting(again)).toEqual([first!.sopInstanceUid])
  expect(await buildDue(again)).toEqual([])
})

it('and so it is where the start that took it in was cut off before it came to that', async () => {
  const held = await holdNothing(TARGETS)
  const study = newUid()
  await receive(held, { study, patientId: 'A' })
  const restart = lastSync(held)
  await buildDue(held)
  await receive(held, { study, patientId: 'B', instanceNumber: 2 })
  const { path, catalog } = await restart()
  const [first] = await catalog.manifestsOf(study)
  await closeAll()
  const node = await startNode({ settings: { storage: { path }, publish: [{ name: 'drop', kind: 'folder', path: join(path, 'drop') }] } })
  try {
    const file = join(path, 'drop', study, `1-${first!.sopInstanceUid}.dcm`)
    await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true)
  } finally {
    await node.stop()
  }
})
