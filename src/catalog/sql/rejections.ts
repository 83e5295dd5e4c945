/** Statements about rejection notes: what they name, what they hide, and which level they have themselves. */
import { CONFIDENTIALITY_LEVELS, levelBit } from '../../dicom/confidentiality.ts'
import type { Rejection } from '../contract.ts'

/** The codes of a note, from weak to strong. */
export const STRENGTH: readonly Rejection['code'][] = ['113039', '113001', '113037', '113038']

const BIT = (alias: string): string =>
  `CASE ${alias}.confidentiality ${CONFIDENTIALITY_LEVELS.map((level) => `WHEN '${level}' THEN ${levelBit(level)}`).join(' ')} END`
const LEVEL = (bit: string): string =>
  `CASE ${bit} ${CONFIDENTIALITY_LEVELS.map((level) => `WHEN ${levelBit(level)} THEN '${level}'`).join(' ')} END`

/** The strongest code that holds for `i`. */
const STRONGEST = `(SELECT s.code FROM rejections s WHERE s.sop_instance_uid = i."SOPInstanceUID" AND s.study_instance_uid = w.study AND s.state = 'applied'
  ORDER BY instr('${STRENGTH.join(' ')}', s.code) DESC LIMIT 1)`

/** Instances of the study row `w.id`, as their rejections say now: those named are found first, whatever else is here.
 *  @param uids  their UIDs, in the column `sop_instance_uid` */
const refresh = (
  uids: string,
): string => `WITH named AS MATERIALIZED (SELECT i.id, ${STRONGEST} AS code, ${BIT('i')} AS bit FROM (SELECT ? AS study, ? AS id) w CROSS JOIN ${uids} c
    CROSS JOIN instances i ON i."SOPInstanceUID" = c.sop_instance_uid CROSS JOIN series e ON e.id = i.series_id
    WHERE e.study_id = w.id AND i.role <> 'manifest')
  UPDATE instances SET hidden_by = named.code, visible = CASE WHEN named.code IS NULL THEN named.bit ELSE 0 END FROM named
  WHERE instances.id = named.id AND instances.hidden_by IS NOT named.code AND instances.hidden_by IS NOT 'deletion'`

/** @param top  the UID of a note, and the bit of the highest level of what it names */
const raise = (top: string): string => `WITH named AS MATERIALIZED (${top})
  UPDATE instances SET confidentiality = ${LEVEL('named.bit')}, visible = CASE WHEN hidden_by IS NULL THEN named.bit ELSE 0 END FROM named
  WHERE instances."SOPInstanceUID" = named.note_uid AND instances.role = 'rejection-note' AND ${BIT('instances')} < named.bit`
const NAMED = `CROSS JOIN instances i ON i."SOPInstanceUID" = r.sop_instance_uid AND i.role <> 'manifest'`

export const REJECTION_SQL = {
  isRejecting: 'SELECT EXISTS (SELECT 1 FROM rejections WHERE study_instance_uid = ?)',
  of: 'SELECT code, state, note_uid FROM rejections INDEXED BY rejections_study WHERE study_instance_uid = ? AND sop_instance_uid = ?',
  /** Parameters: note, study, code, UIDs (JSON). */
  reject: `INSERT INTO rejections (sop_instance_uid, note_uid, study_instance_uid, code, state)
    SELECT DISTINCT c.value, ?, ?, ?, 'waiting' FROM (SELECT ? AS uids) w CROSS JOIN json_each(w.uids) c WHERE true ON CONFLICT DO NOTHING`,
  /** What it names and is here. Parameters: note, study row. */
  apply: `UPDATE rejections SET state = 'applied' WHERE note_uid = ? AND state = 'waiting' AND EXISTS (SELECT 1 FROM instances i
    CROSS JOIN series e ON e.id = i.series_id WHERE i."SOPInstanceUID" = rejections.sop_instance_uid AND e.study_id = ? AND i.role <> 'manifest')`,
  countApplied: `SELECT count(*) FROM rejections WHERE note_uid = ? AND state = 'applied' AND sop_instance_uid <> note_uid`,
  /** Parameters: study, instance. */
  applyTo: `UPDATE rejections SET state = 'applied' WHERE study_instance_uid = ? AND sop_instance_uid = ? AND state = 'waiting'`,
  /** Parameters: instance, note, study. */
  lift: `INSERT INTO rejections (sop_instance_uid, note_uid, study_instance_uid, code, state) VALUES (?, ?, ?, '113039', 'lifted')
    ON CONFLICT (sop_instance_uid, note_uid) DO UPDATE SET state = 'lifted'`,
  namedBy: 'SELECT sop_instance_uid FROM rejections WHERE note_uid = ?',
  /** Each with code and study of the note, and when and from whom it came, where it is here. */
  saidBy: `SELECT r.sop_instance_uid, r.code, r.study_instance_uid, i.received_at, i.source FROM rejections r
    LEFT JOIN instances i ON i."SOPInstanceUID" = r.note_uid WHERE r.note_uid = ?`,
  /** Notes that are here and took effect, of which the journal says nothing. */
  notJournaled: `SELECT DISTINCT r.note_uid, i.sha256 FROM rejections r INDEXED BY rejections_note
    CROSS JOIN instances i ON i."SOPInstanceUID" = r.note_uid WHERE i.role = 'rejection-note' AND r.state <> 'lifted'
    AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.id = 'rejected ' || r.note_uid || ' ' || i.sha256)`,
  forgetNote: 'DELETE FROM rejections WHERE note_uid = ?',

  /** Parameters: study, study row, note. */
  refreshNamedBy: refresh('(SELECT sop_instance_uid FROM rejections WHERE note_uid = ?)'),
  /** Parameters: study, study row, UIDs (JSON). */
  refresh: refresh('(SELECT value AS sop_instance_uid FROM json_each(?))'),

  /** Parameters: note. */
  raiseNote: raise(`SELECT r.note_uid, max(${BIT('i')}) AS bit FROM rejections r ${NAMED} WHERE r.note_uid = ? GROUP BY r.note_uid`),
  /** Parameters: bit, study, instance. */
  raiseNotesNaming: raise(`SELECT r.note_uid, w.bit FROM (SELECT ? AS bit) w CROSS JOIN rejections r INDEXED BY rejections_study
    WHERE r.study_instance_uid = ? AND r.sop_instance_uid = ?`),
  /** Parameters: study. */
  raiseNotesOf: raise(`SELECT r.note_uid, max(${BIT('i')}) AS bit FROM rejections r INDEXED BY rejections_study ${NAMED}
    WHERE r.study_instance_uid = ? GROUP BY r.note_uid`),
} as const
