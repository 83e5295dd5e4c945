import { expect, it } from 'vitest'
import type { Catalog, Condition, Level } from '../../src/catalog/contract.ts'
import { findAll, instance, KOS, query, temporaryCatalog } from './catalog-material.ts'

/** What a query finds, by the UIDs of its level. */
async function found(catalog: Catalog, level: Level, ...conditions: Condition[]): Promise<(string | undefined)[]> {
  const unique = { PATIENT: 'PatientID', STUDY: 'StudyInstanceUID', SERIES: 'SeriesInstanceUID', IMAGE: 'SOPInstanceUID' } as const
  return (await findAll(catalog, query(level, conditions), 2)).map((match) => match[unique[level]])
}

async function threeStudies(): Promise<Catalog> {
  const catalog = temporaryCatalog()
  const requests = (id: string) =>
    JSON.stringify([{}, { '00401001': { vr: 'SH', Value: [id] }, '00400006': { vr: 'PN', Value: [{ Alphabetic: 'Doc^Tor' }] } }])
  await catalog.keep(
    instance(1, 1, 1, {
      PatientID: 'A1',
      PatientName: 'Müller^Hans',
      PatientBirthDate: '19600101',
      StudyDate: '20260105',
      StudyTime: '0915',
      AccessionNumber: 'ACC1',
      OtherPatientNames: 'Maier^Hans\\Meyer^Hans',
      ReferringPhysicianName: "O'Brien^Pat",
      ImageType: 'ORIGINAL\\PRIMARY\\AXIAL',
      Rows: '512',
      RequestAttributesSequence: requests('R1'),
    }),
  )
  await catalog.keep(instance(1, 2, 1, { PatientID: 'A1', Modality: 'SR', InstanceNumber: '007', ContentTime: '101112.5' }))
  await catalog.keep(
    instance(2, 1, 1, {
      PatientID: 'A2',
      PatientName: 'Yamada^Tarou=山田^太郎=やまだ^たろう',
      PatientBirthDate: '1971.12.31',
      StudyDate: '2026.01.06',
      StudyTime: '101500.250',
      AccessionNumber: 'ACC2\\ACC3',
      Modality: 'MR',
      RequestAttributesSequence: requests('R2'),
    }),
  )
  await catalog.keep(
    instance(3, 1, 1, { PatientID: 'B\\1', PatientName: undefined, StudyDate: undefined, StudyTime: undefined, Modality: 'US' }),
  )
  return catalog
}

it('answers at every level, newest study first, values of the levels above included', async () => {
  const catalog = await threeStudies()
  expect(await found(catalog, 'PATIENT')).toEqual(['B\\1', 'A2', 'A1'])
  expect(await found(catalog, 'STUDY')).toEqual(['1.2', '1.1', '1.3'])
  expect(await found(catalog, 'SERIES')).toEqual(['1.2.1', '1.1.1', '1.1.2', '1.3.1'])
  expect(await found(catalog, 'IMAGE')).toEqual(['1.2.1.1', '1.1.1.1', '1.1.2.1', '1.3.1.1'])
  const [image] = await findAll(catalog, query('IMAGE', [{ keyword: 'Rows', kind: 'value', value: '0512' }]))
  expect(image).toMatchObject({
    PatientName: 'Müller^Hans',
    AccessionNumber: 'ACC1',
    Modality: 'CT',
    Rows: '512',
    transferSyntaxUid: '1.2.840.10008.1.2.1',
  })
  expect(image!.storageKey).toMatch(/^instances\//)
})

it('matches single values: text as it is, any of several, numbers by value, dates in both forms', async () => {
  const catalog = await threeStudies()
  const study = (
    keyword: 'PatientID' | 'AccessionNumber' | 'StudyDate' | 'StudyTime' | 'PatientBirthDate' | 'Modality' | 'InstanceNumber',
    value: string,
  ) => found(catalog, 'STUDY', { keyword, kind: 'value', value })
  expect(await study('PatientID', 'A1 ')).toEqual(['1.1'])
  expect(await study('PatientID', 'a1')).toEqual([])
  expect(await study('PatientID', 'B')).toEqual(['1.3'])
  expect(await study('AccessionNumber', 'ACC3')).toEqual(['1.2'])
  expect(await study('StudyDate', '20260106')).toEqual(['1.2'])
  expect(await study('StudyDate', '2026')).toEqual([])
  expect(await study('StudyTime', '091500')).toEqual(['1.1'])
  expect(await study('PatientBirthDate', '19711231')).toEqual(['1.2'])
  expect(await study('Modality', 'SR')).toEqual(['1.1'])
  expect(await study('InstanceNumber', '7')).toEqual(['1.1'])
  expect(await found(catalog, 'PATIENT', { keyword: 'PatientBirthDate', kind: 'value', value: '19711231' })).toEqual(['A2'])
  expect(await found(catalog, 'IMAGE', { keyword: 'ImageType', kind: 'value', value: 'AXIAL' })).toEqual(['1.1.1.1'])
})

it('matches decimals by value where both are numbers, as text otherwise', async () => {
  const catalog = temporaryCatalog()
  for (const [at, PatientWeight] of ['70.0', '+7E1', '70.5', '-0', '70kg', 'Infinity'].entries())
    await catalog.keep(instance(at + 1, 1, 1, { PatientWeight, StudyDate: undefined, StudyTime: undefined }))
  const weight = (value: string) => found(catalog, 'STUDY', { keyword: 'PatientWeight', kind: 'value', value })
  expect((await weight('70')).sort()).toEqual(['1.1', '1.2'])
  expect((await weight('070.')).sort()).toEqual(['1.1', '1.2'])
  expect(await weight('70.5')).toEqual(['1.3'])
  expect(await weight('0.0')).toEqual(['1.4'])
  expect(await weight('70kg')).toEqual(['1.5'])
  expect(await weight('1E999')).toEqual([])
  expect(await weight('7*')).toEqual([])
})

it('matches a list of codes where any of them is any of the stored values', async () => {
  const catalog = await threeStudies()
  const list = (keyword: 'ImageType' | 'Modality' | 'ModalitiesInStudy', ...values: string[]) =>
    found(catalog, 'IMAGE', { keyword, kind: 'list', values })
  expect(await list('ImageType', 'ORIGINAL', 'PRIMARY', 'AXIAL')).toEqual(['1.1.1.1'])
  expect(await list('ImageType', 'DERIVED', 'AXIAL')).toEqual(['1.1.1.1'])
  expect(await list('ImageType', 'DERIVED', 'AXI')).toEqual([])
  expect(await list('Modality', 'SR', 'MR')).toEqual(['1.2.1.1', '1.1.2.1'])
  expect(await list('ModalitiesInStudy', 'SR', 'XX')).toEqual(['1.1.1.1', '1.1.2.1'])
})

it('matches names folded, over every component group, and over several names', async () => {
  const catalog = await threeStudies()
  for (const level of ['STUDY', 'PATIENT'] as const) {
    const [one, two] = level === 'STUDY' ? ['1.1', '1.2'] : ['A1', 'A2']
    const name = (value: string) => found(catalog, level, { keyword: 'PatientName', kind: 'value', value })
    const wild = (pattern: string) => found(catalog, level, { keyword: 'PatientName', kind: 'wildcard', pattern })
    expect(await name('MULLER^HANS')).toEqual([one])
    expect(await name('muller')).toEqual([])
    expect(await name('山田^太郎')).toEqual([two])
    expect(await name('yamada^tarou=山田^太郎')).toEqual([two])
    expect(await name('yamada^tarou=山田^花子')).toEqual([])
    expect(await wild('mull*')).toEqual([one])
    for (const pattern of ['müller^*^*', 'müller^h*^*', 'müller^hans^*', 'm?ller^hans^*^*^*']) expect(await wild(pattern)).toEqual([one])
    for (const pattern of ['müller^han^*', 'mülle^*']) expect(await wild(pattern)).toEqual([])
    expect(await wild('山田^太郎^*')).toEqual([two])
    expect(await wild('*^h?ns')).toEqual([one])
    expect(await wild('山*')).toEqual([two])
    expect(await wild('*タロウ*')).toEqual([])
    expect(await wild('*たろう')).toEqual([two])
  }
  expect(await found(catalog, 'STUDY', { keyword: 'OtherPatientNames', kind: 'value', value: 'meyer^hans' })).toEqual(['1.1'])
  expect(await found(catalog, 'STUDY', { keyword: 'ReferringPhysicianName', kind: 'wildcard', pattern: "o'b*" })).toEqual(['1.1'])
  expect(await found(catalog, 'STUDY', { keyword: 'OtherPatientNames', kind: 'wildcard', pattern: 'meyer^*^*' })).toEqual(['1.1'])
})

it('matches wild cards of other text with case, in any of several values', async () => {
  const catalog = await threeStudies()
  const wild = (keyword: 'PatientID' | 'AccessionNumber' | 'StudyDescription', pattern: string) =>
    found(catalog, 'STUDY', { keyword, kind: 'wildcard', pattern })
  expect(await wild('PatientID', 'A?')).toEqual(['1.2', '1.1'])
  expect(await wild('PatientID', '*1')).toEqual(['1.1', '1.3'])
  expect(await wild('AccessionNumber', 'ACC*')).toEqual(['1.2', '1.1'])
  expect(await wild('AccessionNumber', 'ACC3*')).toEqual(['1.2'])
  expect(await wild('AccessionNumber', 'acc*')).toEqual([])
  expect(await wild('StudyDescription', '*')).toEqual(['1.2', '1.1', '1.3'])
})

it('matches UID lists at and below the level asked', async () => {
  const catalog = await threeStudies()
  expect(await found(catalog, 'STUDY', { keyword: 'StudyInstanceUID', kind: 'list', values: ['1.1', '1.3', '9'] })).toEqual(['1.1', '1.3'])
  expect(await found(catalog, 'STUDY', { keyword: 'SOPInstanceUID', kind: 'value', value: '1.1.2.1' })).toEqual(['1.1'])
  expect(await found(catalog, 'SERIES', { keyword: 'SOPInstanceUID', kind: 'list', values: ['1.1.2.1', '1.2.1.1'] })).toEqual([
    '1.2.1',
    '1.1.2',
  ])
  expect(await found(catalog, 'PATIENT', { keyword: 'SeriesInstanceUID', kind: 'list', values: ['1.1.2'] })).toEqual(['A1'])
  expect(await found(catalog, 'IMAGE', { keyword: 'SeriesInstanceUID', kind: 'value', value: '1.1.2' })).toEqual(['1.1.2.1'])
  expect(await found(catalog, 'IMAGE', { keyword: 'StudyInstanceUID', kind: 'list', values: [] })).toEqual([])
})

it('matches ranges of dates and times with both ends, open ends, and both together', async () => {
  const catalog = await threeStudies()
  const range = (keyword: 'StudyDate' | 'StudyTime' | 'ContentTime', from?: string, to?: string) =>
    found(catalog, 'STUDY', { keyword, kind: 'range', from, to })
  expect(await range('StudyDate', '20260105', '20260105')).toEqual(['1.1'])
  expect(await range('StudyDate', '20260105', '20260106')).toEqual(['1.2', '1.1'])
  expect(await range('StudyDate', '20260106')).toEqual(['1.2'])
  expect(await range('StudyDate', undefined, '20260105')).toEqual(['1.1'])
  expect(await range('StudyDate')).toEqual(['1.2', '1.1'])
  expect(await range('StudyDate', '20260106', '20260105')).toEqual([])
  expect(await range('StudyDate', '20269999', undefined)).toEqual([])
  expect(await range('StudyTime', '09', '0915')).toEqual(['1.1'])
  expect(await range('StudyTime', '101500.25', '101500.25')).toEqual(['1.2'])
  expect(await range('ContentTime', '1011', '1012')).toEqual(['1.1'])
  expect(await found(catalog, 'STUDY', { keyword: 'StudyTime', kind: 'value', value: '1015' })).toEqual(['1.2'])
  expect(await found(catalog, 'STUDY', { keyword: 'StudyTime', kind: 'value', value: '1000' })).toEqual([])
  const together = (from?: string, to?: string) =>
    found(catalog, 'STUDY', { keyword: 'StudyDate', timeKeyword: 'StudyTime', kind: 'dateTimeRange', from, to })
  expect(await together('20260105100000', '20260106120000')).toEqual(['1.2'])
  expect(await together('20260105091500', '20260106')).toEqual(['1.2', '1.1'])
  expect(await together(undefined, '20260106101500.25')).toEqual(['1.2', '1.1'])
  expect(await together('2026010610150026')).toEqual([])
})

it('matches a sequence where one item has all of it', async () => {
  const catalog = await threeStudies()
  const item = (...attributes: { tag: string; pattern: string }[]) =>
    found(catalog, 'SERIES', { keyword: 'RequestAttributesSequence', kind: 'item', attributes })
  expect(await item({ tag: '00401001', pattern: 'R1' })).toEqual(['1.1.1'])
  expect(await item({ tag: '00401001', pattern: 'R?' })).toEqual(['1.2.1', '1.1.1'])
  expect(await item({ tag: '00401001', pattern: 'R2' }, { tag: '00400006', pattern: 'doc*' })).toEqual(['1.2.1'])
  expect(await item({ tag: '00401001', pattern: 'R2' }, { tag: '00400006', pattern: 'X' })).toEqual([])
  expect(await item({ tag: '__proto__', pattern: '*' })).toEqual([])
})

it('takes keys of one lower level together, ModalitiesInStudy for the whole study', async () => {
  const catalog = await threeStudies()
  const modality = { keyword: 'Modality', kind: 'value', value: 'SR' } as const
  expect(await found(catalog, 'STUDY', modality, { keyword: 'SeriesNumber', kind: 'value', value: '2' })).toEqual(['1.1'])
  expect(await found(catalog, 'STUDY', modality, { keyword: 'SeriesNumber', kind: 'value', value: '1' })).toEqual([])
  const inStudy = { keyword: 'ModalitiesInStudy', kind: 'value', value: 'SR' } as const
  expect(await found(catalog, 'SERIES', inStudy)).toEqual(['1.1.1', '1.1.2'])
  expect(await found(catalog, 'STUDY', { keyword: 'ModalitiesInStudy', kind: 'wildcard', pattern: 'M*' })).toEqual(['1.2'])
  expect(await found(catalog, 'PATIENT', inStudy)).toEqual(['A1'])
  expect(await found(catalog, 'STUDY', { keyword: 'SOPClassesInStudy', kind: 'list', values: ['1.2.840.10008.5.1.4.1.1.2'] })).toHaveLength(
    3,
  )
  expect(await found(catalog, 'STUDY', { keyword: 'SOPClassesInStudy', kind: 'value', value: '1.2.3' })).toEqual([])
})

it('computes values from rows, and hides what is only our own manifests unless asked', async () => {
  const catalog = await threeStudies()
  const derived = [
    'ModalitiesInStudy',
    'SOPClassesInStudy',
    'NumberOfPatientRelatedStudies',
    'NumberOfPatientRelatedSeries',
    'NumberOfPatientRelatedInstances',
    'NumberOfStudyRelatedSeries',
    'NumberOfStudyRelatedInstances',
    'NumberOfSeriesRelatedInstances',
  ] as const
  const manifest = { role: 'manifest', sopClassUid: KOS } as const
  await catalog.keep(instance(1, 9, 1, { PatientID: 'A1', Modality: 'KO' }, manifest))
  await catalog.keep(instance(4, 9, 1, { PatientID: 'only', Modality: 'KO' }, manifest))
  const of = async (level: Level, includeManifests: boolean) =>
    (await findAll(catalog, query(level, [{ keyword: 'PatientID', kind: 'value', value: 'A1' }], { derived, includeManifests })))[0]
  expect(await of('STUDY', false)).toMatchObject({
    ModalitiesInStudy: 'CT\\SR',
    SOPClassesInStudy: '1.2.840.10008.5.1.4.1.1.2',
    NumberOfPatientRelatedStudies: '1',
    NumberOfPatientRelatedSeries: '2',
    NumberOfPatientRelatedInstances: '2',
    NumberOfStudyRelatedSeries: '2',
    NumberOfStudyRelatedInstances: '2',
  })
  expect(await of('STUDY', false)).not.toHaveProperty('NumberOfSeriesRelatedInstances')
  expect(await of('STUDY', true)).toMatchObject({ ModalitiesInStudy: 'CT\\KO\\SR', NumberOfStudyRelatedInstances: '3' })
  expect(await of('SERIES', false)).toMatchObject({ NumberOfSeriesRelatedInstances: '1' })
  expect(await of('PATIENT', false)).toMatchObject({ NumberOfPatientRelatedInstances: '2' })
  for (const level of ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'] as const) {
    const only = query(level, [{ keyword: 'PatientID', kind: 'value', value: 'only' }])
    expect(await findAll(catalog, only)).toEqual([])
    expect(await findAll(catalog, { ...only, includeManifests: true })).toHaveLength(1)
  }
  expect(await found(catalog, 'SERIES', { keyword: 'Modality', kind: 'value', value: 'KO' })).toEqual([])
})

it('refuses a page position that is none of ours', async () => {
  const catalog = await threeStudies()
  await expect(catalog.find(query('STUDY'), 10, 'not a position')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(catalog.find(query('STUDY'), 10, Buffer.from('{"study":[1,2]}').toString('base64url'))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
})
