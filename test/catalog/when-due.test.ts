/** When a study is due, as the catalog finds it: each signal, what holds it back, and that each is used up by a manifest. */
import { expect, it } from 'vitest'
import type { Catalog } from '../../src/catalog/contract.ts'
import type { DueRules, PerformedSeries, StepState } from '../../src/catalog/contract-due.ts'
import { openDatabase } from '../../src/catalog/database.ts'
import { catalogOn } from '../../src/catalog/sqlite-catalog.ts'
import { uid } from '../../src/dicom/uid.ts'
import { instance, pendingStudies, RULES, temporaryCatalog, temporaryFile } from './catalog-material.ts'

const STUDY = uid('1.1')
const STEP = uid('1.9')
const DAY = 86_400_000
const s = (seconds: number) => seconds * 1000

const arrive = (catalog: Catalog, number: number, receivedAt: number, study = 1) =>
  catalog.keep(instance(study, 1, number, {}, { receivedAt }))

async function due(catalog: Catalog, now: number, rules: Partial<DueRules> = {}) {
  const pending = await catalog.studiesPending({ ...RULES, ...rules }, now, 10)
  return pending.filter((study) => study.due.at <= now).map(({ studyInstanceUid, due }) => [studyInstanceUid, due.signal, due.at])
}

const refers = (...numbers: number[]): PerformedSeries[] => [
  { seriesInstanceUid: uid('1.1.1'), sopInstanceUids: numbers.map((number) => uid(`1.1.1.${number}`)) },
]

const begin = (catalog: Catalog, at: number, sopInstanceUid = STEP) =>
  catalog.addStep({ sopInstanceUid, source: 'CT1', studyInstanceUids: [STUDY], at, hasEndDate: false, hasEndTime: false, isAwaited: false })

const end = (catalog: Catalog, at: number, series: PerformedSeries[], state: StepState = 'COMPLETED', isAwaited = true, step = STEP) =>
  catalog.changeStep(step, { state, at, hasEndDate: true, hasEndTime: true, series, isAwaited })

const settle = async (catalog: Catalog) => catalog.settleStudy(STUDY, (await catalog.findStudy(STUDY))!.revision)

it('is due when it is quiet, or earlier when its association has ended, if nothing came since', async () => {
  const catalog = temporaryCatalog()
  await arrive(catalog, 1, s(100))
  expect(await due(catalog, s(159))).toEqual([])
  expect(await due(catalog, s(160))).toEqual([[STUDY, 'quiet', s(160)]])
  await catalog.associationEnded([STUDY], s(101))
  expect(await due(catalog, s(115))).toEqual([])
  expect(await due(catalog, s(116))).toEqual([[STUDY, 'association end', s(116)]])
  expect(await due(catalog, s(116), { quietSeconds: 10 })).toEqual([[STUDY, 'quiet', s(110)]])
  await arrive(catalog, 2, s(110))
  expect(await due(catalog, s(169))).toEqual([])
  await catalog.associationEnded([STUDY], s(111))
  await settle(catalog)
  await arrive(catalog, 3, s(200))
  expect(await due(catalog, s(259))).toEqual([])
  // The end of an association that changed nothing says nothing.
  await settle(catalog)
  await catalog.associationEnded([STUDY], s(300))
  await arrive(catalog, 4, s(301))
  expect(await due(catalog, s(350))).toEqual([])
})

it('is due at the latest so long after its first change, however much still arrives, and begins anew with a manifest', async () => {
  const catalog = temporaryCatalog()
  const rules = { maxWaitSeconds: 300 }
  for (let at = 0; at <= 290; at += 10) await arrive(catalog, at, s(at))
  expect(await due(catalog, s(299), rules)).toEqual([])
  expect(await due(catalog, s(300), rules)).toEqual([[STUDY, 'maximum wait', s(300)]])
  const { revision } = (await catalog.findStudy(STUDY))!
  await arrive(catalog, 300, s(305))
  await catalog.settleStudy(STUDY, revision)
  await arrive(catalog, 301, s(310))
  // What came while the manifest was made is pending since then.
  expect((await catalog.studiesPending(RULES, s(310), 1))[0]).toMatchObject({ pendingSince: s(305) })
  await settle(catalog)
  await arrive(catalog, 302, s(900))
  expect(await due(catalog, s(950), rules)).toEqual([])
})

it('is held back by a step in progress, not longer than nothing is heard of it, and never beyond the maximum', async () => {
  const catalog = temporaryCatalog()
  await arrive(catalog, 1, s(100))
  await begin(catalog, s(110))
  await catalog.associationEnded([STUDY], s(101))
  expect(await due(catalog, s(7309))).toEqual([])
  expect(await due(catalog, s(7310))).toMatchObject([[STUDY, 'association end', s(7310)]])
  expect((await catalog.studiesPending(RULES, s(7310), 1))[0]!.due.stepsSilent).toBe(true)
  await catalog.changeStep(STEP, { state: 'IN PROGRESS', at: s(5000), hasEndDate: false, hasEndTime: false, isAwaited: false })
  expect(await due(catalog, s(7310))).toEqual([])
  expect(await due(catalog, s(7310), { maxWaitSeconds: 600 })).toEqual([[STUDY, 'maximum wait', s(700)]])
})

it('is due at once when its steps have ended and all they refer to is here, once', async () => {
  const catalog = temporaryCatalog()
  await begin(catalog, s(90))
  await arrive(catalog, 1, s(100))
  await arrive(catalog, 2, s(101))
  await end(catalog, s(102), refers(1, 2, 3))
  expect(await due(catalog, s(500))).toEqual([])
  expect(await catalog.stepsOf(STUDY)).toMatchObject({ series: 1, seriesHere: 0, instances: 3, instancesHere: 2, missing: ['1.1.1.3'] })
  await arrive(catalog, 3, s(103))
  expect(await due(catalog, s(103))).toEqual([[STUDY, 'steps complete', s(103)]])
  expect(await catalog.stepsOf(STUDY)).toMatchObject({ series: 1, seriesHere: 1, instances: 3, instancesHere: 3, missing: [] })
  await settle(catalog)
  // A stream of further instances makes no manifest for each.
  await arrive(catalog, 4, s(200))
  expect(await due(catalog, s(201))).toEqual([])
  expect(await due(catalog, s(260))).toMatchObject([[STUDY, 'quiet', s(260)]])
})

it('looks at an instance that is missing again after it was forgotten', async () => {
  const catalog = temporaryCatalog()
  await begin(catalog, s(1))
  for (const number of [1, 2]) await arrive(catalog, number, s(2))
  await end(catalog, s(3), refers(1, 2))
  expect(await due(catalog, s(3))).toHaveLength(1)
  await catalog.forget(uid('1.1.1.1'))
  expect(await due(catalog, s(3))).toEqual([])
  await arrive(catalog, 1, s(4))
  expect(await due(catalog, s(4))).toHaveLength(1)
})

it('takes steps that come before their study into account, and several of one study together', async () => {
  const catalog = temporaryCatalog()
  const second = uid('1.10')
  for (const step of [STEP, second]) expect(await begin(catalog, s(1), step)).toBe(true)
  expect(await begin(catalog, s(2))).toBe(false)
  await end(catalog, s(3), refers(1))
  await arrive(catalog, 1, s(10))
  expect(await due(catalog, s(500))).toEqual([])
  await end(catalog, s(11), refers(2), 'COMPLETED', true, second)
  expect(await due(catalog, s(500))).toEqual([])
  await arrive(catalog, 2, s(12))
  expect(await due(catalog, s(12))).toMatchObject([[STUDY, 'steps complete', s(12)]])
  expect(await end(catalog, s(13), refers(5))).toBe(false)
  expect(await end(catalog, s(13), refers(5), 'COMPLETED', true, uid('1.11'))).toBe(false)
})

it.each([
  ['that was discontinued and is not awaited', [uid('1.1.1.1')], 'DISCONTINUED', false],
  ['that refers to nothing', [], 'COMPLETED', true],
] as const)('a step %s says nothing: quiet time does', async (_name, sopInstanceUids, state, isAwaited) => {
  const catalog = temporaryCatalog()
  await begin(catalog, s(1))
  await arrive(catalog, 1, s(2))
  await end(catalog, s(3), [{ seriesInstanceUid: uid('1.1.1'), sopInstanceUids }], state, isAwaited)
  expect(await due(catalog, s(61))).toEqual([])
  expect(await due(catalog, s(62))).toMatchObject([[STUDY, 'quiet', s(62)]])
})

it('a step that ends when its manifest is long made is no reason for one more', async () => {
  const catalog = temporaryCatalog()
  await begin(catalog, s(1))
  await arrive(catalog, 1, s(2))
  await settle(catalog)
  await end(catalog, s(3), refers(1))
  await arrive(catalog, 2, s(4))
  expect(await due(catalog, s(5))).toEqual([])
})

it('forgets steps of which nothing was heard for 90 days, and what they held back', async () => {
  const catalog = temporaryCatalog()
  await begin(catalog, 0)
  await arrive(catalog, 1, 91 * DAY)
  const held = async () => (await catalog.studiesWaiting(1)).items[0]!.steps
  expect(await held()).toBe('in progress')
  await catalog.addStep({
    ...{ sopInstanceUid: uid('1.10'), source: 'CT1', studyInstanceUids: [uid('1.2')], at: 91 * DAY },
    ...{ hasEndDate: false, hasEndTime: false, isAwaited: false },
  })
  expect(await catalog.findStep(STEP)).toBeUndefined()
  expect(await held()).toBe('nothing')
})

it('finds all of it again after a restart', async () => {
  const file = temporaryFile()
  const first = temporaryCatalog(file)
  await begin(first, s(1))
  await arrive(first, 1, s(2))
  await end(first, s(3), refers(1, 2))
  await arrive(first, 1, s(4), 2)
  await first.associationEnded([uid('1.2')], s(5))
  const second = temporaryCatalog(file)
  expect(await due(second, s(20))).toEqual([['1.2', 'association end', s(20)]])
  expect((await second.studiesWaiting(10)).items).toMatchObject([
    { studyInstanceUid: STUDY, steps: 'ended', isComplete: false, stepsHeardAt: s(3) },
    { studyInstanceUid: '1.2', steps: 'nothing', associationEndedAt: s(5), pendingSince: s(4) },
  ])
})

it('gives what waits page by page, without those in conflict, whatever shares a time', async () => {
  const catalog = temporaryCatalog()
  for (let study = 1; study <= 7; study++) await arrive(catalog, 1, s(study < 4 ? 1 : 2), study)
  await catalog.keep(instance(7, 1, 2, { PatientID: 'other' }))
  const seen: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await catalog.studiesWaiting(2, after)
    seen.push(...page.items.map((one) => one.studyInstanceUid))
    if (page.next === undefined) break
    after = page.next
  }
  expect(seen).toEqual(['1.1', '1.2', '1.3', '1.4', '1.5', '1.6'])
  expect(await pendingStudies(catalog)).toEqual(seen)
})

it('runs no more statements for an instance of a study that is remembered than before', async () => {
  const db = openDatabase(temporaryFile())
  const catalog = catalogOn(db)
  await begin(catalog, s(1))
  for (const number of [1, 2]) await arrive(catalog, number, s(number))
  const before = db.prepare('SELECT total_changes()').pluck().get() as number
  await arrive(catalog, 3, s(3))
  // The instance and its study.
  expect((db.prepare('SELECT total_changes()').pluck().get() as number) - before).toBe(2)
  await catalog.close()
})
