/** The audit, with files that are really lost and damaged: what it finds, what becomes of the manifest, and where it stops. */
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Uid, uid } from '../../src/dicom/uid.ts'
import { type AuditParts, auditAll, auditStudy, MOST_LOST } from '../../src/manifest/audit.ts'
import { auditOnDemand, auditState, newPass, startAuditWorker } from '../../src/manifest/audit-worker.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { Courtesy } from '../../src/manifest/courtesy.ts'
import { closeAll, silenceLog, withMethods } from '../receive/sample-instances.ts'
import { eventually, filesBelow } from '../support/node-process.ts'
import { type Held, holdNothing, manifestInForce, receive } from './held-studies.ts'

beforeEach(silenceLog)
afterEach(closeAll)

const STUDY = uid('1.2.840.1')
const nameOf = (number: number): Uid => uid(`${STUDY}.1.${number}`)

async function holdStudy(instances = 3): Promise<Held> {
  const held = await holdNothing()
  for (let number = 1; number <= instances; number++)
    await receive(held, { study: STUDY, sopInstanceUid: nameOf(number), instanceNumber: number })
  await buildManifest(held.parts, STUDY, 'quiet')
  return held
}
const partsOf = (held: Held): AuditParts => ({ catalog: held.catalog, storage: held.storage, isThere: async () => true })
const keyOf = async (held: Held, name: Uid) => (await held.catalog.findInstance(name))!.storageKey
const fileOf = async (held: Held, name: Uid) => join(held.path, await keyOf(held, name))
const pass = (held: Held, more: Partial<AuditParts> = {}) => auditOnDemand({ ...partsOf(held), ...more }, Date.now, () => undefined)
const quarantined = (held: Held) => filesBelow(join(held.path, 'quarantine')).filter((name) => name.endsWith('.dcm'))
const referenced = async (held: Held) =>
  (await manifestInForce(held, STUDY)).manifest.series.flatMap((series) => series.instances.map((one) => one.sopInstanceUid)).sort()

function damage(file: string): void {
  const bytes = readFileSync(file)
  bytes[bytes.length - 1]! ^= 1
  writeFileSync(file, bytes)
}

describe('what it finds', () => {
  it('nothing where all is well: every instance and the manifest are read', async () => {
    const held = await holdStudy()
    expect(await pass(held)).toMatchObject({ instances: 4, lost: 0, findings: [] })
    expect((await auditState(held.catalog)).last).toMatchObject({ instances: 4, lost: 0, finishedAt: expect.any(Number) })
  })

  it.each([
    ['lost', (file: string) => rmSync(file)],
    ['wrong size', (file: string) => truncateSync(file, 400)],
    ['wrong digest', damage],
  ])('%s: told, given up, out of the manifest; sent again, in it again', async (problem, harm) => {
    const held = await holdStudy()
    harm(await fileOf(held, nameOf(2)))
    const found = await pass(held)
    expect(found).toMatchObject({ lost: 1, findings: [{ studyInstanceUid: STUDY, sopInstanceUid: nameOf(2), problem }] })
    expect(await held.catalog.findInstance(nameOf(2))).toBeUndefined()
    expect(quarantined(held)).toHaveLength(problem === 'lost' ? 0 : 1)
    expect((await held.catalog.historyOf(STUDY)).filter(({ state }) => state === 'changed')).toHaveLength(1)
    // urgent: however short the quiet time has been
    expect(
      await held.catalog.studiesPending(
        { quietSeconds: 60, associationEndSeconds: 60, maxWaitSeconds: 3600, mppsMaxWaitSeconds: 3600 },
        0,
        1,
      ),
    ).toMatchObject([{ due: { signal: 'urgent' } }])
    expect(await buildManifest(held.parts, STUDY, 'quiet')).toMatchObject({ kind: 'made', record: { version: 2, instanceCount: 2 } })
    expect(await pass(held)).toMatchObject({ lost: 0, instances: 3 })
    await receive(held, { study: STUDY, sopInstanceUid: nameOf(2), instanceNumber: 2 })
    expect(await buildManifest(held.parts, STUDY, 'quiet')).toMatchObject({ kind: 'made', record: { version: 3, instanceCount: 3 } })
    expect(await referenced(held)).toEqual([nameOf(1), nameOf(2), nameOf(3)])
  })

  it('a manifest that has lost its file: a version that says the same takes its place', async () => {
    const held = await holdStudy()
    const { record } = await manifestInForce(held, STUDY)
    rmSync(await fileOf(held, record.sopInstanceUid))
    expect(await pass(held)).toMatchObject({ findings: [{ sopInstanceUid: record.sopInstanceUid, problem: 'lost' }] })
    expect(await buildManifest(held.parts, STUDY, 'quiet')).toMatchObject({ kind: 'made', record: { version: 2, instanceCount: 3 } })
  })

  it('a reference without a row: told, the study is revised', async () => {
    const held = await holdStudy()
    const database = new Database(join(held.path, 'catalog.sqlite'))
    database.prepare(`DELETE FROM instances WHERE "SOPInstanceUID" = ?`).run(nameOf(3))
    database.close()
    expect(await pass(held)).toMatchObject({ findings: [{ sopInstanceUid: nameOf(3), problem: 'no row' }] })
    expect(await buildManifest(held.parts, STUDY, 'quiet')).toMatchObject({ kind: 'made', record: { version: 2, instanceCount: 2 } })
  })

  it('reads nothing that no manifest in force refers to', async () => {
    const held = await holdStudy()
    await receive(held, { study: uid('1.2.840.2') })
    expect(await pass(held)).toMatchObject({ instances: 4 })
  })

  it('a dry run changes nothing', async () => {
    const held = await holdStudy()
    rmSync(await fileOf(held, nameOf(1)))
    expect(await pass(held, { dryRun: true })).toMatchObject({ lost: 1 })
    expect(await held.catalog.findInstance(nameOf(1))).toBeDefined()
    expect(await auditState(held.catalog)).toEqual({})
  })

  it('one study alone, with its manifest', async () => {
    const held = await holdStudy()
    rmSync(await fileOf(held, nameOf(1)))
    const findings = []
    for await (const audited of auditStudy(partsOf(held), STUDY)) findings.push(...audited.findings)
    expect(findings).toMatchObject([{ sopInstanceUid: nameOf(1), problem: 'lost' }])
  })

  it('a file that cannot be read for another reason is told, and kept', async () => {
    const held = await holdStudy()
    const bad = await keyOf(held, nameOf(2))
    const storage = withMethods(held.storage, {
      open: (key, start) => {
        const stream = held.storage.open(key, start)
        return key === bad ? stream.destroy(Object.assign(new Error('no'), { code: 'EACCES' })) : stream
      },
    })
    expect(await pass(held, { storage })).toMatchObject({
      instances: 4,
      findings: [{ sopInstanceUid: nameOf(2), problem: 'unreadable', detail: 'EACCES' }],
    })
    expect(await held.catalog.findInstance(nameOf(2))).toBeDefined()
  })
})

describe('a storage that is not there', () => {
  it('gives up nothing', async () => {
    const held = await holdStudy()
    renameSync(join(held.path, 'instances'), join(held.path, 'elsewhere'))
    await expect(pass(held, { isThere: async () => false })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect((await held.catalog.totals()).instances).toBe(3)
  })
})

describe('in a running node', () => {
  const run = (held: Held, more: Partial<Parameters<typeof startAuditWorker>[0]> = {}) =>
    startAuditWorker({
      ...partsOf(held),
      settings: () => ({ everyDays: 30, bytesPerSecond: 1e9 }),
      arrivals: () => 0,
      now: Date.now,
      firstAfterMs: 1,
      ...more,
    })
  const ended = (held: Held) => eventually('a pass has ended', async () => (await auditState(held.catalog)).last !== undefined)

  it('runs by itself, and again when it is due', async () => {
    const held = await holdStudy()
    let now = Date.now()
    const worker = run(held, { now: () => now })
    await ended(held)
    rmSync(await fileOf(held, nameOf(1)))
    now += 29 * 86_400_000
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await auditState(held.catalog)).last?.lost).toBe(0)
    now += 2 * 86_400_000
    await eventually('the second pass', async () => (await auditState(held.catalog)).last?.lost === 1)
    await worker.stop()
  })

  it('never, where it is switched off', async () => {
    const held = await holdStudy()
    const worker = run(held, { settings: () => ({ everyDays: 0, bytesPerSecond: 1e9 }) })
    await new Promise((resolve) => setTimeout(resolve, 50))
    await worker.stop()
    expect(await auditState(held.catalog)).toEqual({})
  })

  it('goes on behind what was looked at last, after a stop and a start', async () => {
    const held = await holdStudy(20)
    const seen: string[] = []
    const storage = withMethods(held.storage, {
      open: (key, start) => {
        seen.push(key)
        return held.storage.open(key, start)
      },
    })
    const slow = run(held, { storage, settings: () => ({ everyDays: 30, bytesPerSecond: 20_000 }) })
    await eventually('some are read', () => seen.length >= 5)
    await slow.stop()
    const first = seen.length
    expect(first).toBeLessThan(20)
    const { present } = await auditState(held.catalog)
    expect(present?.instances).toBeGreaterThan(0)
    const worker = run(held, { storage })
    await ended(held)
    await worker.stop()
    expect((await auditState(held.catalog)).last).toMatchObject({ instances: 21, startedAt: present!.startedAt })
    expect(new Set(seen).size).toBe(21)
    expect(seen.length).toBeLessThanOrEqual(22)
  })

  it(`stops where more than ${MOST_LOST} are lost, and says so`, async () => {
    const held = await holdStudy(MOST_LOST + 20)
    rmSync(join(held.path, 'instances'), { recursive: true })
    const worker = run(held)
    await ended(held)
    await worker.stop()
    expect((await auditState(held.catalog)).last).toMatchObject({ lost: MOST_LOST, stopped: expect.stringContaining('more than') })
    expect((await held.catalog.totals()).instances).toBe(20)
  })

  it('reads no faster than it may, and waits while instances arrive', async () => {
    const began = performance.now()
    const paced = new Courtesy({ bytesPerSecond: () => 100_000 })
    for (let portion = 0; portion < 10; portion++) await paced.rest(2_000)
    expect(performance.now() - began).toBeGreaterThan(170)
    let arrived = 0
    const polite = new Courtesy({ arrivals: () => arrived })
    const quick = performance.now()
    await polite.rest(0)
    expect(performance.now() - quick).toBeLessThan(100)
    arrived++
    const waiting = performance.now()
    await polite.rest(0)
    expect(performance.now() - waiting).toBeGreaterThan(450)
  })
})

it('counts from nothing', async () => {
  const held = await holdNothing()
  const all = []
  for await (const audited of auditAll(partsOf(held))) all.push(audited)
  expect(all).toEqual([])
  expect(newPass(5)).toMatchObject({ startedAt: 5, instances: 0 })
})
