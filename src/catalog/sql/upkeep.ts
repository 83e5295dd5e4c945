/** Peers seen, notes, totals. */

const ENOUGH_PEERS = 1000

export const UPKEEP_SQL = {
  notePeer: `INSERT INTO peers_seen (calling_ae_title, called_ae_title, address, outcome, reason, first_seen_at, last_seen_at, count)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (calling_ae_title, called_ae_title, address) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason,
      last_seen_at = max(last_seen_at, excluded.last_seen_at), count = count + excluded.count`,
  boundPeers: `DELETE FROM peers_seen WHERE last_seen_at < (SELECT last_seen_at FROM peers_seen ORDER BY last_seen_at DESC LIMIT 1 OFFSET ${ENOUGH_PEERS - 1})`,
  peers: `SELECT calling_ae_title, called_ae_title, address, outcome, reason, first_seen_at, last_seen_at, count FROM peers_seen
    ORDER BY last_seen_at DESC LIMIT ${ENOUGH_PEERS}`,

  everyStudyChanged: 'UPDATE studies SET revision = revision + 1',
  note: 'INSERT INTO notes (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  noted: 'SELECT value FROM notes WHERE name = ?',

  countPatients: 'SELECT count(*) FROM patients',
  countStudies: 'SELECT count(*) FROM studies',
  countSeries: 'SELECT count(*) FROM series',
  countManifestSeries: 'SELECT count(DISTINCT series_instance_uid) FROM manifests',
  countInForce: `SELECT count(*) FROM manifests WHERE state = 'in force'`,
  countWaiting: `SELECT count(*) FROM deliveries WHERE state = 'waiting'`,
  countConflicts: 'SELECT count(*) FROM studies WHERE in_conflict = 1',
  lastInstanceId: 'SELECT max(id) FROM instances',
  sumInstances: `SELECT count(*), COALESCE(sum(file_size_bytes), 0) FROM instances WHERE id > ? AND id <= ? AND role <> 'manifest'`,
} as const
