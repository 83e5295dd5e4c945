/** Decisions about patients and studies: what queries say then, what goes out corrected, what comes after them. */
import { describe, expect, it } from 'vitest'
import type { Catalog, DecisionBody, Retrievable } from '../../src/catalog/contract.ts'
import { uid } from '../../src/dicom/uid.ts'
import { EVERY_LEVEL } from '../support/levels.ts'
import { findAll, instance, query, temporaryCatalog } from './catalog-material.ts'

let decisions = 0
const decide = (catalog: Catalog, body: DecisionBody) =>
  catalog.decide({ id: `d${++decisions}`, at: 5_000 + decisions, actor: 'anna', ...body })
const key = (id: string, issuer = '') => JSON.stringify([id, issuer, ''])
const updated = (patientKey: string, values: Extract<DecisionBody, { kind: 'patient updated' }>['values'], former = {}): DecisionBody => ({
  kind: 'patient updated',
  patientKey,
  values,
  former,
})
const merged = (from: string, into: string, values = {}): DecisionBody => ({
  kind: 'patients merged',
  fromKey: key(from),
  intoKey: key(into),
  values: { PatientID: into, ...values },
})

async function outgoing(catalog: Catalog, study: number): Promise<readonly Retrievable[]> {
  const page = await catalog.retrievables({ studyInstanceUids: [uid(`1.${study}`)] }, { includeManifests: true, levels: EVERY_LEVEL }, 100)
  return page.items
}
/** The same whether it is asked for by its study or by its own name. */
const correctionOf = async (catalog: Catalog, study: number, number = 1) => {
  const one = uid(`1.${study}.1.${number}`)
  const { items } = await catalog.retrievables({ sopInstanceUids: [one] }, { includeManifests: true, levels: EVERY_LEVEL }, 1)
  expect(items).toEqual((await outgoing(catalog, study)).filter(({ sopInstanceUid }) => sopInstanceUid === one))
  return items[0]?.correction
}
const studiesNamed = async (catalog: Catalog, name: string) =>
  (await findAll(catalog, query('STUDY', [{ keyword: 'PatientName', kind: 'wildcard', pattern: `${name.toLowerCase()}*` }]))).map(
    (match) => match.StudyInstanceUID,
  )
const studiesOf = async (catalog: Catalog, id: string) =>
  (await findAll(catalog, query('STUDY', [{ keyword: 'PatientID', kind: 'value', value: id }])))
    .map((match) => match.StudyInstanceUID)
    .sort()

it('costs nothing where nothing was decided', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1))
  expect(await outgoing(catalog, 1)).toHaveLength(1)
  expect((await outgoing(catalog, 1))[0]).not.toHaveProperty('correction')
  expect(await catalog.mayBeCorrected(uid('1.1.1.1'))).toBe(false)
})

describe('patient updated', () => {
  it('a name: queries say the new one, instances go out with it, the revision rises, and the history tells it', async () => {
    const catalog = temporaryCatalog()
    await catalog.keep(instance(1))
    await catalog.keep(instance(2, 1, 1, { PatientID: 'P2' }))
    const before = (await catalog.findStudy(uid('1.1')))!.revision
    await decide(catalog, updated(key('P1'), { PatientName: 'Durand^Jeanne' }))
    expect(await studiesNamed(catalog, 'Durand')).toEqual(['1.1'])
    expect(await studiesNamed(catalog, 'Dupont')).toEqual(['1.2'])
    expect(await findAll(catalog, query('PATIENT', [{ keyword: 'PatientID', kind: 'value', value: 'P1' }]))).toMatchObject([
      { PatientName: 'Durand^Jeanne' },
    ])
    expect(await correctionOf(catalog, 1)).toMatchObject({
      values: { PatientName: 'Durand^Jeanne' },
      isOtherPatient: false,
      reason: 'CORRECT',
    })
    expect(await correctionOf(catalog, 2)).toBeUndefined()
    expect((await catalog.findStudy(uid('1.1')))!.revision).toBe(before + 1)
    expect((await catalog.historyOf(uid('1.1'))).at(-1)).toMatchObject({
      state: 'changed',
      actor: 'anna',
      reason: 'patient values were corrected',
    })
    expect(await catalog.mayBeCorrected(uid('1.1.1.1'))).toBe(true)
  })

  it('what arrives with the former name, with the new one, in this study or a new one, changes nothing of it', async () => {
    const catalog = temporaryCatalog()
    await catalog.keep(instance(1))
    await decide(catalog, updated(key('P1'), { PatientName: 'Durand^Jeanne' }))
    expect(await catalog.keep(instance(1, 1, 2))).toEqual({ kind: 'kept', conflict: false })
    expect(await catalog.keep(instance(1, 1, 3, { PatientName: 'Durand^Jeanne' }))).toEqual({ kind: 'kept', conflict: false })
    await catalog.keep(instance(2))
    await catalog.keep(instance(3, 1, 1, { PatientName: 'Later^Name' }))
    expect(await studiesNamed(catalog, 'Durand')).toEqual(['1.2', '1.1'])
    expect(await studiesNamed(catalog, 'Later')).toEqual(['1.3'])
    expect(await correctionOf(catalog, 2)).toMatchObject({ values: { PatientName: 'Durand^Jeanne' } })
    expect(await correctionOf(catalog, 3)).toBeUndefined()
  })

  it('another ID: the former one finds nothing, arrives without a conflict, and can be taken back', async () => {
    const catalog = temporaryCatalog()
    await catalog.keep(instance(1))
    await decide(catalog, updated(key('P1'), { PatientID: 'P9' }))
    expect(await studiesOf(catalog, 'P1')).toEqual([])
    expect(await studiesOf(catalog, 'P9')).toEqual(['1.1'])
    expect(await catalog.keep(instance(1, 1, 2))).toEqual({ kind: 'kept', conflict: false })
    expect(await catalog.keep(instance(1, 1, 3, { PatientID: 'P9' }))).toEqual({ kind: 'kept', conflict: false })
    await catalog.keep(instance(2))
    expect(await studiesOf(catalog, 'P9')).toEqual(['1.1', '1.2'])
    for (const number of [1, 2])
      expect((await correctionOf(catalog, 1, number))!.values).toMatchObject({ PatientID: 'P9', IssuerOfPatientID: '' })
    await decide(catalog, updated(key('P9'), { PatientID: 'P1' }))
    expect(await studiesOf(catalog, 'P1')).toEqual(['1.1', '1.2'])
    expect((await correctionOf(catalog, 1, 3))!.values).toMatchObject({ PatientID: 'P1' })
    await catalog.keep(instance(3))
    expect(await studiesOf(catalog, 'P1')).toEqual(['1.1', '1.2', '1.3'])
    await catalog.keep(instance(4, 1, 1, { PatientID: 'P9' }))
    expect(await studiesOf(catalog, 'P1')).toEqual(['1.1', '1.2', '1.3', '1.4'])
  })
})

describe('patients merged', () => {
  it('everything of the one becomes the other, now and later', async () => {
    const catalog = temporaryCatalog()
    await catalog.keep(instance(1, 1, 1, { PatientID: 'A', PatientName: 'Wrong^Anne', PatientSex: 'F' }))
    await catalog.keep(instance(2, 1, 1, { PatientID: 'B', PatientName: 'Right^Anne', IssuerOfPatientID: '' }))
    await decide(catalog, merged('A', 'B'))
    expect(await studiesOf(catalog, 'B')).toEqual(['1.1', '1.2'])
    expect(await studiesNamed(catalog, 'Wrong')).toEqual([])
    expect(await findAll(catalog, query('PATIENT'))).toMatchObject([{ PatientID: 'B', PatientName: 'Right^Anne' }])
    const correction = (await correctionOf(catalog, 1))!
    expect(correction).toMatchObject({ values: { PatientID: 'B', PatientName: 'Right^Anne' }, isOtherPatient: false, reason: 'COERCE' })
    expect(correction.values).not.toHaveProperty('PatientSex')
    expect(await correctionOf(catalog, 2)).toBeUndefined()
    for (const id of ['A', 'B'])
      expect(await catalog.keep(instance(1, 1, id === 'A' ? 2 : 3, { PatientID: id }))).toEqual({ kind: 'kept', conflict: false })
    expect(await catalog.keep(instance(2, 1, 2, { PatientID: 'A' }))).toEqual({ kind: 'kept', conflict: false })
    expect((await correctionOf(catalog, 2, 2))!.values).toMatchObject({ PatientID: 'B' })
    await catalog.keep(instance(3, 1, 1, { PatientID: 'A' }))
    expect(await studiesOf(catalog, 'B')).toEqual(['1.1', '1.2', '1.3'])
  })

  it('one after the other, and with a correction behind', async () => {
    const catalog = temporaryCatalog()
    for (const [at, id] of ['A', 'B', 'C'].entries()) await catalog.keep(instance(at + 1, 1, 1, { PatientID: id, PatientName: `${id}^X` }))
    await decide(catalog, merged('A', 'B'))
    await decide(catalog, merged('B', 'C'))
    await decide(catalog, updated(key('C'), { PatientName: 'Final^X' }))
    await catalog.keep(instance(4, 1, 1, { PatientID: 'A', PatientName: 'A^X' }))
    expect(await studiesOf(catalog, 'C')).toEqual(['1.1', '1.2', '1.3', '1.4'])
    expect((await studiesNamed(catalog, 'Final')).sort()).toEqual(['1.1', '1.2', '1.3', '1.4'])
    for (const study of [1, 2, 4])
      expect((await correctionOf(catalog, study))!.values).toMatchObject({ PatientID: 'C', PatientName: 'Final^X' })
    expect((await correctionOf(catalog, 3))!.values).toEqual({ PatientName: 'Final^X' })
  })

  it('ends the conflict between the two', async () => {
    const catalog = temporaryCatalog()
    await catalog.keep(instance(1, 1, 1, { PatientID: 'B' }))
    await catalog.keep(instance(1, 1, 2, { PatientID: 'A' }))
    expect((await catalog.findStudy(uid('1.1')))!.inConflict).toBe(true)
    expect(await correctionOf(catalog, 1, 2)).toBeUndefined()
    await decide(catalog, merged('A', 'B'))
    expect((await catalog.findStudy(uid('1.1')))!.inConflict).toBe(false)
    expect((await correctionOf(catalog, 1, 2))!.values).toMatchObject({ PatientID: 'B' })
  })

  it('into itself is refused', async () => {
    await expect(decide(temporaryCatalog(), merged('A', 'A'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('a circle of merges ends', async () => {
    const catalog = temporaryCatalog()
    await catalog.keep(instance(1, 1, 1, { PatientID: 'A' }))
    await catalog.keep(instance(2, 1, 1, { PatientID: 'B' }))
    await decide(catalog, merged('A', 'B'))
    await decide(catalog, merged('B', 'A'))
    await catalog.keep(instance(3, 1, 1, { PatientID: 'B' }))
    expect(await studiesOf(catalog, 'A')).toEqual(['1.1', '1.2', '1.3'])
  })
})

describe('study resolved', () => {
  it('instances of the wrong patient go out with everything of the right one, those of the right one as they are', async () => {
    const catalog = temporaryCatalog()
    await catalog.keep(instance(1, 1, 1, { PatientID: 'A', PatientSex: 'F', PatientComments: 'of A' }))
    await catalog.keep(instance(1, 1, 2, { PatientID: 'B', PatientName: 'Right^One' }))
    await catalog.resolveStudy(uid('1.1'), 2)
    expect(await correctionOf(catalog, 1, 1)).toMatchObject({
      isOtherPatient: true,
      values: { PatientID: 'B', PatientName: 'Right^One', PatientSex: '', PatientComments: '' },
    })
    expect(await correctionOf(catalog, 1, 2)).toBeUndefined()
    await decide(catalog, updated(key('B'), { PatientName: 'Righter^One' }))
    expect((await correctionOf(catalog, 1, 1))!.values).toMatchObject({ PatientName: 'Righter^One', PatientSex: '' })
    expect((await correctionOf(catalog, 1, 2))!.values).toEqual({ PatientName: 'Righter^One' })
  })
})

describe('study updated', () => {
  it('queries and what goes out say the new value, what arrives later does not undo it', async () => {
    const catalog = temporaryCatalog()
    await catalog.keep(instance(1, 1, 1, { AccessionNumber: 'ACC1' }))
    await decide(catalog, {
      kind: 'study updated',
      studyInstanceUid: uid('1.1'),
      values: { AccessionNumber: 'ACC2', StudyDescription: 'Thorax' },
    })
    await catalog.keep(instance(1, 1, 2, { AccessionNumber: 'ACC1', StudyDescription: 'Kopf' }))
    expect((await catalog.findStudy(uid('1.1')))!.keys).toMatchObject({
      AccessionNumber: 'ACC2',
      StudyDescription: 'Thorax',
      StudyDate: '20260101',
    })
    expect((await correctionOf(catalog, 1, 2))!.values).toEqual({ AccessionNumber: 'ACC2', StudyDescription: 'Thorax' })
    await decide(catalog, { kind: 'study updated', studyInstanceUid: uid('1.1'), values: { AccessionNumber: 'ACC1' } })
    expect((await correctionOf(catalog, 1))!.values).toEqual({ AccessionNumber: 'ACC1', StudyDescription: 'Thorax' })
  })
})

it('the order of decisions and instances does not matter: a catalog made anew says the same', async () => {
  const kept = [
    instance(1, 1, 1, { PatientID: 'A', PatientName: 'A^X' }),
    instance(2, 1, 1, { PatientID: 'B', PatientName: 'B^X' }),
    instance(3, 1, 1, { PatientID: 'D', PatientName: 'D^X', AccessionNumber: '1' }),
  ]
  const taken: DecisionBody[] = [
    merged('A', 'B', { PatientName: 'B^X' }),
    updated(key('D'), { PatientName: 'E^X' }, { PatientName: ['D^X'] }),
    updated(key('D'), { PatientID: 'E' }),
    { kind: 'study updated', studyInstanceUid: uid('1.3'), values: { AccessionNumber: '2' } },
  ]
  const first = temporaryCatalog()
  for (const facts of kept) await first.keep(facts)
  for (const body of taken) await decide(first, body)
  const second = temporaryCatalog()
  for (const body of taken) await decide(second, body)
  for (const facts of kept) await second.keep(facts)
  for (const catalog of [first, second]) {
    expect(await studiesOf(catalog, 'B')).toEqual(['1.1', '1.2'])
    expect((await studiesNamed(catalog, 'B')).sort()).toEqual(['1.1', '1.2'])
    expect(await studiesOf(catalog, 'E')).toEqual(['1.3'])
    expect(await studiesNamed(catalog, 'E')).toEqual(['1.3'])
    expect((await correctionOf(catalog, 1))!.values).toMatchObject({ PatientID: 'B', PatientName: 'B^X' })
    expect((await correctionOf(catalog, 3))!.values).toMatchObject({ PatientID: 'E', PatientName: 'E^X', AccessionNumber: '2' })
    expect(await correctionOf(catalog, 2)).toBeUndefined()
  }
})

it('names patients by issuer, with what they have', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { IssuerOfPatientID: 'H1' }))
  await catalog.keep(instance(1, 1, 2, { IssuerOfPatientID: 'H1' }))
  await catalog.keep(instance(2, 1, 1, { IssuerOfPatientID: 'H2' }))
  expect(await catalog.patientsNamed('P1')).toMatchObject([
    { issuer: 'H1', studies: 1, instances: 2, manifestsInForce: 0, patientKey: key('P1', 'H1') },
    { issuer: 'H2', studies: 1, instances: 1 },
  ])
  expect(await catalog.patientsNamed('nobody')).toEqual([])
})
