/** A study whose patient was corrected, retrieved in its own syntax and converted: what is wrong goes out corrected, what is right byte for byte. */
import { readdirSync, readlinkSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import { uid } from '../../src/dicom/uid.ts'
import { cGet } from '../../src/serve/c-get.ts'
import { CT_IMAGE, ct, EXPLICIT_LE, encode, IMPLICIT_LE, TAG, type TestDataSet, testUid, textOf } from '../support/data-sets.ts'
import { ask, FakeAssociation, type Home, openHome } from './support.ts'

const study = testUid()
const plain = ct({ [TAG.StudyInstanceUID]: ['UI', study], [TAG.PatientID]: ['LO', 'A'], [TAG.PatientName]: ['PN', 'Wrong^Name'] })
const right = ct({
  [TAG.StudyInstanceUID]: ['UI', study],
  [TAG.SeriesInstanceUID]: ['UI', textOf(plain, TAG.SeriesInstanceUID)],
  [TAG.PatientID]: ['LO', 'A'],
  [TAG.PatientName]: ['PN', 'Right^Name'],
})

let home: Home
beforeAll(async () => {
  home = await openHome()
  for (const one of [plain, right]) expect(await home.keep(one)).toBe(0)
  const patientKey = JSON.stringify(['A', '', ''])
  await home.catalog.decide({
    id: '1',
    at: 0,
    actor: 'anna',
    kind: 'patient updated',
    patientKey,
    values: { PatientName: 'Right^Name' },
    former: {},
  })
})
afterAll(() => home.close())
/** A stream that is done with closes its file behind our back. */
afterEach(() => vi.waitFor(() => expect(openFiles()).toEqual([])))

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').filter((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`).endsWith('.dcm')
    } catch {
      return false // closed meanwhile
    }
  })
}

async function got(syntax: string): Promise<Map<string, Buffer>> {
  const association = new FakeAssociation({ contexts: [[CT_IMAGE, syntax]] })
  await cGet(home.serving(), ask('get', 'STUDY', { [TAG.StudyInstanceUID]: ['UI', study] }, { association }))
  return new Map(association.delivered.map(({ instance, bytes }) => [instance.sopInstanceUid, bytes]))
}

const uidOf = (one: TestDataSet) => uid(textOf(one, TAG.SOPInstanceUID))

it.each([EXPLICIT_LE, IMPLICIT_LE])('in %s: what is wrong goes out corrected, what is right as ever', async (syntax) => {
  const delivered = await got(syntax)
  expect(delivered.size).toBe(2)
  expect(delivered.get(uidOf(right))).toEqual(encode(right, syntax))
  const corrected = readDataSet(delivered.get(uidOf(plain))!, syntax)
  expect(corrected.text(TAG.PatientName)).toBe('Right^Name')
  const [item] = corrected.items(0x04000561)
  expect([item!.items(0x04000550)[0]!.text(TAG.PatientName), item!.text(0x04000563)]).toEqual(['Wrong^Name', 'ARIANE'])
  expect(corrected.elements.get(TAG.PixelData)!.value).toEqual(
    readDataSet(encode(plain, syntax), syntax).elements.get(TAG.PixelData)!.value,
  )
})
