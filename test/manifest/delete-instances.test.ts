/** Deletion, with a real catalog and a real storage: the lock, the order of the steps, what comes back and what does not. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newUid, uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { type DeletionParts, deleteInstances, resumeDeletions, type WhatToDelete } from '../../src/manifest/delete-instances.ts'
import { adoptFile } from '../../src/receive/adopt-file.ts'
import { reconcile } from '../../src/receive/reconcile.ts'
import { intend, intents } from '../../src/storage/deletion-intents.ts'
import { closeAll, removeCatalog, sample, silenceLog, store, withMethods } from '../receive/sample-instances.ts'
import { EVERY_LEVEL } from '../support/levels.ts'
import { filesBelow } from '../support/node-process.ts'
import { type Held, holdNothing, manifestInForce, receive, target } from './held-studies.ts'

beforeEach(silenceLog)
afterEach(closeAll)

const STUDY = uid('1.2.840.1')
const SERIES = (number: number) => uid(`${STUDY}.${number}`)

const partsOf = (held: Held): DeletionParts => ({ ...held.parts, path: held.path })
const what = (more: Partial<WhatToDelete> = {}): WhatToDelete => ({
  studyInstanceUid: STUDY,
  reason: 'deleted by operator',
  actor: 'ann',
  withdraw: true,
  ...more,
})
const files = (held: Held) => filesBelow(join(held.path, 'instances'))
const states = async (held: Held) => (await held.catalog.manifestsOf(STUDY)).map(({ version, state }) => `${version} ${state}`)

/** Two series of three, with a manifest in force. */
async function holdStudy(options: Parameters<typeof holdNothing>[0] = {}): Promise<Held> {
  const held = await holdNothing({ settings: { targets: [target('drop')] }, ...options })
  for (const seriesNumber of [1, 2])
    for (const instanceNumber of [1, 2, 3])
      await receive(held, {
        study: STUDY,
        series: SERIES(seriesNumber),
        seriesNumber,
        instanceNumber,
        sopInstanceUid: uid(`${SERIES(seriesNumber)}.${instanceNumber}`),
      })
  await buildManifest(held.parts, STUDY, 'quiet')
  // what comes later has a later time
  await sleep(3)
  return held
}

const referenced = async (held: Held): Promise<string[]> =>
  (await manifestInForce(held, STUDY)).manifest.series.flatMap((series) => series.instances.map((one) => one.sopInstanceUid)).sort()

async function expectNothingUnderWay(held: Held): Promise<void> {
  expect(await held.catalog.deletionsUnderWay()).toEqual([])
  expect(await held.catalog.filesToRemove(10)).toEqual([])
  expect(await intents(held.path)).toEqual([])
}

describe('the lock', () => {
  it('refuses what a manifest in force refers to, and says which', async () => {
    const held = await holdStudy()
    const outcome = await deleteInstances(partsOf(held), what({ withdraw: false }))
    expect(outcome).toMatchObject({ kind: 'locked', by: [{ version: 1, state: 'in force' }] })
    expect(files(held)).toHaveLength(6)
    expect(await states(held)).toEqual(['1 in force'])
    expect((await held.catalog.historyOf(STUDY)).filter(({ actor }) => actor === 'ann')).toEqual([])
    await expectNothingUnderWay(held)
  })

  it('holds also where the clock was ahead when the instances came', async () => {
    let now = Date.now() + 3_600_000
    const held = await holdNothing({ now: () => now })
    const common = { study: STUDY, series: SERIES(1), sopInstanceUid: uid(`${SERIES(1)}.1`) }
    await receive(held, common)
    now -= 3_600_000
    await buildManifest(held.parts, STUDY, 'quiet')
    expect(await deleteInstances(partsOf(held), what({ withdraw: false }))).toMatchObject({ kind: 'locked' })
    const door = { ...held.door, duplicates: 'replace' as const }
    await receive({ ...held, door }, { ...common, patientName: 'Doe^Jane^Other' })
    expect(filesBelow(join(held.path, 'quarantine')).filter((name) => name.endsWith('.dcm'))).toHaveLength(1)
    expect(await deleteInstances(partsOf(held), what())).toMatchObject({ kind: 'deleted', instances: 1 })
  })

  it('holds while a changed confidentiality level has not reached the manifest yet', async () => {
    const held = await holdStudy()
    const decision = { kind: 'confidentiality decided', studyInstanceUid: STUDY, level: 'R' } as const
    await held.catalog.decide({ id: 'd1', at: Date.now(), actor: 'ann', ...decision })
    expect(await deleteInstances(partsOf(held), what({ withdraw: false }))).toMatchObject({ kind: 'locked', by: [{ version: 1 }] })
  })

  it('lets go of a series that no manifest in force refers to', async () => {
    const held = await holdStudy()
    await sleep(3)
    await receive(held, { study: STUDY, series: SERIES(3), sopInstanceUid: uid(`${SERIES(3)}.1`) })
    const outcome = await deleteInstances(partsOf(held), what({ seriesInstanceUid: SERIES(3), withdraw: false }))
    expect(outcome).toMatchObject({ kind: 'deleted', instances: 1, made: [], withdrawn: [] })
    expect(await states(held)).toEqual(['1 in force'])
    expect(files(held)).toHaveLength(6)
  })

  it('does not let a sender replace what a manifest in force refers to: B000, the second one in quarantine, the log says so', async () => {
    const held = await holdNothing()
    const common = { studyInstanceUid: STUDY, seriesInstanceUid: SERIES(1), sopInstanceUid: `${SERIES(1)}.1` }
    const door = { ...held.door, duplicates: 'replace' as const }
    expect(await store(door, sample({ ...common, fill: 1 }))).toEqual({ status: 0 })
    expect(await store(door, sample({ ...common, fill: 2 }))).toEqual({ status: 0 })
    await buildManifest(held.parts, STUDY, 'quiet')
    const before = await held.catalog.findInstance(uid(common.sopInstanceUid))
    expect((await store(door, sample({ ...common, fill: 3 }))).status).toBe(0xb000)
    expect(await held.catalog.findInstance(uid(common.sopInstanceUid))).toEqual(before)
    expect(filesBelow(join(held.path, 'quarantine')).filter((name) => name.endsWith('.dcm'))).toHaveLength(1)
    expect(await buildManifest(held.parts, STUDY, 'asked')).toMatchObject({ kind: 'unchanged' })
  })
})

describe('a study', () => {
  it('is hidden, withdrawn, told to targets, removed; its manifests, records and history stay', async () => {
    const held = await holdStudy()
    const outcome = await deleteInstances(partsOf(held), what())
    expect(outcome).toMatchObject({ kind: 'deleted', instances: 6, made: [], withdrawn: [{ version: 1 }] })
    expect((outcome as { bytes: number }).bytes).toBeGreaterThan(1000)
    expect(files(held)).toEqual([])
    expect(filesBelow(join(held.path, 'manifests'))).toHaveLength(1)
    expect(await states(held)).toEqual(['1 withdrawn'])
    expect(await held.catalog.deliveriesDue(Date.now() + 1000, 10)).toMatchObject([{ action: 'withdraw', target: 'drop' }])
    expect(await held.catalog.evidence(STUDY)).toEqual([])
    expect(await held.catalog.countRetrievables({ studyInstanceUids: [STUDY] }, { levels: EVERY_LEVEL, includeManifests: true })).toBe(0)
    const history = await held.catalog.historyOf(STUDY)
    expect(history.filter(({ actor }) => actor === 'ann').map(({ state, reason }) => `${state}: ${reason}`)).toEqual([
      'changed: deleted by operator',
      'due: deleted by operator',
      'withdrawn: deleted by operator',
      expect.stringMatching(/^deleted: deleted by operator: 6 instances \(\d+ bytes\) are removed$/),
    ])
    await expectNothingUnderWay(held)
    expect(await deleteInstances(partsOf(held), what())).toEqual({ kind: 'nothing to delete' })
  })

  it('without any manifest leaves nothing but its history', async () => {
    const held = await holdNothing()
    await receive(held, { study: STUDY })
    expect(await deleteInstances(partsOf(held), what({ withdraw: false }))).toMatchObject({ kind: 'deleted', instances: 1 })
    expect(await held.catalog.findStudy(STUDY)).toBeUndefined()
    expect(await held.catalog.totals()).toMatchObject({ patients: 0, studies: 0, series: 0, instances: 0 })
    expect((await held.catalog.historyOf(STUDY)).at(-1)).toMatchObject({ state: 'deleted', actor: 'ann' })
  })

  it('that is unknown: nothing to delete', async () => {
    const held = await holdNothing()
    expect(await deleteInstances(partsOf(held), what())).toEqual({ kind: 'nothing to delete' })
    await expectNothingUnderWay(held)
  })

  it('in conflict: all of it goes, its manifest is withdrawn; one series of it is refused', async () => {
    const held = await holdStudy()
    await receive(held, { study: STUDY, series: SERIES(3), patientId: 'P2', patientName: 'Roe^Richard' })
    expect(await deleteInstances(partsOf(held), what({ seriesInstanceUid: SERIES(3) }))).toEqual({ kind: 'conflict' })
    expect(await deleteInstances(partsOf(held), what())).toMatchObject({ kind: 'deleted', instances: 7, withdrawn: [{ version: 1 }] })
    expect(await states(held)).toEqual(['1 withdrawn'])
    expect(await held.catalog.studiesInConflict()).toEqual([])
  })

  it('that is sent again is a new one: kept, referred to by the next version', async () => {
    const held = await holdStudy()
    await deleteInstances(partsOf(held), what())
    await receive(held, { study: STUDY, series: SERIES(1), sopInstanceUid: uid(`${SERIES(1)}.1`) })
    expect(await buildManifest(held.parts, STUDY, 'quiet')).toMatchObject({ kind: 'made', record: { version: 2, instanceCount: 1 } })
    expect(await referenced(held)).toEqual([`${SERIES(1)}.1`])
  })
})

describe('a series', () => {
  it('goes, and a manifest without it takes the place of the former one', async () => {
    const held = await holdStudy()
    const outcome = await deleteInstances(partsOf(held), what({ seriesInstanceUid: SERIES(2) }))
    expect(outcome).toMatchObject({ kind: 'deleted', instances: 3, made: [{ version: 2, instanceCount: 3 }], withdrawn: [] })
    expect(await states(held)).toEqual(['2 in force', '1 superseded'])
    expect(await referenced(held)).toEqual([1, 2, 3].map((number) => `${SERIES(1)}.${number}`))
    expect(files(held)).toHaveLength(3)
    await expectNothingUnderWay(held)
  })
})

describe('what arrives while it goes on', () => {
  /** Sends an instance at the moment when the catalog is asked for the first time to do this. */
  function during(held: Held, step: 'removeDeleted' | 'isDeletionSettled' | 'endDeletion', work: () => Promise<unknown>): DeletionParts {
    let done = false
    const catalog = {
      ...held.catalog,
      [step]: async (id: string) => {
        if (!done) {
          done = true
          await work()
        }
        return held.catalog[step](id)
      },
    }
    return { ...partsOf(held), catalog }
  }
  const again = { study: STUDY, series: SERIES(1), sopInstanceUid: uid(`${SERIES(1)}.1`) }

  it.each(['isDeletionSettled', 'removeDeleted', 'endDeletion'] as const)(
    'the same instance again (%s): it is new, and stays',
    async (step) => {
      const held = await holdStudy()
      const outcome = await deleteInstances(
        during(held, step, () => receive(held, again)),
        what(),
      )
      expect(outcome.kind).toBe('deleted')
      const facts = await held.catalog.findInstance(again.sopInstanceUid)
      expect(facts).toBeDefined()
      expect(facts?.hiddenBy).toBeUndefined()
      expect(files(held).map((name) => `instances/${name}`)).toEqual([facts?.storageKey])
      expect(await held.storage.digest(facts!.storageKey, facts!.dataSetOffset)).toBe(facts!.sha256)
      await buildManifest(held.parts, STUDY, 'quiet')
      expect(await referenced(held)).toEqual([again.sopInstanceUid])
      await expectNothingUnderWay(held)
    },
  )

  it('other bytes under the same UID, while a manifest in force refers to it: not lost, in quarantine', async () => {
    const held = await holdStudy()
    const other = { ...again, patientName: 'Doe^Jane^Other' }
    await deleteInstances(
      during(held, 'isDeletionSettled', () => receive(held, other)),
      what(),
    )
    expect(files(held)).toEqual([])
    expect(readdirSync(join(held.path, 'quarantine')).filter((name) => name.endsWith('.dcm'))).toHaveLength(1)
  })

  it('another instance of the study: it stays, and its manifest refers to it alone', async () => {
    const held = await holdStudy()
    const late = newUid()
    const outcome = await deleteInstances(
      during(held, 'isDeletionSettled', () => receive(held, { study: STUDY, sopInstanceUid: late })),
      what(),
    )
    expect(outcome).toMatchObject({ kind: 'deleted', instances: 6, made: [{ version: 2, instanceCount: 1 }] })
    expect(await referenced(held)).toEqual([late])
    expect(files(held)).toHaveLength(1)
  })

  it('an old study that has gained an instance is not old any more', async () => {
    const held = await holdStudy()
    expect(await deleteInstances(partsOf(held), what({ lastReceivedBefore: Date.now() - 60_000 }))).toEqual({ kind: 'nothing to delete' })
    expect(files(held)).toHaveLength(6)
    await expectNothingUnderWay(held)
  })

  it('the same instance again after a day or more: the age of its study begins anew', async () => {
    let now = Date.now() - 10 * 86_400_000
    const held = await holdStudy({ now: () => now })
    now = Date.now()
    const answer = await receive(held, { ...again, seriesNumber: 1, instanceNumber: 1 })
    expect(answer).toBe(again.sopInstanceUid)
    expect((await held.catalog.findStudy(STUDY))?.lastReceivedAt).toBe(now)
    expect(await buildManifest(held.parts, STUDY, 'asked')).toMatchObject({ kind: 'unchanged' })
  })
})

describe('two deletions at once', () => {
  it('of the same study and of a series of it: both come to their end', async () => {
    const held = await holdStudy()
    const first = deleteInstances(partsOf(held), what({ seriesInstanceUid: SERIES(1) }))
    while ((await held.catalog.deletionsUnderWay()).length === 0) await sleep(1)
    const outcomes = await Promise.all([first, deleteInstances(partsOf(held), what())])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['deleted', 'deleted'])
    expect(files(held)).toEqual([])
    expect((await held.catalog.manifestsOf(STUDY)).filter(({ state }) => state === 'in force')).toEqual([])
    await expectNothingUnderWay(held)
  })
})

describe('after the loss of the catalog on the way', () => {
  async function lose(held: Held): Promise<Held> {
    await closeAll()
    removeCatalog(held.path)
    const reopened = await holdNothing({ path: held.path })
    await reconcile({ ...reopened, since: 0 })
    return reopened
  }

  it('what was left of it is deleted all the same; what came later stays', async () => {
    const held = await holdStudy()
    await intend(held.path, { id: crypto.randomUUID(), at: Date.now(), ...what() })
    await sleep(20)
    const late = await receive(held, { study: STUDY, series: SERIES(4) })
    const reopened = await lose(held)
    expect(await resumeDeletions(partsOf(reopened))).toBe(1)
    expect(files(reopened)).toHaveLength(1)
    expect(await reopened.catalog.findInstance(late)).toBeDefined()
    expect(await referenced(reopened)).toEqual([late])
    await expectNothingUnderWay(reopened)
  })

  it('a deletion that has ended is not begun again: the study sent since stays', async () => {
    const held = await holdStudy()
    await deleteInstances(partsOf(held), what())
    await receive(held, { study: STUDY })
    const reopened = await lose(held)
    expect(await resumeDeletions(partsOf(reopened))).toBe(0)
    expect(files(reopened)).toHaveLength(1)
    expect((await reopened.catalog.evidence(STUDY)).flatMap((series) => series.instances)).toHaveLength(1)
  })
})

describe('files whose rows are removed', () => {
  it('are not taken for instances that have lost their rows', async () => {
    const held = await holdStudy()
    const key = (await held.catalog.findInstance(uid(`${SERIES(1)}.1`)))!.storageKey
    const storage = withMethods(held.storage, { remove: () => Promise.reject(new Error('busy')) })
    await expect(deleteInstances({ ...partsOf(held), storage }, what())).rejects.toThrow('busy')
    expect(existsSync(join(held.path, key))).toBe(true)
    expect(await adoptFile(held, { key, sizeBytes: 1, changedAt: 0 })).toBe('gone')
    expect(await resumeDeletions(partsOf(held))).toBe(1)
    expect(files(held)).toEqual([])
    await expectNothingUnderWay(held)
  })
})
