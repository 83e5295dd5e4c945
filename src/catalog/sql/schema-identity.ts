/** A step of the schema: corrections of patients and studies. Literal text, never edited once released (see migrations.ts).
 *
 *  `corrected` is JSON {keywords, at, reason}: attributes of the row that were decided, which files may not know. `replaced` is JSON {at, reason,
 *  isSamePatient}: the identity is carried by files, and another one is in force by a decision. `patient_rules` and `study_rules` hold decisions
 *  for what is still to come; their values are JSON by keyword. */
export const SCHEMA_IDENTITY = `
  ALTER TABLE studies ADD COLUMN is_corrected INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE studies ADD COLUMN corrected TEXT;
  ALTER TABLE study_identities ADD COLUMN corrected TEXT;
  ALTER TABLE study_identities ADD COLUMN replaced TEXT;

  UPDATE study_identities SET replaced = '{"at":' || unixepoch() || '000,"reason":"CORRECT","isSamePatient":false}'
    WHERE in_force = 0 AND study_id IN (SELECT id FROM studies WHERE in_conflict = 0);
  UPDATE studies SET is_corrected = 1 WHERE id IN (SELECT study_id FROM study_identities WHERE replaced IS NOT NULL);

  CREATE TABLE patient_rules (
    identity_key TEXT PRIMARY KEY,
    into_key TEXT,
    patient_values TEXT NOT NULL,
    former_values TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE study_rules (
    study_instance_uid TEXT PRIMARY KEY,
    study_values TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`
