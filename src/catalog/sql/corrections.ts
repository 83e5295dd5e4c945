/** Statements about corrections of patients and studies: what is decided, what it concerns, what goes out differently. */
import { attributes, overwrite } from './columns.ts'

export const CORRECTION_SQL = {
  studyOf: `SELECT is_corrected, in_conflict, corrected, ${attributes('STUDY', 's')} FROM studies s WHERE id = ?`,
  identitiesOf: `SELECT id, in_force, corrected, replaced, ${attributes('PATIENT', 'p')} FROM study_identities p WHERE study_id = ?`,
  /** Whether its data set may go out other than it is kept. Parameter: SOP Instance UID. */
  mayBeCorrected: `SELECT s.is_corrected FROM instances i CROSS JOIN series e ON e.id = i.series_id CROSS JOIN studies s ON s.id = e.study_id
    WHERE i."SOPInstanceUID" = ? AND i.role <> 'manifest'`,

  rule: 'SELECT into_key, patient_values, former_values, at, reason FROM patient_rules WHERE identity_key = ?',
  setRule: `INSERT INTO patient_rules (identity_key, into_key, patient_values, former_values, at, reason) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (identity_key) DO UPDATE SET into_key = excluded.into_key, patient_values = excluded.patient_values,
    former_values = excluded.former_values, at = excluded.at, reason = excluded.reason`,
  /** A patient that is in force is nobody else. */
  noAlias: 'UPDATE patient_rules SET into_key = NULL WHERE identity_key = ?',
  studyRule: 'SELECT study_values, at FROM study_rules WHERE study_instance_uid = ?',
  setStudyRule: `INSERT INTO study_rules (study_instance_uid, study_values, at) VALUES (?, ?, ?)
    ON CONFLICT (study_instance_uid) DO UPDATE SET study_values = excluded.study_values, at = excluded.at`,

  studiesOfPatient: 'SELECT id, "StudyInstanceUID" FROM studies WHERE patient_id = ?',
  identityOf: `SELECT id, identity_key, corrected, ${attributes('PATIENT', 'p')} FROM study_identities p WHERE study_id = ? AND in_force = 1`,
  identityByKey: `SELECT id, corrected, ${attributes('PATIENT', 'p')} FROM study_identities p WHERE study_id = ? AND identity_key = ?`,
  setCorrected: 'UPDATE study_identities SET corrected = ? WHERE id = ?',
  isReplaced: 'SELECT replaced IS NOT NULL FROM study_identities WHERE id = ?',
  setReplaced: 'UPDATE study_identities SET replaced = ? WHERE id = ?',
  replaceOthers: 'UPDATE study_identities SET replaced = ? WHERE study_id = ? AND in_force = 0',
  replaceByKey: 'UPDATE study_identities SET replaced = ? WHERE study_id = ? AND identity_key = ? AND in_force = 0',
  setIsCorrected: 'UPDATE studies SET is_corrected = 1 WHERE id = ?',
  endConflict: `UPDATE studies SET in_conflict = 0 WHERE id = ?
    AND NOT EXISTS (SELECT 1 FROM study_identities WHERE study_id = studies.id AND in_force = 0 AND replaced IS NULL)`,
  overwritePatient: overwrite('patients', ['identity_key'], 'PATIENT'),
  overwriteStudy: overwrite('studies', ['corrected'], 'STUDY'),

  /** Those of a Patient ID, with what they have. */
  patientsNamed: `SELECT p.identity_key, (SELECT count(*) FROM studies s WHERE s.patient_id = p.id),
      (SELECT count(*) FROM studies s CROSS JOIN series e ON e.study_id = s.id CROSS JOIN instances i INDEXED BY instances_order ON i.series_id = e.id
        WHERE s.patient_id = p.id AND i.role <> 'manifest'),
      (SELECT count(*) FROM studies s CROSS JOIN manifests m INDEXED BY manifests_in_force
        ON m.study_instance_uid = s."StudyInstanceUID" AND m.state = 'in force' WHERE s.patient_id = p.id),
      ${attributes('PATIENT', 'p')} FROM patients p WHERE "PatientID" = ?`,
} as const
