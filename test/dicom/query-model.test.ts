import { describe, expect, it } from 'vitest'
import { encoderFor } from '../../src/dicom/character-set.ts'
import { type DataSet, readDataSet } from '../../src/dicom/element-reader.ts'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import type { Condition } from '../../src/dicom/query.ts'
import { findRequest, type QueryModel, retrieveKeys } from '../../src/dicom/query-model.ts'
import { NodeError } from '../../src/errors.ts'

const NOTHING = { relational: false, dateTime: false, fuzzy: false }
const EXPLICIT = '1.2.840.10008.1.2.1'

type Fill = (writer: ElementWriter) => void

/** An identifier as it comes from the wire. */
function identifier(fill: Fill, characterSet?: string): DataSet {
  const writer = new ElementWriter({ explicit: true, encode: encoderFor(characterSet ?? 'ISO_IR 192') })
  writer.element(0x00080005, 'CS', characterSet ?? 'ISO_IR 192')
  fill(writer)
  return readDataSet(writer.finish(), EXPLICIT)
}

const ask = (level: string | undefined, fill: Fill = () => {}, model: QueryModel = 'STUDY', negotiated = NOTHING, set?: string) =>
  findRequest(
    identifier((writer) => {
      if (level !== undefined) writer.element(0x00080052, 'CS', level)
      fill(writer)
    }, set),
    model,
    negotiated,
  )

const conditions = (level: string, tag: number, vr: string, value: string, negotiated = NOTHING): readonly Condition[] =>
  ask(level, (writer) => writer.element(tag, vr, value), 'STUDY', negotiated).query.conditions

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
  } catch (error) {
    return error instanceof NodeError ? error.code : String(error)
  }
  return undefined
}

describe('Q1: query/retrieve level', () => {
  it.each([undefined, '', 'FOO', 'study', 'INSTANCE'])('%j: A900', (level) => {
    expect(codeOf(() => ask(level))).toBe('IDENTIFIER_MISMATCH')
  })

  it.each(['STUDY', 'STUDY ', ' STUDY'])('%j is STUDY', (level) => {
    expect(ask(level).query.level).toBe('STUDY')
  })

  it('PATIENT is of the Patient Root model only', () => {
    expect(ask('PATIENT', undefined, 'PATIENT').query.level).toBe('PATIENT')
    expect(codeOf(() => ask('PATIENT'))).toBe('IDENTIFIER_MISMATCH')
  })

  it('A900 is what the peer sees', () => {
    expect(() => ask('FOO')).toThrow(expect.objectContaining({ status: 0xa900 }))
  })
})

describe('Q2: relational keys', () => {
  it('IMAGE level without any unique key is accepted, and noted where it was not negotiated', () => {
    expect(ask('IMAGE').query).toMatchObject({ level: 'IMAGE', conditions: [] })
    expect(ask('IMAGE').warnings).toHaveLength(1)
    expect(ask('IMAGE', undefined, 'STUDY', { ...NOTHING, relational: true }).warnings).toEqual([])
  })

  it('hierarchical keys give no warning', () => {
    const request = ask('IMAGE', (writer) => writer.element(0x0020000d, 'UI', '1.2').element(0x0020000e, 'UI', '1.3'))
    expect(request.warnings).toEqual([])
    expect(request.query.conditions).toEqual([
      { keyword: 'StudyInstanceUID', kind: 'value', value: '1.2' },
      { keyword: 'SeriesInstanceUID', kind: 'value', value: '1.3' },
    ])
  })

  it('patient keys match at IMAGE level', () => {
    expect(conditions('IMAGE', 0x00100020, 'LO', 'P1')).toEqual([{ keyword: 'PatientID', kind: 'value', value: 'P1' }])
  })
})

describe('Q3: lists of UIDs', () => {
  it('10 000 of them', () => {
    const uids = Array.from({ length: 10_000 }, (_, n) => `1.2.840.99999.${'1'.repeat(40)}.${n}`)
    const started = performance.now()
    const fill: Fill = (writer) => writer.element(0x00080052, 'CS', 'STUDY').element(0x0020000d, 'UI', uids.join('\\'))
    // Too long for a UI of 16-bit length under explicit VR: implicit VR is what carries it.
    const writer = new ElementWriter({ explicit: false })
    fill(writer)
    const [list] = findRequest(readDataSet(writer.finish(), '1.2.840.10008.1.2'), 'STUDY', NOTHING).query.conditions
    expect(list).toEqual({ keyword: 'StudyInstanceUID', kind: 'list', values: uids })
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('one, doubled, empty values', () => {
    expect(conditions('STUDY', 0x0020000d, 'UI', '1.2\\1.2\\')).toEqual([{ keyword: 'StudyInstanceUID', kind: 'value', value: '1.2' }])
    expect(conditions('STUDY', 0x0020000d, 'UI', '1.2\\1.3')).toMatchObject([{ kind: 'list', values: ['1.2', '1.3'] }])
    expect(conditions('STUDY', 0x0020000d, 'UI', '*')).toEqual([])
  })

  it('a wild card in a UID is literal', () => {
    expect(conditions('STUDY', 0x0020000d, 'UI', '1.2.*')).toEqual([{ keyword: 'StudyInstanceUID', kind: 'value', value: '1.2.*' }])
  })
})

describe('Q4: text', () => {
  it.each(['%', '_', '[a-z]', "'", '"', 'a\\b', '(a+)+$', "O'Brien^Pat", "'; DROP TABLE"])('%s is literal', (text) => {
    expect(conditions('STUDY', 0x00100010, 'PN', text)).toEqual([{ keyword: 'PatientName', kind: 'value', value: text }])
    expect(conditions('STUDY', 0x00100020, 'LO', text)).toEqual([{ keyword: 'PatientID', kind: 'value', value: text }])
  })

  it.each([
    [0x00100010, 'PN', 'PatientName'],
    [0x00100020, 'LO', 'PatientID'],
    [0x00080050, 'SH', 'AccessionNumber'],
    [0x00104000, 'LT', 'PatientComments'],
    [0x00100040, 'CS', 'PatientSex'],
  ])('%i %s takes wild cards', (tag, vr, keyword) => {
    expect(conditions('STUDY', tag, vr, 'a*b?')).toEqual([{ keyword, kind: 'wildcard', pattern: 'a*b?' }])
    expect(conditions('STUDY', tag, vr, '*?'.repeat(64))).toMatchObject([{ kind: 'wildcard' }])
  })

  it.each([
    [0x00200013, 'IS', 'InstanceNumber', '1*'],
    [0x00101030, 'DS', 'PatientWeight', '7?'],
    [0x00080020, 'DA', 'StudyDate', '2026*'],
    [0x00080030, 'TM', 'StudyTime', '1?'],
  ])('%i %s does not', (tag, vr, keyword, value) => {
    expect(conditions('IMAGE', tag, vr, value)).toEqual([{ keyword, kind: 'value', value }])
  })

  it.each(['PN', 'LO', 'UI', 'DA', 'TM', 'CS', 'IS'])('a lone * in %s, and nothing, are universal', (vr) => {
    const tag = { PN: 0x00100010, LO: 0x00100020, UI: 0x0020000d, DA: 0x00080020, TM: 0x00080030, CS: 0x00080060, IS: 0x00200013 }[vr]!
    for (const value of ['*', '', '**']) expect(conditions('IMAGE', tag, vr, value)).toEqual([])
  })

  it.each(['^^^^', '*^*', '*^*^*^*^*=*'])('a name of delimiters and stars only, %s, is universal', (name) => {
    expect(conditions('STUDY', 0x00100010, 'PN', name)).toEqual([])
  })

  it('numbers', () => {
    const request = ask('IMAGE', (writer) => writer.element(0x00280010, 'US', '512').element(0x00200013, 'IS', '7'))
    expect(request.query.conditions).toEqual([
      { keyword: 'InstanceNumber', kind: 'value', value: '7' },
      { keyword: 'Rows', kind: 'value', value: '512' },
    ])
  })

  it('padding does not count, length does not matter', () => {
    expect(conditions('STUDY', 0x00100020, 'LO', ' P1  ')).toMatchObject([{ value: 'P1' }])
    expect(conditions('STUDY', 0x00081030, 'LO', 'x'.repeat(2000))).toMatchObject([{ value: 'x'.repeat(2000) }])
  })

  it('fuzzy matching, where negotiated, finds names that begin so', () => {
    const fuzzy = { ...NOTHING, fuzzy: true }
    expect(conditions('STUDY', 0x00100010, 'PN', 'Doe', fuzzy)).toEqual([{ keyword: 'PatientName', kind: 'wildcard', pattern: 'Doe*' }])
    expect(conditions('STUDY', 0x00100010, 'PN', '*Doe', fuzzy)).toMatchObject([{ pattern: '*Doe' }])
    expect(conditions('STUDY', 0x00100020, 'LO', 'P1', fuzzy)).toMatchObject([{ kind: 'value' }])
  })
})

describe('Q5: character set of the request', () => {
  it.each([
    ['ISO_IR 100', 'Müller'],
    ['ISO_IR 13', 'ﾔﾏﾀﾞ^ﾀﾛｳ'],
    ['GB18030', '乗^小东'],
    ['ISO_IR 192', 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう'],
  ])('%s', (set, name) => {
    const request = ask('STUDY', (writer) => writer.element(0x00100010, 'PN', name), 'STUDY', NOTHING, set)
    expect(request.query.conditions).toEqual([{ keyword: 'PatientName', kind: 'value', value: name }])
  })
})

describe('Q6, Q7: dates and times', () => {
  it.each<[string, readonly object[]]>([
    ['-', []],
    ['20260101-', [{ keyword: 'StudyDate', kind: 'range', from: '20260101' }]],
    ['-20261231', [{ keyword: 'StudyDate', kind: 'range', to: '20261231' }]],
    ['20261231-20260101', [{ keyword: 'StudyDate', kind: 'range', from: '20261231', to: '20260101' }]],
    ['19000101-99991231', [{ keyword: 'StudyDate', kind: 'range', from: '19000101', to: '99991231' }]],
    ['20260101', [{ keyword: 'StudyDate', kind: 'value', value: '20260101' }]],
    ['2026.01.01', [{ keyword: 'StudyDate', kind: 'value', value: '20260101' }]],
    ['2026', [{ keyword: 'StudyDate', kind: 'value', value: '2026' }]],
    ['20260230', [{ keyword: 'StudyDate', kind: 'value', value: '20260230' }]],
  ])('StudyDate %s', (text, expected) => {
    expect(conditions('STUDY', 0x00080020, 'DA', text)).toEqual(expected)
  })

  it.each(['20260101-20260230', 'x-y', '20260101--'])('a range that cannot be read, %s: A900, without the value in the error', (text) => {
    expect(codeOf(() => conditions('STUDY', 0x00080020, 'DA', text))).toBe('IDENTIFIER_MISMATCH')
    expect(() => conditions('STUDY', 0x00080020, 'DA', text)).not.toThrow(text)
  })

  it.each(['10', '1000', '101112.5'])('a single time, %s, is no range', (time) => {
    expect(conditions('STUDY', 0x00080030, 'TM', time)).toEqual([{ keyword: 'StudyTime', kind: 'value', value: time }])
  })

  const both: Fill = (writer) => writer.element(0x00080020, 'DA', '20260101-20260102').element(0x00080030, 'TM', '2200-0600')
  it('a range across midnight matches on its own, nothing then; combined with the date only where negotiated', () => {
    expect(ask('STUDY', both).query.conditions).toEqual([
      { keyword: 'StudyDate', kind: 'range', from: '20260101', to: '20260102' },
      { keyword: 'StudyTime', kind: 'range', from: '22', to: '060059.999999' },
    ])
    expect(ask('STUDY', both, 'STUDY', { ...NOTHING, dateTime: true }).query.conditions).toEqual([
      { keyword: 'StudyDate', timeKeyword: 'StudyTime', kind: 'dateTimeRange', from: '2026010122', to: '20260102060059.999999' },
    ])
  })

  it.each<[string, string, string | undefined, string | undefined]>([
    ['20260101-', '10-', '2026010110', undefined],
    ['-20260102', '-10', undefined, '20260102105959.999999'],
    ['20260101-20260102', '10-', '2026010110', '20260102235959.999999'],
    ['20260101-20260102', '-10', '20260101', '20260102105959.999999'],
  ])('combined: %s and %s', (date, time, from, to) => {
    const fill: Fill = (writer) => writer.element(0x00080020, 'DA', date).element(0x00080030, 'TM', time)
    expect(ask('STUDY', fill, 'STUDY', { ...NOTHING, dateTime: true }).query.conditions).toMatchObject([
      { kind: 'dateTimeRange', from, to },
    ])
  })

  it.each<[string, string, string, object[]]>([
    ['a single time', '20260101-20260131', '101112.5', [{ kind: 'range' }, { kind: 'value', value: '101112.5' }]],
    ['a single date', '20260101', '10-11', [{ kind: 'value' }, { kind: 'range', from: '10', to: '115959.999999' }]],
    [
      'a time whose end has no date',
      '20260101-',
      '-12',
      [
        { kind: 'range', from: '20260101' },
        { kind: 'range', to: '125959.999999' },
      ],
    ],
    ['a time whose start has no date', '-20260131', '10-12', [{ to: '20260131' }, { from: '10', to: '125959.999999' }]],
  ])('not combined: %s', (_what, date, time, expected) => {
    const fill: Fill = (writer) => writer.element(0x00080020, 'DA', date).element(0x00080030, 'TM', time)
    expect(ask('STUDY', fill, 'STUDY', { ...NOTHING, dateTime: true }).query.conditions).toMatchObject(expected)
  })

  it('another event is not combined', () => {
    const fill: Fill = (writer) => writer.element(0x00080020, 'DA', '20260101-').element(0x00080031, 'TM', '10-')
    expect(ask('SERIES', fill, 'STUDY', { ...NOTHING, dateTime: true }).query.conditions.map(({ kind }) => kind)).toEqual([
      'range',
      'range',
    ])
  })
})

describe('Q8: sequence matching', () => {
  const sequence = (...items: Fill[]) => ask('SERIES', (writer) => writer.sequence(0x00400275, items))
  const step: Fill = (item) => item.element(0x00400007, 'LO', '').element(0x00400009, 'SH', 'STEP*')

  it.each<[string, Fill[]]>([
    ['no item', []],
    ['one empty item', [() => {}]],
    ['one item of empty keys', [(item) => item.element(0x00400009, 'SH', '').element(0x00400007, 'LO', '*')]],
  ])('%s: universal', (_name, items) => {
    expect(sequence(...items).query.conditions).toEqual([])
  })

  it('one item', () => {
    const request = sequence(step)
    expect(request.query.conditions).toEqual([
      { keyword: 'RequestAttributesSequence', kind: 'item', attributes: [{ tag: '00400009', pattern: 'STEP*' }] },
    ])
    expect(request.requested.find((key) => key.tag === 0x00400275)).toMatchObject({
      source: 'indexed',
      level: 'SERIES',
      items: [
        { tag: 0x00400007, keyword: 'ScheduledProcedureStepDescription' },
        { tag: 0x00400009, keyword: 'ScheduledProcedureStepID' },
      ],
    })
  })

  it('two items: A900', () => {
    expect(codeOf(() => sequence(step, step))).toBe('IDENTIFIER_MISMATCH')
    const unknown: Fill = (writer) => writer.sequence(0x00081140, [step, step])
    expect(codeOf(() => ask('SERIES', unknown))).toBe('IDENTIFIER_MISMATCH')
  })

  it('a value deeper inside is not matched, and said so', () => {
    const deep: Fill = (item) => item.sequence(0x00400008, [(code) => code.element(0x00080100, 'SH', 'X')])
    expect(sequence(deep)).toMatchObject({ query: { conditions: [] }, unsupported: [0x00400008] })
  })
})

describe('dates inside of a sequence', () => {
  const start = (text: string) => ask('SERIES', (writer) => writer.sequence(0x00400275, [(item) => item.element(0x00400002, 'DA', text)]))
  it('a single one is matched, a range is not, and said so, a lone hyphen is universal', () => {
    expect(start('20260101')).toMatchObject({
      query: { conditions: [{ attributes: [{ tag: '00400002', pattern: '20260101' }] }] },
      unsupported: [],
    })
    expect(start('20260101-')).toMatchObject({ query: { conditions: [] }, unsupported: [0x00400002] })
    expect(start('-')).toMatchObject({ query: { conditions: [] }, unsupported: [] })
  })
})

describe('Q9: which keys come back, and from where', () => {
  it('names the source of each', () => {
    const { requested } = ask('IMAGE', (writer) => {
      writer.element(0x00100010, 'PN', '').element(0x00080061, 'CS', '').element(0x00080054, 'AE', '').element(0x00080056, 'CS', '')
      writer.element(0x0040e011, 'UI', '').element(0x00080201, 'SH', '').element(0x00189345, 'FD', '').element(0x00091001, 'LO', '')
      writer.element(0x00080018, 'UI', '')
    })
    expect(Object.fromEntries(requested.map((key) => [key.keyword ?? key.tag.toString(16), key.source]))).toEqual({
      SpecificCharacterSet: 'node',
      QueryRetrieveLevel: 'node',
      SOPInstanceUID: 'indexed',
      RetrieveAETitle: 'node',
      InstanceAvailability: 'node',
      ModalitiesInStudy: 'derived',
      TimezoneOffsetFromUTC: 'node',
      '91001': 'header',
      PatientName: 'indexed',
      CTDIvol: 'header',
      RetrieveLocationUID: 'node',
    })
  })

  it('header keys only at IMAGE level; attributes of a lower level are unknown', () => {
    const { requested, query } = ask('STUDY', (writer) =>
      writer.element(0x00189345, 'FD', '').element(0x0020000e, 'UI', '').element(0x00201209, 'IS', '').element(0x00201208, 'IS', ''),
    )
    const sources = Object.fromEntries(requested.map((key) => [key.keyword, key.source]))
    expect(sources).toMatchObject({
      CTDIvol: 'unknown',
      SeriesInstanceUID: 'unknown',
      NumberOfSeriesRelatedInstances: 'unknown',
      NumberOfStudyRelatedInstances: 'derived',
    })
    expect(query.derived).toEqual(['NumberOfStudyRelatedInstances'])
  })

  it('group lengths, groups 0000 and 0002 neither come back nor match', () => {
    const writer = new ElementWriter({ explicit: true })
    writer
      .element(0x00000100, 'US', '32')
      .element(0x00020010, 'UI', '1.2')
      .element(0x00080000, 'UL', '4')
      .element(0x00080052, 'CS', 'STUDY')
    writer.element(0x00100000, 'UL', '4').element(0x00100020, 'LO', 'P1')
    const request = findRequest(readDataSet(writer.finish(), EXPLICIT), 'STUDY', NOTHING)
    expect(request.requested.map((key) => key.tag)).toEqual([0x00080052, 0x00100020])
    expect(request.query.conditions).toHaveLength(1)
    expect(request.unsupported).toEqual([])
  })

  it('5 000 keys, private and unknown ones', () => {
    const request = ask('IMAGE', (writer) => {
      for (let n = 0; n < 5000; n++) writer.element(0x00111000 + n, 'LO', n % 2 === 0 ? '' : 'x')
    })
    expect(request.requested).toHaveLength(5002)
    expect(request.requested.slice(2).every((key) => key.source === 'header')).toBe(true)
    expect(request.unsupported).toHaveLength(2500)
    expect(request.warnings.every((warning) => warning.length < 200)).toBe(true)
  })

  it('values of keys that the node answers itself are not matched', () => {
    const request = ask('STUDY', (writer) => writer.element(0x00080054, 'AE', 'OTHER').element(0x00080056, 'CS', 'OFFLINE'))
    expect(request).toMatchObject({ query: { conditions: [] }, unsupported: [] })
  })

  it('a count is no matching key', () => {
    expect(ask('STUDY', (writer) => writer.element(0x00201208, 'IS', '5'))).toMatchObject({
      query: { conditions: [], derived: ['NumberOfStudyRelatedInstances'] },
      unsupported: [0x00201208],
    })
  })

  it('a value below the level asked for is not matched, and said so', () => {
    expect(ask('STUDY', (writer) => writer.element(0x0020000e, 'UI', '1.3'))).toMatchObject({
      query: { conditions: [], includeManifests: false },
      unsupported: [0x0020000e],
    })
  })
})

describe('Q10: unknown character sets', () => {
  it.each(['ISO_IR 999', 'ISO 2022 IR 6\\..', '\\\\\\'])('%j: matched on what can be read', (set) => {
    const writer = new ElementWriter({ explicit: true, encode: (text) => Buffer.from(text, 'latin1') })
    writer.element(0x00080005, 'CS', set).element(0x00080052, 'CS', 'STUDY').element(0x00100010, 'PN', 'Doe\x1b^\xe9')
    const request = findRequest(readDataSet(writer.finish(), EXPLICIT), 'STUDY', NOTHING)
    expect(request.query.conditions).toEqual([{ keyword: 'PatientName', kind: 'value', value: 'Doe^é' }])
  })
})

describe('modalities, classes and manifests', () => {
  it.each<[string, object]>([
    ['CT', { kind: 'value', value: 'CT' }],
    ['C*', { kind: 'wildcard', pattern: 'C*' }],
    ['CT\\MR', { kind: 'list', values: ['CT', 'MR'] }],
  ])('ModalitiesInStudy %s; Modality at STUDY level is the same', (text, expected) => {
    const wanted = [{ keyword: 'ModalitiesInStudy', ...expected }]
    expect(conditions('STUDY', 0x00080061, 'CS', text)).toEqual(wanted)
    expect(conditions('STUDY', 0x00080060, 'CS', text)).toEqual(wanted)
    expect(conditions('SERIES', 0x00080060, 'CS', text)).toEqual([{ keyword: 'Modality', ...expected }])
  })

  it('SOPClassesInStudy', () => {
    expect(conditions('STUDY', 0x00080062, 'UI', '1.2\\1.3')).toEqual([
      { keyword: 'SOPClassesInStudy', kind: 'list', values: ['1.2', '1.3'] },
    ])
  })

  it.each<[string, number, string, string, boolean]>([
    ['SERIES', 0x00080060, 'CS', 'KO', true],
    ['SERIES', 0x00080060, 'CS', 'CT\\KO', true],
    ['SERIES', 0x00080060, 'CS', 'CT', false],
    ['SERIES', 0x00080060, 'CS', '*', false],
    ['STUDY', 0x00080061, 'CS', 'KO', true],
    ['IMAGE', 0x00080018, 'UI', '1.2.3', true],
    ['IMAGE', 0x0020000e, 'UI', '1.2.3', true],
    ['IMAGE', 0x0020000d, 'UI', '1.2.3', false],
    ['IMAGE', 0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.88.59', true],
  ])('%s with %i %s %s includes manifests: %s', (level, tag, vr, value, included) => {
    expect(ask(level, (writer) => writer.element(tag, vr, value)).query.includeManifests).toBe(included)
  })
})

describe('retrieval (PS3.4 C.4.2.2.1)', () => {
  const retrieve = (level: string | undefined, fill: Fill = () => {}, model: QueryModel = 'STUDY') =>
    retrieveKeys(
      identifier((writer) => {
        if (level !== undefined) writer.element(0x00080052, 'CS', level)
        fill(writer)
      }),
      model,
    )
  const keys = (study?: string, series?: string, image?: string, patient?: string): Fill => {
    return (writer) => {
      if (patient !== undefined) writer.element(0x00100020, 'LO', patient)
      if (study !== undefined) writer.element(0x0020000d, 'UI', study)
      if (series !== undefined) writer.element(0x0020000e, 'UI', series)
      if (image !== undefined) writer.element(0x00080018, 'UI', image)
    }
  }

  it('study, series and image, with and without the keys above', () => {
    expect(retrieve('STUDY', keys('1.2'))).toEqual({ level: 'STUDY', keys: { studyInstanceUids: ['1.2'] } })
    expect(retrieve('SERIES', keys('1.2', '1.3'))).toEqual({
      level: 'SERIES',
      keys: { studyInstanceUids: ['1.2'], seriesInstanceUids: ['1.3'] },
    })
    expect(retrieve('IMAGE', keys(undefined, '', '1.4\\1.5\\1.4')).keys).toEqual({ sopInstanceUids: ['1.4', '1.5'] })
  })

  it('keys below the level are left out', () => {
    expect(retrieve('STUDY', keys('1.2', '1.3', '1.4')).keys).toEqual({ studyInstanceUids: ['1.2'] })
  })

  it('Patient ID: in the Patient Root model', () => {
    expect(retrieve('PATIENT', keys('1.2', undefined, undefined, 'P1'), 'PATIENT').keys).toEqual({ patientId: 'P1' })
    expect(retrieve('STUDY', keys('1.2', undefined, undefined, 'P1'), 'PATIENT').keys).toEqual({
      patientId: 'P1',
      studyInstanceUids: ['1.2'],
    })
    expect(retrieve('STUDY', keys('1.2', undefined, undefined, 'P*')).keys).toEqual({ studyInstanceUids: ['1.2'] })
  })

  it.each<[string, string | undefined, Fill, QueryModel]>([
    ['no level', undefined, keys('1.2'), 'STUDY'],
    ['unknown level', 'FOO', keys('1.2'), 'STUDY'],
    ['PATIENT in Study Root', 'PATIENT', keys('1.2', undefined, undefined, 'P1'), 'STUDY'],
    ['no study', 'STUDY', keys(), 'STUDY'],
    ['empty study', 'STUDY', keys(''), 'STUDY'],
    ['study *', 'STUDY', keys('*'), 'STUDY'],
    ['study list with a wild card', 'STUDY', keys('1.2\\1.*'), 'STUDY'],
    ['no series', 'SERIES', keys('1.2'), 'STUDY'],
    ['no image', 'IMAGE', keys('1.2', '1.3'), 'STUDY'],
    ['study above is a wild card', 'SERIES', keys('*', '1.3'), 'STUDY'],
    ['no patient', 'PATIENT', keys(), 'PATIENT'],
    ['patient *', 'PATIENT', keys(undefined, undefined, undefined, '*'), 'PATIENT'],
    ['list of patients', 'PATIENT', keys(undefined, undefined, undefined, 'A\\B'), 'PATIENT'],
    ['a path', 'IMAGE', keys(undefined, undefined, '../../etc/passwd'), 'STUDY'],
  ])('%s: A900', (_name, level, fill, model) => {
    expect(codeOf(() => retrieve(level, fill, model))).toBe('IDENTIFIER_MISMATCH')
  })
})
