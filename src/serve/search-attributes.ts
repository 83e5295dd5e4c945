/** Attributes that an answer of a search on the web has at each level, asked for or not (PS3.18 10.6.3.3, tables 10.6.3-3 to 10.6.3-5). */
import { INDEX_ATTRIBUTES, type Level } from '../dicom/index-attributes.ts'
import { DERIVED_ATTRIBUTES } from '../dicom/query-keys.ts'

export type SearchLevel = Exclude<Level, 'PATIENT'>
type Path = readonly number[]

const INSTANCE_AVAILABILITY = 0x00080056
const TIMEZONE_OFFSET = 0x00080201

const OF_STUDY: readonly number[] = [
  0x00080020, // StudyDate
  0x00080030, // StudyTime
  0x00080050, // AccessionNumber
  INSTANCE_AVAILABILITY,
  0x00080061, // ModalitiesInStudy
  0x00080090, // ReferringPhysicianName
  TIMEZONE_OFFSET,
  0x00081030, // StudyDescription: not in the table, and what everybody looks for
  0x00100010, // PatientName
  0x00100020, // PatientID
  0x00100030, // PatientBirthDate
  0x00100040, // PatientSex
  0x0020000d, // StudyInstanceUID
  0x00200010, // StudyID
  0x00201206, // NumberOfStudyRelatedSeries
  0x00201208, // NumberOfStudyRelatedInstances
]
const REQUEST_ATTRIBUTES = 0x00400275
const OF_SERIES: readonly (number | Path)[] = [
  INSTANCE_AVAILABILITY,
  0x00080060, // Modality
  TIMEZONE_OFFSET,
  0x0008103e, // SeriesDescription
  0x0020000e, // SeriesInstanceUID
  0x00200011, // SeriesNumber
  0x00201209, // NumberOfSeriesRelatedInstances
  0x00400244, // PerformedProcedureStepStartDate
  0x00400245, // PerformedProcedureStepStartTime
  [REQUEST_ATTRIBUTES, 0x00400009], // ScheduledProcedureStepID
  [REQUEST_ATTRIBUTES, 0x00401001], // RequestedProcedureID
]
const OF_INSTANCE: readonly number[] = [
  0x00080016, // SOPClassUID
  0x00080018, // SOPInstanceUID
  INSTANCE_AVAILABILITY,
  TIMEZONE_OFFSET,
  0x00200013, // InstanceNumber
  0x00280008, // NumberOfFrames
  0x00280010, // Rows
  0x00280011, // Columns
  0x00280100, // BitsAllocated
]
const BELOW: Readonly<Record<SearchLevel, readonly Level[]>> = {
  STUDY: ['PATIENT', 'STUDY'],
  SERIES: ['SERIES'],
  IMAGE: ['IMAGE'],
}

/** What is searched in: everything, one study, or one series. Attributes of levels that the address does not name come along. */
export interface SearchScope {
  readonly level: SearchLevel
  readonly isInStudy: boolean
  readonly isInSeries: boolean
}

function levelsOf({ level, isInStudy, isInSeries }: SearchScope): SearchLevel[] {
  if (level === 'STUDY') return ['STUDY']
  const above: SearchLevel[] = isInStudy ? [] : ['STUDY']
  if (level === 'SERIES') return [...above, 'SERIES']
  return [...above, ...(isInSeries ? [] : (['SERIES'] as const)), 'IMAGE']
}

/** Paths of what always comes. */
export function usualAttributes(scope: SearchScope): Path[] {
  const tables = { STUDY: OF_STUDY, SERIES: OF_SERIES, IMAGE: OF_INSTANCE }
  return levelsOf(scope)
    .flatMap((level) => tables[level])
    .map((one) => (typeof one === 'number' ? [one] : one))
}

/** Paths of all that the index has of these levels: `includefield=all`. */
export function allAttributes(scope: SearchScope): Path[] {
  const wanted = new Set(levelsOf(scope).flatMap((level) => BELOW[level]))
  return [...INDEX_ATTRIBUTES, ...DERIVED_ATTRIBUTES.values()].filter(({ level }) => wanted.has(level)).map(({ tag }) => [tag])
}
