/** A step of the schema: which confidentiality level the values above the instance come from. Literal text, never edited once released (see migrations.ts).
 *
 *  `level` of a patient, study, identity or series is the bit of the level whose instances gave its values: the lowest that it has. `studies.is_mixed`: several
 *  levels have given values. `brought_values`: what the instances of one series, level and identity gave, JSON by keyword, where that is not what the rows say;
 *  of_series is NULL where the row of the series says it. */
export const SCHEMA_LEVELS = `
  ALTER TABLE patients ADD COLUMN level INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE studies ADD COLUMN level INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE studies ADD COLUMN is_mixed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE study_identities ADD COLUMN level INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE series ADD COLUMN level INTEGER NOT NULL DEFAULT 1;

  UPDATE series SET level = (SELECT min(CASE i.confidentiality WHEN 'N' THEN 1 WHEN 'R' THEN 2 WHEN 'V' THEN 4 WHEN 'MASQUE_PS' THEN 8
      WHEN 'INVISIBLE_PATIENT' THEN 16 ELSE 32 END) FROM instances i WHERE i.series_id = series.id)
    WHERE id IN (SELECT series_id FROM instances WHERE confidentiality <> 'N');
  UPDATE studies SET level = (SELECT min(e.level) FROM series e WHERE e.study_id = studies.id)
    WHERE id IN (SELECT study_id FROM series WHERE level <> 1);
  UPDATE study_identities SET level = (SELECT s.level FROM studies s WHERE s.id = study_identities.study_id)
    WHERE study_id IN (SELECT id FROM studies WHERE level <> 1);
  UPDATE patients SET level = (SELECT min(s.level) FROM studies s WHERE s.patient_id = patients.id)
    WHERE id IN (SELECT patient_id FROM studies WHERE level <> 1);

  CREATE TABLE brought_values (
    series_id INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    level INTEGER NOT NULL,
    identity_id INTEGER NOT NULL REFERENCES study_identities (id) ON DELETE CASCADE,
    above TEXT NOT NULL,
    of_series TEXT,
    PRIMARY KEY (series_id, level, identity_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX brought_values_identity ON brought_values (identity_id);
`
