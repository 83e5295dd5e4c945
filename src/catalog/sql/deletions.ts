/** Statements about deletions: what is hidden, what is removed, which files are still to go, and which studies are old. */

const COLUMNS = `id, at, actor, study_instance_uid, series_instance_uid, reason, withdraw, hidden, instances, bytes, revision, last_id, received_until`

export const DELETION_SQL = {
  insert: `INSERT INTO deletions (id, at, actor, study_instance_uid, series_instance_uid, reason, withdraw, last_id, received_until,
    hidden, revision, instances, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, 0, 0)`,
  byId: `SELECT ${COLUMNS} FROM deletions WHERE id = ?`,
  ofStudy: `SELECT ${COLUMNS} FROM deletions WHERE study_instance_uid = ?`,
  all: `SELECT ${COLUMNS} FROM deletions ORDER BY at`,
  end: 'DELETE FROM deletions WHERE id = ?',
  countHidden: 'UPDATE deletions SET hidden = hidden + ? WHERE id = ?',
  allHidden: 'UPDATE deletions SET revision = ? WHERE id = ?',
  countRemoved: 'UPDATE deletions SET instances = instances + 1, bytes = bytes + ? WHERE id = ?',

  study: 'SELECT id, revision, manifest_revision, last_received_at FROM studies WHERE "StudyInstanceUID" = ?',
  lastId: 'SELECT max(id) FROM instances',
  /** Parameters: study, series, series ('' for all of them), until when they came. */
  isAnything: `SELECT EXISTS (SELECT 1 FROM series e CROSS JOIN instances i ON i.series_id = e.id
    WHERE e.study_id = ? AND (? = '' OR e."SeriesInstanceUID" = ?) AND i.role <> 'manifest' AND i.received_at <= ?)`,
  /** Manifests in force that refer to instances of a study, or of one series of it: as LIFECYCLE_SQL.lockedBy. Parameters: study, study row, series, series ('' for all of them). */
  lockers: `SELECT m.sop_instance_uid FROM manifests m INDEXED BY manifests_in_force WHERE m.study_instance_uid = ? AND m.state = 'in force'
    AND EXISTS (SELECT 1 FROM studies s CROSS JOIN series e ON e.study_id = s.id CROSS JOIN instances i ON i.series_id = e.id
      WHERE s.id = ? AND (? = '' OR e."SeriesInstanceUID" = ?) AND i.role = 'content'
        AND (s.revision <= s.manifest_revision AND i.visible <> 0 AND i.confidentiality = m.confidentiality
          OR s.revision > s.manifest_revision AND i.received_at <= m.created_at))`,

  /** Parameters: study row, id of the series, series, series ('' for all of them). */
  nextSeries: `SELECT e.id FROM series e WHERE e.id = (SELECT min(n.id) FROM series n WHERE n.study_id = ? AND n.id >= ?
    AND (? = '' OR n."SeriesInstanceUID" = ?))`,
  instancesOf: `SELECT i."InstanceOrder", i."SOPInstanceUID", i.id, i.role, i.received_at, i.hidden_by FROM instances i INDEXED BY instances_order
    WHERE i.series_id = ? AND (i."InstanceOrder", i."SOPInstanceUID") > (?, ?) ORDER BY i."InstanceOrder", i."SOPInstanceUID" LIMIT ?`,
  hide: `UPDATE instances SET hidden_by = 'deletion', visible = 0 WHERE id = ?`,

  hidden: `SELECT i.id, i.storage_key, i.file_size_bytes, i.series_id FROM series e CROSS JOIN instances i INDEXED BY instances_order ON i.series_id = e.id
    WHERE e.study_id = ? AND i.visible = 0 AND i.hidden_by = 'deletion' LIMIT ?`,
  toRemove: 'INSERT INTO files_to_remove (storage_key) VALUES (?) ON CONFLICT DO NOTHING',
  filesToRemove: 'SELECT storage_key FROM files_to_remove ORDER BY storage_key LIMIT ?',
  isToBeRemoved: 'SELECT EXISTS (SELECT 1 FROM files_to_remove WHERE storage_key = ?)',
  removed: 'DELETE FROM files_to_remove WHERE storage_key = ?',

  lastStudy: 'SELECT max(id) FROM studies',
  /** Parameters: behind this row, up to this row, received before. */
  aged: `SELECT s."StudyInstanceUID", s.last_received_at FROM studies s WHERE s.id > ? AND s.id <= ? AND s.last_received_at < ?
    AND EXISTS (SELECT 1 FROM series e CROSS JOIN instances i ON i.series_id = e.id WHERE e.study_id = s.id AND i.role <> 'manifest') ORDER BY s.id`,
  seriesOf: 'SELECT id, "Modality" FROM series WHERE study_id = ?',
  isContent: `SELECT EXISTS (SELECT 1 FROM instances WHERE series_id = ? AND role <> 'manifest')`,
  sourcesOf: `SELECT DISTINCT source FROM instances i INDEXED BY instances_order WHERE i.series_id = ? AND i.role <> 'manifest'`,
  received: 'UPDATE studies SET last_received_at = max(last_received_at, ?) WHERE id = ?',
} as const
