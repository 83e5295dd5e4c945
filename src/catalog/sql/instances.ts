/** One instance with everything above it, and files in order. */
import { attributes } from './columns.ts'

const FILE = `i."SOPInstanceUID", i."SOPClassUID", e."SeriesInstanceUID", s."StudyInstanceUID", i.transfer_syntax_uid, i.role, i.storage_key,
  i.file_size_bytes, i.data_set_offset, i.sha256, i.source, i.received_at`
const ABOVE = 'CROSS JOIN series e ON e.id = i.series_id CROSS JOIN studies s ON s.id = e.study_id'
const WHOLE = `SELECT ${FILE}, ${attributes('PATIENT', 'p')}, ${attributes('STUDY', 's')}, ${attributes('SERIES', 'e')}, ${attributes('IMAGE', 'i')}
  FROM instances i ${ABOVE} CROSS JOIN study_identities p ON p.id = i.identity_id`

export const INSTANCE_SQL = {
  byUid: `${WHOLE} WHERE i."SOPInstanceUID" = ?`,
  byStorageKey: `${WHOLE} WHERE i.storage_key = ?`,
  files: `SELECT ${FILE}, ${attributes('IMAGE', 'i')} FROM instances i ${ABOVE} WHERE i.storage_key > ? ORDER BY i.storage_key LIMIT ?`,
  /** Parameters: key from, key to, received at or after, how many. */
  filesSince: `SELECT ${FILE}, ${attributes('IMAGE', 'i')} FROM instances i INDEXED BY instances_storage_key ${ABOVE}
    WHERE i.storage_key > ? AND i.storage_key <= ? AND i.received_at >= ? ORDER BY i.storage_key LIMIT ?`,
  countSince: 'SELECT count(*) FROM (SELECT 1 FROM instances WHERE received_at >= ? LIMIT ?)',
  lowestKeySince: 'SELECT min(storage_key) FROM instances INDEXED BY instances_received WHERE received_at >= ?',
  endOfKeys: 'SELECT storage_key FROM instances WHERE storage_key > ? ORDER BY storage_key LIMIT 1 OFFSET ?',
  newestReceivedAt: 'SELECT max(received_at) FROM instances',
} as const
