/** The dialect of MADO: its tree, what it takes from where, and beside the official sample of the same study. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uid } from '../../src/dicom/uid.ts'
import { previewManifest } from '../../src/manifest/preview.ts'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { importFiles } from '../../src/receive/import-files.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { act, BASE, chest, dataSetOf, fileIn, KOS, treeOf, whole } from './dialect-samples.ts'
import { holdNothing } from './held-studies.ts'
import { judge } from './oracles.ts'
import { CT, patient, series } from './sample-study.ts'

silenceLog()
afterAll(closeAll)

it('point 40: the tree of TID 1600, with counts as in the evidence', async () => {
  const tree = treeOf(dataSetOf(await fileIn('mado', { keys: { ...patient, ProcedureCodeSequence: act } })))
  expect(tree).toEqual([
    'HAS CONCEPT MOD | CODE | Procedure Code | ZBQK002 CCAM',
    'CONTAINS | CONTAINER | Image Library',
    '  HAS ACQ CONTEXT | CODE | Modality | CT DCM',
    '  HAS ACQ CONTEXT | CODE | Modality | US DCM',
    '  HAS ACQ CONTEXT | CODE | Target Region | 67734004 SCT',
    '  HAS ACQ CONTEXT | NUM | Number of Study Related Series | 3 {series}',
    '  CONTAINS | CONTAINER | Image Library Group',
    '    HAS ACQ CONTEXT | CODE | Modality | CT DCM',
    '    HAS ACQ CONTEXT | DATE | Series Date | 20260115',
    '    HAS ACQ CONTEXT | TIME | Series Time | 101600',
    '    HAS ACQ CONTEXT | TEXT | Series Description | Parenchyme',
    '    HAS ACQ CONTEXT | TEXT | Series Number | 1',
    '    HAS ACQ CONTEXT | UIDREF | Series Instance UID | 1.2.3.4.1',
    '    HAS ACQ CONTEXT | CODE | Target Region | 51185008 SCT',
    '    HAS ACQ CONTEXT | NUM | Number of Series Related Instances | 2 {instances}',
    '    CONTAINS | IMAGE | 1.2.3.4.1.1',
    '      HAS ACQ CONTEXT | TEXT | Instance Number | 1',
    '    CONTAINS | IMAGE | 1.2.3.4.1.2',
    '      HAS ACQ CONTEXT | TEXT | Instance Number | 2',
    '  CONTAINS | CONTAINER | Image Library Group',
    '    HAS ACQ CONTEXT | CODE | Modality | US DCM',
    '    HAS ACQ CONTEXT | TEXT | Series Number | 2',
    '    HAS ACQ CONTEXT | UIDREF | Series Instance UID | 1.2.3.4.2',
    '    HAS ACQ CONTEXT | TEXT | Target Region | SOMEWHERE',
    '    HAS ACQ CONTEXT | NUM | Number of Series Related Instances | 1 {instances}',
    '    CONTAINS | IMAGE | 1.2.3.4.2.1',
    '      HAS ACQ CONTEXT | NUM | Number of Frames | 120 {frames}',
    '      HAS ACQ CONTEXT | TEXT | Instance Number | 1',
    '  CONTAINS | CONTAINER | Image Library Group',
    '    HAS ACQ CONTEXT | CODE | Modality | KO DCM',
    '    HAS ACQ CONTEXT | TEXT | Series Description | Images clés',
    '    HAS ACQ CONTEXT | TEXT | Series Number | 3',
    '    HAS ACQ CONTEXT | UIDREF | Series Instance UID | 1.2.3.4.3',
    '    HAS ACQ CONTEXT | NUM | Number of Series Related Instances | 1 {instances}',
    '    CONTAINS | COMPOSITE | 1.2.3.4.3.1',
    '      HAS ACQ CONTEXT | TEXT | Instance Number | 1',
    '      HAS ACQ CONTEXT | CODE | Document Title | 113000 DCM',
    'CONTAINS | IMAGE | 1.2.3.4.1.1',
    'CONTAINS | IMAGE | 1.2.3.4.1.2',
    'CONTAINS | IMAGE | 1.2.3.4.2.1',
    'CONTAINS | COMPOSITE | 1.2.3.4.3.1',
  ])
})

it('point 40: the codes are switchable, the title with them', async () => {
  const codesOf = async (codes: 'trial' | 'final') => {
    const file = await fileIn('mado', { mado: { codes } })
    const text = file.toString('latin1')
    return [readManifest(file).title.value, text.includes('99IHE'), ...['MADOTEMP', '131561', '131565'].map((code) => text.includes(code))]
  }
  expect(await codesOf('trial')).toEqual(['MADOTEMP001', true, true, false, false])
  expect(await codesOf('final')).toEqual(['131560', false, false, true, true])
})

it('point 40: institution, offset, issuers, location stand where the profile demands them', async () => {
  const root = dataSetOf(await fileIn('mado', { keys: { ...patient, IssuerOfPatientID: '', IssuerOfPatientIDQualifiersSequence: '' } }))
  expect([root.text(0x00080080), root.text(0x00080201)]).toEqual(['Hôpital de la Croix-Rousse', '+0100'])
  const issuer = (item: typeof root, tag: number) => item.items(tag)[0]?.text(0x00400032)
  expect([root.text(0x00100021), issuer(root, 0x00100024), issuer(root, 0x00080051)]).toEqual(['HOSPITAL', '1.2.3.100', '1.2.3.101'])
  const [primary, other] = root.items(0x00101002)
  expect([primary!.text(0x00100020), primary!.text(0x00100021), issuer(primary!, 0x00100024)]).toEqual(['P-0815', 'HOSPITAL', '1.2.3.100'])
  expect(other!.text(0x00100020)).toBe('OTHER-1')
})

it('an issuer that the instances state is not replaced', async () => {
  const stated = JSON.stringify([{ '00400032': { vr: 'UT', Value: ['1.2.9.9'] }, '00400033': { vr: 'CS', Value: ['ISO'] } }])
  const root = dataSetOf(await fileIn('mado', { keys: { ...patient, IssuerOfAccessionNumberSequence: stated } }))
  expect(root.items(0x00080051)[0]!.text(0x00400032)).toBe('1.2.9.9')
  expect(root.items(0x00100024)[0]!.text(0x00400032)).toBe('1.2.250.1.213.1.4.10')
})

describe('an absent accession number', () => {
  const keys = { ...patient, AccessionNumber: '' }
  const read = async (generateAccession: boolean) => {
    const root = dataSetOf(await fileIn('mado', { keys, evidence: [chest], mado: { generateAccession } }))
    return [
      root.text(0x00080050),
      ...root.items(0x0040a370).map((item) => [item.text(0x00080050), item.items(0x00080051)[0]?.text(0x00400032)]),
    ]
  }
  it('stays absent unless one is to be made', async () => expect(await read(false)).toEqual([undefined]))
  it('is made from the study, the same each time', async () => {
    const [made, ...requests] = await read(true)
    expect(made).toMatch(/^A[0-9A-Z]{14}$/)
    expect(requests).toEqual([[made, '1.2.3.101']])
    expect(await read(true)).toEqual([made, ...requests])
  })
})

it('Study Date and Time come from the earliest series where the study has none', async () => {
  const later = series(2, [CT], { SeriesDate: '20260115', SeriesTime: '120000' })
  const root = dataSetOf(await fileIn('mado', { keys: { ...patient, StudyDate: '', StudyTime: '' }, evidence: [later, chest] }))
  expect([root.text(0x00080020), root.text(0x00080030)]).toEqual(['20260115', '101600'])
})

it('a region that no series names is the configured one, or none', async () => {
  const regions = async (defaultRegion?: string) =>
    treeOf(dataSetOf(await fileIn('mado', { evidence: [series(1, [CT])], mado: { defaultRegion } }))).filter((line) =>
      line.includes('Region'),
    )
  expect(await regions()).toEqual([])
  expect(await regions('WHOLEBODY')).toEqual(['  HAS ACQ CONTEXT | CODE | Target Region | 38266002 SCT'])
})

it('a modality that the table does not know is Other; a study without acquisition names what it has', async () => {
  const tree = treeOf(dataSetOf(await fileIn('mado', { evidence: [series(1, [KOS], { Modality: 'ZZ' })] })))
  expect(tree.filter((line) => line.includes('Modality'))).toEqual([
    '  HAS ACQ CONTEXT | CODE | Modality | OT DCM',
    '    HAS ACQ CONTEXT | CODE | Modality | OT DCM',
  ])
})

describe('the validators know only the older template (spec of 2022)', () => {
  /** What each complains of, and why that is no fault. */
  const KNOWN: readonly [RegExp, string][] = [
    [/dciodvfy: Error .*Unrecognized enumerated value = <(NUM|DATE|TIME)>$/, 'PS3.3 C.17.6.2 allowed these value types with CP-2595'],
    [/dsrdump: E: Cannot add "contains CONTAINER" to CONTAINER in Key Object Selection Document/, 'TID 2010 row 11, CP-2595'],
    [/dsrdump: E: Reading content item "1\.\d+" \(Invalid by-value Relationship\)/, 'the same'],
    [/dsrdump: F: dsrdump: error \(Invalid by-value Relationship\) parsing file/, 'the same'],
  ]
  it('and complain of nothing else', async () => {
    const { errors } = judge(await fileIn('mado', { keys: { ...patient, ProcedureCodeSequence: act } }))
    expect(errors.filter((line) => !KNOWN.some(([pattern]) => pattern.test(line)))).toEqual([])
    for (const [pattern] of KNOWN) expect([pattern, errors.some((line) => pattern.test(line))]).toEqual([pattern, true])
  })
})

describeCorpus('beside the official sample of study B', () => {
  const STUDY = '1.2.250.1.59.40211.22756022.2.1.102'
  let ours: Buffer
  let theirs: Buffer

  beforeAll(async () => {
    const held = await holdNothing({ settings: { ...whole, retrieveUrl: BASE, timezone: 'Europe/Paris' } })
    const files = corpusFiles().map((file) => file.path)
    const images = files.filter((file) => file.includes('Study_B.zip'))
    for await (const file of importFiles(held.door, images, { source: 'CORPUS', guess: true })) void file
    const preview = await previewManifest(held.parts, uid(STUDY), 'mado')
    if (preview.kind !== 'made') throw new Error(preview.kind)
    ours = preview.file
    theirs = readFileSync(files.find((file) => file.endsWith('MADO_KOS_B.dcm'))!)
  }, 60_000)

  it('refers to the same instances, in the same series', () => {
    const references = (file: Buffer) => {
      const { series: read } = readManifest(file)
      return read.map((one) => [one.seriesInstanceUid, one.instances.map((each) => [each.sopInstanceUid, each.sopClassUid])])
    }
    expect(references(ours)).toEqual(references(theirs))
  })

  it('has the same title and head, but for what follows', () => {
    const [a, b] = [dataSetOf(ours), dataSetOf(theirs)]
    const tags = [
      0x0020000d, 0x00080020, 0x00080030, 0x00080050, 0x00080060, 0x00081030, 0x00080201, 0x0040a050, 0x00100010, 0x00100020, 0x00100021,
    ]
    const differing = tags.filter((tag) => a.text(tag) !== b.text(tag)).map((tag) => [tag.toString(16), a.text(tag), b.text(tag)])
    expect(differing).toEqual(HEAD_DIFFERENCES)
    expect(a.items(0x0040a043)[0]!.text(0x00080100)).toBe(b.items(0x0040a043)[0]!.text(0x00080100))
  })

  /** Descriptors of instances: the sample has them before the entry, we below it, as TID 1601 says; counts: TEXT there, NUM here. */
  it('has the same tree, but for what follows', () => {
    const [a, b] = [ours, theirs].map((file) => treeOf(dataSetOf(file)).map((line) => line.trimStart()))
    const missing = b!.filter((line) => !a!.includes(line))
    const added = a!.filter((line) => !b!.includes(line))
    expect({ missing, added }).toEqual(TREE_DIFFERENCES)
    const count = (lines: readonly string[], part: string) => lines.filter((line) => line.includes(part)).length
    for (const part of ['| IMAGE |', '| COMPOSITE |', '| CONTAINER |', 'Series Instance UID', 'Modality'])
      expect([part, count(a!, part)]).toEqual([part, count(b!, part)])
    // the sample leaves out that of the key image note, which has one
    expect([count(a!, 'Instance Number'), count(b!, 'Instance Number')]).toEqual([21, 20])
  })
})

/** Tag, ours, theirs. The sample does not say what its images say: dates and accession number are those of the images here. */
const HEAD_DIFFERENCES = [
  ['80020', '20220822', '20260224'],
  ['80030', '083117.658000', '162310.000'],
  ['80050', '8529258169397744', undefined], // they have two requests, the images one
  ['80201', '+0200', '+0100'], // of the day of the study
  ['100021', 'HOSPITAL', 'ACME_HOSPITAL'], // no image says an issuer: as configured
]
const TREE_DIFFERENCES = {
  missing: [
    'HAS ACQ CONTEXT | CODE | Target Region | 63337009 SCT', // the images say HEAD
    'HAS ACQ CONTEXT | DATE | Series Date | 20231018', // another day in the images
    'HAS ACQ CONTEXT | CODE | Target Region | 63337009 SCT',
    'HAS ACQ CONTEXT | TEXT | Number of Series Related Instances | (20, UCUM, "instances")', // a number is NUM (CP-2595)
    'HAS ACQ CONTEXT | DATE | Series Date | 20231018', // the key image note has no date, time or description of its series
    'HAS ACQ CONTEXT | TIME | Series Time | 164958.337000',
    'HAS ACQ CONTEXT | TEXT | Series Description | Series B2 (Significant images)',
    'HAS ACQ CONTEXT | TEXT | Series Number | 2', // 59 in the note
    'HAS ACQ CONTEXT | CODE | Target Region | 63337009 SCT', // nor a body part
    'HAS ACQ CONTEXT | TEXT | Number of Series Related Instances | (1, UCUM, "instances")',
    'HAS ACQ CONTEXT | TEXT | Key Object Description | Significant DICOM Instances', // not indexed
  ],
  added: [
    'HAS ACQ CONTEXT | CODE | Target Region | 774007 SCT',
    'HAS ACQ CONTEXT | DATE | Series Date | 20220822',
    'HAS ACQ CONTEXT | CODE | Target Region | 69536005 SCT',
    'HAS ACQ CONTEXT | NUM | Number of Series Related Instances | 20 {instances}',
    'HAS ACQ CONTEXT | TEXT | Series Number | 59',
    'HAS ACQ CONTEXT | NUM | Number of Series Related Instances | 1 {instances}',
  ],
}
