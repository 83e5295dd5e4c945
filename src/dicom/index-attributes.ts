/** The attributes that the index keeps, per level of the Query/Retrieve information model (PS3.4 C.6).
 *
 *  One table: the header reader extracts these, the catalog has one column for each under its keyword, C-FIND answers
 *  from them. Values are decoded text (Unicode), several values joined by a backslash, as in the element; null where
 *  the element is absent or empty. A sequence is kept as its items in DICOM JSON (PS3.18 F) without bulk data. */

export type Level = 'PATIENT' | 'STUDY' | 'SERIES' | 'IMAGE'

export interface IndexAttribute {
  readonly keyword: string
  /** 0xggggeeee */
  readonly tag: number
  readonly vr: string
  readonly level: Level
}

const attribute = (level: Level, keyword: string, tag: number, vr: string): IndexAttribute => ({ keyword, tag, vr, level })

export const INDEX_ATTRIBUTES = [
  attribute('PATIENT', 'PatientName', 0x00100010, 'PN'),
  attribute('PATIENT', 'PatientID', 0x00100020, 'LO'),
  attribute('PATIENT', 'IssuerOfPatientID', 0x00100021, 'LO'),
  attribute('PATIENT', 'IssuerOfPatientIDQualifiersSequence', 0x00100024, 'SQ'),
  attribute('PATIENT', 'PatientBirthDate', 0x00100030, 'DA'),
  attribute('PATIENT', 'PatientBirthTime', 0x00100032, 'TM'),
  attribute('PATIENT', 'PatientSex', 0x00100040, 'CS'),
  attribute('PATIENT', 'OtherPatientNames', 0x00101001, 'PN'),
  attribute('PATIENT', 'OtherPatientIDsSequence', 0x00101002, 'SQ'),
  attribute('PATIENT', 'EthnicGroup', 0x00102160, 'SH'),
  attribute('PATIENT', 'PatientComments', 0x00104000, 'LT'),

  attribute('STUDY', 'StudyInstanceUID', 0x0020000d, 'UI'),
  attribute('STUDY', 'StudyDate', 0x00080020, 'DA'),
  attribute('STUDY', 'StudyTime', 0x00080030, 'TM'),
  attribute('STUDY', 'AccessionNumber', 0x00080050, 'SH'),
  attribute('STUDY', 'IssuerOfAccessionNumberSequence', 0x00080051, 'SQ'),
  attribute('STUDY', 'StudyID', 0x00200010, 'SH'),
  attribute('STUDY', 'StudyDescription', 0x00081030, 'LO'),
  attribute('STUDY', 'ReferringPhysicianName', 0x00080090, 'PN'),
  attribute('STUDY', 'PhysiciansOfRecord', 0x00081048, 'PN'),
  attribute('STUDY', 'NameOfPhysiciansReadingStudy', 0x00081060, 'PN'),
  attribute('STUDY', 'ProcedureCodeSequence', 0x00081032, 'SQ'),
  attribute('STUDY', 'AdmittingDiagnosesDescription', 0x00081080, 'LO'),
  attribute('STUDY', 'PatientAge', 0x00101010, 'AS'),
  attribute('STUDY', 'PatientSize', 0x00101020, 'DS'),
  attribute('STUDY', 'PatientWeight', 0x00101030, 'DS'),
  attribute('STUDY', 'AdditionalPatientHistory', 0x001021b0, 'LT'),

  attribute('SERIES', 'SeriesInstanceUID', 0x0020000e, 'UI'),
  attribute('SERIES', 'Modality', 0x00080060, 'CS'),
  attribute('SERIES', 'SeriesNumber', 0x00200011, 'IS'),
  attribute('SERIES', 'SeriesDate', 0x00080021, 'DA'),
  attribute('SERIES', 'SeriesTime', 0x00080031, 'TM'),
  attribute('SERIES', 'SeriesDescription', 0x0008103e, 'LO'),
  attribute('SERIES', 'BodyPartExamined', 0x00180015, 'CS'),
  attribute('SERIES', 'Laterality', 0x00200060, 'CS'),
  attribute('SERIES', 'ProtocolName', 0x00181030, 'LO'),
  attribute('SERIES', 'Manufacturer', 0x00080070, 'LO'),
  attribute('SERIES', 'ManufacturerModelName', 0x00081090, 'LO'),
  attribute('SERIES', 'InstitutionName', 0x00080080, 'LO'),
  attribute('SERIES', 'StationName', 0x00081010, 'SH'),
  attribute('SERIES', 'InstitutionalDepartmentName', 0x00081040, 'LO'),
  attribute('SERIES', 'PerformingPhysicianName', 0x00081050, 'PN'),
  attribute('SERIES', 'OperatorsName', 0x00081070, 'PN'),
  attribute('SERIES', 'PerformedProcedureStepID', 0x00400253, 'SH'),
  attribute('SERIES', 'PerformedProcedureStepStartDate', 0x00400244, 'DA'),
  attribute('SERIES', 'PerformedProcedureStepStartTime', 0x00400245, 'TM'),
  attribute('SERIES', 'PerformedProcedureStepDescription', 0x00400254, 'LO'),
  attribute('SERIES', 'RequestAttributesSequence', 0x00400275, 'SQ'),

  attribute('IMAGE', 'SOPInstanceUID', 0x00080018, 'UI'),
  attribute('IMAGE', 'SOPClassUID', 0x00080016, 'UI'),
  attribute('IMAGE', 'InstanceNumber', 0x00200013, 'IS'),
  attribute('IMAGE', 'ContentDate', 0x00080023, 'DA'),
  attribute('IMAGE', 'ContentTime', 0x00080033, 'TM'),
  attribute('IMAGE', 'AcquisitionDate', 0x00080022, 'DA'),
  attribute('IMAGE', 'AcquisitionTime', 0x00080032, 'TM'),
  attribute('IMAGE', 'AcquisitionNumber', 0x00200012, 'IS'),
  attribute('IMAGE', 'ImageType', 0x00080008, 'CS'),
  attribute('IMAGE', 'NumberOfFrames', 0x00280008, 'IS'),
  attribute('IMAGE', 'Rows', 0x00280010, 'US'),
  attribute('IMAGE', 'Columns', 0x00280011, 'US'),
  attribute('IMAGE', 'BitsAllocated', 0x00280100, 'US'),
  attribute('IMAGE', 'TimezoneOffsetFromUTC', 0x00080201, 'SH'),
  attribute('IMAGE', 'SpecificCharacterSet', 0x00080005, 'CS'),
  attribute('IMAGE', 'ConceptNameCodeSequence', 0x0040a043, 'SQ'),
] as const satisfies readonly IndexAttribute[]

export type IndexKeyword = (typeof INDEX_ATTRIBUTES)[number]['keyword']

/** What the header of one instance says, per keyword of {@link INDEX_ATTRIBUTES}. */
export type IndexKeys = Partial<Record<IndexKeyword, string>>
