/** Statements about who may see an instance, about decisions, and the history of manifests. */

/** Content of a study, or of one series of it. Parameters: study, series, series ('' for all of them). */
const CONTENT = `SELECT i.id FROM series e CROSS JOIN instances i ON i.series_id = e.id
  WHERE e.study_id = ? AND (? = '' OR e."SeriesInstanceUID" = ?) AND i.role <> 'manifest'`

export const LIFECYCLE_SQL = {
  decidedLevel: `SELECT level FROM confidentiality_decisions WHERE study_instance_uid = ? AND series_instance_uid IN ('', ?)
    ORDER BY series_instance_uid DESC LIMIT 1`,
  decideLevel: `INSERT INTO confidentiality_decisions (study_instance_uid, series_instance_uid, level) VALUES (?, ?, ?)
    ON CONFLICT (study_instance_uid, series_instance_uid) DO UPDATE SET level = excluded.level`,
  /** A decision about the whole study goes over those about its series. */
  forgetSeriesLevels: `DELETE FROM confidentiality_decisions WHERE study_instance_uid = ? AND series_instance_uid <> ''`,
  forgetLevel: 'DELETE FROM confidentiality_decisions WHERE study_instance_uid = ? AND series_instance_uid = ?',
  /** Parameters: level, its bit, those of CONTENT, level, received at or before. */
  setLevel: `UPDATE instances SET confidentiality = ?, visible = CASE WHEN hidden_by IS NULL THEN ? ELSE 0 END
    WHERE id IN (${CONTENT}) AND confidentiality <> ? AND received_at <= ?`,

  /** The manifest in force that may refer to an instance of this study and level, received at that time. Where the manifest stage has dealt with the
   *  study, the one of its level does; otherwise the time tells what the manifest knew, for the level may have changed since. */
  lockedBy: `SELECT m.sop_instance_uid FROM manifests m INDEXED BY manifests_in_force
      CROSS JOIN studies s ON s."StudyInstanceUID" = m.study_instance_uid
    WHERE m.study_instance_uid = ? AND m.state = 'in force'
      AND (s.revision <= s.manifest_revision AND m.confidentiality = ? OR s.revision > s.manifest_revision AND m.created_at >= ?) LIMIT 1`,

  /** Parameters: reason or null, time, study. */
  withhold: `UPDATE studies SET withheld = ?, revision = revision + 1, pending_since = COALESCE(pending_since, last_received_at),
    urgent_at = COALESCE(urgent_at, ?) WHERE id = ?`,
  /** Where nothing is in force there is no hurry. Parameters: time, study. */
  changed: `UPDATE studies SET revision = revision + 1, pending_since = COALESCE(pending_since, last_received_at),
    urgent_at = CASE WHEN EXISTS (SELECT 1 FROM manifests m WHERE m.study_instance_uid = studies."StudyInstanceUID" AND m.state = 'in force')
      THEN COALESCE(urgent_at, ?) ELSE urgent_at END WHERE id = ?`,

  tell: `INSERT INTO history (study_instance_uid, confidentiality, dialect, at, state, manifest_uid, reason, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  history: `SELECT study_instance_uid, confidentiality, dialect, at, state, manifest_uid, reason, actor FROM history
    WHERE study_instance_uid = ? ORDER BY id`,
  lastTold: 'SELECT state, reason FROM history WHERE study_instance_uid = ? ORDER BY id DESC LIMIT 1',

  /** Parameters: behind this study, how many. */
  everWithheld: `SELECT DISTINCT study_instance_uid FROM history INDEXED BY history_withheld WHERE state = 'withheld' AND study_instance_uid > ?
    ORDER BY study_instance_uid LIMIT ?`,

  isDecided: 'SELECT EXISTS (SELECT 1 FROM decisions WHERE id = ?)',
  noteDecision: 'INSERT INTO decisions (id) VALUES (?)',
} as const
