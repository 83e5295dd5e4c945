/** What a directory record says of an instance: its type and its keys (PS3.3 F.3, F.4, F.5).
 *
 *  Promises: the keys that F.5 asks for, from the instance; where a key of type 1 is missing there, a number or date that stands for none, since without it
 *  no reader lists the file. The instance is not changed by that.
 *  Does not: make icons, or the keys of application profiles (PS3.11). */
import type { DataSet, Element } from './data-set.ts'
import type { IndexKeys } from './index-attributes.ts'
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE, sopClassName } from './sop-classes.ts'
import { isText, numberBytes } from './value-representations.ts'

/** An element of a record. */
export type RecordElement =
  | { readonly tag: number; readonly vr: string; readonly text: string }
  | { readonly tag: number; readonly items: readonly (readonly RecordElement[])[] }

export type RecordKeys = readonly RecordElement[]

/** Type of the record below SERIES, by SOP class; everything else is an IMAGE. The first that fits. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^RT Dose /, 'RT DOSE'],
  [/^RT Structure Set /, 'RT STRUCTURE SET'],
  [/^RT (Ion )?Plan /, 'RT PLAN'],
  [/^RT .*Treatment.* Record /, 'RT TREAT RECORD'],
  [/^RT (Ion )?Beams Delivery Instruction /, 'PLAN'],
  [/Presentation State|^Basic Structured Display/, 'PRESENTATION'],
  [/Waveform Storage/, 'WAVEFORM'],
  [/\bSR\b|^Procedure Log |^Spectacle Prescription|^Macular Grid/, 'SR DOCUMENT'],
  [/Spectroscopy/, 'SPECTROSCOPY'],
  [/^Raw Data /, 'RAW DATA'],
  [/Spatial Registration/, 'REGISTRATION'],
  [/^Spatial Fiducials/, 'FIDUCIAL'],
  [/^Encapsulated (PDF|CDA|STL|OBJ|MTL)/, 'ENCAP DOC'],
  [/^Real World Value Mapping/, 'VALUE MAP'],
  [/^Stereometric/, 'STEREOMETRIC'],
  [/^Surface Segmentation/, 'SURFACE'],
  [/^Surface Scan/, 'SURFACE SCAN'],
  [/^Tractography/, 'TRACT'],
  [/^Content Assessment/, 'ASSESSMENT'],
  [/Measurements|Perimetry|Intraocular Lens Calculations/, 'MEASUREMENT'],
  [/Simple Annotations/, 'ANNOTATION'],
  [/^(RT (Physician|Segment|Radiation|Treatment Preparation|Patient Position)|C-Arm|Tomotherapeutic|Robotic)/, 'RADIOTHERAPY'],
]

const MIME_TYPES: Readonly<Record<string, string>> = {
  PDF: 'application/pdf',
  CDA: 'text/XML',
  STL: 'model/stl',
  OBJ: 'model/obj',
  MTL: 'model/mtl',
}

export function recordType(sopClassUid: string): string {
  if (sopClassUid === KEY_OBJECT_SELECTION_DOCUMENT_STORAGE) return 'KEY OBJECT DOC'
  const name = sopClassName(sopClassUid)
  return TYPES.find(([pattern]) => pattern.test(name))?.[1] ?? 'IMAGE'
}

/** Tag, VR, and what stands there where a key of type 1 is missing; '' for type 2, undefined for what may be absent. */
type Key = readonly [tag: number, vr: string, otherwise: string | undefined]

const NO_DATE = '19000101'
const NO_TIME = '000000'
const CONTENT: readonly Key[] = [
  [0x00080023, 'DA', NO_DATE],
  [0x00080033, 'TM', NO_TIME],
]
const IDENTIFICATION: readonly Key[] = [
  [0x00700080, 'CS', 'NONE'],
  [0x00700081, 'LO', ''],
  [0x00700084, 'PN', ''],
]
const CONCEPT: Key = [0x0040a043, 'SQ', '']

/** Beside Instance Number, which all have. */
const KEYS: Readonly<Record<string, readonly Key[]>> = {
  'RT DOSE': [[0x3004000a, 'CS', 'PLAN']],
  'RT STRUCTURE SET': [
    [0x30060002, 'SH', 'NONE'],
    [0x30060008, 'DA', ''],
    [0x30060009, 'TM', ''],
  ],
  'RT PLAN': [
    [0x300a0002, 'SH', 'NONE'],
    [0x300a0006, 'DA', ''],
    [0x300a0007, 'TM', ''],
  ],
  'RT TREAT RECORD': [
    [0x30080250, 'DA', ''],
    [0x30080251, 'TM', ''],
  ],
  PRESENTATION: [
    [0x00700082, 'DA', NO_DATE],
    [0x00700083, 'TM', NO_TIME],
    ...IDENTIFICATION,
    [0x00081115, 'SQ', undefined],
    [0x00700402, 'SQ', undefined],
  ],
  WAVEFORM: CONTENT,
  'SR DOCUMENT': [...CONTENT, [0x0040a491, 'CS', 'PARTIAL'], [0x0040a493, 'CS', 'UNVERIFIED'], [0x0040a030, 'DT', undefined], CONCEPT],
  'KEY OBJECT DOC': [...CONTENT, CONCEPT],
  SPECTROSCOPY: [
    ...CONTENT,
    [0x00080008, 'CS', 'ORIGINAL\\PRIMARY'],
    [0x00280008, 'IS', '1'],
    [0x00280010, 'US', '1'],
    [0x00280011, 'US', '1'],
    [0x00289001, 'UL', '1'],
    [0x00289002, 'UL', '1'],
    [0x00089092, 'SQ', undefined],
  ],
  'RAW DATA': CONTENT,
  REGISTRATION: [...CONTENT, ...IDENTIFICATION],
  FIDUCIAL: [...CONTENT, ...IDENTIFICATION],
  'ENCAP DOC': [[0x00080023, 'DA', ''], [0x00080033, 'TM', ''], [0x00420010, 'ST', ''], [0x0040e001, 'ST', undefined], CONCEPT],
  'VALUE MAP': [...CONTENT, ...IDENTIFICATION],
  SURFACE: [...CONTENT, ...IDENTIFICATION],
  'SURFACE SCAN': CONTENT,
  TRACT: [...CONTENT, ...IDENTIFICATION],
  ASSESSMENT: [
    [0x00080012, 'DA', NO_DATE],
    [0x00080013, 'TM', NO_TIME],
  ],
  MEASUREMENT: CONTENT,
  ANNOTATION: [...CONTENT, ...IDENTIFICATION],
  RADIOTHERAPY: [[0x30100033, 'SH', undefined]],
}

/** Whether the record needs more of the instance than its index keys. */
export function needsDataSet(sopClassUid: string): boolean {
  return (KEYS[recordType(sopClassUid)]?.length ?? 0) > 0
}

/** @param dataSet  up to its bulk data, where {@link needsDataSet}
 *  @param ordinal  place in its series, from 1 */
export function instanceKeys(sopClassUid: string, keys: IndexKeys, dataSet: DataSet | undefined, ordinal: number): RecordKeys {
  const type = recordType(sopClassUid)
  const elements: RecordElement[] = [{ tag: 0x00200013, vr: 'IS', text: keys.InstanceNumber ?? String(ordinal) }]
  for (const [tag, vr, otherwise] of KEYS[type] ?? []) {
    const element = dataSet?.elements.get(tag)
    if (vr === 'SQ') {
      if (element?.items !== undefined || otherwise !== undefined) elements.push({ tag, items: itemsOf(element?.items ?? []) })
      continue
    }
    const text = dataSet?.text(tag) ?? otherwise
    if (text !== undefined) elements.push({ tag, vr, text })
  }
  if (type === 'ENCAP DOC') elements.push({ tag: 0x00420012, vr: 'LO', text: mimeType(sopClassUid) })
  const modifiers = type === 'SR DOCUMENT' || type === 'KEY OBJECT DOC' ? conceptModifiers(dataSet) : []
  return modifiers.length === 0 ? elements : [...elements, { tag: 0x0040a730, items: itemsOf(modifiers) }]
}

export function seriesKeys(keys: IndexKeys, ordinal: number): RecordKeys {
  return [
    { tag: 0x00080060, vr: 'CS', text: keys.Modality ?? 'OT' },
    { tag: 0x0020000e, vr: 'UI', text: keys.SeriesInstanceUID ?? '' },
    { tag: 0x00200011, vr: 'IS', text: keys.SeriesNumber ?? String(ordinal) },
    ...(keys.SeriesDescription === undefined ? [] : [{ tag: 0x0008103e, vr: 'LO', text: keys.SeriesDescription }]),
  ]
}

export function studyKeys(keys: IndexKeys, ordinal: number): RecordKeys {
  return [
    { tag: 0x00080020, vr: 'DA', text: dateIn(keys.StudyDate, keys.SeriesDate, keys.AcquisitionDate, keys.ContentDate) },
    { tag: 0x00080030, vr: 'TM', text: timeIn(keys.StudyTime) },
    { tag: 0x00080050, vr: 'SH', text: keys.AccessionNumber ?? '' },
    { tag: 0x00081030, vr: 'LO', text: keys.StudyDescription ?? '' },
    { tag: 0x0020000d, vr: 'UI', text: keys.StudyInstanceUID ?? '' },
    { tag: 0x00200010, vr: 'SH', text: keys.StudyID ?? String(ordinal) },
  ]
}

export function patientKeys(keys: IndexKeys, ordinal: number): RecordKeys {
  return [
    { tag: 0x00100010, vr: 'PN', text: keys.PatientName ?? '' },
    { tag: 0x00100020, vr: 'LO', text: keys.PatientID ?? `UNKNOWN${ordinal}` },
  ]
}

function dateIn(...candidates: readonly (string | undefined)[]): string {
  return candidates.find((text) => text !== undefined && /^\d{8}$/.test(text)) ?? NO_DATE
}

/** Old senders write colons (PS3.5 6.2, VR TM, note). */
function timeIn(text: string | undefined): string {
  const time = text?.replaceAll(':', '') ?? ''
  return /^\d{2,6}(\.\d{1,6})?$/.test(time) ? time : NO_TIME
}

function mimeType(sopClassUid: string): string {
  return MIME_TYPES[/^Encapsulated (\w+)/.exec(sopClassName(sopClassUid))?.[1] ?? ''] ?? 'application/octet-stream'
}

/** Content items of the root that modify its concept: PS3.3 F.5.24, F.5.25. */
function conceptModifiers(dataSet: DataSet | undefined): readonly DataSet[] {
  return (dataSet?.items(0x0040a730) ?? []).filter((item) => item.text(0x0040a010) === 'HAS CONCEPT MOD')
}

/** Text, numbers and sequences; other values are no keys. */
function itemsOf(items: readonly DataSet[]): readonly RecordKeys[] {
  return items.map((item) => [...item.elements.values()].flatMap((element) => copied(element, item)))
}

function copied(element: Element, from: DataSet): readonly RecordElement[] {
  const { tag, vr, items } = element
  if (items !== undefined) return [{ tag, items: itemsOf(items) }]
  if (tag === 0x00080005 || (!isText(vr) && numberBytes(vr) === undefined)) return []
  return [{ tag, vr, text: from.text(tag) ?? '' }]
}
