/** Statements about who may see an instance, about rejections, decisions, and the history of manifests. */

/** The stronger a reason to hide an instance, the further right. */
const RANKS = ' 113039 113001 113037 113038 deletion'

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
  /** Parameters: level, its bit, those of CONTENT, level. */
  setLevel: `UPDATE instances SET confidentiality = ?, visible = CASE WHEN hidden_by IS NULL THEN ? ELSE 0 END
    WHERE id IN (${CONTENT}) AND confidentiality <> ?`,
  countContent: `SELECT count(*) FROM (${CONTENT})`,

  isRejecting: 'SELECT EXISTS (SELECT 1 FROM rejections WHERE study_instance_uid = ?)',
  rejectionsOf: `SELECT code, state FROM rejections INDEXED BY rejections_study WHERE study_instance_uid = ? AND sop_instance_uid = ?`,
  /** Parameters: note, study, code, UIDs (JSON). */
  reject: `INSERT INTO rejections (sop_instance_uid, note_uid, study_instance_uid, code, state)
    SELECT DISTINCT c.value, ?, ?, ?, 'waiting' FROM (SELECT ? AS uids) w CROSS JOIN json_each(w.uids) c WHERE true ON CONFLICT DO NOTHING`,
  /** Parameters: note, study row. */
  applyNote: `UPDATE rejections SET state = 'applied' WHERE note_uid = ? AND state = 'waiting' AND EXISTS (SELECT 1 FROM instances i
    CROSS JOIN series e ON e.id = i.series_id WHERE i."SOPInstanceUID" = rejections.sop_instance_uid AND e.study_id = ? AND i.role <> 'manifest')`,
  /** Parameters: code, note, code. */
  hideRejected: `UPDATE instances SET hidden_by = ?, visible = 0 WHERE id IN (SELECT i.id FROM rejections r CROSS JOIN instances i
      ON i."SOPInstanceUID" = r.sop_instance_uid WHERE r.note_uid = ? AND r.state = 'applied')
    AND instr('${RANKS}', COALESCE(hidden_by, ' ')) < instr('${RANKS}', ?)`,
  /** Parameters: study, instance. */
  applyTo: `UPDATE rejections SET state = 'applied' WHERE study_instance_uid = ? AND sop_instance_uid = ? AND state = 'waiting'`,
  liftRetention: `UPDATE rejections SET state = 'lifted' WHERE study_instance_uid = ? AND sop_instance_uid = ? AND code = '113039'`,
  show: 'UPDATE instances SET hidden_by = NULL, visible = ? WHERE id = ?',

  /** The manifest in force that may refer to an instance of this study and level, received at that time. */
  lockedBy: `SELECT sop_instance_uid FROM manifests INDEXED BY manifests_in_force
    WHERE study_instance_uid = ? AND state = 'in force' AND confidentiality = ? AND created_at >= ? LIMIT 1`,

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

  isDecided: 'SELECT EXISTS (SELECT 1 FROM decisions WHERE id = ?)',
  noteDecision: 'INSERT INTO decisions (id, at) VALUES (?, ?)',
} as const
