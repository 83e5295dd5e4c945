/** Statements of queries and retrievals. `where` parts come from sql/conditions.ts, each beginning with AND.
 *
 *  Studies are walked newest first by the index `studies_order`; series and instances of one parent by theirs. Patients by row id,
 *  newest first. CROSS JOIN and INDEXED BY fix the order of the loops: the plan does not depend on statistics. */
import { attributes } from './columns.ts'

const STUDY = `SELECT s."StudyDateNorm", s."StudyTimeNorm", s."StudyInstanceUID", s.id, s.patient_id, ${attributes('PATIENT', 'p')}, ${attributes('STUDY', 's')}`
const IN_FORCE = 'CROSS JOIN study_identities p ON p.study_id = s.id AND p.in_force = 1'
const POSITION = '(s."StudyDateNorm", s."StudyTimeNorm", s."StudyInstanceUID")'
const NEWEST_FIRST = 'ORDER BY s."StudyDateNorm" DESC, s."StudyTimeNorm" DESC, s."StudyInstanceUID" DESC'

export const FIND_SQL = {
  /** Parameters: candidate ids (JSON), position from, position to, conditions, how many. */
  studiesOfCandidates: (where: string) => `${STUDY} FROM json_each(?) c CROSS JOIN studies s ON s.id = c.value ${IN_FORCE}
    WHERE ${POSITION} < (?, ?, ?) AND ${POSITION} >= (?, ?, ?)${where} ${NEWEST_FIRST} LIMIT ?`,
  /** Parameters: position from, position to, conditions, how many. */
  studiesInOrder: (where: string) => `${STUDY} FROM studies s INDEXED BY studies_order ${IN_FORCE}
    WHERE ${POSITION} < (?, ?, ?) AND ${POSITION} >= (?, ?, ?)${where} ${NEWEST_FIRST} LIMIT ?`,
  /** Where a window of `offset` studies ends. Parameters: position from, position to, offset. */
  endOfWindow: `SELECT s."StudyDateNorm", s."StudyTimeNorm", s."StudyInstanceUID" FROM studies s INDEXED BY studies_order
    WHERE ${POSITION} < (?, ?, ?) AND ${POSITION} >= (?, ?, ?) ${NEWEST_FIRST} LIMIT 1 OFFSET ?`,

  /** Parameters: candidate ids (JSON), id from, conditions, how many. */
  patientsOfCandidates: (
    where: string,
  ) => `SELECT p.id, ${attributes('PATIENT', 'p')} FROM json_each(?) c CROSS JOIN patients p ON p.id = c.value
    WHERE p.id < ?${where} ORDER BY p.id DESC LIMIT ?`,
  /** Parameters: id from, id to, conditions, how many. */
  patientsInOrder: (where: string) => `SELECT p.id, ${attributes('PATIENT', 'p')} FROM patients p
    WHERE p.id < ? AND p.id >= ?${where} ORDER BY p.id DESC LIMIT ?`,
  endOfPatientWindow: 'SELECT p.id FROM patients p WHERE p.id < ? ORDER BY p.id DESC LIMIT 1 OFFSET ?',

  /** Parameters: study, position, conditions, how many. */
  series: (
    where: string,
  ) => `SELECT e."SeriesOrder", e."SeriesInstanceUID", e.id, ${attributes('SERIES', 'e')} FROM series e INDEXED BY series_order
    WHERE e.study_id = ? AND (e."SeriesOrder", e."SeriesInstanceUID") > (?, ?)${where} ORDER BY e."SeriesOrder", e."SeriesInstanceUID" LIMIT ?`,
  /** Parameters: series, position, conditions, how many. */
  instances: (
    where: string,
  ) => `SELECT i."InstanceOrder", i."SOPInstanceUID", i.storage_key, i.transfer_syntax_uid, ${attributes('IMAGE', 'i')}
    FROM instances i INDEXED BY instances_order
    WHERE i.series_id = ? AND (i."InstanceOrder", i."SOPInstanceUID") > (?, ?)${where} ORDER BY i."InstanceOrder", i."SOPInstanceUID" LIMIT ?`,
  retrievables: (where: string) => `SELECT i."InstanceOrder", i."SOPInstanceUID", i.storage_key, i.transfer_syntax_uid, i."SOPClassUID",
      i.file_size_bytes, i.data_set_offset, i.sha256
    FROM instances i INDEXED BY instances_order
    WHERE i.series_id = ? AND (i."InstanceOrder", i."SOPInstanceUID") > (?, ?)${where} ORDER BY i."InstanceOrder", i."SOPInstanceUID" LIMIT ?`,
  countInstances: (where: string) => `SELECT count(*) FROM instances i INDEXED BY instances_order WHERE i.series_id = ?${where}`,
} as const

/** Conditions from one level on another. `inner` parts begin with AND. */
export const NESTED_SQL = {
  role: (alias: string) => `${alias}.role <> ?`,
  studyOfPatient: (inner: string) => `EXISTS (SELECT 1 FROM studies s WHERE s.patient_id = p.id${inner})`,
  seriesOfStudy: (inner: string) => `EXISTS (SELECT 1 FROM series e WHERE e.study_id = s.id${inner})`,
  instanceOfSeries: (inner: string) => `EXISTS (SELECT 1 FROM instances i WHERE i.series_id = e.id${inner})`,
  modalityInStudy: (inner: string) => `EXISTS (SELECT 1 FROM series m WHERE m.study_id = s.id${inner}
    AND EXISTS (SELECT 1 FROM instances n WHERE n.series_id = m.id AND n.role <> ?))`,
  classInStudy: (inner: string) => `EXISTS (SELECT 1 FROM series m CROSS JOIN instances n ON n.series_id = m.id
    WHERE m.study_id = s.id${inner} AND n.role <> ?)`,
} as const

/** Makes a search for row ids in one table, by an index of the planner's choice or by the one named. */
type Search = (condition: string, index?: string) => string
const search =
  (column: string, table: string, always = ''): Search =>
  (condition, index) =>
    `SELECT ${column} FROM ${table}${index === undefined ? '' : ` INDEXED BY ${index}`} WHERE ${always}${condition}`
const IDENTITY = search('study_id', 'study_identities', 'in_force = 1 AND ')
const PATIENT = search('id', 'patients')
const ACCESSION = search('id', 'studies')
const ACCESSION_PATIENT = search('patient_id', 'studies')

/** A value with a backslash is several: those rows are few, and an index of their own lists them. */
const EQUAL_OR_SEVERAL = (of: Search, column: string, several: string) =>
  `${of(`"${column}" = ?`)} UNION ALL ${of(`instr("${column}", '\\') > 0 AND dicom_has_value(?, "${column}")`, several)} LIMIT ?`
const PREFIX_OR_SEVERAL = (of: Search, column: string, several: string) =>
  `${of(`"${column}" >= ? AND "${column}" < ?`)} UNION ALL ${of(`instr("${column}", '\\') > 0 AND dicom_wildcard(?, "${column}")`, several)} LIMIT ?`
const FOLDS = ['PatientNameFold1', 'PatientNameFold2', 'PatientNameFold3']
const NAME_EQUAL = (of: Search) => `${FOLDS.map((fold) => of(`"${fold}" > '' AND "${fold}" = ?`)).join(' UNION ALL ')} LIMIT ?`
const NAME_PREFIX = (of: Search) =>
  `${FOLDS.map((fold) => of(`"${fold}" > '' AND "${fold}" >= ? AND "${fold}" < ?`)).join(' UNION ALL ')} LIMIT ?`

/** Which studies, or which patients, an indexed value can be about: ids, at most LIMIT of them where many may share a value. */
export const CANDIDATE_SQL = {
  STUDY: {
    studyUids: 'SELECT id FROM studies WHERE "StudyInstanceUID" IN (SELECT value FROM json_each(?))',
    seriesUids: 'SELECT DISTINCT study_id FROM series WHERE "SeriesInstanceUID" IN (SELECT value FROM json_each(?))',
    instanceUids: `SELECT DISTINCT e.study_id FROM instances i CROSS JOIN series e ON e.id = i.series_id
      WHERE i."SOPInstanceUID" IN (SELECT value FROM json_each(?))`,
    patientId: EQUAL_OR_SEVERAL(IDENTITY, 'PatientID', 'identities_id_several'),
    patientIdPrefix: PREFIX_OR_SEVERAL(IDENTITY, 'PatientID', 'identities_id_several'),
    accession: EQUAL_OR_SEVERAL(ACCESSION, 'AccessionNumber', 'studies_accession_several'),
    accessionPrefix: PREFIX_OR_SEVERAL(ACCESSION, 'AccessionNumber', 'studies_accession_several'),
    name: NAME_EQUAL(IDENTITY),
    namePrefix: NAME_PREFIX(IDENTITY),
    birthDate: `${IDENTITY('"PatientBirthDateNorm" = ?')} LIMIT ?`,
  },
  PATIENT: {
    studyUids: 'SELECT DISTINCT patient_id FROM studies WHERE "StudyInstanceUID" IN (SELECT value FROM json_each(?))',
    seriesUids: `SELECT DISTINCT s.patient_id FROM series e CROSS JOIN studies s ON s.id = e.study_id
      WHERE e."SeriesInstanceUID" IN (SELECT value FROM json_each(?))`,
    instanceUids: `SELECT DISTINCT s.patient_id FROM instances i CROSS JOIN series e ON e.id = i.series_id CROSS JOIN studies s ON s.id = e.study_id
      WHERE i."SOPInstanceUID" IN (SELECT value FROM json_each(?))`,
    patientId: EQUAL_OR_SEVERAL(PATIENT, 'PatientID', 'patients_id_several'),
    patientIdPrefix: PREFIX_OR_SEVERAL(PATIENT, 'PatientID', 'patients_id_several'),
    accession: EQUAL_OR_SEVERAL(ACCESSION_PATIENT, 'AccessionNumber', 'studies_accession_several'),
    accessionPrefix: PREFIX_OR_SEVERAL(ACCESSION_PATIENT, 'AccessionNumber', 'studies_accession_several'),
    name: NAME_EQUAL(PATIENT),
    namePrefix: NAME_PREFIX(PATIENT),
    birthDate: `${PATIENT('"PatientBirthDateNorm" = ?')} LIMIT ?`,
  },
} as const

/** Values computed from rows. Parameters: the row's id, then the role left out ('' for none). */
export const DERIVED_SQL = {
  studiesOfPatient: `SELECT count(*) FROM studies s WHERE s.patient_id = ?
    AND EXISTS (SELECT 1 FROM series e CROSS JOIN instances i ON i.series_id = e.id WHERE e.study_id = s.id AND i.role <> ?)`,
  seriesOfPatient: `SELECT count(*) FROM studies s CROSS JOIN series e ON e.study_id = s.id WHERE s.patient_id = ?
    AND EXISTS (SELECT 1 FROM instances i WHERE i.series_id = e.id AND i.role <> ?)`,
  instancesOfPatient: `SELECT count(*) FROM studies s CROSS JOIN series e ON e.study_id = s.id
    CROSS JOIN instances i INDEXED BY instances_order ON i.series_id = e.id WHERE s.patient_id = ? AND i.role <> ?`,
  seriesOfStudy: `SELECT count(*) FROM series e WHERE e.study_id = ?
    AND EXISTS (SELECT 1 FROM instances i WHERE i.series_id = e.id AND i.role <> ?)`,
  instancesOfStudy: `SELECT count(*) FROM series e CROSS JOIN instances i INDEXED BY instances_order ON i.series_id = e.id
    WHERE e.study_id = ? AND i.role <> ?`,
  instancesOfSeries: 'SELECT count(*) FROM instances i INDEXED BY instances_order WHERE i.series_id = ? AND i.role <> ?',
  modalitiesInStudy: `SELECT DISTINCT e."Modality" FROM series e WHERE e.study_id = ? AND e."Modality" IS NOT NULL
    AND EXISTS (SELECT 1 FROM instances i WHERE i.series_id = e.id AND i.role <> ?) ORDER BY e."Modality"`,
  classesInStudy: `SELECT DISTINCT i."SOPClassUID" FROM series e CROSS JOIN instances i INDEXED BY instances_order ON i.series_id = e.id
    WHERE e.study_id = ? AND i.role <> ? ORDER BY i."SOPClassUID"`,
} as const
