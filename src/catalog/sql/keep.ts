/** Statements of the write path: find or make patient, identity, study, series; the instance itself; and their removal. */
import { attributes, fill, insert, overwrite } from './columns.ts'

const INSTANCE_FILE = [
  'role',
  'transfer_syntax_uid',
  'storage_key',
  'file_size_bytes',
  'data_set_offset',
  'sha256',
  'source',
  'received_at',
  'confidentiality',
  'hidden_by',
  'visible',
]

export const KEEP_SQL = {
  patientByKey: `SELECT id, ${attributes('PATIENT', 'p')}, level FROM patients p WHERE identity_key = ?`,
  insertPatient: insert('patients', ['level', 'identity_key'], 'PATIENT'),
  /** A lower level has come. */
  lowerPatient: overwrite('patients', ['level'], 'PATIENT'),
  fillPatient: fill('patients', 'PATIENT'),

  studyByUid: `SELECT id, in_conflict, patient_id, ${attributes('STUDY', 's')}, level, is_mixed FROM studies s WHERE "StudyInstanceUID" = ?`,
  insertStudy: insert('studies', ['patient_id', 'revision', 'manifest_revision', 'last_received_at', 'in_conflict', 'level'], 'STUDY'),
  fillStudy: fill('studies', 'STUDY'),
  /** The time twice: 0 where nothing was received. */
  studyChanged: `UPDATE studies SET revision = revision + 1, last_received_at = max(last_received_at, ?),
    pending_since = COALESCE(pending_since, max(last_received_at, ?)), association_ended_at = NULL WHERE id = ?`,
  setConflict: 'UPDATE studies SET in_conflict = ? WHERE id = ?',
  setPatient: 'UPDATE studies SET patient_id = ? WHERE id = ?',

  identityByKey: `SELECT id, in_force, ${attributes('PATIENT', 'p')} FROM study_identities p WHERE study_id = ? AND identity_key = ?`,
  identityInForce: 'SELECT id FROM study_identities p WHERE study_id = ? AND in_force = 1',
  highestIdentity: 'SELECT max(number) FROM study_identities WHERE study_id = ?',
  insertIdentity: insert('study_identities', ['study_id', 'level', 'number', 'in_force', 'identity_key'], 'PATIENT'),
  /** Those of the same Patient ID, or where one of the two has none. Parameters: study, Patient ID twice. */
  identitiesAlike: `SELECT id, in_force, ${attributes('PATIENT', 'p')} FROM study_identities p WHERE study_id = ?
    AND (? IS NULL OR "PatientID" IS NULL OR "PatientID" = ?) ORDER BY in_force DESC, number LIMIT 64`,
  overwriteIdentity: overwrite('study_identities', ['identity_key'], 'PATIENT'),
  identityByNumber: `SELECT id, identity_key, ${attributes('PATIENT', 'p')}, level FROM study_identities p WHERE study_id = ? AND number = ?`,
  identitiesOfStudy: `SELECT number, id, ${attributes('PATIENT', 'p')} FROM study_identities p WHERE study_id = ?`,
  noIdentityInForce: 'UPDATE study_identities SET in_force = 0 WHERE study_id = ? AND in_force = 1',
  putInForce: 'UPDATE study_identities SET in_force = 1 WHERE id = ?',

  seriesByUid: `SELECT id, ${attributes('SERIES', 'e')} FROM series e WHERE "SeriesInstanceUID" = ? AND study_id = ?`,
  insertSeries: insert('series', ['study_id', 'level'], 'SERIES'),
  overwriteSeries: overwrite('series', [], 'SERIES'),
  fillSeries: fill('series', 'SERIES'),
  setRequests: 'UPDATE series SET "RequestAttributesSequence" = ? WHERE id = ?',

  placeOfInstance: `SELECT i.id, i.sha256, i.role, i.series_id, i.identity_id, e."SeriesInstanceUID", s."StudyInstanceUID", s.id, i.storage_key,
      i.confidentiality, i.hidden_by, i.received_at
    FROM instances i CROSS JOIN series e ON e.id = i.series_id CROSS JOIN studies s ON s.id = e.study_id
    WHERE i."SOPInstanceUID" = ?`,
  insertInstance: insert('instances', ['series_id', 'identity_id', ...INSTANCE_FILE], 'IMAGE'),
  replaceInstance: overwrite('instances', ['identity_id', ...INSTANCE_FILE], 'IMAGE'),
  relocateInstance:
    'UPDATE instances SET storage_key = ?, file_size_bytes = ?, data_set_offset = ? WHERE "SOPInstanceUID" = ? AND storage_key = ?',

  assignInstance: 'UPDATE instances SET identity_id = ? WHERE "SOPInstanceUID" = ?',
  deleteInstance: 'DELETE FROM instances WHERE id = ?',
  deleteEmptySeries: 'DELETE FROM series WHERE id = ? AND NOT EXISTS (SELECT 1 FROM instances WHERE series_id = series.id)',
  deleteEmptyIdentities: `DELETE FROM study_identities WHERE study_id = ? AND in_force = 0
    AND NOT EXISTS (SELECT 1 FROM instances WHERE identity_id = study_identities.id)`,
  deleteAllIdentities: 'DELETE FROM study_identities WHERE study_id = ?',
  countIdentities: 'SELECT count(*) FROM study_identities WHERE study_id = ?',
  studyIsEmpty: 'SELECT NOT EXISTS (SELECT 1 FROM series WHERE study_id = ?)',
  patientOfStudy: 'SELECT patient_id FROM studies WHERE id = ?',
  deleteStudy: 'DELETE FROM studies WHERE id = ?',
  deleteEmptyPatient: 'DELETE FROM patients WHERE id = ? AND NOT EXISTS (SELECT 1 FROM studies WHERE patient_id = patients.id)',
} as const
