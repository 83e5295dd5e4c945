/** Statements of the manifest stage: studies with work, evidence, manifest records, deliveries. */
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE } from '../../dicom/sop-classes.ts'
import { attributes } from './columns.ts'

const STATE = `SELECT s."StudyInstanceUID", s.revision, s.manifest_revision, s.last_received_at, s.in_conflict, s.withheld, s.urgent_at, s.pending_since,
  ${attributes('PATIENT', 'p')}, ${attributes('STUDY', 's')}
  FROM studies s`
const IN_FORCE = 'CROSS JOIN study_identities p ON p.study_id = s.id AND p.in_force = 1'

export const STUDY_SQL = {
  byUid: `${STATE} ${IN_FORCE} WHERE s."StudyInstanceUID" = ?`,
  inConflict: `${STATE} INDEXED BY studies_conflict ${IN_FORCE} WHERE s.in_conflict = 1`,
  idByUid: 'SELECT id FROM studies WHERE "StudyInstanceUID" = ?',
  /** The revision three times. What changed after it is pending since the last arrival, at the latest. */
  settle: `UPDATE studies SET manifest_revision = max(manifest_revision, ?), steps = CASE steps WHEN 1 THEN 0 ELSE steps END,
    urgent_at = CASE WHEN revision > max(manifest_revision, ?) THEN urgent_at END,
    (pending_since, association_ended_at) = (SELECT last_received_at, association_ended_at WHERE revision > max(manifest_revision, ?))
    WHERE "StudyInstanceUID" = ?`,
  identities: `SELECT number, "PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex",
    (SELECT count(*) FROM instances i WHERE i.identity_id = p.id AND i.role <> 'manifest'), in_force,
    "IssuerOfPatientIDQualifiersSequence", level
    FROM study_identities p WHERE p.study_id = ? ORDER BY number`,

  evidenceSeries: `SELECT e.id, e."SeriesInstanceUID",
      (SELECT i."TimezoneOffsetFromUTC" FROM instances i INDEXED BY instances_order WHERE i.series_id = e.id AND i.role = 'content' AND i.visible <> 0
        ORDER BY i."InstanceOrder", i."SOPInstanceUID" LIMIT 1),
      ${attributes('SERIES', 'e')} FROM series e WHERE e.study_id = ?
    ORDER BY e."SeriesOrder", e."SeriesInstanceUID"`,
  evidenceInstances: `SELECT i."InstanceOrder", i."SOPInstanceUID", i."SOPClassUID", i."InstanceNumber", i.visible, i."NumberOfFrames",
      CASE WHEN i."SOPClassUID" = '${KEY_OBJECT_SELECTION_DOCUMENT_STORAGE}' THEN i."ConceptNameCodeSequence" END
    FROM instances i INDEXED BY instances_order
    WHERE i.series_id = ? AND (i."InstanceOrder", i."SOPInstanceUID") > (?, ?) AND i.role = 'content' AND i.visible <> 0
    ORDER BY i."InstanceOrder", i."SOPInstanceUID" LIMIT ?`,
} as const

const RECORD = `SELECT sop_instance_uid, study_instance_uid, confidentiality, dialect, series_instance_uid, version, content_digest, patient_key,
  state, superseded_by, instance_count, created_at, reason FROM manifests`

/** A later version of the same chain. */
const LATER = `n.study_instance_uid = manifests.study_instance_uid AND n.confidentiality = manifests.confidentiality
  AND n.dialect = manifests.dialect AND n.version > manifests.version`

export const MANIFEST_SQL = {
  insert: `INSERT INTO manifests (sop_instance_uid, study_instance_uid, confidentiality, dialect, series_instance_uid, version, content_digest,
    patient_key, state, superseded_by, instance_count, created_at, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  inForce: `${RECORD} INDEXED BY manifests_in_force WHERE study_instance_uid = ? AND state = 'in force' AND confidentiality = ? AND dialect = ?`,
  notePatient: 'UPDATE manifests SET patient_key = ? WHERE sop_instance_uid = ? AND patient_key IS NULL',
  setState: 'UPDATE manifests SET state = ?, superseded_by = ? WHERE sop_instance_uid = ?',
  restore: `INSERT INTO manifests (sop_instance_uid, study_instance_uid, confidentiality, dialect, series_instance_uid, version, content_digest,
    patient_key, state, instance_count, created_at, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'superseded', ?, ?, ?) ON CONFLICT DO NOTHING`,
  /** Each record of a chain is superseded by the one after it; the last one is in force. One that was withdrawn stays so. */
  chain: `UPDATE manifests SET
    superseded_by = (SELECT n.sop_instance_uid FROM manifests n WHERE ${LATER} ORDER BY n.version LIMIT 1),
    state = CASE WHEN state = 'withdrawn' THEN state WHEN EXISTS (SELECT 1 FROM manifests n WHERE ${LATER}) THEN 'superseded' ELSE 'in force' END
    WHERE study_instance_uid = ? AND confidentiality = ? AND dialect = ?`,
  /** The rows of manifests are given out while they are in force. Parameters: study, confidentiality, dialect. */
  showChain: `UPDATE instances SET
    hidden_by = (SELECT CASE m.state WHEN 'in force' THEN NULL ELSE m.state END FROM manifests m WHERE m.sop_instance_uid = instances."SOPInstanceUID"),
    visible = CASE (SELECT m.state FROM manifests m WHERE m.sop_instance_uid = instances."SOPInstanceUID") WHEN 'in force' THEN ? ELSE 0 END
    WHERE "SOPInstanceUID" IN (SELECT sop_instance_uid FROM manifests WHERE study_instance_uid = ? AND confidentiality = ? AND dialect = ?)
      AND role = 'manifest'`,
  /** A study whose identities wait for a decision, or had one from an older manifest of the same rebuild: the manifest stage has not been there yet. */
  undecided: `SELECT s.id FROM studies s WHERE s."StudyInstanceUID" = ? AND (s.in_conflict = 1 OR s.manifest_revision = 0
    AND EXISTS (SELECT 1 FROM manifests m WHERE m.study_instance_uid = s."StudyInstanceUID" AND m.state = 'superseded'))`,
  due: 'UPDATE studies SET revision = manifest_revision + 1 WHERE "StudyInstanceUID" = ? AND revision <= manifest_revision',
  /** How many instances were there at that time to be referred to. */
  contentUntil: `SELECT count(*) FROM series e CROSS JOIN instances i ON i.series_id = e.id
    WHERE e.study_id = ? AND i.role = 'content' AND i.received_at <= ?`,
  identityAfter: `SELECT EXISTS (SELECT 1 FROM study_identities p WHERE p.study_id = ? AND NOT EXISTS (SELECT 1 FROM instances i
    WHERE i.identity_id = p.id AND i.role <> 'manifest' AND i.received_at <= ?))`,
  ofStudy: `${RECORD} WHERE study_instance_uid = ? ORDER BY created_at DESC, version DESC`,
  byUid: `${RECORD} WHERE sop_instance_uid = ?`,
  page: `${RECORD} WHERE (created_at, sop_instance_uid) < (?, ?) ORDER BY created_at DESC, sop_instance_uid DESC LIMIT ?`,
} as const

/** Versions of the chain of `l`, as far as that one. */
const UP_TO = (
  alias: string,
): string => `${alias}.study_instance_uid = l.study_instance_uid AND ${alias}.confidentiality = l.confidentiality
  AND ${alias}.dialect = l.dialect AND ${alias}.version <= l.version`
const HAS = (delivery: string, manifest: string): string =>
  `${delivery}.manifest_uid = ${manifest}.sop_instance_uid AND ${delivery}.action = 'publish' AND ${delivery}.state = 'done'`

export const DELIVERY_SQL = {
  insert: `INSERT INTO deliveries (target, manifest_uid, action, state, attempts, next_attempt_at) VALUES (?, ?, 'publish', 'waiting', 0, ?)`,
  ensure: `INSERT INTO deliveries (target, manifest_uid, action, state, attempts, next_attempt_at) VALUES (?, ?, 'publish', 'waiting', 0, ?)
    ON CONFLICT DO NOTHING`,
  /** Whoever was to be given the manifest is told that it is withdrawn; what it has not been given yet it is not given any more. */
  withdraw: `INSERT INTO deliveries (target, manifest_uid, action, state, attempts, next_attempt_at)
    SELECT target, manifest_uid, 'withdraw', 'waiting', 0, ? FROM deliveries WHERE manifest_uid = ? AND action = 'publish' ON CONFLICT DO NOTHING`,
  /** The version that a target has, of a chain that ends or that it is not given any more. Parameters: time, the last version, targets (JSON; null for all). */
  withdrawFormer: `INSERT INTO deliveries (target, manifest_uid, action, state, attempts, next_attempt_at)
    SELECT d.target, d.manifest_uid, 'withdraw', 'waiting', 0, w.at FROM (SELECT ? AS at, ? AS uid, ? AS targets) w
      CROSS JOIN manifests l ON l.sop_instance_uid = w.uid CROSS JOIN manifests m ON ${UP_TO('m')} CROSS JOIN deliveries d ON ${HAS('d', 'm')}
    WHERE (w.targets IS NULL OR d.target IN (SELECT value FROM json_each(w.targets))) AND NOT EXISTS (SELECT 1 FROM manifests n
      CROSS JOIN deliveries x ON ${HAS('x', 'n')} WHERE ${UP_TO('n')} AND n.version > m.version AND x.target = d.target)
    ON CONFLICT DO NOTHING`,
  /** What waits of a chain. Parameters: why, study, confidentiality, dialect. */
  drop: `UPDATE deliveries SET state = 'failed', last_error = ? WHERE action = 'publish' AND state = 'waiting'
    AND manifest_uid IN (SELECT sop_instance_uid FROM manifests WHERE study_instance_uid = ? AND confidentiality = ? AND dialect = ?)`,
  due: `SELECT id, target, manifest_uid, action, state, attempts, next_attempt_at, last_error FROM deliveries
    WHERE state = 'waiting' AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT ?`,
  settle: 'UPDATE deliveries SET state = ?, attempts = ?, next_attempt_at = ?, last_error = ? WHERE id = ?',
  /** Parameter: targets (JSON). */
  waitingExcept: `SELECT target, count(*) FROM deliveries INDEXED BY deliveries_waiting WHERE state = 'waiting'
    AND target NOT IN (SELECT value FROM json_each(?)) GROUP BY target`,
  /** Parameters: why, targets (JSON). */
  closeExcept: `UPDATE deliveries SET state = 'failed', last_error = ? WHERE state = 'waiting' AND target NOT IN (SELECT value FROM json_each(?))`,
  /** Parameters: time, targets (JSON), why they were closed. */
  reopen: `UPDATE deliveries SET state = 'waiting', next_attempt_at = ?, last_error = NULL
    WHERE state = 'failed' AND target IN (SELECT value FROM json_each(?)) AND last_error = ?`,
  /** Parameters: behind this row, how many. */
  open: `SELECT id, target, manifest_uid, action, state, attempts, next_attempt_at, last_error FROM deliveries
    WHERE id > ? AND state <> 'done' ORDER BY id LIMIT ?`,
  earliest: `SELECT min(next_attempt_at) FROM deliveries WHERE state = 'waiting'`,
} as const
