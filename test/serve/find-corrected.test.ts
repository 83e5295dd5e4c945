/** C-FIND at IMAGE level about what only the file says: of an instance that was made out to somebody else it says what goes out. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import { uid } from '../../src/dicom/uid.ts'
import { cFind } from '../../src/serve/c-find.ts'
import { cGet } from '../../src/serve/c-get.ts'
import { CT_IMAGE, ct, DEFLATED_LE, EXPLICIT_LE, IMPLICIT_LE, TAG, testUid, textOf } from '../support/data-sets.ts'
import { ask, FakeAssociation, type Home, openHome } from './support.ts'

const PATIENT_ADDRESS = 0x00101040
const SLICE_THICKNESS = 0x00180050
const ORIGINAL_ATTRIBUTES = 0x04000561

const study = testUid()
const one = (patient: string, name: string, address: string) =>
  ct({
    [TAG.StudyInstanceUID]: ['UI', study],
    [TAG.PatientID]: ['LO', patient],
    [TAG.PatientName]: ['PN', name],
    [PATIENT_ADDRESS]: ['LO', address],
    [SLICE_THICKNESS]: ['DS', '2.5'],
  })

let home: Home
beforeAll(async () => {
  home = await openHome()
  for (const [at, image] of [one('A', 'Right^Name', 'Lyon'), one('B', 'Wrong^Name', 'Paris'), one('B', 'Wrong^Name', 'Paris')].entries())
    expect(await home.keep(image, [EXPLICIT_LE, IMPLICIT_LE, DEFLATED_LE][at])).toBe(0)
  const identities = await home.catalog.identitiesOf(uid(study))
  const [patient, other] = ['A', 'B'].map((id) => identities.find(({ patientId }) => patientId === id)!.keys)
  const body = { kind: 'identity chosen', studyInstanceUid: uid(study), patient: patient!, others: [other!] } as const
  await home.catalog.decide({ id: '1', at: 0, actor: 'anna', ...body })
})
afterAll(() => home.close())

it('answers what would be sent, and leaves the rest as the file has it', async () => {
  const request = ask('find', 'IMAGE', {
    [TAG.StudyInstanceUID]: ['UI', study],
    [TAG.PatientName]: ['PN', ''],
    [PATIENT_ADDRESS]: ['LO', ''],
    [SLICE_THICKNESS]: ['DS', ''],
    [ORIGINAL_ATTRIBUTES]: ['SQ', []],
  })
  await cFind(home.serving(), request)
  const answers = request.answers.flatMap(({ identifier }) => identifier ?? [])
  expect(answers).toHaveLength(3)
  const association = new FakeAssociation({
    contexts: [EXPLICIT_LE, IMPLICIT_LE, DEFLATED_LE].map((syntax) => [CT_IMAGE, syntax] as const),
  })
  await cGet(home.serving(), ask('get', 'STUDY', { [TAG.StudyInstanceUID]: ['UI', study] }, { association }))
  for (const answer of answers) {
    expect(answer.text(TAG.PatientName)).toBe('Right^Name')
    expect(answer.text(SLICE_THICKNESS)).toBe('2.5')
    const sent = association.delivered.find(({ instance }) => instance.sopInstanceUid === answer.text(TAG.SOPInstanceUID))!
    const data = readDataSet(sent.bytes, sent.instance.transferSyntaxUid)
    expect(answer.text(PATIENT_ADDRESS)).toBe(data.text(PATIENT_ADDRESS))
    expect(answer.items(ORIGINAL_ATTRIBUTES)).toHaveLength(data.items(ORIGINAL_ATTRIBUTES).length)
  }
  expect(answers.map((answer) => answer.text(PATIENT_ADDRESS) ?? '').sort()).toEqual(['', '', 'Lyon'])
  expect(textOf(one('A', '', ''), TAG.PatientID)).toBe('A')
})
