/** Statements of what people and monitoring look at. */
import { CONFIDENTIALITY_LEVELS, levelBit } from '../../dicom/confidentiality.ts'

/** Whether a row's level is among those of the parameter. */
const SEEN = (alias: string): string =>
  `(CASE ${alias}.confidentiality ${CONFIDENTIALITY_LEVELS.map((level) => `WHEN '${level}' THEN ${levelBit(level)}`).join(' ')} ELSE 0 END) & ? <> 0`

const OF_STUDY = (alias: string): string => `${alias}.study_instance_uid = s."StudyInstanceUID"`

/** The word for a study `s`; see admin and page. Parameters: levels, three times. */
export const STANDING = `CASE WHEN s.in_conflict = 1 THEN 'conflict' WHEN s.withheld IS NOT NULL THEN 'withheld'
  WHEN s.revision > s.manifest_revision THEN 'collecting'
  WHEN EXISTS (SELECT 1 FROM manifests m INDEXED BY manifests_in_force WHERE ${OF_STUDY('m')} AND m.state = 'in force' AND ${SEEN('m')}) THEN 'in force'
  WHEN (SELECT h.state FROM history h INDEXED BY history_study WHERE ${OF_STUDY('h')} AND (h.confidentiality IS NULL OR ${SEEN('h')})
    ORDER BY h.id DESC LIMIT 1) = 'withheld' THEN 'withheld'
  WHEN EXISTS (SELECT 1 FROM manifests m WHERE ${OF_STUDY('m')} AND ${SEEN('m')}) THEN 'withdrawn' ELSE 'none' END`

/** Whether STANDING is 'none', told without looking at rows of manifests: nothing leads to such studies, all are looked at. Parameters: levels, twice. */
export const STANDS_WITHOUT = `s.in_conflict = 0 AND s.withheld IS NULL AND s.revision <= s.manifest_revision
  AND NOT EXISTS (SELECT 1 FROM manifests m WHERE ${OF_STUDY('m')} AND ${SEEN('m')})
  AND COALESCE((SELECT h.state FROM history h INDEXED BY history_study WHERE ${OF_STUDY('h')} AND (h.confidentiality IS NULL OR ${SEEN('h')})
    ORDER BY h.id DESC LIMIT 1), '') <> 'withheld'`

/** Where the search for studies of a state starts; states that are common have no list. Parameter: how many. */
export const STANDING_CANDIDATES: Readonly<Record<string, string>> = {
  conflict: 'SELECT s.id FROM studies s INDEXED BY studies_conflict WHERE s.in_conflict = 1 LIMIT ?',
  collecting: 'SELECT s.id FROM studies s INDEXED BY studies_due WHERE s.revision > s.manifest_revision AND s.in_conflict = 0 LIMIT ?',
  withheld: `SELECT s.id FROM studies s INDEXED BY studies_withheld WHERE s.withheld IS NOT NULL UNION ALL
    SELECT s.id FROM history h INDEXED BY history_withheld CROSS JOIN studies s ON s."StudyInstanceUID" = h.study_instance_uid
      WHERE h.state = 'withheld' LIMIT ?`,
  withdrawn: `SELECT s.id FROM manifests m INDEXED BY manifests_withdrawn CROSS JOIN studies s ON s."StudyInstanceUID" = m.study_instance_uid
    WHERE m.state = 'withdrawn' LIMIT ?`,
}

const LISTED = `SELECT d.id, d.target, d.manifest_uid, d.action, d.state, d.attempts, d.next_attempt_at, d.last_error, m.study_instance_uid,
  m.confidentiality, m.state`
const OF_MANIFEST = 'CROSS JOIN manifests m ON m.sop_instance_uid = d.manifest_uid'

export const STATUS_SQL = {
  /** Of each series of a study. Parameters: levels, Study Instance UID. */
  firstInstances: `SELECT e."SeriesInstanceUID", i."SOPInstanceUID", i."SOPClassUID", i."NumberOfFrames", i."Rows", i."Columns"
    FROM (SELECT ? AS levels) w CROSS JOIN studies s CROSS JOIN series e ON e.study_id = s.id
    CROSS JOIN instances i ON i.id = (SELECT n.id FROM instances n INDEXED BY instances_order
      WHERE n.series_id = e.id AND n.role <> 'manifest' AND n.visible & w.levels <> 0 ORDER BY n."InstanceOrder", n."SOPInstanceUID" LIMIT 1)
    WHERE s."StudyInstanceUID" = ?`,
  /** Parameters: levels, three times; levels; UIDs (JSON). */
  standings: `SELECT s."StudyInstanceUID", ${STANDING},
      (SELECT m.version FROM manifests m INDEXED BY manifests_in_force WHERE ${OF_STUDY('m')} AND m.state = 'in force' AND ${SEEN('m')}
        ORDER BY m.confidentiality <> 'N', m.dialect <> 'xds-i', m.version DESC LIMIT 1)
    FROM json_each(?) c CROSS JOIN studies s ON s."StudyInstanceUID" = c.value`,

  /** Parameters: before this id, levels, how many. */
  deliveries: `${LISTED} FROM deliveries d ${OF_MANIFEST} WHERE d.id < ? AND ${SEEN('m')} ORDER BY d.id DESC LIMIT ?`,
  deliveriesDone: `${LISTED} FROM deliveries d ${OF_MANIFEST} WHERE d.state = 'done' AND d.id < ? AND ${SEEN('m')} ORDER BY d.id DESC LIMIT ?`,
  deliveriesWaiting: `${LISTED} FROM deliveries d INDEXED BY deliveries_open_order ${OF_MANIFEST}
    WHERE d.state = 'waiting' AND d.state <> 'done' AND d.id < ? AND ${SEEN('m')} ORDER BY d.id DESC LIMIT ?`,
  deliveriesFailed: `${LISTED} FROM deliveries d INDEXED BY deliveries_open_order ${OF_MANIFEST}
    WHERE d.state = 'failed' AND d.state <> 'done' AND d.id < ? AND ${SEEN('m')} ORDER BY d.id DESC LIMIT ?`,
  /** Of those whose turn is next. */
  deliveriesInTrouble: `${LISTED} FROM (SELECT * FROM deliveries INDEXED BY deliveries_waiting WHERE state = 'waiting' AND id < ?
    ORDER BY next_attempt_at LIMIT 500) d ${OF_MANIFEST} WHERE d.last_error IS NOT NULL AND ${SEEN('m')} LIMIT ?`,
  delivery: `${LISTED} FROM deliveries d ${OF_MANIFEST} WHERE d.id = ?`,
  retry: `UPDATE deliveries SET state = 'waiting', next_attempt_at = ? WHERE id = ? AND state <> 'done'`,
  again: `INSERT INTO deliveries (target, manifest_uid, action, state, attempts, next_attempt_at) VALUES (?, ?, 'publish', 'waiting', 0, ?)
    ON CONFLICT (manifest_uid, target, action) DO UPDATE SET state = 'waiting', attempts = 0, next_attempt_at = excluded.next_attempt_at, last_error = NULL`,

  manifests: 'SELECT state, dialect, count(*) FROM manifests INDEXED BY manifests_counted GROUP BY state, dialect',
  manifestsSince: 'SELECT count(*) FROM manifests INDEXED BY manifests_order WHERE created_at >= ?',
  studiesOf: (state: string): string => `SELECT count(DISTINCT s.id) FROM studies s WHERE s.id IN (${STANDING_CANDIDATES[state]})
    AND ${STANDING} = '${state}'`,
  waiting: `SELECT w.target, w.number, m.created_at FROM (SELECT target, count(*) AS number, min(id) AS oldest
      FROM deliveries INDEXED BY deliveries_open WHERE state = 'waiting' AND state <> 'done' GROUP BY target) w
    CROSS JOIN deliveries o ON o.id = w.oldest CROSS JOIN manifests m ON m.sop_instance_uid = o.manifest_uid`,
  failed: `SELECT d.target, count(*) FROM deliveries d INDEXED BY deliveries_open ${OF_MANIFEST}
    WHERE d.state = 'failed' AND d.state <> 'done' AND (d.action = 'withdraw' OR m.state = 'in force') GROUP BY d.target`,

  firstSince: 'SELECT id, received_at FROM instances INDEXED BY instances_received WHERE received_at >= ? ORDER BY received_at LIMIT 1',
  lowestSince:
    'SELECT min(id) FROM (SELECT id FROM instances INDEXED BY instances_received WHERE received_at >= ? ORDER BY received_at LIMIT 100)',
  bytesBetween: 'SELECT COALESCE(sum(file_size_bytes), 0) FROM instances WHERE id >= ? AND id < ? AND received_at >= ?',
  ping: 'SELECT 1',
} as const
