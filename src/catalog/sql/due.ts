/** Statements for "when is a study due": studies with work by each signal, ends of associations, procedure steps (MPPS). */

const PENDING = `SELECT s."StudyInstanceUID", s.revision, s.manifest_revision, s.last_received_at, s.pending_since, s.association_ended_at, s.steps,
  s.steps_heard_at, s.id, s.urgent_at FROM studies s`
const DUE = 's.revision > s.manifest_revision AND s.in_conflict = 0'
/** Steps of a study, and the instances that those which have ended refer to. */
const STEPS = 'FROM mpps_studies t CROSS JOIN mpps m ON m.id = t.mpps_id'
const AWAITED = `${STEPS} CROSS JOIN mpps_instances x ON x.mpps_id = m.id`
const IS_MISSING = 'NOT EXISTS (SELECT 1 FROM instances i WHERE i."SOPInstanceUID" = x.sop_instance_uid)'

export const DUE_SQL = {
  quietLongest: `${PENDING} INDEXED BY studies_due WHERE ${DUE} AND s.steps = 0 ORDER BY s.last_received_at LIMIT ?`,
  associationEnded: `${PENDING} INDEXED BY studies_association_ended WHERE s.association_ended_at IS NOT NULL AND ${DUE} AND s.steps = 0
    ORDER BY s.association_ended_at LIMIT ?`,
  held: `${PENDING} INDEXED BY studies_held WHERE s.steps > 0 AND ${DUE} ORDER BY s.steps_heard_at LIMIT ?`,
  /** Those in conflict too: what is in force must not stay so. */
  urgent: `${PENDING} INDEXED BY studies_urgent WHERE s.urgent_at IS NOT NULL AND s.revision > s.manifest_revision ORDER BY s.urgent_at LIMIT ?`,
  /** Still arriving, and for too long: walks what arrived since a moment. Parameters: that moment, pending since at the latest, how many. */
  arrivingTooLong: `${PENDING} INDEXED BY studies_due WHERE ${DUE} AND s.last_received_at > ? AND s.pending_since <= ? AND s.steps = 0 LIMIT ?`,
  /** Parameters: at or after this time; after it, or after this row of it; how many. */
  page: `${PENDING} INDEXED BY studies_due WHERE ${DUE} AND s.last_received_at >= ? AND (s.last_received_at > ? OR s.id > ?)
    ORDER BY s.last_received_at, s.id LIMIT ?`,

  one: `${PENDING} WHERE s."StudyInstanceUID" = ? AND ${DUE}`,
  endAssociation: 'UPDATE studies SET association_ended_at = ? WHERE "StudyInstanceUID" = ? AND revision > manifest_revision',
} as const

export const STEP_SQL = {
  byUid: 'SELECT id, state, has_end_date, has_end_time, series FROM mpps WHERE sop_instance_uid = ?',
  insert: `INSERT INTO mpps (sop_instance_uid, state, source, created_at, heard_at, has_end_date, has_end_time, series, is_awaited)
    VALUES (?, 'IN PROGRESS', ?, ?, ?, 0, 0, 0, 0) ON CONFLICT DO NOTHING`,
  insertStudy: 'INSERT INTO mpps_studies (mpps_id, study_instance_uid, is_told) VALUES (?, ?, 0) ON CONFLICT DO NOTHING',
  insertInstance: 'INSERT INTO mpps_instances (mpps_id, series_instance_uid, sop_instance_uid) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  deleteInstances: 'DELETE FROM mpps_instances WHERE mpps_id = ?',
  /** Only a step that is in progress changes. `is_awaited`: whether what it refers to is waited for. */
  change: `UPDATE mpps SET state = ?, heard_at = ?, has_end_date = has_end_date | ?, has_end_time = has_end_time | ?, series = ?, is_awaited = ? WHERE id = ?`,
  hasReferences: 'SELECT EXISTS (SELECT 1 FROM mpps_instances WHERE mpps_id = ?)',
  studies: 'SELECT study_instance_uid FROM mpps_studies WHERE mpps_id = ?',
  /** What the steps of a study say, as `studies.steps` has it, and when those that have something to say were last heard of. */
  saidOf: `SELECT max(CASE WHEN m.state = 'IN PROGRESS' THEN 2 WHEN m.is_awaited = 1 AND t.is_told = 0 THEN 1 ELSE 0 END),
    max(CASE WHEN m.state = 'IN PROGRESS' OR (m.is_awaited = 1 AND t.is_told = 0) THEN m.heard_at ELSE 0 END)
    ${STEPS} WHERE t.study_instance_uid = ?`,
  setSaid: 'UPDATE studies SET steps = ?, steps_heard_at = ? WHERE "StudyInstanceUID" = ?',
  isPending: 'SELECT revision > manifest_revision FROM studies WHERE "StudyInstanceUID" = ?',
  tell: `UPDATE mpps_studies SET is_told = 1 WHERE study_instance_uid = ? 
    AND EXISTS (SELECT 1 FROM mpps m WHERE m.id = mpps_studies.mpps_id AND m.is_awaited = 1)`,
  firstMissing: `SELECT x.mpps_id, x.series_instance_uid, x.sop_instance_uid ${AWAITED}
    WHERE t.study_instance_uid = ? AND m.is_awaited = 1 AND ${IS_MISSING} LIMIT 1`,
  isStillMissing: `SELECT 1 FROM mpps_instances x WHERE x.mpps_id = ? AND x.series_instance_uid = ? AND x.sop_instance_uid = ? AND ${IS_MISSING}`,
  someMissing: `SELECT x.sop_instance_uid ${AWAITED} WHERE t.study_instance_uid = ? AND m.is_awaited = 1 AND ${IS_MISSING} LIMIT ?`,
  states: `SELECT m.sop_instance_uid, m.state, m.is_awaited, m.source, m.created_at ${STEPS} WHERE t.study_instance_uid = ? LIMIT ?`,
  bySeries: `SELECT x.series_instance_uid, count(*), sum(NOT ${IS_MISSING}) ${AWAITED}
    WHERE t.study_instance_uid = ? AND m.is_awaited = 1 GROUP BY x.series_instance_uid`,
  oldest: 'SELECT id FROM mpps WHERE heard_at < ? ORDER BY heard_at LIMIT ?',
  delete: 'DELETE FROM mpps WHERE id = ?',
} as const
