/** Step of the schema: deletions that are not finished, and files whose rows are removed. Literal text, never edited once released (see migrations.ts).
 *
 *  `deletions.last_id`, `received_until`: what came later is not concerned. `revision`: that of the study once everything is hidden. */
export const SCHEMA_DELETIONS = `
  CREATE TABLE deletions (
    id TEXT PRIMARY KEY,
    study_instance_uid TEXT NOT NULL UNIQUE,
    series_instance_uid TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    withdraw INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    received_until INTEGER NOT NULL,
    hidden INTEGER NOT NULL,
    revision INTEGER,
    instances INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE files_to_remove (
    storage_key TEXT PRIMARY KEY
  ) STRICT, WITHOUT ROWID;
`
