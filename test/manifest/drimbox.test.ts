/** The French dialect: what the samples of the ANS have, kept valid. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { IndexKeys } from '../../src/dicom/index-attributes.ts'
import { missingIn } from '../../src/manifest/dialects.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { act, BASE, chest, contentOf, dataSetOf, fileIn, type Sample } from './dialect-samples.ts'
import { patient, series } from './sample-study.ts'

/** Of the sample Manifest_KOS (informatif/KIN), whose examination has one series of nuclear medicine. */
const INS = '279035121518989'
const french: IndexKeys = {
  ...patient,
  PatientID: INS,
  IssuerOfPatientID: '',
  IssuerOfPatientIDQualifiersSequence: '',
  OtherPatientIDsSequence: '',
  StudyDescription: 'Examen E',
  PatientComments: '63220',
}

function identifiersOf(root: ReturnType<typeof dataSetOf>): unknown[] {
  const read = (item: typeof root) => [item.text(0x00100020), item.text(0x00100021), item.items(0x00100024)[0]?.text(0x00400032)]
  return [read(root), ...root.items(0x00101002).map(read)]
}

function descriptionOf(root: ReturnType<typeof dataSetOf>): string | undefined {
  const last = root.items(0x0040a730).at(-1)!
  return last.text(0x0040a040) === 'TEXT' ? last.text(0x0040a160) : undefined
}

describe('the INS', () => {
  const read = async (sample: Sample) => identifiersOf(dataSetOf(await fileIn('drimbox', sample)))

  for (const [ins, oid, issuer] of [
    ['nir', '1.2.250.1.213.1.4.8', 'ASIP-SANTE-INS-NIR'],
    ['nia', '1.2.250.1.213.1.4.9', undefined],
    ['test', '1.2.250.1.213.1.4.10', 'ASIP-SANTE-INS-NIR'],
    ['demo', '1.2.250.1.213.1.4.11', 'ASIP-SANTE-INS-NIR'],
  ] as const) {
    it(`point 22: configured as ${ins}: ${oid}`, async () => {
      const one = [INS, issuer, oid]
      expect(await read({ keys: french, drimbox: { ins } })).toEqual([one, one])
    })
  }

  it('stated among the other identifiers, it becomes the Patient ID, and the former one stays', async () => {
    const item = {
      '00100020': { vr: 'LO', Value: [INS] },
      '00100021': { vr: 'LO', Value: ['ASIP-SANTE-INS-NIR'] },
      '00100024': {
        vr: 'SQ',
        Value: [{ '00400032': { vr: 'UT', Value: ['1.2.250.1.213.1.4.8'] }, '00400033': { vr: 'CS', Value: ['ISO'] } }],
      },
    }
    const keys = { ...french, PatientID: 'LOCAL-1', OtherPatientIDsSequence: JSON.stringify([item]) }
    const ins = [INS, 'ASIP-SANTE-INS-NIR', '1.2.250.1.213.1.4.8']
    expect(await read({ keys, drimbox: { ins: 'test' } })).toEqual([ins, ins, ['LOCAL-1', undefined, undefined]])
  })

  it('is not what does not look like one, nor what the images say to be of somebody else', async () => {
    const local = { ...french, PatientID: 'LOCAL-1' }
    expect((await read({ keys: local, from: {}, drimbox: { ins: 'nir' } }))[0]).toEqual(['LOCAL-1', undefined, undefined])
    const elsewhere = JSON.stringify([{ '00400032': { vr: 'UT', Value: ['1.2.3'] }, '00400033': { vr: 'CS', Value: ['ISO'] } }])
    const keys = { ...french, IssuerOfPatientIDQualifiersSequence: elsewhere }
    expect((await read({ keys, from: {}, drimbox: { ins: 'nir' } }))[0]).toEqual([INS, undefined, '1.2.3'])
    expect(missingIn('drimbox', contentOf({ keys, drimbox: { ins: 'nir' } }))).toEqual(['INS'])
  })

  it('of Corsica has a letter', async () => {
    const keys = { ...french, PatientID: '279032A12151898' }
    expect((await read({ keys, drimbox: { ins: 'nir' } }))[0]).toEqual(['279032A12151898', 'ASIP-SANTE-INS-NIR', '1.2.250.1.213.1.4.8'])
  })
})

describe('the description', () => {
  const scan = series(1, ['1.2.840.10008.5.1.4.1.1.20'], { Modality: 'NM', SeriesDescription: 'Serie E1' })

  it('has the lines of the sample, sign for sign', async () => {
    const procedure = JSON.stringify([
      {
        '00080100': { vr: 'SH', Value: ['KCQL001'] },
        '00080102': { vr: 'SH', Value: ['CCAM'] },
        '00080104': { vr: 'LO', Value: ['MN glande thyroïde ; incidences avec I-131 IV'] },
      },
    ])
    const root = dataSetOf(await fileIn('drimbox', { keys: { ...french, ProcedureCodeSequence: procedure }, evidence: [scan] }))
    expect(descriptionOf(root)).toBe(
      'Examen : Examen E\nActe = MN glande thyroïde ; incidences avec I-131 IV\nSérie-1.2.3.4.1 : NM @ : Serie E1\n',
    )
    expect(root.items(0x0040a730).at(-1)!.items(0x0040a043)[0]!.text(0x00080100)).toBe('113012')
  })

  it('names the part of the body, and leaves open what nobody knows', async () => {
    const bare = series(2, ['1.2.840.10008.5.1.4.1.1.2'])
    const root = dataSetOf(await fileIn('drimbox', { keys: { ...french, StudyDescription: '' }, evidence: [chest, bare] }))
    expect(descriptionOf(root)).toBe('Examen : \nActe = \nSérie-1.2.3.4.1 : CT @ Chest : Parenchyme\nSérie-1.2.3.4.2 : CT @ : \n')
  })

  it('a line feed in a name makes no line', async () => {
    const forged = series(1, ['1.2.840.10008.5.1.4.1.1.2'], { SeriesDescription: 'A\nActe = B' })
    expect(descriptionOf(dataSetOf(await fileIn('drimbox', { keys: french, evidence: [forged] })))!.split('\n')).toHaveLength(4)
  })

  it('is not there where it is not wanted', async () => {
    expect(descriptionOf(dataSetOf(await fileIn('drimbox', { drimbox: { description: false } })))).toBeUndefined()
  })
})

describe('hints', () => {
  const read = async (hints: boolean) => {
    const root = dataSetOf(await fileIn('drimbox', { drimbox: { hints } }))
    return root
      .items(0x0040a375)[0]!
      .items(0x00081115)
      .map((one) => [one.text(0x00200011), ...one.items(0x00081199).map((each) => [each.text(0x00200013), each.text(0x00280008)])])
  }
  it('stand beside the references', async () => {
    expect(await read(true)).toEqual([
      ['1', ['1', undefined], ['2', undefined]],
      ['2', ['1', '120']],
      ['3', ['1', undefined]],
    ])
  })
  it('or not', async () => expect((await read(false)).flat(2).filter((one) => one !== undefined)).toEqual([]))
})

it('the accession number stands in the request, and elsewhere only where wanted', async () => {
  const read = async (accession: 'request' | 'both') => {
    const root = dataSetOf(await fileIn('drimbox', { evidence: [chest], drimbox: { accession } }))
    const [request] = root.items(0x0040a370)
    return [root.text(0x00080050), request!.text(0x00080050), request!.items(0x00080051)[0]!.text(0x00400032)]
  }
  expect(await read('request')).toEqual([undefined, 'ACC-1', '1.2.3.101'])
  expect(await read('both')).toEqual(['ACC-1', 'ACC-1', '1.2.3.101'])
})

describe('beside the samples of the ANS', () => {
  /** Elements of the head of informatif/KIN/Manifest_KOS, group 0002 left out. */
  const SAMPLE_HEAD = [
    ...[0x00080005, 0x00080012, 0x00080013, 0x00080016, 0x00080018, 0x00080020, 0x00080021, 0x00080023, 0x00080030, 0x00080031, 0x00080033],
    ...[0x00080050, 0x00080060, 0x00080070, 0x00080080, 0x00080090, 0x00080201, 0x00081030, 0x00081111, 0x00100010, 0x00100020, 0x00100021],
    ...[0x00100024, 0x00100030, 0x00100040, 0x00101001, 0x00101002, 0x00104000, 0x0020000d, 0x0020000e, 0x00200010, 0x00200011, 0x00200013],
    ...[0x0040a040, 0x0040a043, 0x0040a050, 0x0040a370, 0x0040a375, 0x0040a730],
  ]

  it('has every element that they have, but the date and time of its series (type 3)', async () => {
    const keys = { ...french, OtherPatientNames: '^DOMINIQUE\\PAT-TROIS^DOMINIQUE', ProcedureCodeSequence: act }
    const root = dataSetOf(await fileIn('drimbox', { keys, drimbox: { ins: 'test' } }))
    expect(SAMPLE_HEAD.filter((tag) => !root.has(tag))).toEqual([0x00080021, 0x00080031])
    expect([root.text(0x00200011), root.text(0x00200013), root.text(0x00080060), root.text(0x00104000)]).toEqual(['59', '1', 'KO', '63220'])
    expect(root.text(0x00101001)).toBe('^DOMINIQUE\\PAT-TROIS^DOMINIQUE')
  })

  it('says more of each series: AE title and location', async () => {
    const [one] = dataSetOf(await fileIn('drimbox'))
      .items(0x0040a375)[0]!
      .items(0x00081115)
    expect([...one!.elements.keys()]).toEqual([0x00080054, 0x00081190, 0x00081199, 0x0020000e, 0x00200011, 0x0040e011])
    expect(one!.text(0x00081190)).toBe(`${BASE}/studies/1.2.3.4/series/1.2.3.4.1`)
  })
})

describeCorpus('beside the sample of the proof of concept', () => {
  it('has the form of its Retrieve URL, and not its faults', async () => {
    const sample = corpusFiles().find((file) => file.name.includes('DRIM-M_DRIMbox') && file.name.endsWith('kos.dcm'))!
    const theirs = dataSetOf(readFileSync(sample.path))
    const url = (root: typeof theirs) => {
      const study = root.items(0x0040a375)[0]!
      const [one] = study.items(0x00081115)
      const end = `/studies/${study.text(0x0020000d)}/series/${one!.text(0x0020000e)}`
      return [one!.text(0x00081190)!.endsWith(end), one!.text(0x00081190)!.startsWith('http')]
    }
    const ours = dataSetOf(await fileIn('drimbox'))
    expect(url(ours)).toEqual(url(theirs))
    expect(url(ours)).toEqual([true, true])
    expect(ours.has(0x0040a160)).toBe(false)
  })
})
