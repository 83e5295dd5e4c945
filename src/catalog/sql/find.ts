/** Statements of queries and retrievals. `where` parts come from sql/conditions.ts, each beginning with AND; `values` are the attributes that are
 *  wanted of each level.
 *
 *  Studies are walked newest first by the index `studies_order`; series and instances of one parent by theirs. Patients by row id,
 *  newest first. Candidates come in the order in which they are given. CROSS JOIN and INDEXED BY fix the order of the loops: the plan does not
 *  depend on statistics. Nothing here is sorted: for that SQLite makes a table first, which costs more than a study. */
import type { Values } from '../columns.ts'
import { further } from './columns.ts'

const PLACE = 's."StudyDateNorm", s."StudyTimeNorm", s."StudyInstanceUID", s.id'
const STUDY = ({ PATIENT, STUDY: study, shownTo }: Values) =>
  `SELECT ${PLACE}, s.patient_id${further(PATIENT, 'p', shownTo?.patient)}${further(study, 's', shownTo?.above)}`
const PATIENT_ROW = ({ PATIENT }: Values) => `SELECT p.id${further(PATIENT, 'p')}`
const IN_FORCE = 'CROSS JOIN study_identities p ON p.study_id = s.id AND p.in_force = 1'
const POSITION = '(s."StudyDateNorm", s."StudyTimeNorm", s."StudyInstanceUID")'
const NEWEST_FIRST = 'ORDER BY s."StudyDateNorm" DESC, s."StudyTimeNorm" DESC, s."StudyInstanceUID" DESC'

export const FIND_SQL = {
  /** Parameters: candidate ids (JSON). */
  placesOfCandidates: `SELECT ${PLACE} FROM json_each(?) c CROSS JOIN studies s ON s.id = c.value`,
  /** Parameters: candidate ids (JSON), conditions. */
  studiesOfCandidates: (
    where: string,
    values: Values,
  ) => `${STUDY(values)} FROM json_each(?) c CROSS JOIN studies s ON s.id = c.value ${IN_FORCE}
    WHERE true${where}`,
  /** Parameters: position from, position to, conditions, how many. */
  studiesInOrder: (where: string, values: Values) => `${STUDY(values)} FROM studies s INDEXED BY studies_order ${IN_FORCE}
    WHERE ${POSITION} < (?, ?, ?) AND ${POSITION} >= (?, ?, ?)${where} ${NEWEST_FIRST} LIMIT ?`,
  /** Where a window of `offset` studies ends. Parameters: position from, position to, offset. */
  endOfWindow: `SELECT s."StudyDateNorm", s."StudyTimeNorm", s."StudyInstanceUID" FROM studies s INDEXED BY studies_order
    WHERE ${POSITION} < (?, ?, ?) AND ${POSITION} >= (?, ?, ?) ${NEWEST_FIRST} LIMIT 1 OFFSET ?`,
  /** Parameters: date from, date to, the most that is counted. */
  countBetweenDates: `SELECT count(*) FROM (SELECT 1 FROM studies s INDEXED BY studies_order
    WHERE s."StudyDateNorm" >= ? AND s."StudyDateNorm" <= ? LIMIT ?)`,

  /** Parameters: candidate ids (JSON), conditions. */
  patientsOfCandidates: (
    where: string,
    values: Values,
  ) => `${PATIENT_ROW(values)} FROM json_each(?) c CROSS JOIN patients p ON p.id = c.value
    WHERE true${where}`,
  /** Parameters: id from, id to, conditions, how many. */
  patientsInOrder: (where: string, values: Values) => `${PATIENT_ROW(values)} FROM patients p
    WHERE p.id < ? AND p.id >= ?${where} ORDER BY p.id DESC LIMIT ?`,
  endOfPatientWindow: 'SELECT p.id FROM patients p WHERE p.id < ? ORDER BY p.id DESC LIMIT 1 OFFSET ?',

  /** Parameters: study, position, conditions, how many. */
  series: (
    where: string,
    { SERIES, shownTo }: Values,
  ) => `SELECT e."SeriesOrder", e."SeriesInstanceUID", e.id${further(SERIES, 'e', shownTo?.above)}
    FROM series e INDEXED BY series_order
    WHERE e.study_id = ? AND (e."SeriesOrder", e."SeriesInstanceUID") > (?, ?)${where} ORDER BY e."SeriesOrder", e."SeriesInstanceUID" LIMIT ?`,
  /** Parameters: series, position, conditions, how many. */
  instances: (
    where: string,
    { IMAGE }: Values,
  ) => `SELECT i."InstanceOrder", i."SOPInstanceUID", i.storage_key, i.transfer_syntax_uid${further(IMAGE, 'i')}
    FROM instances i INDEXED BY instances_order
    WHERE i.series_id = ? AND (i."InstanceOrder", i."SOPInstanceUID") > (?, ?)${where} ORDER BY i."InstanceOrder", i."SOPInstanceUID" LIMIT ?`,
  retrievables: (where: string) => `SELECT i."InstanceOrder", i."SOPInstanceUID", i.storage_key, i.transfer_syntax_uid, i."SOPClassUID",
      i.file_size_bytes, i.data_set_offset, i.sha256, i.identity_id, i.role
    FROM instances i INDEXED BY instances_order
    WHERE i.series_id = ? AND (i."InstanceOrder", i."SOPInstanceUID") > (?, ?)${where} ORDER BY i."InstanceOrder", i."SOPInstanceUID" LIMIT ?`,
  /** One instance, its study and series, and whether anything in that study goes out corrected. Parameters: SOP Instance UID, conditions. */
  oneRetrievable: (where: string) => `SELECT i."InstanceOrder", i."SOPInstanceUID", i.storage_key, i.transfer_syntax_uid, i."SOPClassUID",
      i.file_size_bytes, i.data_set_offset, i.sha256, i.identity_id, i.role, s."StudyInstanceUID", e."SeriesInstanceUID", s.id, s.is_corrected
    FROM instances i INDEXED BY instances_uid CROSS JOIN series e ON e.id = i.series_id CROSS JOIN studies s ON s.id = e.study_id
    WHERE i."SOPInstanceUID" = ?${where}`,
  countInstances: (where: string) => `SELECT count(*) FROM instances i INDEXED BY instances_order WHERE i.series_id = ?${where}`,
} as const

/** Conditions from one level on another. `inner` parts begin with AND. */
export const NESTED_SQL = {
  /** Exists for the caller. Parameters: the role that does not exist, the levels that do. */
  exists: (alias: string) => `${alias}.role <> ? AND ${alias}.visible & ? <> 0`,
  /** The values of the row come from a level that the caller may see. Parameter: those levels. */
  isShown: (alias: string) => `${alias}.level & ? <> 0`,
  studyOfPatient: (inner: string) => `EXISTS (SELECT 1 FROM studies s WHERE s.patient_id = p.id${inner})`,
  seriesOfStudy: (inner: string) => `EXISTS (SELECT 1 FROM series e WHERE e.study_id = s.id${inner})`,
  instanceOfSeries: (inner: string) => `EXISTS (SELECT 1 FROM instances i WHERE i.series_id = e.id${inner})`,
  modalityInStudy: (inner: string) => `EXISTS (SELECT 1 FROM series m WHERE m.study_id = s.id${inner} AND m.level & ? <> 0
    AND EXISTS (SELECT 1 FROM instances n WHERE n.series_id = m.id AND n.role <> ? AND n.visible & ? <> 0))`,
  classInStudy: (inner: string) => `EXISTS (SELECT 1 FROM series m CROSS JOIN instances n ON n.series_id = m.id
    WHERE m.study_id = s.id${inner} AND n.role <> ? AND n.visible & ? <> 0)`,
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
/** Of two lower ends SQLite takes the first: the other is there for the partial indexes. */
const NAME_PREFIX = (of: Search) =>
  `${FOLDS.map((fold) => of(`"${fold}" >= ? AND "${fold}" < ? AND "${fold}" > ''`)).join(' UNION ALL ')} LIMIT ?`

/** Which studies, or which patients, an indexed value can be about: ids, some of them twice, at most LIMIT of them where many may share a value. */
export const CANDIDATE_SQL = {
  STUDY: {
    studyUids: 'SELECT s.id FROM json_each(?) c CROSS JOIN studies s ON s."StudyInstanceUID" = c.value',
    seriesUids: 'SELECT e.study_id FROM json_each(?) c CROSS JOIN series e ON e."SeriesInstanceUID" = c.value',
    instanceUids: `SELECT e.study_id FROM json_each(?) c CROSS JOIN instances i ON i."SOPInstanceUID" = c.value
      CROSS JOIN series e ON e.id = i.series_id`,
    patientId: EQUAL_OR_SEVERAL(IDENTITY, 'PatientID', 'identities_id_several'),
    patientIdPrefix: PREFIX_OR_SEVERAL(IDENTITY, 'PatientID', 'identities_id_several'),
    accession: EQUAL_OR_SEVERAL(ACCESSION, 'AccessionNumber', 'studies_accession_several'),
    accessionPrefix: PREFIX_OR_SEVERAL(ACCESSION, 'AccessionNumber', 'studies_accession_several'),
    name: NAME_EQUAL(IDENTITY),
    namePrefix: NAME_PREFIX(IDENTITY),
    birthDate: `${IDENTITY('"PatientBirthDateNorm" = ?')} LIMIT ?`,
  },
  PATIENT: {
    studyUids: 'SELECT s.patient_id FROM json_each(?) c CROSS JOIN studies s ON s."StudyInstanceUID" = c.value',
    seriesUids: `SELECT s.patient_id FROM json_each(?) c CROSS JOIN series e ON e."SeriesInstanceUID" = c.value
      CROSS JOIN studies s ON s.id = e.study_id`,
    instanceUids: `SELECT s.patient_id FROM json_each(?) c CROSS JOIN instances i ON i."SOPInstanceUID" = c.value
      CROSS JOIN series e ON e.id = i.series_id CROSS JOIN studies s ON s.id = e.study_id`,
    patientId: EQUAL_OR_SEVERAL(PATIENT, 'PatientID', 'patients_id_several'),
    patientIdPrefix: PREFIX_OR_SEVERAL(PATIENT, 'PatientID', 'patients_id_several'),
    accession: EQUAL_OR_SEVERAL(ACCESSION_PATIENT, 'AccessionNumber', 'studies_accession_several'),
    accessionPrefix: PREFIX_OR_SEVERAL(ACCESSION_PATIENT, 'AccessionNumber', 'studies_accession_several'),
    name: NAME_EQUAL(PATIENT),
    namePrefix: NAME_PREFIX(PATIENT),
    birthDate: `${PATIENT('"PatientBirthDateNorm" = ?')} LIMIT ?`,
  },
} as const

/** Names in force in the order of their index, some at a time, for each group of a name: where that many end (parameters: name and row id behind which, how
 *  many less one), and the studies among them whose name holds a text (both places, text, limit). */
export const SIEVE_SQL = FOLDS.map((fold, at) => {
  const from = `FROM study_identities INDEXED BY identities_name_${at + 1} WHERE ("${fold}", id) > (?, ?) AND "${fold}" > ''`
  return {
    end: `SELECT "${fold}", id ${from} ORDER BY "${fold}", id LIMIT 1 OFFSET ?`,
    held: `SELECT study_id ${from} AND ("${fold}", id) <= (?, ?) AND instr("${fold}", ?) > 0 AND in_force = 1 LIMIT ?`,
  }
})

/** Values computed from rows, each of the patient, study or series `c.value`; `w.role` is the role that does not count, '' for none, `w.levels` the levels that do. */
export const DERIVED_SQL = {
  studiesOfPatient: `SELECT count(*) FROM studies s WHERE s.patient_id = c.value
    AND EXISTS (SELECT 1 FROM series e CROSS JOIN instances i ON i.series_id = e.id WHERE e.study_id = s.id AND i.role <> w.role AND i.visible & w.levels <> 0)`,
  seriesOfPatient: `SELECT count(*) FROM studies s CROSS JOIN series e ON e.study_id = s.id WHERE s.patient_id = c.value
    AND EXISTS (SELECT 1 FROM instances i WHERE i.series_id = e.id AND i.role <> w.role AND i.visible & w.levels <> 0)`,
  instancesOfPatient: `SELECT count(*) FROM studies s CROSS JOIN series e ON e.study_id = s.id
    CROSS JOIN instances i INDEXED BY instances_order ON i.series_id = e.id WHERE s.patient_id = c.value AND i.role <> w.role AND i.visible & w.levels <> 0`,
  seriesOfStudy: `SELECT count(*) FROM series e WHERE e.study_id = c.value
    AND EXISTS (SELECT 1 FROM instances i WHERE i.series_id = e.id AND i.role <> w.role AND i.visible & w.levels <> 0)`,
  instancesOfStudy: `SELECT count(*) FROM series e CROSS JOIN instances i INDEXED BY instances_order ON i.series_id = e.id
    WHERE e.study_id = c.value AND i.role <> w.role AND i.visible & w.levels <> 0`,
  instancesOfSeries:
    'SELECT count(*) FROM instances i INDEXED BY instances_order WHERE i.series_id = c.value AND i.role <> w.role AND i.visible & w.levels <> 0',
  /** One for each series, several of them equal: making them different here costs a table. */
  modalitiesInStudy: `SELECT group_concat(e."Modality", '\\') FROM series e WHERE e.study_id = c.value AND e.level & w.levels <> 0
    AND EXISTS (SELECT 1 FROM instances i WHERE i.series_id = e.id AND i.role <> w.role AND i.visible & w.levels <> 0)`,
  classesInStudy: `SELECT group_concat(uid, '\\') FROM (SELECT DISTINCT i."SOPClassUID" uid FROM series e
    CROSS JOIN instances i INDEXED BY instances_order ON i.series_id = e.id WHERE e.study_id = c.value AND i.role <> w.role AND i.visible & w.levels <> 0)`,
} as const

/** Several of them for each of several rows: id, then the values. Parameters: role, levels, ids (JSON). */
export const derivedValues = (values: readonly string[]) =>
  `SELECT c.value, ${values.map((sql) => `(${sql})`).join(', ')} FROM (SELECT ? AS role, ? AS levels) w CROSS JOIN json_each(?) c`
