import { describe, expect, it } from 'vitest'
import { uid } from '../../src/dicom/uid.ts'
import { findAll, instance, pendingStudies, query, temporaryCatalog } from './catalog-material.ts'

const STUDY = uid('1.1')

it('keeps an instance of another patient, withholds the study, and ends the conflict when one is put in force', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { PatientID: 'A', PatientName: 'First^One' }))
  await catalog.keep(instance(2, 1, 1, { PatientID: 'A', PatientName: 'First^One' }))
  expect(await catalog.keep(instance(1, 1, 2, { PatientID: 'B', PatientName: 'Second^Two' }))).toEqual({ kind: 'kept', conflict: true })
  expect(await catalog.keep(instance(1, 1, 3, { PatientID: 'B' }))).toEqual({ kind: 'kept', conflict: true })
  expect(await catalog.keep(instance(1, 1, 4, { PatientID: 'A' }))).toEqual({ kind: 'kept', conflict: true })
  expect(await catalog.identitiesOf(STUDY)).toMatchObject([
    { number: 1, patientId: 'A', patientName: 'First^One', instances: 2, inForce: true },
    { number: 2, patientId: 'B', patientName: 'Second^Two', instances: 2, inForce: false },
  ])
  expect((await catalog.studiesInConflict()).map(({ studyInstanceUid }) => studyInstanceUid)).toEqual(['1.1'])
  expect(await pendingStudies(catalog)).toEqual(['1.2'])
  expect(await findAll(catalog, query('PATIENT'))).toHaveLength(1)

  await catalog.resolveStudy(STUDY, 2)
  expect(await catalog.findStudy(STUDY)).toMatchObject({
    inConflict: false,
    revision: 5,
    keys: { PatientID: 'B', PatientName: 'Second^Two' },
  })
  expect(await pendingStudies(catalog)).toHaveLength(2)
  const found = await findAll(catalog, query('STUDY', [{ keyword: 'PatientName', kind: 'wildcard', pattern: 'second*' }]))
  expect(found.map((match) => match.StudyInstanceUID)).toEqual(['1.1'])
  expect((await findAll(catalog, query('PATIENT'))).map((match) => match.PatientID).sort()).toEqual(['A', 'B'])
  expect(await catalog.keep(instance(1, 1, 5, { PatientID: 'A' }))).toEqual({ kind: 'kept', conflict: false })
  await expect(catalog.resolveStudy(STUDY, 7)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

it('leaves no patient behind who has no study any more', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { PatientID: 'A' }))
  await catalog.keep(instance(1, 1, 2, { PatientID: 'B' }))
  await catalog.resolveStudy(STUDY, 2)
  expect(await findAll(catalog, query('PATIENT'))).toMatchObject([{ PatientID: 'B' }])
})

it('tells patients apart by issuer, padding does not count, another name alone is no conflict', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { PatientID: 'A', IssuerOfPatientID: 'H1' }))
  expect(await catalog.keep(instance(1, 1, 2, { PatientID: ' A ', IssuerOfPatientID: 'H1 ', PatientName: 'Else^Who' }))).toMatchObject({
    conflict: false,
  })
  expect(await catalog.keep(instance(1, 1, 3, { PatientID: 'A', IssuerOfPatientID: 'H2' }))).toMatchObject({ conflict: true })
  await catalog.keep(instance(2, 1, 1, { PatientID: 'A', IssuerOfPatientID: 'H2' }))
  expect(await findAll(catalog, query('PATIENT'))).toHaveLength(2)
})

it('shows at study level the name its own instances give, where a patient has had two', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { PatientName: 'Maiden^Ann' }))
  await catalog.keep(instance(2, 1, 1, { PatientName: 'Married^Ann' }))
  const found = await findAll(catalog, query('STUDY', [{ keyword: 'PatientName', kind: 'wildcard', pattern: 'married*' }]))
  expect(found).toMatchObject([{ StudyInstanceUID: '1.2', PatientName: 'Married^Ann' }])
  expect(await catalog.findStudy(uid('1.2'))).toMatchObject({ inConflict: false, keys: { PatientName: 'Married^Ann' } })
  expect(await findAll(catalog, query('PATIENT'))).toMatchObject([{ PatientName: 'Maiden^Ann' }])
})

it('gives each study without a Patient ID its own patient, and compares name and birth date within it', async () => {
  const catalog = temporaryCatalog()
  const nobody = { PatientID: undefined, PatientName: 'Müller^Hans', PatientBirthDate: '19600203' }
  await catalog.keep(instance(1, 1, 1, nobody))
  await catalog.keep(instance(2, 1, 1, { ...nobody, PatientID: '  ' }))
  expect(await findAll(catalog, query('PATIENT'))).toHaveLength(2)
  expect(await catalog.keep(instance(1, 1, 2, { ...nobody, PatientName: 'MULLER^HANS', PatientBirthDate: '1960.02.03' }))).toMatchObject({
    conflict: false,
  })
  expect(await catalog.keep(instance(1, 1, 3, { ...nobody, PatientBirthDate: '19610203' }))).toMatchObject({ conflict: true })
  await catalog.resolveStudy(STUDY, 2)
  expect(await catalog.findStudy(STUDY)).toMatchObject({ inConflict: false, keys: { PatientBirthDate: '19610203' } })
  expect(await findAll(catalog, query('PATIENT'))).toHaveLength(2)
})

it('ends the conflict when the instances of the other patient are gone', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1))
  await catalog.keep(instance(1, 1, 2, { PatientID: 'B' }))
  await catalog.forget(uid('1.1.1.2'))
  expect(await catalog.findStudy(STUDY)).toMatchObject({ inConflict: false })
  expect(await catalog.identitiesOf(STUDY)).toHaveLength(1)
})

const withUniversalId = (id: string) => ({
  IssuerOfPatientIDQualifiersSequence: JSON.stringify([
    { '00400032': { vr: 'UT', Value: [id] }, '00400033': { vr: 'CS', Value: ['ISO'] } },
  ]),
})

describe('what is missing contradicts nothing within a study', () => {
  it.each([
    ['issuer comes later', [{}, {}, { IssuerOfPatientID: 'H1' }, {}]],
    ['issuer comes first', [{ IssuerOfPatientID: 'H1' }, {}, {}]],
    ['universal ID comes later', [{ IssuerOfPatientID: 'H1' }, { IssuerOfPatientID: 'H1', ...withUniversalId('1.2.3') }, {}]],
    ['empty Patient ID, same name in other spelling', [{}, { PatientID: undefined, PatientName: 'DUPONT^JEAN' }]],
    ['empty Patient ID first', [{ PatientID: '' }, {}]],
    ['nothing of the patient at all', [{}, { PatientID: undefined, PatientName: undefined }]],
  ] as const)('%s', async (_, sent) => {
    const catalog = temporaryCatalog()
    for (const [index, keys] of sent.entries()) {
      expect(await catalog.keep(instance(1, 1, index, keys))).toEqual({ kind: 'kept', conflict: false })
    }
    const whole = Object.assign({}, { PatientID: 'P1' }, ...sent.filter((keys) => !('PatientID' in keys)))
    expect(await catalog.findStudy(STUDY)).toMatchObject({ inConflict: false, keys: { ...whole, PatientName: 'Dupont^Jean' } })
    expect(await catalog.identitiesOf(STUDY)).toMatchObject([{ patientId: 'P1', instances: sent.length }])
    // the study has moved to the patient of the whole key, the former one is gone
    await catalog.keep(instance(2, 1, 1, whole))
    expect(await findAll(catalog, query('PATIENT'))).toHaveLength(1)
    expect((await findAll(catalog, query('STUDY', [{ keyword: 'PatientID', kind: 'value', value: 'P1' }]))).length).toBe(2)
  })

  it.each([
    ['two issuers after none', [{}, { IssuerOfPatientID: 'H1' }, { IssuerOfPatientID: 'H2' }]],
    ['two universal IDs', [withUniversalId('1.2.3'), { IssuerOfPatientID: 'H1' }, withUniversalId('1.2.4')]],
    ['empty Patient ID, another name', [{}, { PatientID: '', PatientName: 'Else^Who' }]],
    ['empty Patient ID, another birth date', [{ PatientBirthDate: '19600203' }, { PatientID: '', PatientBirthDate: '19600204' }]],
  ] as const)('but does not hide a contradiction: %s', async (_, sent) => {
    const catalog = temporaryCatalog()
    const conflicts: boolean[] = []
    for (const [index, keys] of sent.entries()) {
      const outcome = await catalog.keep(instance(1, 1, index, keys))
      conflicts.push(outcome.kind === 'kept' && outcome.conflict)
    }
    expect(conflicts).toEqual(sent.map((_keys, index) => index === sent.length - 1))
    expect(await catalog.identitiesOf(STUDY)).toHaveLength(2)
  })

  it('counts an instance to the identity of its own Patient ID, whatever is compatible besides', async () => {
    const catalog = temporaryCatalog()
    await catalog.keep(instance(1, 1, 1, { PatientID: '', PatientName: 'One^A' }))
    await catalog.keep(instance(1, 1, 2, { PatientID: 'A', PatientName: 'Two^B' }))
    await catalog.keep(instance(1, 1, 3, { PatientID: 'A', IssuerOfPatientID: 'H1', PatientName: 'One^A' }))
    await catalog.keep(instance(1, 1, 4, { PatientID: 'A', PatientName: 'One^A' }))
    expect(await catalog.identitiesOf(STUDY)).toMatchObject([
      { patientId: '', instances: 1 },
      { patientId: 'A', issuerOfPatientId: 'H1', instances: 3 },
    ])
  })
})

it('tells patients apart by the universal ID of the issuer', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, withUniversalId('1.2.3')))
  await catalog.keep(instance(2, 1, 1, withUniversalId('1.2.4')))
  await catalog.keep(instance(3, 1, 1, withUniversalId('1.2.4 ')))
  expect(await findAll(catalog, query('PATIENT'))).toHaveLength(2)
})
