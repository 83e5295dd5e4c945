/** What the data sets of a Modality Performed Procedure Step have to hold (PS3.4 Table F.7.2-1), as a table, and the check of it.
 *
 *  Promises: the first thing that is wrong, with the attribute's path; types are those of the SCP.
 *  Tolerates: an absent attribute of type 2 (taken as empty; modalities leave them out), and an empty Performed Series Sequence of a step that was
 *  discontinued before there was a series.
 *  Bounded: a step answers {@link MOST_SCHEDULED} scheduled steps at most.
 *  Does not: check values but the UIDs, for nothing else is used. */
import type { DataSet } from '../dicom/data-set.ts'
import { keywordOf } from '../dicom/dictionary.ts'
import { parseUid } from '../dicom/uid.ts'
import { type ErrorCode, NodeError } from '../errors.ts'

export const STATUS = 0x00400252
export const END_DATE = 0x00400250
export const END_TIME = 0x00400251
export const SCHEDULED_STEPS = 0x00400270
export const PERFORMED_SERIES = 0x00400340
export const STUDY_INSTANCE_UID = 0x0020000d
export const SERIES_INSTANCE_UID = 0x0020000e
export const REFERENCED_IMAGES = 0x00081140
export const REFERENCED_OTHERS = 0x00400220
export const REFERENCED_INSTANCE = 0x00081155

/** Scheduled steps that one performed step answers: a few, of which each study is told. */
const MOST_SCHEDULED = 100

/** Type 1 in N-CREATE. */
const CREATED = [
  SCHEDULED_STEPS,
  0x00400253, // Performed Procedure Step ID
  0x00400241, // Performed Station AE Title
  0x00400244, // Performed Procedure Step Start Date
  0x00400245, // Performed Procedure Step Start Time
  STATUS,
  0x00080060, // Modality
]

/** "Not allowed" in N-SET. */
const NOT_SETTABLE = [
  SCHEDULED_STEPS,
  0x00100010, // Patient's Name
  0x00100020, // Patient ID
  0x00100021, // Issuer of Patient ID
  0x00100024, // Issuer of Patient ID Qualifiers Sequence
  0x00101002, // Other Patient IDs Sequence
  0x00100030, // Patient's Birth Date
  0x00100040, // Patient's Sex
  0x00081120, // Referenced Patient Sequence
  0x00380010, // Admission ID
  0x00380014, // Issuer of Admission ID Sequence
  0x00380060, // Service Episode ID
  0x00380062, // Service Episode Description
  0x00380064, // Issuer of Service Episode ID Sequence
  0x00400253, // Performed Procedure Step ID
  0x00400241, // Performed Station AE Title
  0x00400242, // Performed Station Name
  0x00400243, // Performed Location
  0x00400244, // Performed Procedure Step Start Date
  0x00400245, // Performed Procedure Step Start Time
  0x00080060, // Modality
  0x00200010, // Study ID
]

/** A data set that breaks the table. */
export class AttributeFault extends NodeError {
  /** Those of the data set itself, for the answer. */
  readonly tags: readonly number[]
  /** "PerformedSeriesSequence > ProtocolName" */
  readonly path: string

  constructor(code: ErrorCode, tags: readonly number[], path = tags.map(nameOf).join(', ')) {
    super(code, { attribute: path })
    this.tags = tags
    this.path = path
  }
}

const nameOf = (tag: number): string => keywordOf(tag) ?? tag.toString(16).padStart(8, '0')

/** @throws AttributeFault */
export function checkCreated(dataSet: DataSet): void {
  const absent = CREATED.filter((tag) => !dataSet.has(tag))
  if (absent.length > 0) throw new AttributeFault('MISSING_ATTRIBUTE', absent)
  const empty = CREATED.filter((tag) => isEmpty(dataSet, tag))
  if (empty.length > 0) throw new AttributeFault('MISSING_VALUE', empty)
  if (dataSet.text(STATUS) !== 'IN PROGRESS') throw new AttributeFault('INVALID_VALUE', [STATUS])
  if (dataSet.items(SCHEDULED_STEPS).length > MOST_SCHEDULED) throw new AttributeFault('INVALID_VALUE', [SCHEDULED_STEPS])
  for (const item of dataSet.items(SCHEDULED_STEPS)) checkUid(item, STUDY_INSTANCE_UID, [SCHEDULED_STEPS])
  checkSeries(dataSet)
}

/** @throws AttributeFault */
export function checkSet(dataSet: DataSet): void {
  const refused = NOT_SETTABLE.filter((tag) => dataSet.has(tag))
  if (refused.length > 0) throw new AttributeFault('NOT_SETTABLE', refused)
  const state = dataSet.text(STATUS)
  if (dataSet.has(STATUS) && !['IN PROGRESS', 'COMPLETED', 'DISCONTINUED'].includes(state ?? '')) {
    throw new AttributeFault('INVALID_VALUE', [STATUS])
  }
  checkSeries(dataSet)
}

/** The requirement of the final state. @throws AttributeFault */
export function checkFinal(dataSet: DataSet, has: { date: boolean; time: boolean; series: boolean }, isCompleted: boolean): void {
  const lacking = [
    ...(has.date ? [] : [END_DATE]),
    ...(has.time ? [] : [END_TIME]),
    ...(has.series || !isCompleted ? [] : [PERFORMED_SERIES]),
  ]
  const absent = lacking.filter((tag) => !dataSet.has(tag))
  if (absent.length > 0) throw new AttributeFault('MISSING_ATTRIBUTE', absent)
  if (lacking.length > 0) throw new AttributeFault('MISSING_VALUE', lacking)
}

function checkSeries(dataSet: DataSet): void {
  for (const series of dataSet.items(PERFORMED_SERIES)) {
    checkUid(series, SERIES_INSTANCE_UID, [PERFORMED_SERIES])
    checkPresent(series, 0x00181030, [PERFORMED_SERIES]) // Protocol Name
    for (const sequence of [REFERENCED_IMAGES, REFERENCED_OTHERS]) {
      for (const reference of series.items(sequence)) {
        checkUid(reference, 0x00081150, [PERFORMED_SERIES, sequence])
        checkUid(reference, REFERENCED_INSTANCE, [PERFORMED_SERIES, sequence])
      }
    }
  }
}

function checkUid(item: DataSet, tag: number, path: readonly number[]): void {
  checkPresent(item, tag, path)
  if (parseUid(item.text(tag)) === undefined) throw faultIn('INVALID_VALUE', tag, path)
}

function checkPresent(item: DataSet, tag: number, path: readonly number[]): void {
  if (!item.has(tag)) throw faultIn('MISSING_ATTRIBUTE', tag, path)
  if (isEmpty(item, tag)) throw faultIn('MISSING_VALUE', tag, path)
}

function faultIn(code: ErrorCode, tag: number, path: readonly number[]): AttributeFault {
  return new AttributeFault(code, [path[0]!], [...path, tag].map(nameOf).join(' > '))
}

function isEmpty(dataSet: DataSet, tag: number): boolean {
  return dataSet.text(tag) === undefined && dataSet.items(tag).length === 0
}
