/** How studies stand, by who may see them; deliveries as people look at them; counts. */
import { afterAll, expect, it } from 'vitest'
import type { Catalog } from '../../src/catalog/contract.ts'
import { levelSet } from '../../src/dicom/confidentiality.ts'
import type { StudyStanding } from '../../src/dicom/query.ts'
import { newUid, type Uid, uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { decide } from '../../src/storage/decisions.ts'
import { type Held, holdNothing, receive, target } from '../manifest/held-studies.ts'
import { note, someStudy } from '../receive/rejection-material.ts'
import { closeAll, silenceLog, store } from '../receive/sample-instances.ts'
import { encode } from '../support/data-sets.ts'
import { CT, findAll, instance, query, temporaryCatalog } from './catalog-material.ts'

silenceLog()
afterAll(closeAll)

const N = levelSet(['N'])
const ALL = levelSet(['N', 'R'])

async function studyIn(held: Held, state: StudyStanding): Promise<Uid> {
  const study = newUid()
  await receive(held, { study })
  if (state === 'collecting') return study
  if (state === 'conflict') await receive(held, { study, patientId: 'OTHER' })
  if (state === 'withheld') await decide(held, { kind: 'manifest withheld', studyInstanceUid: study, reason: 'asked' })
  await buildManifest(held.parts, study, 'quiet')
  return study
}

const found = async (catalog: Catalog, standing: StudyStanding, levels = N): Promise<string[]> =>
  (await catalog.find({ ...query('STUDY'), standing, levels }, 10)).items.map((match) => match.StudyInstanceUID!)

it('each state is found by its name, and told of each study', async () => {
  const held = await holdNothing()
  const { catalog } = held
  const of = new Map<StudyStanding, Uid>()
  for (const state of ['collecting', 'in force', 'withheld', 'conflict'] as const) of.set(state, await studyIn(held, state))
  const standings = await catalog.standingsOf([...of.values()], N)
  for (const [state, study] of of) {
    expect([state, await found(catalog, state)]).toEqual([state, [study]])
    expect(standings.get(study)).toEqual(state === 'in force' ? { state, manifestVersion: 1 } : { state })
  }
  expect(await found(catalog, 'none')).toEqual([])
  expect(await found(catalog, 'withdrawn')).toEqual([])
  expect(await catalog.figures(0)).toMatchObject({
    manifests: [{ state: 'in force', dialect: 'xds-i', count: 1 }],
    manifestsSince: 1,
    studiesWithheld: 1,
    studiesInConflict: 1,
    studiesCollecting: 1,
  })
})

it('the first instance of each series is the first of a query, for whoever may see which', async () => {
  const catalog = temporaryCatalog()
  const image = { Rows: '512', Columns: '256', NumberOfFrames: '3' }
  await catalog.keep(instance(1, 1, 3))
  await catalog.keep(instance(1, 1, 1, image, { confidentiality: 'R' }))
  await catalog.keep(instance(1, 1, 2, image))
  await catalog.keep(instance(1, 2, 1, {}, { confidentiality: 'R' }))
  await catalog.keep(instance(1, 9, 1, {}, { role: 'manifest' }))
  await catalog.keep(instance(2, 1, 1))
  const values = ['SeriesInstanceUID', 'SOPInstanceUID', 'SOPClassUID', 'NumberOfFrames', 'Rows', 'Columns'] as const
  for (const levels of [N, ALL, levelSet(['R'])]) {
    const matches = await findAll(catalog, { ...query('IMAGE', [], { levels }), values, derived: [] })
    const first = new Map(
      matches
        .filter((one) => one.SOPInstanceUID!.startsWith('1.1.'))
        .toReversed()
        .map((one) => [one.SeriesInstanceUID!, one]),
    )
    const told = await catalog.firstInstancesOf(uid('1.1'), levels)
    expect([...told.keys()].sort()).toEqual([...first.keys()].sort())
    for (const [series, { sopInstanceUid, sopClassUid, numberOfFrames, rows, columns }] of told)
      expect(first.get(series)).toMatchObject({
        SOPInstanceUID: sopInstanceUid,
        SOPClassUID: sopClassUid,
        ...(rows === undefined ? {} : { NumberOfFrames: numberOfFrames, Rows: rows, Columns: columns }),
      })
  }
  expect((await catalog.firstInstancesOf(uid('1.1'), N)).get('1.1.1')).toEqual({
    sopInstanceUid: '1.1.1.2',
    sopClassUid: CT,
    numberOfFrames: '3',
    rows: '512',
    columns: '256',
  })
  expect(await catalog.firstInstancesOf(uid('1.3'), ALL)).toEqual(new Map())
})

it('a manifest of a level that the caller may not see is not in force for it, nor withdrawn', async () => {
  const held = await holdNothing()
  const { catalog } = held
  const study = newUid()
  await receive(held, { study })
  await receive(held, { study, series: newUid() })
  const [, second] = await catalog.evidence(study)
  await decide(held, { kind: 'confidentiality decided', studyInstanceUid: study, seriesInstanceUid: second!.seriesInstanceUid, level: 'R' })
  await buildManifest(held.parts, study, 'quiet')
  const [first] = await catalog.evidence(study)
  await decide(held, { kind: 'confidentiality decided', studyInstanceUid: study, seriesInstanceUid: first!.seriesInstanceUid, level: 'R' })
  await buildManifest(held.parts, study, 'quiet')
  expect((await catalog.standingsOf([study], ALL)).get(study)).toMatchObject({ state: 'in force' })
  expect((await catalog.standingsOf([study], N)).get(study)).toEqual({ state: 'withdrawn' })
  expect(await found(catalog, 'in force', N)).toEqual([])
  expect(await found(catalog, 'in force', ALL)).toEqual([study])
})

it('what is rejected as a whole is withdrawn, what has nothing to refer to has none', async () => {
  const held = await holdNothing()
  const { catalog } = held
  const of = someStudy()
  const send = (image: Parameters<typeof encode>[0]) =>
    store(held.door, { transferSyntaxUid: '1.2.840.10008.1.2.1', source: 'CT', dataSet: encode(image), ...uidsOf(image) })
  for (const image of of.images) await send(image)
  await buildManifest(held.parts, of.study, 'quiet')
  await send(note('113037', of, of.images))
  await buildManifest(held.parts, of.study, 'at once')
  expect((await catalog.standingsOf([of.study], N)).get(of.study)).toEqual({ state: 'withdrawn' })
  const other = someStudy()
  await send(note('113001', other, []))
  await buildManifest(held.parts, other.study, 'quiet')
  expect((await catalog.standingsOf([other.study], N)).get(other.study)).toEqual({ state: 'none' })
})

const uidsOf = (image: Parameters<typeof encode>[0]) => {
  const text = (tag: number) => String(image.get(tag)![1])
  return { sopClassUid: text(0x00080016), sopInstanceUid: text(0x00080018) }
}

it('deliveries are listed newest first, by state, in pages; one is made again, with a history', async () => {
  const held = await holdNothing({ settings: { targets: [target('a'), target('b')] } })
  const { catalog } = held
  const studies = [await studyIn(held, 'in force'), await studyIn(held, 'in force')]
  const all = await catalog.deliveries({ levels: N }, 10)
  expect(all.items.map(({ target, studyInstanceUid }) => [target, studyInstanceUid])).toEqual([
    ['b', studies[1]],
    ['a', studies[1]],
    ['b', studies[0]],
    ['a', studies[0]],
  ])
  expect((await catalog.deliveries({ levels: levelSet(['R']) }, 10)).items).toEqual([])
  const first = await catalog.deliveries({ state: 'waiting', levels: N }, 3)
  const rest = await catalog.deliveries({ state: 'waiting', levels: N }, 3, first.next)
  expect([first.items.length, rest.items.length, rest.next]).toEqual([3, 1, undefined])
  const { id, manifestUid } = rest.items[0]!
  await catalog.settleDelivery(id, { state: 'waiting', attempts: 1, nextAttemptAt: 9e12, lastError: 'no route' })
  expect((await catalog.deliveries({ state: 'in trouble', levels: N }, 10)).items).toMatchObject([{ id, lastError: 'no route' }])
  expect(await catalog.retryDelivery(id, 5)).toBe(true)
  expect(await catalog.findDelivery(id)).toMatchObject({ state: 'waiting', nextAttemptAt: 5, attempts: 1 })
  await catalog.settleDelivery(id, { state: 'failed', attempts: 2, nextAttemptAt: 0, lastError: 'not allowed' })
  expect((await catalog.figures(0)).targets).toEqual([
    { target: 'a', waiting: 1, oldestMadeAt: expect.any(Number), failed: 1 },
    { target: 'b', waiting: 2, oldestMadeAt: expect.any(Number), failed: 0 },
  ])
  expect(await catalog.deliverAgain(manifestUid, ['a', 'c'], { at: 7, actor: 'anna' })).toBe(true)
  expect(await catalog.findDelivery(id)).toEqual({
    ...rest.items[0],
    state: 'waiting',
    attempts: 0,
    nextAttemptAt: 7,
  })
  expect((await catalog.historyOf(studies[0]!)).at(-1)).toMatchObject({
    state: 'published again',
    reason: 'version 1: to a, c once more',
    actor: 'anna',
    manifestUid,
  })
  await catalog.settleDelivery(id, { state: 'done', attempts: 1, nextAttemptAt: 0 })
  expect(await catalog.retryDelivery(id, 9)).toBe(false)
})

it('what came lately is summed', async () => {
  const held = await holdNothing()
  const before = Date.now()
  await receive(held, { study: newUid() })
  await receive(held, { study: newUid() })
  const { bytes } = await held.catalog.totals()
  expect(await held.catalog.bytesReceivedSince(before)).toEqual({ bytes, firstAt: expect.any(Number) })
  expect(await held.catalog.bytesReceivedSince(Date.now() + 1000)).toEqual({ bytes: 0 })
})
