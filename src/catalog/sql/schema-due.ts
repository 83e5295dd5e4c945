/** The schema's step for "when a study is due": literal text, never edited once released (see migrations.ts).
 *
 *  `pending_since`: first change since the last one that was dealt with. `association_ended_at`: when the last association that brought something
 *  ended, NULL again with the next arrival. `steps`: what procedure steps (MPPS) say of the study, 0 nothing, 1 ended and not dealt with yet, 2 one is in
 *  progress; `steps_heard_at`: when such a step was last heard of. A step's rows know UIDs, states and times, nothing of a patient. */

export const SCHEMA_DUE = `
  ALTER TABLE studies ADD COLUMN pending_since INTEGER;
  ALTER TABLE studies ADD COLUMN association_ended_at INTEGER;
  ALTER TABLE studies ADD COLUMN steps INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE studies ADD COLUMN steps_heard_at INTEGER NOT NULL DEFAULT 0;
  UPDATE studies SET pending_since = last_received_at WHERE revision > manifest_revision;
  CREATE INDEX studies_association_ended ON studies (association_ended_at) WHERE association_ended_at IS NOT NULL;
  CREATE INDEX studies_held ON studies (steps_heard_at) WHERE steps > 0 AND revision > manifest_revision AND in_conflict = 0;

  CREATE TABLE mpps (
    id INTEGER PRIMARY KEY,
    sop_instance_uid TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    heard_at INTEGER NOT NULL,
    has_end_date INTEGER NOT NULL,
    has_end_time INTEGER NOT NULL,
    series INTEGER NOT NULL,
    is_awaited INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX mpps_heard ON mpps (heard_at);

  CREATE TABLE mpps_studies (
    mpps_id INTEGER NOT NULL REFERENCES mpps (id) ON DELETE CASCADE,
    study_instance_uid TEXT NOT NULL,
    is_told INTEGER NOT NULL,
    PRIMARY KEY (mpps_id, study_instance_uid)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX mpps_studies_uid ON mpps_studies (study_instance_uid);

  CREATE TABLE mpps_instances (
    mpps_id INTEGER NOT NULL REFERENCES mpps (id) ON DELETE CASCADE,
    series_instance_uid TEXT NOT NULL,
    sop_instance_uid TEXT NOT NULL,
    PRIMARY KEY (mpps_id, series_instance_uid, sop_instance_uid)
  ) STRICT, WITHOUT ROWID;
`
