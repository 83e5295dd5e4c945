/** Retention rules: which studies are out of time, by which rule, and that they go in the one way that there is. */
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Uid, uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import type { DeletionParts } from '../../src/manifest/delete-instances.ts'
import { dayAndHour, outOfTime, type RetentionRule, runRetention, startRetentionWorker } from '../../src/manifest/retention.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { eventually, filesBelow } from '../support/node-process.ts'
import { type Held, holdNothing, receive, target } from './held-studies.ts'

const DAY = 86_400_000
beforeEach(silenceLog)
afterEach(closeAll)

let now: number
const hold = (path?: string): Promise<Held> => {
  now = Date.now()
  return holdNothing({ now: () => now, settings: { targets: [target('drop')] }, path })
}
const partsOf = (held: Held): DeletionParts => ({ ...held.parts, path: held.path })
const rule = (more: Partial<RetentionRule> = {}): RetentionRule => ({
  name: 'old',
  olderThanDays: 30,
  modality: undefined,
  sender: undefined,
  ...more,
})

async function receiveAt(held: Held, study: Uid, daysAgo: number, modality = 'CT', series = 1): Promise<void> {
  const today = now
  now = today - daysAgo * DAY
  await receive(held, { study, series: uid(`${study}.${series}`), also: (to) => void to.element(0x00080060, 'CS', modality) })
  now = today
}

async function due(held: Held, ...rules: RetentionRule[]): Promise<string[]> {
  const found: string[] = []
  for await (const study of outOfTime({ catalog: held.catalog, now: () => now }, rules))
    found.push(`${study.studyInstanceUid} ${study.rule.name}`)
  return found.sort()
}

const [A, B, C] = [uid('1.2.1'), uid('1.2.2'), uid('1.2.3')]

it('without rules nothing is ever out of time', async () => {
  const held = await hold()
  await receiveAt(held, A, 20_000)
  expect(await due(held)).toEqual([])
  expect(await runRetention(partsOf(held), [], 'ariane')).toMatchObject({ studies: 0 })
  expect((await held.catalog.totals()).studies).toBe(1)
})

it('a study is as old as its last instance', async () => {
  const held = await hold()
  await receiveAt(held, A, 31)
  await receiveAt(held, B, 31)
  await receiveAt(held, B, 29)
  await receiveAt(held, C, 29)
  expect(await due(held, rule())).toEqual([`${A} old`])
})

it('the first rule that fits decides: a particular one protects from a general one behind it', async () => {
  const held = await hold()
  await receiveAt(held, A, 100, 'MG')
  await receiveAt(held, B, 100, 'CT')
  expect(await due(held, rule({ name: 'mammography', modality: 'MG', olderThanDays: 3650 }), rule())).toEqual([`${B} old`])
})

it('modality: of every series, those that come along left aside', async () => {
  const held = await hold()
  await receiveAt(held, A, 100, 'CT')
  await receiveAt(held, A, 100, 'SR', 2)
  await receiveAt(held, B, 100, 'CT')
  await receiveAt(held, B, 100, 'MR', 2)
  await receiveAt(held, C, 100, 'SR')
  expect(await due(held, rule({ modality: 'CT' }))).toEqual([`${A} old`])
  expect(await due(held, rule({ modality: 'SR' }))).toEqual([`${C} old`])
})

it('sender: of every instance', async () => {
  const held = await hold()
  await receiveAt(held, A, 100)
  expect(await due(held, rule({ sender: 'MODALITY' as never }))).toEqual([`${A} old`])
  expect(await due(held, rule({ sender: 'OTHER' as never }))).toEqual([])
})

it('withdraws, then deletes; the history tells the rule; a second run finds nothing', async () => {
  const held = await hold()
  await receiveAt(held, A, 100)
  await receiveAt(held, B, 1)
  for (const study of [A, B]) await buildManifest(held.parts, study, 'quiet')
  expect(await runRetention(partsOf(held), [rule()], 'ariane')).toEqual({
    studies: 1,
    instances: 1,
    bytes: expect.any(Number),
    withdrawn: 1,
    failed: 0,
  })
  expect((await held.catalog.manifestsOf(A)).map(({ state }) => state)).toEqual(['withdrawn'])
  expect((await held.catalog.manifestsOf(B)).map(({ state }) => state)).toEqual(['in force'])
  expect((await held.catalog.historyOf(A)).filter(({ state }) => state === 'withdrawn')).toMatchObject([
    { reason: 'retention rule old', actor: 'ariane' },
  ])
  expect(filesBelow(join(held.path, 'instances'))).toHaveLength(1)
  expect(await due(held, rule())).toEqual([])
})

it('finds and deletes every study of many, page by page', async () => {
  const held = await hold()
  for (let number = 0; number < 40; number++) await receiveAt(held, uid(`1.2.9.${number}`), number % 2 === 0 ? 100 : 1)
  expect(await due(held, rule())).toHaveLength(20)
  expect(await runRetention(partsOf(held), [rule()], 'ariane')).toMatchObject({ studies: 20, failed: 0 })
  expect((await held.catalog.totals()).instances).toBe(20)
})

it('one that cannot be deleted holds up no other, and is deleted by the next run', async () => {
  const held = await hold()
  await receiveAt(held, A, 100)
  await receiveAt(held, B, 100)
  let failures = 1
  const catalog = {
    ...held.catalog,
    removeDeleted: (id: string) => (failures-- > 0 ? Promise.reject(new Error('no')) : held.catalog.removeDeleted(id)),
  }
  expect(await runRetention({ ...partsOf(held), catalog }, [rule()], 'ariane')).toMatchObject({ studies: 1, failed: 1 })
  await runRetention(partsOf(held), [rule()], 'ariane')
  expect(await held.catalog.totals()).toMatchObject({ studies: 0, instances: 0 })
})

it('a running node takes up what was left of a deletion at once', {
  timeout: 20_000,
}, async () => {
  const held = await hold()
  await receiveAt(held, A, 100)
  let stopping = false
  const { deleteInstances } = await import('../../src/manifest/delete-instances.ts')
  const progress = (): void => {
    stopping = true
  }
  const stopped = await deleteInstances(
    { ...partsOf(held), isStopped: () => stopping, progress },
    { studyInstanceUid: A, reason: 'deleted by operator', actor: 'ann', withdraw: true },
  )
  expect(stopped).toEqual({ kind: 'stopped' })
  await receiveAt(held, B, 100)
  const { hour } = dayAndHour(now, 'UTC')
  const worker = startRetentionWorker({
    ...partsOf(held),
    arrivals: () => 0,
    done: () => undefined,
    rules: () => ({ rules: [rule()], hour: (hour + 2) % 24, timezone: 'UTC' }),
  })
  await eventually('the deletion ends', async () => (await held.catalog.deletionsUnderWay()).length === 0)
  await worker.stop()
  expect(await held.catalog.findStudy(A)).toBeUndefined()
  expect(await held.catalog.findStudy(B)).toBeDefined()
})

it('a running node applies its rules in their hour only, and once a day', { timeout: 20_000 }, async () => {
  const held = await hold()
  await receiveAt(held, A, 100)
  const start = dayAndHour(now, 'UTC').hour
  let hour = (start + 2) % 24
  let looks = 0
  const rules = () => {
    looks++
    return { rules: [rule()], hour, timezone: 'UTC' }
  }
  // Its clock is its own: that of the door goes back while something old is received.
  let today = now
  const clock = { now: () => today, lookMs: 5 }
  const worker = startRetentionWorker({ ...partsOf(held), ...clock, arrivals: () => 0, done: () => undefined, rules })
  await eventually('it has looked', () => looks > 5)
  expect(await held.catalog.findStudy(A)).toBeDefined()
  hour = start
  await eventually('it is applied', async () => (await held.catalog.findStudy(A)) === undefined)
  await receiveAt(held, B, 100)
  const before = looks
  await eventually('it has looked again', () => looks > before + 5)
  expect(await held.catalog.findStudy(B)).toBeDefined()
  today += DAY
  await eventually('it is applied the next day', async () => (await held.catalog.findStudy(B)) === undefined)
  await worker.stop()
})

it('the day and hour of a time zone', () => {
  expect(dayAndHour(Date.UTC(2026, 0, 1, 0, 30), 'America/New_York')).toEqual({ day: '2025-12-31', hour: 19 })
  expect(dayAndHour(Date.UTC(2026, 0, 1, 0, 30), 'UTC')).toEqual({ day: '2026-01-01', hour: 0 })
})
