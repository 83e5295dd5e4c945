/** Rejection notes (IHE RAD TF-3 4.66): each reason, of one instance, a series, the study; before the instances, after them, after the manifest
 *  was published; and then what was rejected is sent again. The node restarts between any two steps, and at the end it loses its catalog. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { holdNothing } from '../manifest/held-studies.ts'
import type { TestDataSet } from '../support/data-sets.ts'
import { type Code, lose, note, otherBytes, rebuilt, referred, restarted, seen, send, someStudy } from './rejection-material.ts'
import { closeAll, silenceLog } from './sample-instances.ts'

beforeAll(silenceLog)
afterEach(closeAll)

const CODES = ['113001', '113037', '113038', '113039'] as const
const EXTENTS = { 'one instance': [0], 'a series': [0, 1], 'the study': [0, 1, 2] } as const
const MOMENTS = ['before the instances', 'after them', 'after the manifest'] as const
const AGAIN = ['the same', 'other bytes', 'the same after its loss'] as const

type Extent = keyof typeof EXTENTS
type Again = (typeof AGAIN)[number]

/** PS3.4 B.2.3, PS3.7 C: what the sender is answered, and whether the instance is given out again. */
function outcome(code: Code, again: Again): { status: number; returns: boolean } {
  if (again === 'the same after its loss') return { status: 0x0000, returns: code === '113039' }
  if (code === '113037' || code === '113038') return { status: 0x0124, returns: false }
  if (again === 'other bytes') return { status: 0xb000, returns: false }
  return { status: 0x0000, returns: code === '113039' }
}

const rows = CODES.flatMap((code) =>
  (Object.keys(EXTENTS) as Extent[]).flatMap((extent) =>
    MOMENTS.flatMap((moment) => AGAIN.map((again) => [code, extent, moment, again] as const)),
  ),
)

it.each(rows)('%s of %s, %s, sent again: %s', async (code, extent, moment, again) => {
  const of = someStudy()
  const { study, images, uids } = of
  const rejected = EXTENTS[extent]
  const left = uids.filter((_, at) => !(rejected as readonly number[]).includes(at)).sort()
  const rejecting = note(
    code,
    of,
    rejected.map((at) => images[at]!),
  )
  const noteIsSeen = code === '113001' || code === '113037'
  let held = await holdNothing()
  const next = async (...elements: TestDataSet[]) => {
    for (const one of elements) expect(await send(held, one)).toBe(0x0000)
    held = await restarted(held)
  }
  if (moment === 'before the instances') await next(rejecting)
  await next(...images)
  if (moment === 'after the manifest') expect(await referred(held, study)).toEqual({ kind: 'made', versions: 1, uids: [...uids].sort() })
  if (moment !== 'before the instances') await next(rejecting)

  const expectSeen = async (visible: readonly string[]) => {
    const sight = await seen(held, study)
    const ofNote = noteIsSeen ? 1 : 0
    expect(sight.instances.filter((one) => (uids as readonly string[]).includes(one))).toEqual(visible)
    expect(sight.instances).toHaveLength(visible.length + ofNote)
    expect(sight.retrievable).toEqual(sight.instances)
    const number = (from: number, to: number) => uids.slice(from, to).filter((one) => visible.includes(one)).length
    const series = [
      ...(number(0, 2) > 0 ? [`CT ${number(0, 2)}`] : []),
      ...(noteIsSeen ? ['KO 1'] : []),
      ...(number(2, 3) > 0 ? [`MR ${number(2, 3)}`] : []),
    ]
    expect(sight.series).toEqual(series)
    const modalities = series.map((one) => one.slice(0, 2)).join('\\')
    expect(sight.study).toBe(series.length === 0 ? undefined : `${visible.length + ofNote} in ${series.length}: ${modalities}`)
    expect(sight.patients).toBe(series.length === 0 ? 0 : 1)
  }
  await expectSeen(left)
  const made = await referred(held, study)
  expect(made.uids).toEqual(left)
  if (moment === 'after the manifest') expect(made.versions).toBe(left.length === 0 ? 1 : 2)
  if (left.length === 0) {
    expect(made.kind).toBe('empty')
    if (moment === 'after the manifest') expect((await held.catalog.manifestsOf(study))[0]).toMatchObject({ state: 'withdrawn' })
  }
  const told = (await held.catalog.historyOf(study)).filter(({ state }) => state === 'changed').map(({ reason }) => reason)
  expect(told).toContainEqual(expect.stringMatching(new RegExp(`^rejection note ${code}: \\d of ${rejected.length} instances hidden`)))

  held = await restarted(held)
  const { status, returns } = outcome(code, again)
  for (const at of rejected) {
    if (again === 'the same after its loss') await lose(held, uids[at]!)
    expect(await send(held, again === 'other bytes' ? otherBytes(images[at]!) : images[at]!)).toBe(status)
    held = await restarted(held)
  }
  const visible = returns ? [...uids].sort() : left
  await expectSeen(visible)
  const after = await referred(held, study)
  expect(after.uids).toEqual(visible)
  expect(after.versions).toBe(made.versions + (returns ? 1 : 0))
  if (returns)
    expect((await held.catalog.historyOf(study)).map(({ reason }) => reason)).toContain(
      'sent again after the end of its retention (113039)',
    )

  held = await rebuilt(held)
  await expectSeen(visible)
  expect(await referred(held, study)).toEqual({
    kind: visible.length === 0 ? 'empty' : 'unchanged',
    versions: after.versions,
    uids: visible,
  })
})

describe('113001 in regular use', () => {
  it.each(MOMENTS)('what it names is given out and referred to, with the note beside it: %s', async (moment) => {
    const of = someStudy()
    const fresh = await holdNothing()
    let held = { ...fresh, quality: 'regular-use' as const, door: { ...fresh.door, quality: 'regular-use' as const } }
    const rejecting = note('113001', of, of.images)
    const before = moment === 'before the instances'
    for (const one of before ? [rejecting, ...of.images] : of.images) await send(held, one)
    if (moment === 'after the manifest') await referred(held, of.study)
    if (!before) expect(await send(held, rejecting)).toBe(0x0000)
    for (let turn = 0; turn < 2; turn++) {
      expect((await seen(held, of.study)).study).toBe('4 in 3: CT\\KO\\MR')
      expect(await referred(held, of.study)).toMatchObject({ versions: 1, uids: [...of.uids].sort() })
      held = (await rebuilt(held)) as typeof held
    }
  })
})
