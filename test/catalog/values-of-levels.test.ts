/** What a peer reads of patients, studies and series comes from instances that it may see. */
import { expect, it } from 'vitest'
import type { Catalog, CatalogQuery, Confidentiality, Decision, IndexKeys, LevelSet } from '../../src/catalog/contract.ts'
import { openDatabase } from '../../src/catalog/database.ts'
import { SCHEMA_STATUS } from '../../src/catalog/sql/schema-status.ts'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { type CONFIDENTIALITY_LEVELS, levelSet } from '../../src/dicom/confidentiality.ts'
import { uid } from '../../src/dicom/uid.ts'
import { findAll, instance, query, temporaryCatalog, temporaryFile } from './catalog-material.ts'

const STUDY = uid('1.1')
const SECRET = { StudyDescription: 'psychiatric', PatientComments: 'told in confidence' }
const NORMAL = levelSet(['N'])
const RESTRICTED = levelSet(['N', 'R'])

const at = (confidentiality: (typeof CONFIDENTIALITY_LEVELS)[number]) => ({ confidentiality })

async function seen(
  catalog: Catalog,
  levels: LevelSet,
  level: CatalogQuery['level'] = 'STUDY',
  conditions: CatalogQuery['conditions'] = [],
): Promise<IndexKeys> {
  const [first] = await findAll(catalog, query(level, conditions, { levels }))
  return first ?? {}
}

let decisions = 0
function decide(catalog: Catalog, level: Confidentiality, seriesInstanceUid?: string): Promise<boolean> {
  const body = { kind: 'confidentiality decided', studyInstanceUid: STUDY, level, seriesInstanceUid } as const
  return catalog.decide({ id: `d${decisions++}`, at: Date.now(), actor: 'test', ...body } as Decision)
}

for (const order of ['N first', 'R first'] as const) {
  it(`shows nothing that only an instance of a higher level brought (${order})`, async () => {
    const catalog = temporaryCatalog()
    const both = [instance(1, 1, 1), instance(1, 2, 1, { ...SECRET, SeriesDescription: 'interview' }, at('R'))]
    for (const one of order === 'N first' ? both : both.reverse()) await catalog.keep(one)
    for (const level of ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'] as const) {
      const match = await seen(catalog, NORMAL, level)
      expect(match).toMatchObject({ PatientID: 'P1', PatientName: 'Dupont^Jean' })
      expect(JSON.stringify(match)).not.toMatch(/psychiatric|confidence|interview/)
    }
    expect(await findAll(catalog, query('SERIES', [], { levels: NORMAL }))).toHaveLength(1)
    expect((await findAll(catalog, query('SERIES', [], { levels: RESTRICTED }))).map((match) => match.SeriesDescription)).toContain(
      'interview',
    )
    for (const keyword of ['StudyDescription', 'PatientComments'] as const) {
      const value = SECRET[keyword]
      expect(await findAll(catalog, query('STUDY', [{ keyword, kind: 'value', value }], { levels: NORMAL }))).toEqual([])
    }
    expect(await catalog.valuesAt(STUDY, 'R')).toMatchObject({ keys: { ...SECRET, PatientID: 'P1' } })
    expect(await catalog.valuesAt(STUDY, 'N')).toBeUndefined()
    expect((await catalog.findStudy(STUDY))?.keys).not.toHaveProperty('StudyDescription')
  })
}

it('does not show a study that is wholly restricted to whoever stores an instance into it', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { ...SECRET, PatientID: 'P1', PatientName: 'Martin^Anne', AccessionNumber: 'A1' }, at('R')))
  await catalog.keep(instance(1, 9, 1, { PatientID: 'GUESS', PatientName: 'Guess', StudyDate: '', StudyTime: '' }, at('N')))
  for (const level of ['STUDY', 'SERIES', 'IMAGE'] as const) {
    const match = await seen(catalog, NORMAL, level)
    expect(match.StudyInstanceUID).toBe(STUDY)
    expect(JSON.stringify(match)).not.toMatch(/psychiatric|confidence|Martin|P1|A1/)
  }
  expect(await findAll(catalog, query('PATIENT', [], { levels: NORMAL }))).toEqual([])
  const byName = query('STUDY', [{ keyword: 'PatientName', kind: 'wildcard', pattern: 'MAR*' }], { levels: NORMAL })
  expect(await findAll(catalog, byName)).toEqual([])
  const whole = await seen(catalog, RESTRICTED)
  expect(whole).toMatchObject({ PatientName: 'Martin^Anne' })
  expect(await catalog.findStudy(STUDY)).toMatchObject({ inConflict: true })
  await catalog.resolveStudy(STUDY, 1)
  const decided = await seen(catalog, NORMAL)
  expect(decided).toMatchObject({ PatientName: 'Martin^Anne', PatientID: 'P1' })
  expect(JSON.stringify(decided)).not.toMatch(/psychiatric|confidence/)
})

it('keeps the values of a study that has one level, whichever it is, and of one whose lowest level leaves', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, {}, at('R')))
  await catalog.keep(instance(1, 2, 1, SECRET, at('R')))
  expect(await seen(catalog, RESTRICTED)).toMatchObject(SECRET)
  await catalog.keep(instance(1, 3, 1, { StudyDescription: 'usual' }, at('N')))
  expect(await seen(catalog, RESTRICTED)).toMatchObject({ StudyDescription: 'usual' })
  await catalog.forget(uid('1.1.3.1'))
  expect(await seen(catalog, RESTRICTED)).toMatchObject(SECRET)
  expect(await catalog.valuesAt(STUDY, 'R')).toBeUndefined()
})

it('takes back what a series brought when its level is raised, and gives it again when it is lowered', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1))
  await catalog.keep(instance(1, 2, 1, SECRET))
  await catalog.keep(instance(1, 2, 2, SECRET))
  expect(await seen(catalog, NORMAL)).toMatchObject(SECRET)
  await decide(catalog, 'R', '1.1.2')
  for (const level of ['PATIENT', 'STUDY'] as const) {
    const match = await seen(catalog, NORMAL, level)
    expect(match).toMatchObject({ PatientID: 'P1' })
    expect(JSON.stringify(match)).not.toMatch(/psychiatric|confidence/)
  }
  expect(await catalog.valuesAt(STUDY, 'R')).toMatchObject({ keys: SECRET })
  await decide(catalog, 'N', '1.1.2')
  expect(await seen(catalog, NORMAL)).toMatchObject(SECRET)
  expect(await seen(catalog, NORMAL, 'PATIENT')).toMatchObject({ PatientComments: SECRET.PatientComments })
  await decide(catalog, 'V')
  expect(await findAll(catalog, query('STUDY', [], { levels: RESTRICTED }))).toEqual([])
  expect(await seen(catalog, levelSet(['N', 'R', 'V']))).toMatchObject(SECRET)
})

it('shows a patient as their studies of the lowest level do', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, SECRET, at('R')))
  expect(await seen(catalog, RESTRICTED, 'PATIENT')).toMatchObject({ PatientComments: SECRET.PatientComments })
  await catalog.keep(instance(2, 1, 1))
  expect(await seen(catalog, NORMAL, 'PATIENT')).not.toHaveProperty('PatientComments')
  await catalog.keep(instance(3, 1, 1, { PatientComments: 'late' }, at('R')))
  expect(await seen(catalog, NORMAL, 'PATIENT')).not.toHaveProperty('PatientComments')
  await catalog.keep(instance(4, 1, 1, { PatientComments: 'for all' }))
  expect(await seen(catalog, NORMAL, 'PATIENT')).toMatchObject({ PatientComments: 'for all' })
})

it('reads as empty what comes from a level that is missing between those of the caller', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, SECRET, at('MASQUE_PS')))
  await catalog.keep(instance(1, 2, 1, {}, at('INVISIBLE_PATIENT')))
  const professional = levelSet(['N', 'R', 'V', 'INVISIBLE_PATIENT'])
  const match = await seen(catalog, professional)
  expect(match.StudyInstanceUID).toBe(STUDY)
  expect(JSON.stringify(match)).not.toMatch(/psychiatric|confidence/)
  expect(await seen(catalog, professional, 'STUDY', [{ keyword: 'StudyDescription', kind: 'wildcard', pattern: 'psy*' }])).toEqual({})
  expect(await catalog.valuesAt(STUDY, 'INVISIBLE_PATIENT')).toMatchObject({ keys: { PatientID: 'P1' } })
})

it('keeps what an operator has corrected', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, SECRET, at('R')))
  const body = { kind: 'study updated', studyInstanceUid: STUDY, values: { StudyDescription: 'corrected' } } as const
  await catalog.decide({ id: 'c', at: 5, actor: 'test', ...body })
  await catalog.keep(instance(1, 2, 1, { StudyDescription: 'of N' }))
  expect(await seen(catalog, NORMAL)).toMatchObject({ StudyDescription: 'corrected' })
  expect(await catalog.valuesAt(STUDY, 'R')).toMatchObject({
    keys: { StudyDescription: 'corrected', PatientComments: SECRET.PatientComments },
  })
})

it('separates the levels of one series', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { SeriesDescription: 'interview' }, at('R')))
  await catalog.keep(instance(1, 1, 2, {}, at('N')))
  await catalog.keep(instance(1, 1, 3, { SeriesDescription: 'again', OperatorsName: 'Op' }, at('R')))
  expect(await seen(catalog, NORMAL, 'SERIES')).not.toHaveProperty('SeriesDescription')
  const values = await catalog.valuesAt(STUDY, 'R')
  expect(values?.series.get(uid('1.1.1'))).toMatchObject({ SeriesDescription: 'interview', OperatorsName: 'Op' })
})

it('two records that become one: what only the restricted one said stays restricted', async () => {
  const catalog = temporaryCatalog()
  await catalog.keep(instance(1, 1, 1, { ...SECRET, PatientID: 'INTO', PatientName: 'Martin^Anne' }, at('R')))
  await catalog.keep(instance(2, 1, 1, { PatientID: 'FROM', PatientName: 'Martin^A' }))
  const key = (id: string) => JSON.stringify([id, '', ''])
  const body = { kind: 'patients merged', fromKey: key('FROM'), intoKey: key('INTO'), values: { PatientID: 'INTO' } } as const
  await catalog.decide({ id: 'm', at: Date.now(), actor: 'test', ...body })
  for (const level of ['PATIENT', 'STUDY'] as const) {
    const match = await seen(catalog, NORMAL, level)
    expect(match).toMatchObject({ PatientID: 'INTO', PatientName: 'Martin^Anne' })
    expect(JSON.stringify(match)).not.toMatch(/confidence/)
  }
})

it('knows the levels of a catalog that was made before rows had any', async () => {
  const file = temporaryFile()
  const former = openCatalog(file)
  await former.keep(instance(1, 1, 1, SECRET, at('R')))
  await former.keep(instance(2, 1, 1, { PatientID: 'P2' }))
  await former.close()
  const db = openDatabase(file)
  const later = [...SCHEMA_STATUS.matchAll(/INDEX (\w+)/g)].map(([, index]) => index)
  const tables = ['patients', 'studies', 'study_identities', 'series']
  db.exec(`DROP TABLE brought_values; ${later.map((index) => `DROP INDEX ${index};`).join(' ')} ALTER TABLE studies DROP COLUMN is_mixed;
    ${tables.map((table) => `ALTER TABLE ${table} DROP COLUMN level;`).join(' ')}
    PRAGMA user_version = 5`)
  db.close()
  const catalog = temporaryCatalog(file)
  expect(await seen(catalog, RESTRICTED, 'STUDY', [{ keyword: 'PatientID', kind: 'value', value: 'P1' }])).toMatchObject(SECRET)
  await catalog.keep(instance(1, 9, 1))
  const match = await seen(catalog, NORMAL, 'STUDY', [{ keyword: 'PatientID', kind: 'value', value: 'P1' }])
  expect(match).toMatchObject({ PatientID: 'P1' })
  expect(JSON.stringify(match)).not.toMatch(/psychiatric|confidence/)
})
