/** One instance with everything above it, and files in order. */
import { attributes } from './columns.ts'

const FILE = `i."SOPInstanceUID", i."SOPClassUID", e."SeriesInstanceUID", s."StudyInstanceUID", i.transfer_syntax_uid, i.role, i.storage_key,
  i.file_size_bytes, i.data_set_offset, i.sha256, i.source, i.received_at, i.confidentiality, i.hidden_by`
const ABOVE = 'CROSS JOIN series e ON e.id = i.series_id CROSS JOIN studies s ON s.id = e.study_id'
const WHOLE = `SELECT ${FILE}, ${attributes('PATIENT', 'p')}, ${attributes('STUDY', 's')}, ${attributes('SERIES', 'e')}, ${attributes('IMAGE', 'i')}
  FROM instances i ${ABOVE} CROSS JOIN study_identities p ON p.id = i.identity_id`

export const INSTANCE_SQL = {
  byUid: `${WHOLE} WHERE i."SOPInstanceUID" = ?`,
  byStorageKey: `${WHOLE} WHERE i.storage_key = ?`,
  files: `SELECT ${FILE}, ${attributes('IMAGE', 'i')} FROM instances i ${ABOVE} WHERE i.storage_key > ? ORDER BY i.storage_key LIMIT ?`,
  /** In the order of reception: recent rows lie together there, and nowhere else. Parameters: received at or after; after that time, or after this
   *  row of it; how many. */
  filesSince: `SELECT ${FILE}, ${attributes('IMAGE', 'i')}, i.id FROM instances i INDEXED BY instances_received ${ABOVE}
    WHERE i.received_at >= ? AND (i.received_at > ? OR i.id > ?) ORDER BY i.received_at, i.id LIMIT ?`,
  lastEntryReceivedAt: 'SELECT received_at FROM instances WHERE id = (SELECT max(id) FROM instances)',
} as const
