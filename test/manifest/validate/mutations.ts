/** Every rule of the validator with a way to break it and nothing else: what is done to a good manifest, and where it must be found. */
import type { Dialect } from '../../../src/manifest/validate/dialects.ts'
import type { RuleName } from '../../../src/manifest/validate/rules.ts'
import { code, type EditableFile, type Elements, elements } from './editable-document.ts'
import { count, description } from './good-manifests.ts'

export interface Mutation {
  readonly rule: RuleName
  /** Of the finding. */
  readonly path: string | RegExp
  readonly what: string
  readonly dialect?: Dialect
  /** Rules that cannot but be broken too. */
  readonly also?: readonly RuleName[]
  /** Bytes that are returned are the file; else the file is written as it then is. */
  readonly do: (file: EditableFile) => unknown
  /** Whether dciodvfy says an error of it too; left open where it was not tried. */
  readonly dciodvfy?: boolean
}

export const EVIDENCE = 0x0040a375
const SERIES = 0x00081115
const SOPS = 0x00081199
const CONTENT = 0x0040a730
const REQUESTS = 0x0040a370
const OTHERS = 0x00101002
const KEY_NAME = 0x0040a043
const CT = '1.2.840.10008.5.1.4.1.1.2'

const series = (file: EditableFile, number = 0): Elements => file.root.at(EVIDENCE, 0, SERIES, number)
const sop = (file: EditableFile, number = 0): Elements => series(file).at(SOPS, number)
const content = (file: EditableFile, number = 0): Elements => file.root.at(CONTENT, number)
const items = (from: Elements, tag: number): Elements[] => from.node(tag).items!

const S1 = '(0040,A375)[1] > (0008,1115)[1]'
const REQUEST = '(0040,A370)[1]'
const C1 = '(0040,A730)[1]'

function of(dialect: Dialect, mutations: readonly Mutation[]): readonly Mutation[] {
  return mutations.map((mutation) => ({ ...mutation, dialect }))
}

/** One attribute that must be there. */
function absent(rule: RuleName, tag: number, path: string, dciodvfy?: boolean): Mutation {
  return { rule, path, what: `without ${path}`, dciodvfy, do: (file) => void file.root.remove(tag) }
}
function absentIn(rule: RuleName, find: (file: EditableFile) => Elements, tag: number, path: string, dciodvfy?: boolean): Mutation {
  return { rule, path, what: `without ${path}`, dciodvfy, do: (file) => void find(file).remove(tag) }
}
function wrongValue(tag: number, vr: string, bytes: string, path: string): Mutation {
  return { rule: 'value', path, what: `${vr} ${JSON.stringify(bytes)}`, do: (file) => void file.root.set(tag, Buffer.from(bytes), vr) }
}

const FILE: readonly Mutation[] = [
  { rule: 'no-dicom', path: 'file', what: 'a text', do: () => Buffer.from('This is no DICOM file at all, however long one reads on.') },
  {
    rule: 'too-large',
    path: 'file',
    what: 'beyond the limit',
    do: (file) => Buffer.concat([file.write(), Buffer.alloc(128 * 1024 * 1024)]),
  },
  { rule: 'preamble', path: 'file', what: 'no preamble', do: (file) => file.write().subarray(132) },
  { rule: 'preamble-content', path: 'file', what: 'a preamble of TIFF', do: (file) => void file.preamble.write('II*') },
  { rule: 'bare-data-set', path: 'file', what: 'a data set alone', do: (file) => file.root.write() },
  {
    rule: 'meta-missing',
    path: '(0002,0012) ImplementationClassUID',
    what: 'no implementation',
    do: (file) => void file.meta.remove(0x00020012),
  },
  { rule: 'meta-version', path: /0002,0001/, what: 'version 2', do: (file) => void file.meta.set(0x00020001, Buffer.from([0, 2])) },
  {
    rule: 'meta-group-length',
    path: '(0002,0000) FileMetaInformationGroupLength',
    what: 'a length that lies',
    do: (file) => {
      file.write()
      file.meta.set(0x00020000, Buffer.from([1, 1, 0, 0]))
      return file.write(true)
    },
  },
  { rule: 'meta-class', path: /0002,0002/, what: 'another class', do: (file) => void file.meta.set(0x00020002, CT) },
  { rule: 'meta-instance', path: /0002,0003/, what: 'another instance', do: (file) => void file.meta.set(0x00020003, '2.25.77') },
  { rule: 'meta-private', path: /0002,0100/, what: 'no creator', do: (file) => void file.meta.set(0x00020102, Buffer.from('ab')) },
  { rule: 'transfer-syntax', path: /0002,0010/, what: 'an unknown one', do: (file) => void file.meta.set(0x00020010, '1.2.3') },
  {
    rule: 'transfer-syntax',
    path: '(0008,0005) SpecificCharacterSet',
    what: 'implicit bytes under explicit VR',
    do: (file) => file.writeImplicit(),
  },
  {
    rule: 'transfer-syntax-retired',
    path: /0002,0010/,
    what: 'Papyrus',
    do: (file) => {
      file.meta.set(0x00020010, '1.2.840.10008.1.20')
      file.explicit = false
    },
  },
  {
    rule: 'transfer-syntax-pixels',
    path: /0002,0010/,
    what: 'JPEG',
    do: (file) => void file.meta.set(0x00020010, '1.2.840.10008.1.2.4.50'),
  },
  {
    rule: 'transfer-syntax-implicit',
    path: /0002,0010/,
    what: 'implicit VR',
    do: (file) => {
      file.meta.set(0x00020010, '1.2.840.10008.1.2')
      file.explicit = false
    },
  },
]

const ENCODING: readonly Mutation[] = [
  { rule: 'structure', path: /./, what: 'cut short', do: (file) => file.write().subarray(0, -7) },
  { rule: 'trailing-bytes', path: 'file', what: 'zeros at the end', do: (file) => Buffer.concat([file.write(), Buffer.alloc(10)]) },
  {
    rule: 'order',
    path: /0010,0010/,
    what: 'a name at the end',
    do: (file) => void file.root.list.push(file.root.list.splice(file.root.list.indexOf(file.root.node(0x00100010)), 1)[0]!),
  },
  {
    rule: 'duplicate-element',
    path: '(0008,0060) Modality',
    what: 'twice',
    do: (file) => void file.root.list.splice(file.root.list.indexOf(file.root.node(0x00080060)), 0, { ...file.root.node(0x00080060) }),
  },
  { rule: 'odd-length', path: /0008,1030/, what: 'five bytes', do: (file) => void file.root.set(0x00081030, Buffer.from('abcde')) },
  { rule: 'vr', path: /0008,1030/, what: 'ST for LO', do: (file) => void file.root.set(0x00081030, Buffer.from('abcd'), 'ST') },
  { rule: 'vr-unknown', path: /0008,1030/, what: 'small letters', do: (file) => void file.root.set(0x00081030, Buffer.from('abcd'), 'lo') },
  {
    rule: 'vr-un',
    path: /0008,1030/,
    what: 'UN',
    do: (file) => void file.root.set(0x00081030, Buffer.from('abcd'), 'UN'),
  },
  {
    rule: 'group-length',
    path: '(0010,0000)',
    what: 'of group 0010',
    do: (file) => void file.root.set(0x00100000, Buffer.from([2, 0, 0, 0]), 'UL'),
  },
  {
    rule: 'forbidden-group',
    path: /FFFF,FFFE/i,
    what: 'group FFFF',
    do: (file) => void file.root.set(0xfffffffe, Buffer.from('ab'), 'LO'),
  },
  { rule: 'private-creator', path: '(0009,1001)', what: 'none', do: (file) => void file.root.set(0x00091001, Buffer.from('ab'), 'LO') },
]

const VALUES: readonly Mutation[] = [
  wrongValue(0x00080012, 'DA', '20260230', '(0008,0012) InstanceCreationDate'),
  { ...wrongValue(0x00080030, 'TM', '20260115', '(0008,0030) StudyTime'), dciodvfy: true },
  wrongValue(0x00200013, 'IS', 'one ', '(0020,0013) InstanceNumber'),
  wrongValue(0x00081010, 'SH', 'a station with a name too long', '(0008,1010) StationName'),
  wrongValue(0x00081030, 'LO', 'a\tb ', '(0008,1030) StudyDescription'),
  wrongValue(0x00101010, 'AS', '42 Y', '(0010,1010) PatientAge'),
  wrongValue(0x00080014, 'UI', '1.02.3', '(0008,0014) InstanceCreatorUID'),
  wrongValue(0x00101020, 'DS', '1,75', '(0010,1020) PatientSize'),
  wrongValue(0x00080015, 'DT', '2026-01-15', '(0008,0015) InstanceCoercionDateTime'),
  wrongValue(0x00100010, 'PN', 'A^B^C^D^E^F ', '(0010,0010) PatientName'),
  {
    rule: 'value',
    path: /RetrieveAETitle/,
    what: 'an AE title of 18',
    do: (file) => void series(file).set(0x00080054, 'ABCDEFGHIJKLMNOPQR'),
  },
  { rule: 'multiplicity', path: /StudyID/, what: 'two', do: (file) => void file.root.set(0x00200010, 'A\\B') },
  {
    rule: 'padding-nul',
    path: /0008,0018/,
    what: 'a space',
    also: ['meta-instance'],
    do: (file) => void file.root.set(0x00080018, Buffer.from('2.25.123 ').subarray(0, 9)).set(0x00080018, Buffer.from('2.25.17 ')),
  },
  { rule: 'padding-space', path: /0020,0010/, what: 'a NUL', do: (file) => void file.root.set(0x00200010, Buffer.from('S1A\0')) },
  { rule: 'character-set-term', path: /0008,0005/, what: 'UTF-8', do: (file) => void file.root.set(0x00080005, Buffer.from('ISO IR 192')) },
  {
    rule: 'character-set-combined',
    path: /0008,0005/,
    what: 'two',
    do: (file) => void file.root.set(0x00080005, 'ISO_IR 192\\ISO 2022 IR 100'),
  },
  { rule: 'character-set-missing', path: /PatientName/, what: 'none', dciodvfy: true, do: asciiBut(0x00080005, undefined) },
  {
    rule: 'character-set-bytes',
    path: /PatientName/,
    what: 'no UTF-8',
    do: (file) => void file.root.set(0x00100010, Buffer.from('M\xfcLLER^Z', 'latin1')),
  },
]

/** All text ASCII but the name. */
function asciiBut(tag: number, value: string | undefined): (file: EditableFile) => void {
  return ({ root }) => {
    root.set(0x00080080, 'Hospital').set(0x00080090, 'L^A')
    if (value === undefined) root.remove(tag)
    else root.set(tag, value)
  }
}

const IOD: readonly Mutation[] = [
  { rule: 'sop-class', path: /0008,0016/, what: 'CT', also: ['meta-class'], do: (file) => void file.root.set(0x00080016, CT) },
  absent('type-1', 0x0020000e, '(0020,000E) SeriesInstanceUID', true),
  absent('type-1', 0x00200011, '(0020,0011) SeriesNumber', true),
  absent('type-1', 0x00200013, '(0020,0013) InstanceNumber', true),
  absent('type-1', 0x00080023, '(0008,0023) ContentDate', true),
  absent('type-1', 0x00080033, '(0008,0033) ContentTime', true),
  absent('type-1', 0x0040a040, '(0040,A040) ValueType', true),
  absent('type-1', 0x0040a043, '(0040,A043) ConceptNameCodeSequence', true),
  absent('type-1', 0x0040a050, '(0040,A050) ContinuityOfContent', true),
  { ...absent('type-1', EVIDENCE, '(0040,A375) CurrentRequestedProcedureEvidenceSequence', true), also: ['not-in-evidence'] },
  {
    ...absentIn('type-1', ({ root }) => root.at(EVIDENCE, 0), SERIES, '(0040,A375)[1] > (0008,1115) ReferencedSeriesSequence', true),
    also: ['not-in-evidence'],
  },
  {
    rule: 'type-1',
    path: `${S1} > (0008,1199) ReferencedSOPSequence`,
    what: 'an empty series',
    also: ['not-in-evidence'],
    do: (file) => void series(file).set(SOPS, []),
  },
  absentIn('type-1', (file) => file.root.at(OTHERS, 0), 0x00100022, '(0010,1002)[1] > (0010,0022) TypeOfPatientID', true),
  absentIn('type-1', (file) => file.root.at(REQUESTS, 0), 0x0020000d, `${REQUEST} > (0020,000D) StudyInstanceUID`, true),
  absentIn('type-1', (file) => file.root.at(KEY_NAME, 0), 0x00080104, '(0040,A043)[1] > (0008,0104) CodeMeaning', true),
  absent('type-2', 0x00081111, '(0008,1111) ReferencedPerformedProcedureStepSequence', true),
  absent('type-2', 0x00080050, '(0008,0050) AccessionNumber', true),
  absent('type-2', 0x00080020, '(0008,0020) StudyDate', true),
  absent('type-2', 0x00080030, '(0008,0030) StudyTime', true),
  absent('type-2', 0x00080090, '(0008,0090) ReferringPhysicianName', true),
  absent('type-2', 0x00100010, '(0010,0010) PatientName', true),
  absent('type-2', 0x00100020, '(0010,0020) PatientID', true),
  absent('type-2', 0x00100030, '(0010,0030) PatientBirthDate', true),
  absent('type-2', 0x00100040, '(0010,0040) PatientSex', true),
  absent('type-2', 0x00200010, '(0020,0010) StudyID'),
  absent('type-2', 0x00080070, '(0008,0070) Manufacturer', true),
  ...[
    [0x00081110, '(0008,1110) ReferencedStudySequence'],
    [0x00402016, '(0040,2016) PlacerOrderNumberImagingServiceRequest'],
    [0x00402017, '(0040,2017) FillerOrderNumberImagingServiceRequest'],
    [0x00401001, '(0040,1001) RequestedProcedureID'],
    [0x00321060, '(0032,1060) RequestedProcedureDescription'],
    [0x00321064, '(0032,1064) RequestedProcedureCodeSequence'],
  ].map(([tag, name]) => absentIn('type-2', (file) => file.root.at(REQUESTS, 0), tag as number, `${REQUEST} > ${name}`, true)),
  {
    ...absentIn('type-2', (file) => file.root.at(REQUESTS, 0), 0x00080050, `${REQUEST} > (0008,0050) AccessionNumber`, true),
  },
  {
    rule: 'type-1c',
    path: /UniversalEntityIDType/,
    what: 'an issuer without type',
    do: (file) => void file.root.at(0x00100024, 0).remove(0x00400033),
  },
  { rule: 'type-1c-empty', path: /0010,2202/, what: 'an empty species', do: (file) => void file.root.set(0x00102202, []) },
  {
    rule: 'enumerated-value',
    path: '(0008,0060) Modality',
    what: 'CT',
    dciodvfy: true,
    do: (file) => void file.root.set(0x00080060, 'CT'),
  },
  { rule: 'enumerated-value', path: /PatientSex/, what: 'X', do: (file) => void file.root.set(0x00100040, 'X') },
  {
    rule: 'enumerated-value',
    path: '(0040,A040) ValueType',
    what: 'TEXT at the root',
    do: (file) => void file.root.set(0x0040a040, 'TEXT'),
  },
  {
    rule: 'item-count',
    path: /0010,0024/,
    what: 'two issuers',
    do: (file) => void items(file.root, 0x00100024).push(file.root.at(0x00100024, 0).copy()),
  },
  {
    rule: 'foreign-module',
    path: '(0040,A491) CompletionFlag',
    what: 'of a report',
    do: (file) => void file.root.set(0x0040a491, 'COMPLETE'),
  },
  {
    rule: 'foreign-module',
    path: '(0028,0010) Rows',
    what: 'of an image',
    do: (file) => void file.root.set(0x00280010, Buffer.from([1, 0])),
  },
  {
    rule: 'not-in-iod',
    path: '(0018,0050) SliceThickness',
    what: 'of an image plane',
    do: (file) => void file.root.set(0x00180050, '1.5'),
  },
  { rule: 'not-in-macro', path: `${S1} > (0020,0011) SeriesNumber`, what: 'a hint', do: (file) => void series(file).set(0x00200011, '1') },
  { rule: 'timezone', path: /0008,0201/, what: 'CET', do: (file) => void file.root.set(0x00080201, 'CET') },
  { rule: 'timezone', path: /0008,0201/, what: '+1500', do: (file) => void file.root.set(0x00080201, '+1500') },
  {
    rule: 'issuer-iso',
    path: '(0010,0024)[1] > (0040,0032) UniversalEntityID',
    what: 'a name',
    do: (file) => void file.root.at(0x00100024, 0).set(0x00400032, 'HOSPITAL'),
  },
]

const DOCUMENT: readonly Mutation[] = [
  {
    rule: 'title',
    path: /A043/,
    what: 'Of Interest',
    dciodvfy: false,
    do: (file) => void file.root.set(KEY_NAME, [code('113000', 'DCM', 'Of Interest')]),
  },
  {
    rule: 'title',
    path: /A043/,
    what: 'a private one',
    dciodvfy: false,
    do: (file) => void file.root.set(KEY_NAME, [code('113030', '99X', 'Manifest')]),
  },
  {
    rule: 'title-meaning',
    path: /A043/,
    what: 'MANIFEST',
    do: (file) => void file.root.set(KEY_NAME, [code('113030', 'DCM', 'MANIFEST')]),
  },
  { ...absent('template', 0x0040a504, '(0040,A504) ContentTemplateSequence'), dciodvfy: false },
  { rule: 'template', path: /DB00/, what: '2000', do: (file) => void file.root.at(0x0040a504, 0).set(0x0040db00, '2000') },
  { rule: 'continuity', path: /A050/, what: 'CONTINUOUS', do: (file) => void file.root.set(0x0040a050, 'CONTINUOUS') },
  {
    rule: 'root-text-value',
    path: '(0040,A160) TextValue',
    what: 'as in the first samples',
    dciodvfy: true,
    do: (file) => void file.root.set(0x0040a160, 'Examen'),
  },
  {
    rule: 'root-relationship',
    path: '(0040,A010) RelationshipType',
    what: 'at the root',
    do: (file) => void file.root.set(0x0040a010, 'CONTAINS'),
  },
  {
    rule: 'value-type',
    path: `${C1} > (0040,A040) ValueType`,
    what: 'SCOORD',
    also: ['type-1', 'not-in-content'],
    do: (file) => void content(file).set(0x0040a040, 'SCOORD'),
  },
  {
    rule: 'relationship',
    path: `${C1} > (0040,A010) RelationshipType`,
    what: 'INFERRED FROM',
    dciodvfy: false,
    do: (file) => void content(file).set(0x0040a010, 'INFERRED FROM'),
  },
  {
    rule: 'by-reference',
    path: /DB73/,
    what: 'to item 1',
    do: (file) => void items(file.root, CONTENT).push(elements([0x0040a010, 'CONTAINS'], [0x0040db73, Buffer.from([1, 0, 0, 0])])),
  },
  {
    rule: 'reference-name',
    path: `${C1} > (0040,A043) ConceptNameCodeSequence`,
    what: 'a purpose',
    dciodvfy: false,
    do: (file) => void content(file).set(KEY_NAME, [code('260753009', 'SCT', 'Source')]),
  },
  {
    rule: 'reference-count',
    path: `${C1} > (0008,1199) ReferencedSOPSequence`,
    what: 'two in one item',
    do: (file) => {
      items(content(file), SOPS).push(content(file, 1).at(SOPS, 0))
      items(file.root, CONTENT).splice(1, 1)
    },
  },
  {
    rule: 'reference-frames',
    path: /A730\)\[1\] > \(0008,1199\)\[1\]$/,
    what: 'frame 1',
    do: (file) => void content(file).at(SOPS, 0).set(0x00081160, '1'),
  },
  {
    rule: 'reference-type',
    path: /A040/,
    what: 'an image as COMPOSITE',
    dciodvfy: false,
    do: (file) => void content(file).set(0x0040a040, 'COMPOSITE'),
  },
  {
    rule: 'concept',
    path: /A043/,
    what: 'a text of another kind',
    do: (file) => void items(file.root, CONTENT).push(description('x').set(KEY_NAME, [code('121106', 'DCM', 'Comment')])),
  },
  {
    rule: 'description-twice',
    path: /A730/,
    what: 'two',
    do: (file) => void items(file.root, CONTENT).push(description('a'), description('b')),
  },
  {
    rule: 'no-references',
    path: /A730/,
    what: 'an empty content',
    also: ['not-in-content'],
    do: (file) => void file.root.remove(CONTENT),
  },
]

const REFERENCES: readonly Mutation[] = [
  {
    rule: 'evidence-class',
    path: /A730.*0008,1150/,
    what: 'another class in the content',
    do: (file) => void content(file).at(SOPS, 0).set(0x00081150, '1.2.840.10008.5.1.4.1.1.4'),
  },
  {
    rule: 'not-in-evidence',
    path: /A730.*0008,1155/,
    what: 'one more in the content',
    dciodvfy: true,
    do: (file) => void items(series(file), SOPS).pop(),
  },
  {
    rule: 'not-in-content',
    path: /A375.*0008,1155/,
    what: 'one less in the content',
    dciodvfy: false,
    do: (file) => void items(file.root, CONTENT).shift(),
  },
  {
    rule: 'evidence-study-twice',
    path: '(0040,A375)[2] > (0020,000D) StudyInstanceUID',
    what: 'two items of one study',
    do: (file) => {
      const second = file.root.at(EVIDENCE, 0).copy()
      second.set(SERIES, [items(second, SERIES)[1]!])
      items(file.root.at(EVIDENCE, 0), SERIES).pop()
      items(file.root, EVIDENCE).push(second)
    },
  },
  {
    rule: 'evidence-series-twice',
    path: '(0040,A375)[1] > (0008,1115)[2] > (0020,000E) SeriesInstanceUID',
    what: 'a series in two items',
    do: (file) => void series(file, 1).set(0x0020000e, '1.2.3.4.1'),
  },
  {
    rule: 'evidence-instance-twice',
    path: /A375.*0008,1155/,
    what: 'twice',
    do: (file) => void items(series(file), SOPS).push(sop(file).copy()),
  },
  {
    rule: 'content-instance-twice',
    path: /A730.*0008,1155/,
    what: 'twice',
    do: (file) => void items(file.root, CONTENT).push(content(file).copy()),
  },
  {
    rule: 'self-reference',
    path: /A375.*0008,1155/,
    what: 'to itself',
    do: (file) => {
      const own = elements([0x00081150, '1.2.840.10008.5.1.4.1.1.88.59'], [0x00081155, '2.25.1'])
      items(series(file), SOPS).push(own)
      items(file.root, CONTENT).push(elements([0x0040a010, 'CONTAINS'], [0x0040a040, 'COMPOSITE'], [SOPS, [own.copy()]]))
    },
  },
  { rule: 'own-series', path: /0020,000E/, what: 'the series of an image', do: (file) => void file.root.set(0x0020000e, '1.2.3.4.1') },
  { rule: 'same-uid', path: /0020,000E/, what: 'a series like its study', do: (file) => void series(file).set(0x0020000e, '1.2.3.4') },
  {
    rule: 'sop-class-storage',
    path: /0008,1150/,
    what: 'the class of verification',
    do: (file) => {
      sop(file).set(0x00081150, '1.2.840.10008.1.1')
      content(file).at(SOPS, 0).set(0x00081150, '1.2.840.10008.1.1')
    },
  },
  {
    rule: 'sop-class-private',
    path: /0008,1150/,
    what: 'a private class',
    do: (file) => {
      sop(file).set(0x00081150, '1.2.3.99')
      content(file).at(SOPS, 0).set(0x00081150, '1.2.3.99')
    },
  },
  {
    rule: 'study-differs',
    path: '(0040,A375)[1] > (0020,000D) StudyInstanceUID',
    what: 'evidence of another',
    do: (file) => void file.root.at(EVIDENCE, 0).set(0x0020000d, '1.2.3.5'),
  },
  {
    rule: 'several-studies',
    path: /A375/,
    what: 'two',
    dciodvfy: false,
    also: ['type-1c'],
    do: (file) => {
      const second = file.root.at(EVIDENCE, 0).copy().set(0x0020000d, '1.2.3.5')
      second.set(SERIES, [items(second, SERIES)[1]!])
      items(file.root.at(EVIDENCE, 0), SERIES).pop()
      items(file.root, EVIDENCE).push(second)
    },
  },
]

const withUrl = (url: string) => (file: EditableFile) => void series(file).set(0x00081190, url)
const URL_AT = `${S1} > (0008,1190) RetrieveURL`
const ACCESS: readonly Mutation[] = [
  absentIn('retrieve-ae-title', series, 0x00080054, `${S1} > (0008,0054) RetrieveAETitle`, true),
  absentIn('retrieve-location', series, 0x0040e011, `${S1} > (0040,E011) RetrieveLocationUID`, true),
  {
    rule: 'retrieve-level',
    path: '(0008,0054) RetrieveAETitle',
    what: 'at the root',
    do: (file) => void file.root.set(0x00080054, 'ARIANE'),
  },
  { rule: 'url-form', path: URL_AT, what: 'ftp', do: withUrl('ftp://example.org/rs') },
  { rule: 'url-form', path: URL_AT, what: 'a query', do: withUrl('https://example.org/rs?x=1') },
  { rule: 'url-form', path: URL_AT, what: 'a space', also: ['value'], do: withUrl('https://example.org/r s') },
  { rule: 'url-form', path: URL_AT, what: 'a password', do: withUrl('https://a:b@example.org/rs') },
  { rule: 'url-base', path: URL_AT, what: 'a study', do: withUrl('https://example.org/rs/studies/1.2.3.4') },
  {
    rule: 'url-names-other',
    path: URL_AT,
    what: 'another study',
    also: ['url-base'],
    do: withUrl('https://example.org/rs/studies/1.2.3.5'),
  },
  {
    rule: 'url-names-other',
    path: URL_AT,
    what: 'another series',
    dialect: 'drimbox',
    do: withUrl('https://example.org/rs/studies/1.2.3.4/series/1.2.3.4.2'),
  },
  absent('request-missing', REQUESTS, '(0040,A370) ReferencedRequestSequence'),
  {
    rule: 'request-study',
    path: `${REQUEST} > (0020,000D) StudyInstanceUID`,
    what: 'another',
    do: (file) => void file.root.at(REQUESTS, 0).set(0x0020000d, '1.2.3.5'),
  },
  {
    rule: 'request-twice',
    path: '(0040,A370)[2]',
    what: 'the same',
    do: (file) => void items(file.root, REQUESTS).push(file.root.at(REQUESTS, 0).copy()),
  },
  {
    rule: 'accession-several',
    path: /0008,0050/,
    what: 'two requests',
    do: (file) => void items(file.root, REQUESTS).push(file.root.at(REQUESTS, 0).copy().set(0x00080050, 'ACC-2')),
  },
  { rule: 'accession-differs', path: /0008,0050/, what: 'another at the root', do: (file) => void file.root.set(0x00080050, 'ACC-9') },
  { rule: 'accession-root-empty', path: /0008,0050/, what: 'none at the root', do: (file) => void file.root.set(0x00080050, '') },
]

const library = (file: EditableFile): Elements => content(file)
const group = (file: EditableFile): Elements => content(file).at(CONTENT, 3)
const MADO_MUTATIONS: readonly Mutation[] = of('mado', [
  { rule: 'mado-title', path: /A043/, what: 'Manifest', do: (file) => void file.root.set(KEY_NAME, [code('113030', 'DCM', 'Manifest')]) },
  {
    rule: 'mado-title-code',
    path: /A043/,
    what: 'a final code',
    do: (file) => void file.root.set(KEY_NAME, [code('139999', 'DCM', 'Manifest with Description')]),
  },
  absent('mado-required', 0x00080080, '(0008,0080) InstitutionName'),
  absent('mado-required', 0x00080201, '(0008,0201) TimezoneOffsetFromUTC'),
  absent('mado-required', REQUESTS, '(0040,A370) ReferencedRequestSequence'),
  absentIn('mado-required', series, 0x0040e011, `${S1} > (0040,E011) RetrieveLocationUID`),
  {
    rule: 'mado-one-study',
    path: /A375/,
    what: 'two',
    also: ['several-studies', 'type-1c'],
    do: (file) => REFERENCES.find(({ rule }) => rule === 'several-studies')!.do(file),
  },
  { rule: 'mado-repeated-id', path: /0010,1002/, what: 'another', do: (file) => void file.root.at(OTHERS, 0).set(0x00100020, 'X') },
  { rule: 'mado-library', path: /A730/, what: 'none', do: (file) => void items(file.root, CONTENT).shift() },
  {
    rule: 'mado-group',
    path: /A375/,
    what: 'one less',
    also: ['mado-count'],
    do: (file) => {
      items(library(file), CONTENT).pop()
      items(library(file), CONTENT)[2] = count('MADOTEMP009', 'Number of Study Related Series', 1)
    },
  },
  {
    rule: 'mado-group-unknown',
    path: /A730/,
    what: 'of another series',
    also: ['mado-group'],
    do: (file) => void group(file).at(CONTENT, 1).set(0x0040a124, '1.2.9'),
  },
  { rule: 'mado-concept', path: /A730/, what: 'no target region', do: (file) => void items(library(file), CONTENT).splice(1, 1) },
  {
    rule: 'mado-count',
    path: /A730/,
    what: '7',
    do: (file) => void items(library(file), CONTENT).splice(2, 1, count('MADOTEMP009', 'Number of Study Related Series', 7)),
  },
  {
    rule: 'mado-count-type',
    path: /A040/,
    what: 'a text',
    do: (file) => void group(file).at(CONTENT, 2).remove(0x0040a300).set(0x0040a040, 'TEXT').set(0x0040a160, '(2, UCUM, "instances")'),
  },
  { rule: 'mado-instances', path: /A375/, what: 'one less in its group', do: (file) => void items(group(file), CONTENT).pop() },
  {
    rule: 'mado-vocabularies',
    path: /A730/,
    what: 'both',
    do: (file) => void items(library(file), CONTENT).splice(2, 1, count('131565', 'Number of Study Related Series', 2)),
  },
  {
    rule: 'type-1',
    path: '(0040,A730)[1] > (0040,A050) ContinuityOfContent',
    what: 'as in the official sample',
    do: (file) => void library(file).remove(0x0040a050),
  },
])

const lines = (file: EditableFile): Elements => file.root.at(CONTENT, items(file.root, CONTENT).length - 1)
const replaced = (from: string | RegExp, to: string) => (file: EditableFile) =>
  void lines(file).set(0x0040a160, lines(file).node(0x0040a160).bytes.toString('utf8').replace(from, to).trimEnd())
const DRIMBOX_MUTATIONS: readonly Mutation[] = of('drimbox', [
  {
    rule: 'drimbox-ins-issuer',
    path: /0010,0024/,
    what: 'another',
    do: (file) => void file.root.at(0x00100024, 0).set(0x00400032, '1.2.3'),
  },
  {
    rule: 'drimbox-ins-test',
    path: /0010,0024/,
    what: 'test',
    do: (file) => void file.root.at(0x00100024, 0).set(0x00400032, '1.2.250.1.213.1.4.10'),
  },
  {
    rule: 'drimbox-ins',
    path: '(0010,0020) PatientID',
    what: 'a wrong key',
    also: ['drimbox-repeated-id'],
    do: (file) => void file.root.set(0x00100020, '199209900000001'),
  },
  { rule: 'drimbox-issuer-name', path: /0010,0021/, what: 'none', do: (file) => void file.root.remove(0x00100021) },
  { rule: 'drimbox-repeated-id', path: /0010,1002/, what: 'another', do: (file) => void file.root.at(OTHERS, 0).set(0x00100020, 'X') },
  absentIn('drimbox-url', series, 0x00081190, URL_AT),
  { rule: 'drimbox-url', path: URL_AT, what: 'a base', do: withUrl('https://example.org/rs') },
  { rule: 'drimbox-description', path: /A730/, what: 'none', do: (file) => void items(file.root, CONTENT).pop() },
  { rule: 'drimbox-description-form', path: /A160/, what: 'no examination', do: replaced('Examen : ', 'Study: ') },
  { rule: 'drimbox-description-series', path: /A160/, what: 'another series', do: replaced('1.2.3.4.2 :', '1.2.3.4.9 :') },
  { rule: 'drimbox-series-number', path: /0020,0011/, what: '1', do: (file) => void file.root.set(0x00200011, '1') },
  { rule: 'drimbox-institution', path: /0008,0080/, what: 'a name alone', do: (file) => void file.root.set(0x00080080, 'Centre') },
  { ...absent('drimbox-timezone', 0x00080201, '(0008,0201) TimezoneOffsetFromUTC') },
  { rule: 'drimbox-request', path: /0008,0051/, what: 'no issuer', do: (file) => void file.root.at(REQUESTS, 0).remove(0x00080051) },
  {
    rule: 'drimbox-one-study',
    path: /A375/,
    what: 'two',
    also: ['several-studies', 'type-1c', 'url-names-other'],
    do: (file) => REFERENCES.find(({ rule }) => rule === 'several-studies')!.do(file),
  },
])

export const MUTATIONS: readonly Mutation[] = [
  ...FILE,
  ...ENCODING,
  ...VALUES,
  ...IOD,
  ...DOCUMENT,
  ...REFERENCES,
  ...ACCESS,
  ...MADO_MUTATIONS,
  ...DRIMBOX_MUTATIONS,
]
