/** A rejection note whose file is lost, with the catalog: what it hid stays hidden, for the journal of decisions tells of it too. */
import { readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { uid } from '../../src/dicom/uid.ts'
import { journalNotes } from '../../src/storage/decisions.ts'
import { type Held, holdNothing } from '../manifest/held-studies.ts'
import { TAG, type TestDataSet, textOf } from '../support/data-sets.ts'
import { type Code, note, otherBytes, rebuilt, type Study, send, someStudy } from './rejection-material.ts'
import { closeAll, silenceLog } from './sample-instances.ts'

beforeAll(silenceLog)
afterEach(closeAll)

const uidOf = (one: TestDataSet) => uid(textOf(one, TAG.SOPInstanceUID))
const hidden = async ({ catalog }: Held, { uids }: Study) =>
  Promise.all(uids.map(async (one) => (await catalog.findInstance(one))?.hiddenBy ?? 'shown'))
const journal = ({ path }: Held) => readFileSync(join(path, 'decisions.jsonl'), 'utf8').trim().split('\n')

async function withStudy(): Promise<{ held: Held; of: Study }> {
  const [held, of] = [await holdNothing(), someStudy()]
  for (const image of of.images) await send(held, image)
  return { held, of }
}

/** The node starts again without its catalog, and without the file of the note. */
async function rebuiltWithout(held: Held, rejecting: TestDataSet): Promise<Held> {
  const { storageKey } = (await held.catalog.findInstance(uidOf(rejecting)))!
  unlinkSync(join(held.path, storageKey))
  return rebuilt(held)
}

it.each<Code>(['113001', '113037', '113038', '113039'])('%s hides what it hid, once more and for good', async (code) => {
  const { held, of } = await withStudy()
  const rejecting = note(code, of, [of.images[0]!, of.images[2]!])
  await send(held, rejecting)
  await send(held, rejecting)
  expect(journal(held)).toHaveLength(1)
  expect(journal(held)[0]).not.toContain(textOf(of.images[0]!, TAG.PatientName))
  let again = await rebuiltWithout(held, rejecting)
  expect(await hidden(again, of)).toEqual([code, 'shown', code])
  again = await rebuilt(again)
  expect(await hidden(again, of)).toEqual([code, 'shown', code])
  expect(journal(again)).toHaveLength(1)
})

it('also what comes after it, and not what came back after the end of its retention', async () => {
  const [held, of] = [await holdNothing(), someStudy()]
  const early = note('113037', of, [of.images[0]!])
  await send(held, early)
  let again = await rebuiltWithout(held, early)
  for (const image of of.images) await send(again, image)
  expect(await hidden(again, of)).toEqual(['113037', 'shown', 'shown'])
  const expiry = note('113039', of, [of.images[1]!, of.images[2]!])
  await send(again, expiry)
  expect(await send(again, of.images[1]!)).toBe(0x0000)
  again = await rebuiltWithout(again, expiry)
  expect(await hidden(again, of)).toEqual(['113037', 'shown', '113039'])
})

it('follows a note that was replaced by another one', async () => {
  const { held: kept, of } = await withStudy()
  const held = { ...kept, door: { ...kept.door, duplicates: 'replace' as const } }
  const first = note('113037', of, [of.images[0]!])
  await send(held, first)
  const second = note('113037', of, [of.images[1]!], {
    [TAG.SOPInstanceUID]: first.get(TAG.SOPInstanceUID)!,
    [TAG.SeriesInstanceUID]: first.get(TAG.SeriesInstanceUID)!,
  })
  await send(held, otherBytes(second))
  expect(await hidden(held, of)).toEqual(['shown', '113037', 'shown'])
  expect(await hidden(await rebuilt(held), of)).toEqual(['shown', '113037', 'shown'])
  const again = await rebuiltWithout({ ...held, ...(await rebuilt(held)) } as Held, first)
  expect(await hidden(again, of)).toEqual(['shown', '113037', 'shown'])
})

it('is told to the journal at a start where it is not yet, of an earlier release or after a crash', async () => {
  const { held, of } = await withStudy()
  const rejecting = note('113037', of, [of.images[0]!])
  await send(held, rejecting)
  unlinkSync(join(held.path, 'decisions.jsonl'))
  const again = await rebuilt(held)
  expect(await journalNotes(again)).toBe(1)
  expect(await journalNotes(again)).toBe(0)
  expect(await hidden(await rebuiltWithout(again, rejecting), of)).toEqual(['113037', 'shown', 'shown'])
})
