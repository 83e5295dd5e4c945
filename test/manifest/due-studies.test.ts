/** The worker: what it builds, when, and what it does about trouble. Real catalog and storage; times are short. */
import { rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import type { ManifestRecord } from '../../src/catalog/contract.ts'
import { newUid, type Uid } from '../../src/dicom/uid.ts'
import { NodeError } from '../../src/errors.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { type ManifestWorker, type ManifestWorkerParts, startManifestWorker } from '../../src/manifest/due-studies.ts'
import { brokenRows, giveUp } from '../../src/storage/broken-rows.ts'
import { closeAll, silenceLog, withMethods } from '../receive/sample-instances.ts'
import { filesBelow } from '../storage/temporary-storage.ts'
import { type Held, holdNothing, manifestInForce, receive, settings, target } from './held-studies.ts'

silenceLog()
const RULES = { quietSeconds: 1, associationEndSeconds: 1, maxWaitSeconds: 3600, mppsMaxWaitSeconds: 1800 }
const running: ManifestWorker[] = []

afterEach(async () => {
  for (const worker of running.splice(0)) await worker.stop()
})
afterAll(closeAll)

function start(held: Held, over: Partial<ManifestWorkerParts> = {}): ManifestWorker {
  const worker = startManifestWorker({ ...held.parts, rules: () => RULES, ...over })
  running.push(worker)
  return worker
}

async function eventually(check: () => Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

it('builds after the quiet time, not before, and once', async () => {
  const held = await holdNothing()
  const study = newUid()
  const worker = start(held)
  for (let number = 1; number <= 3; number++) {
    await receive(held, { study, instanceNumber: number })
    worker.nudge()
    await pause(400)
  }
  expect(await held.catalog.manifestsOf(study)).toHaveLength(0)
  await eventually(async () => (await held.catalog.manifestsOf(study)).length === 1)
  const [record] = await held.catalog.manifestsOf(study)
  expect(record).toMatchObject({ version: 1, instanceCount: 3, state: 'in force', reason: 'quiet for 1 s' })
  expect(record!.createdAt - (await held.catalog.findStudy(study))!.lastReceivedAt).toBeGreaterThanOrEqual(1000)
  await pause(1500)
  expect(await held.catalog.manifestsOf(study)).toHaveLength(1)
})

it('a late instance makes version 2', async () => {
  const held = await holdNothing()
  const study = newUid()
  const worker = start(held)
  await receive(held, { study })
  worker.nudge()
  await eventually(async () => (await held.catalog.manifestsOf(study)).length === 1)
  await receive(held, { study, instanceNumber: 2 })
  worker.nudge()
  await eventually(async () => (await held.catalog.manifestsOf(study)).length === 2)
  expect((await held.catalog.manifestsOf(study)).map((one) => [one.version, one.state])).toEqual([
    [2, 'in force'],
    [1, 'superseded'],
  ])
})

it('finds at start what was left undone, and tells of what it made', async () => {
  const held = await holdNothing()
  const studies = [newUid(), newUid(), newUid()]
  for (const study of studies) await receive(held, { study })
  await pause(1100)
  const made: string[] = []
  start(held, { made: (record) => void made.push(record.studyInstanceUid) })
  await eventually(async () => made.length === 3)
  expect(made).toEqual(studies)
})

it('does nothing while nothing happens', async () => {
  const held = await holdNothing()
  await receive(held, { study: newUid() })
  let looks = 0
  const counting = withMethods(held.catalog, {
    studiesPending: (...asked) => {
      looks++
      return held.catalog.studiesPending(...asked)
    },
  })
  start(held, { catalog: counting })
  await pause(2500)
  expect(looks).toBeLessThanOrEqual(6)
  const after = looks
  await pause(1000)
  expect(looks).toBe(after)
})

it('withholds the manifest of a study in conflict, and makes it when resolved', async () => {
  const held = await holdNothing()
  const study = newUid()
  await receive(held, { study, patientId: 'P1' })
  await receive(held, { study, patientId: 'P2', instanceNumber: 2 })
  expect((await buildManifest(held.parts, study, 'asked')).kind).toBe('conflict')
  const worker = start(held)
  await pause(1500)
  expect(await held.catalog.manifestsOf(study)).toHaveLength(0)
  await held.catalog.resolveStudy(study, (await held.catalog.identitiesOf(study))[1]!.number)
  worker.nudge()
  await eventually(async () => (await held.catalog.manifestsOf(study)).length === 1)
  const [record] = await held.catalog.manifestsOf(study)
  expect((await held.catalog.findInstance(record!.sopInstanceUid))!.keys.PatientID).toBe('P2')
})

it('a failure is tried again, holds up no other study, and leaves no file', async () => {
  const held = await holdNothing()
  const [bad, good] = [newUid(), newUid()]
  await receive(held, { study: bad })
  await receive(held, { study: good })
  await pause(1100)
  let failures = 2
  const failing = withMethods(held.catalog, {
    settleStudy: async (study, revision, made) => {
      if (study === bad && failures-- > 0) throw new NodeError('CATALOG_FAILED', { step: 'test' })
      return held.catalog.settleStudy(study, revision, made)
    },
  })
  start(held, { catalog: failing })
  await eventually(async () => (await held.catalog.manifestsOf(good)).length === 1)
  expect(await held.catalog.manifestsOf(bad)).toHaveLength(0)
  expect(filesBelow(held.path).filter((name) => name.startsWith('manifests/'))).toHaveLength(1)
  await eventually(async () => (await held.catalog.manifestsOf(bad)).length === 1)
  expect(failures).toBeLessThan(0)
  expect(filesBelow(held.path).filter((name) => name.startsWith('manifests/') || name.startsWith('drafts/'))).toHaveLength(2)
})

it('survives a catalog that cannot be read for a while', async () => {
  const held = await holdNothing()
  const study = newUid()
  await receive(held, { study })
  await pause(1100)
  let broken = true
  const flaky = withMethods(held.catalog, {
    studiesPending: async (...asked) => {
      if (broken) throw new NodeError('CATALOG_FAILED', { step: 'test' })
      return held.catalog.studiesPending(...asked)
    },
  })
  const worker = start(held, { catalog: flaky })
  await pause(200)
  broken = false
  worker.nudge()
  await eventually(async () => (await held.catalog.manifestsOf(study)).length === 1)
})

it('never makes an empty manifest', async () => {
  const held = await holdNothing()
  const study = newUid()
  await receive(held, {
    study,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.88.59',
    also: (to) =>
      to.sequence(0x0040a043, [
        (item) => item.element(0x00080100, 'SH', '113030').element(0x00080102, 'SH', 'DCM').element(0x00080104, 'LO', 'Manifest'),
      ]),
  })
  expect((await buildManifest(held.parts, study, 'asked')).kind).toBe('empty')
  expect(await held.catalog.manifestsOf(study)).toHaveLength(0)
  expect((await held.catalog.studiesWaiting(10)).items).toHaveLength(0)
  expect((await buildManifest(held.parts, newUid(), 'asked')).kind).toBe('unknown study')
})

it('two that build the same study at once make one version', async () => {
  const held = await holdNothing({ settings: { targets: [target('drop')] } })
  const study = newUid()
  await receive(held, { study })
  const outcomes = await Promise.allSettled([buildManifest(held.parts, study, 'one'), buildManifest(held.parts, study, 'two')])
  expect(outcomes.filter((one) => one.status === 'fulfilled' && one.value.kind === 'made')).toHaveLength(1)
  expect((await held.catalog.manifestsOf(study)).map((one) => one.version)).toEqual([1])
  expect(filesBelow(held.path).filter((name) => name.startsWith('manifests/'))).toHaveLength(1)
  expect(await held.catalog.deliveriesDue(Date.now() + 1000, 10)).toHaveLength(1)
  expect((await buildManifest(held.parts, study, 'again')).kind).toBe('unchanged')
})

it('stop waits for the study in work and leaves no timer', async () => {
  const held = await holdNothing({ settings })
  const study = newUid()
  await receive(held, { study })
  await pause(1100)
  const worker = startManifestWorker({ ...held.parts, rules: () => RULES })
  await pause(25)
  await worker.stop()
  const count = (await held.catalog.manifestsOf(study)).length
  await pause(300)
  expect(await held.catalog.manifestsOf(study)).toHaveLength(count)
})

/** What `ariane check --repair` does when the file of a row is lost. */
async function loseFile(held: Held, sopInstanceUid: Uid): Promise<void> {
  const facts = (await held.catalog.findInstance(sopInstanceUid))!
  rmSync(join(held.path, facts.storageKey))
  for await (const broken of brokenRows(held)) expect(await giveUp(held, broken)).toBe(true)
}

it('a manifest in force that has lost its file is followed by a version that says the same, and is delivered', async () => {
  const held = await holdNothing({ settings: { targets: [target('drop')] } })
  const study = newUid()
  await receive(held, { study })
  const worker = start(held)
  await eventually(async () => (await held.catalog.manifestsOf(study)).length === 1)
  const [first] = await held.catalog.manifestsOf(study)
  await loseFile(held, first!.sopInstanceUid)
  worker.nudge()
  await eventually(async () => (await held.catalog.manifestsOf(study)).length === 2)
  const [second] = await held.catalog.manifestsOf(study)
  expect(second).toMatchObject({
    version: 2,
    state: 'in force',
    contentDigest: first!.contentDigest,
    reason: 'version 1 has lost its file',
  })
  expect((await manifestInForce(held, study)).manifest.sopInstanceUid).toBe(second!.sopInstanceUid)
  expect((await held.catalog.deliveriesDue(Date.now() + 1000, 10)).map((one) => one.manifestUid)).toContain(second!.sopInstanceUid)
  expect((await buildManifest(held.parts, study, 'asked')).kind).toBe('unchanged')
})

it.each(['lost', 'cut'])('a manifest whose file is %s is made anew when asked, before any check', async (problem) => {
  const held = await holdNothing()
  const study = newUid()
  await receive(held, { study })
  const made = await buildManifest(held.parts, study, 'asked')
  const { storageKey } = (await held.catalog.findInstance((made as { record: ManifestRecord }).record.sopInstanceUid))!
  if (problem === 'lost') rmSync(join(held.path, storageKey))
  else truncateSync(join(held.path, storageKey), 500)
  expect(await buildManifest(held.parts, study, 'asked')).toMatchObject({ kind: 'made', record: { version: 2 } })
  expect(await buildManifest(held.parts, study, 'asked')).toMatchObject({ kind: 'unchanged', record: { version: 2 } })
})

it('a superseded manifest that has lost its file changes nothing', async () => {
  const held = await holdNothing()
  const study = newUid()
  await receive(held, { study })
  const made = await buildManifest(held.parts, study, 'asked')
  await receive(held, { study, instanceNumber: 2 })
  await buildManifest(held.parts, study, 'asked')
  const before = await held.catalog.findStudy(study)
  await loseFile(held, (made as { record: ManifestRecord }).record.sopInstanceUid)
  expect(await held.catalog.findStudy(study)).toEqual(before)
  expect(await buildManifest(held.parts, study, 'asked')).toMatchObject({ kind: 'unchanged', record: { version: 2 } })
})

it('leaves most of the time to instances that arrive, all of it to manifests where none does', async () => {
  const held = await holdNothing()
  const make = async (whileArriving: boolean): Promise<number> => {
    const studies = Array.from({ length: 20 }, () => newUid())
    for (const study of studies) await receive(held, { study })
    await pause(1100)
    const began = performance.now()
    const worker = start(held)
    const arriving = whileArriving ? setInterval(() => worker.nudge(), 1) : undefined
    await eventually(async () => (await held.catalog.manifestsOf(studies.at(-1)!)).length === 1)
    clearInterval(arriving)
    await worker.stop()
    return performance.now() - began
  }
  const alone = await make(false)
  expect(await make(true)).toBeGreaterThan(2 * alone)
})

it('a study that gains an instance while others are built, or during a rest, is not quiet any more', async () => {
  const held = await holdNothing()
  const [first, second] = [newUid(), newUid()]
  for (const study of [first, second]) await receive(held, { study })
  await pause(1100)
  const catalog = withMethods(held.catalog, {
    settleStudy: async (study, ...more) => {
      await held.catalog.settleStudy(study, ...more)
      if (study !== first) return
      await receive(held, { study: second, instanceNumber: 2 })
      worker.nudge()
    },
  })
  const worker = start(held, { catalog })
  await eventually(async () => (await held.catalog.manifestsOf(second)).length > 0)
  const [record] = await held.catalog.manifestsOf(second)
  expect(record!.createdAt - (await held.catalog.findStudy(second))!.lastReceivedAt).toBeGreaterThanOrEqual(1000)
})
