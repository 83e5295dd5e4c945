/** Rejection notes of every kind: several on one instance, sent again, replaced, read from disk, wrong, huge. */
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newUid, uid } from '../../src/dicom/uid.ts'
import { importFiles } from '../../src/receive/import-files.ts'
import { type Held, holdNothing } from '../manifest/held-studies.ts'
import { temporaryFolder } from '../storage/temporary-storage.ts'
import { DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, part10, TAG, textOf } from '../support/data-sets.ts'
import { type Code, note, otherBytes, rebuilt, referred, restarted, type Study, seen, send, someStudy } from './rejection-material.ts'
import { closeAll, silenceLog } from './sample-instances.ts'

beforeAll(silenceLog)
afterEach(closeAll)

async function holdStudy(of: Study = someStudy(), more: Parameters<typeof holdNothing>[0] = {}): Promise<{ held: Held; of: Study }> {
  const held = await holdNothing(more)
  for (const image of of.images) expect(await send(held, image)).toBe(0x0000)
  return { held, of }
}

const hiddenBy = async ({ catalog }: Held, of: Study, at = 0) => (await catalog.findInstance(of.uids[at]!))?.hiddenBy

describe('two notes on one instance', () => {
  const CODES: readonly Code[] = ['113039', '113001', '113037', '113038']
  const pairs = CODES.flatMap((one) => CODES.map((other) => [one, other] as const))
  it.each(pairs)('%s, then %s: the stronger reason counts, whatever comes first', async (first, second) => {
    const strongest = CODES[Math.max(CODES.indexOf(first), CODES.indexOf(second))]
    const { held, of } = await holdStudy()
    await send(held, note(first, of, [of.images[0]!]))
    await send(held, note(second, of, [of.images[0]!]))
    expect(await hiddenBy(held, of)).toBe(strongest)
    const again = await rebuilt(held)
    expect(await hiddenBy(again, of)).toBe(strongest)
  })

  it('what came back after the end of its retention can be rejected again, by another note, and for another reason', async () => {
    const { held, of } = await holdStudy()
    const expiry = note('113039', of, of.images)
    await send(held, expiry)
    expect(await send(held, of.images[0]!)).toBe(0x0000)
    expect(await hiddenBy(held, of)).toBeUndefined()
    expect(await send(held, expiry)).toBe(0x0000)
    expect(await hiddenBy(held, of)).toBeUndefined()
    await send(held, note('113039', of, [of.images[0]!]))
    expect(await hiddenBy(held, of)).toBe('113039')
    expect(await hiddenBy(await rebuilt(held), of)).toBe('113039')
    const { held: other, of: second } = await holdStudy()
    await send(other, note('113039', second, second.images))
    await send(other, second.images[0]!)
    await send(other, note('113037', second, second.images))
    expect(await hiddenBy(other, second)).toBe('113037')
    expect(await hiddenBy(await rebuilt(other), second)).toBe('113037')
  })
})

describe('the note itself', () => {
  it.each(['113037', '113038', '113039'] as const)('%s sent again changes nothing', async (code) => {
    const { held, of } = await holdStudy()
    const rejecting = note(code, of, [of.images[0]!])
    await send(held, rejecting)
    const before = [await seen(held, of.study), await referred(held, of.study), await held.catalog.historyOf(of.study)]
    expect(await send(held, rejecting)).toBe(0x0000)
    expect([
      await seen(held, of.study),
      { ...(await referred(held, of.study)), kind: 'made' },
      await held.catalog.historyOf(of.study),
    ]).toEqual(before)
  })

  it('replaced by another note of that UID: the former one has no effect any more', async () => {
    const { held: fresh, of } = await holdStudy()
    const held = { ...fresh, door: { ...fresh.door, duplicates: 'replace' as const } }
    const first = note('113038', of, [of.images[0]!])
    await send(held, first)
    const same = { [TAG.SOPInstanceUID]: first.get(TAG.SOPInstanceUID)!, [TAG.SeriesInstanceUID]: first.get(TAG.SeriesInstanceUID)! }
    expect(await send(held, note('113037', of, [of.images[1]!], same))).toBe(0x0000)
    const expected = async (one: Held) => [await hiddenBy(one, of, 0), await hiddenBy(one, of, 1), (await seen(one, of.study)).series]
    expect(await expected(held)).toEqual([undefined, '113037', ['CT 1', 'KO 1', 'MR 1']])
    expect((await referred(held, of.study)).uids).toEqual([of.uids[0], of.uids[2]].sort())
    expect(await expected(await rebuilt(held))).toEqual([undefined, '113037', ['CT 1', 'KO 1', 'MR 1']])
  })

  it('in a study whose identities wait for a decision takes effect at once, and in its manifest after the decision', async () => {
    const { held, of } = await holdStudy()
    await referred(held, of.study)
    await send(held, note('113037', of, [of.images[0]!], { [TAG.PatientID]: ['LO', 'SOMEBODY-ELSE'] }))
    expect(await held.catalog.findStudy(of.study)).toMatchObject({ inConflict: true })
    expect((await seen(held, of.study)).instances).not.toContain(of.uids[0])
    await held.catalog.resolveStudy(of.study, 1)
    expect((await referred(held, of.study)).uids).toEqual([of.uids[1], of.uids[2]].sort())
  })

  it('taken in from a file, like one that was sent', async () => {
    const { held, of } = await holdStudy()
    const file = join(temporaryFolder(), 'note.dcm')
    writeFileSync(file, part10(note('113037', of, [of.images[0]!])))
    const outcomes = []
    for await (const one of importFiles(held.door, [file], { source: 'IMPORT' })) outcomes.push(one.outcome)
    expect(outcomes).toEqual(['new'])
    expect(await hiddenBy(held, of)).toBe('113037')
    writeFileSync(file, part10(note('113037', of, [])))
    for await (const one of importFiles(held.door, [file], { source: 'IMPORT' })) outcomes.push(`${one.outcome} ${one.reason}`)
    expect(outcomes[1]).toBe('new Rejection note without effect on some references')
  })

  it('found on disk without a row: the same in whatever order files are met', async () => {
    for (const noteFirst of [true, false]) {
      const { held, of } = await holdStudy()
      const rejecting = note('113038', of, [of.images[0]!])
      await send(held, rejecting)
      const facts = (await held.catalog.findInstance(uid(textOf(rejecting, TAG.SOPInstanceUID))))!
      const at = noteFirst ? 1 : Date.now() / 1000 + 60
      utimesSync(join(held.path, facts.storageKey), at, at)
      const again = await rebuilt(held)
      expect(await hiddenBy(again, of)).toBe('113038')
      expect((await seen(again, of.study)).study).toBe('2 in 2: CT\\MR')
    }
  })

  it.each([
    ['implicit VR', IMPLICIT_LE],
    ['explicit VR', EXPLICIT_LE],
    ['big endian', EXPLICIT_BE],
    ['deflated', DEFLATED_LE],
  ])('in %s', async (_, syntax) => {
    const { held, of } = await holdStudy()
    expect(await send(held, note('113037', of, [of.images[0]!]), 'MODALITY', syntax)).toBe(0x0000)
    expect(await hiddenBy(held, of)).toBe('113037')
    expect(await hiddenBy(await rebuilt(held), of)).toBe('113037')
  })

  it('a key image note that names a rejected instance stays what it is: content', async () => {
    const { held, of } = await holdStudy()
    await send(held, note('113037', of, [of.images[0]!]))
    const key = note('113000', of, [of.images[0]!])
    expect(await send(held, key)).toBe(0x0000)
    expect((await referred(held, of.study)).uids).toEqual([of.uids[1], of.uids[2], textOf(key, TAG.SOPInstanceUID)].sort())
  })
})

describe('a note that names', () => {
  it.each(['113037', '113039'] as const)('an instance of another study does not concern it (%s)', async (code) => {
    const { held, of } = await holdStudy()
    const other = someStudy()
    for (const image of other.images) await send(held, image)
    expect(await send(held, note(code, other, [of.images[0]!], {}, of.study))).toBe(0xb007)
    expect(await send(held, note(code, other, [of.images[0]!]))).toBe(0x0000)
    expect((await seen(held, of.study)).study).toBe('3 in 2: CT\\MR')
    expect((await seen(held, other.study)).instances).toEqual(expect.arrayContaining([...other.uids]))
  })

  it('nothing is kept, warned of, and rejects nothing', async () => {
    const { held, of } = await holdStudy()
    const empty = note('113038', of, [])
    expect(await send(held, empty)).toBe(0xb007)
    expect((await seen(held, of.study)).instances).toEqual([...of.uids, textOf(empty, TAG.SOPInstanceUID)].sort())
  })

  it('itself, or another note, or a manifest of ours: what it names of images is rejected, a manifest is nobody’s to reject', async () => {
    const { held, of } = await holdStudy()
    await referred(held, of.study)
    const [record] = await held.catalog.manifestsOf(of.study)
    const own = newUid()
    const rejecting = note('113037', of, [own, record!.sopInstanceUid, of.images[0]!], { [TAG.SOPInstanceUID]: ['UI', own] })
    expect(await send(held, rejecting)).toBe(0x0000)
    const check = async (one: Held) => {
      expect((await one.catalog.findInstance(own))?.hiddenBy).toBeUndefined()
      expect((await one.catalog.findInstance(record!.sopInstanceUid))?.hiddenBy).not.toBe('113037')
      expect((await seen(one, of.study)).instances).toEqual([own, of.uids[1], of.uids[2]].sort())
    }
    await check(held)
    expect((await held.catalog.findInstance(record!.sopInstanceUid))?.hiddenBy).toBeUndefined()
    await check(await rebuilt(held))
  })

  it('instances that never come waits for them', async () => {
    const { held, of } = await holdStudy()
    const late = newUid()
    await send(held, note('113037', of, [late, of.images[0]!]))
    expect((await held.catalog.historyOf(of.study)).at(-1)?.reason).toBe('rejection note 113037: 1 of 2 instances hidden, 1 are not here')
    const again = await restarted(held)
    expect((await referred(again, of.study)).uids).toEqual([of.uids[1], of.uids[2]].sort())
  })

  it('20,000 instances, of which three are here, holds nobody up', async () => {
    const { held, of } = await holdStudy()
    const many = Array.from({ length: 20_000 }, (_, at) => uid(`2.25.4711.${at}`))
    const stall = watchStall()
    const began = performance.now()
    expect(await send(held, note('113037', of, [...many, ...of.images]))).toBe(0x0000)
    const [took, longest] = [performance.now() - began, stall()]
    console.info(`a note of 20,000: ${Math.round(took)} ms, longest stall ${Math.round(longest)} ms`)
    expect((await seen(held, of.study)).instances).toHaveLength(1)
    expect(longest).toBeLessThan(1000)
  })
})

it.each([
  ['as it is', EXPLICIT_LE],
  ['deflated', DEFLATED_LE],
])('a note of more than 16 MiB, %s, is kept, warned of, and has no effect: it would hold everybody up', async (_, syntax) => {
  const { held, of } = await holdStudy()
  const many = Array.from({ length: 170_000 }, (_, at) => uid(`1.2.840.113619.2.55.3.604688119.868.1288012345.471.${at}`))
  const stall = watchStall()
  expect(await send(held, note('113037', of, [...many, ...of.images]), 'MODALITY', syntax)).toBe(0xb007)
  expect(stall()).toBeLessThan(5000)
  expect(await hiddenBy(held, of)).toBeUndefined()
  expect((await seen(held, of.study)).instances).toHaveLength(4)
})

/** @returns how long the event loop was held at most since then, in milliseconds */
function watchStall(): () => number {
  let [last, longest] = [performance.now(), 0]
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  return () => {
    clearInterval(timer)
    return Math.max(longest, performance.now() - last)
  }
}

it('other bytes in the place of an instance are judged anew, and stay rejected', async () => {
  const { held: fresh, of } = await holdStudy()
  const held = {
    ...fresh,
    door: { ...fresh.door, duplicates: 'replace' as const, confidentialityOf: (source: string) => (source === 'VIP' ? 'R' : 'N') } as const,
  }
  expect(await send(held, otherBytes(of.images[0]!), 'VIP')).toBe(0x0000)
  expect(await held.catalog.findInstance(of.uids[0]!)).toMatchObject({ confidentiality: 'R' })
  await send(held, note('113001', of, [of.images[1]!]))
  expect(await send(held, otherBytes(of.images[1]!))).toBe(0x0000)
  expect(await hiddenBy(held, of, 1)).toBe('113001')
  expect(await send(held, note('113039', of, [of.images[2]!]))).toBe(0x0000)
  expect(await send(held, otherBytes(of.images[2]!))).toBe(0x0000)
  expect(await hiddenBy(held, of, 2)).toBeUndefined()
})
