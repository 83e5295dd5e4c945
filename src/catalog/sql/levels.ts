/** Statements about the level that values above the instance come from (sql/schema-levels.ts). */
import { attributes } from './columns.ts'

const BROUGHT = 'FROM series e CROSS JOIN brought_values b ON b.series_id = e.id WHERE e.study_id = ?'

/** Gives values to the rows above it: our manifests do not, nor do rejection notes, which can repeat what they read in an instance of a higher level. */
const GIVES = "i.role NOT IN ('manifest', 'rejection-note')"

export const LEVEL_SQL = {
  study: `SELECT id, level, is_mixed, in_conflict, corrected, patient_id, ${attributes('STUDY', 's')} FROM studies s WHERE id = ?`,
  levelOfStudy: 'SELECT level FROM studies WHERE id = ?',
  setStudy: 'UPDATE studies SET level = ?, is_mixed = ? WHERE id = ?',
  isMixed: 'SELECT is_mixed FROM studies WHERE id = ?',
  identities: `SELECT id, level, in_force, identity_key, corrected, ${attributes('PATIENT', 'p')} FROM study_identities p WHERE study_id = ?`,
  setIdentity: 'UPDATE study_identities SET level = ? WHERE id = ?',
  identityKey: 'SELECT identity_key FROM study_identities WHERE id = ?',
  setIdentityKey: 'UPDATE study_identities SET identity_key = ? WHERE id = ?',
  setIdentitiesOfStudy: 'UPDATE study_identities SET level = ? WHERE study_id = ?',
  setSeries: 'UPDATE series SET level = ? WHERE id = ?',
  setPatient: 'UPDATE patients SET level = ? WHERE id = ?',
  patient: `SELECT id, level, identity_key, ${attributes('PATIENT', 'p')} FROM patients p WHERE id = ?`,
  identitiesOfPatient: `SELECT p.level, ${attributes('PATIENT', 'p')} FROM studies s
    CROSS JOIN study_identities p ON p.study_id = s.id AND p.in_force = 1 WHERE s.patient_id = ?`,

  brought: `SELECT b.series_id, b.level, b.identity_id, b.above, b.of_series ${BROUGHT}`,
  broughtOne: 'SELECT above, of_series FROM brought_values WHERE series_id = ? AND level = ? AND identity_id = ?',
  isSetApart: 'SELECT EXISTS (SELECT 1 FROM brought_values WHERE series_id = ?)',
  put: `INSERT INTO brought_values (series_id, level, identity_id, above, of_series) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (series_id, level, identity_id) DO UPDATE SET above = excluded.above, of_series = excluded.of_series`,
  setOfSeries: 'UPDATE brought_values SET of_series = ? WHERE series_id = ? AND of_series IS NULL',
  remove: 'DELETE FROM brought_values WHERE series_id = ? AND level = ? AND identity_id = ?',
  /** Series with content of which nothing is noted. Parameters: study, SeriesInstanceUID of one that is left out. */
  notSetApart: `SELECT e.id FROM series e WHERE e.study_id = ? AND e."SeriesInstanceUID" <> ?
    AND NOT EXISTS (SELECT 1 FROM brought_values b WHERE b.series_id = e.id)
    AND EXISTS (SELECT 1 FROM instances i WHERE i.series_id = e.id AND ${GIVES})`,
  /** Parameters: study, series. */
  identitiesOfSeries: `SELECT p.id FROM study_identities p WHERE p.study_id = ?
    AND EXISTS (SELECT 1 FROM instances i INDEXED BY instances_identity WHERE i.identity_id = p.id AND i.series_id = ? AND ${GIVES})`,
  /** Levels of the content of each series. */
  levelsOfSeries: `SELECT DISTINCT i.series_id, i.confidentiality FROM series e CROSS JOIN instances i ON i.series_id = e.id
    WHERE e.study_id = ? AND ${GIVES}`,
  series: `SELECT id, level, "SeriesInstanceUID", ${attributes('SERIES', 'e')} FROM series e WHERE study_id = ?`,
  seriesByUid: 'SELECT id FROM series WHERE study_id = ? AND "SeriesInstanceUID" = ?',
  seriesById: `SELECT ${attributes('SERIES', 'e')} FROM series e WHERE id = ?`,
} as const
