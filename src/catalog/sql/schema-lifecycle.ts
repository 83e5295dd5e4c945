/** Step 2 of the schema: who may see an instance, one chain of manifests per study, confidentiality level and dialect, and what became of each.
 *  Literal text, never edited once released (see migrations.ts).
 *
 *  `studies.urgent_at`: since then its manifest in force says what is not so any more. `instances.visible` is the bit of its confidentiality level (dicom/confidentiality.ts), 0 while `hidden_by` says why nobody is given it. */
export const SCHEMA_LIFECYCLE = `
  ALTER TABLE instances ADD COLUMN confidentiality TEXT NOT NULL DEFAULT 'N';
  ALTER TABLE instances ADD COLUMN hidden_by TEXT;
  ALTER TABLE instances ADD COLUMN visible INTEGER NOT NULL DEFAULT 1;
  DROP INDEX instances_order;
  CREATE UNIQUE INDEX instances_order ON instances (series_id, "InstanceOrder", "SOPInstanceUID", role, "SOPClassUID", visible);

  ALTER TABLE studies ADD COLUMN withheld TEXT;
  ALTER TABLE studies ADD COLUMN urgent_at INTEGER;
  CREATE INDEX studies_urgent ON studies (urgent_at) WHERE urgent_at IS NOT NULL;

  CREATE TABLE manifests_2 (
    id INTEGER PRIMARY KEY,
    sop_instance_uid TEXT NOT NULL UNIQUE,
    study_instance_uid TEXT NOT NULL,
    confidentiality TEXT NOT NULL,
    dialect TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,
    version INTEGER NOT NULL,
    content_digest TEXT NOT NULL,
    patient_key TEXT,
    state TEXT NOT NULL,
    superseded_by TEXT,
    instance_count INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (study_instance_uid, confidentiality, dialect, version)
  ) STRICT;
  INSERT INTO manifests_2 (id, sop_instance_uid, study_instance_uid, confidentiality, dialect, series_instance_uid, version, content_digest,
      state, superseded_by, instance_count, created_at, reason)
    SELECT id, sop_instance_uid, study_instance_uid, 'N', 'xds-i', series_instance_uid, version, content_digest,
      state, superseded_by, instance_count, created_at, reason FROM manifests ORDER BY id;
  CREATE TABLE deliveries_2 (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    manifest_uid TEXT NOT NULL REFERENCES manifests_2 (sop_instance_uid),
    action TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    last_error TEXT,
    UNIQUE (manifest_uid, target, action)
  ) STRICT;
  INSERT INTO deliveries_2 (id, target, manifest_uid, action, state, attempts, next_attempt_at, last_error)
    SELECT id, target, manifest_uid, 'publish', state, attempts, next_attempt_at, last_error FROM deliveries ORDER BY id;
  DROP TABLE deliveries;
  DROP TABLE manifests;
  ALTER TABLE manifests_2 RENAME TO manifests;
  ALTER TABLE deliveries_2 RENAME TO deliveries;
  UPDATE instances SET hidden_by = (SELECT m.state FROM manifests m WHERE m.sop_instance_uid = instances."SOPInstanceUID"), visible = 0
    WHERE "SOPInstanceUID" IN (SELECT sop_instance_uid FROM manifests WHERE state <> 'in force') AND role = 'manifest';
  CREATE UNIQUE INDEX manifests_order ON manifests (created_at, sop_instance_uid);
  CREATE INDEX manifests_in_force ON manifests (study_instance_uid) WHERE state = 'in force';
  CREATE INDEX deliveries_waiting ON deliveries (next_attempt_at) WHERE state = 'waiting';

  CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    study_instance_uid TEXT NOT NULL,
    confidentiality TEXT,
    dialect TEXT,
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    manifest_uid TEXT,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL
  ) STRICT;
  CREATE INDEX history_study ON history (study_instance_uid, id);
  INSERT INTO history (study_instance_uid, confidentiality, dialect, at, state, manifest_uid, reason, actor)
    SELECT study_instance_uid, confidentiality, dialect, created_at, 'in force', sop_instance_uid, reason, 'ariane' FROM manifests
    ORDER BY created_at, id;
  INSERT INTO history (study_instance_uid, confidentiality, dialect, at, state, manifest_uid, reason, actor)
    SELECT m.study_instance_uid, m.confidentiality, m.dialect, n.created_at, 'superseded', m.sop_instance_uid, 'by version ' || n.version, 'ariane'
    FROM manifests m CROSS JOIN manifests n ON n.sop_instance_uid = m.superseded_by WHERE m.state = 'superseded' ORDER BY n.created_at, m.id;

  CREATE TABLE confidentiality_decisions (
    study_instance_uid TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,
    level TEXT NOT NULL,
    PRIMARY KEY (study_instance_uid, series_instance_uid)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE rejections (
    sop_instance_uid TEXT NOT NULL,
    note_uid TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL,
    code TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (sop_instance_uid, note_uid)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX rejections_note ON rejections (note_uid);
  CREATE INDEX rejections_study ON rejections (study_instance_uid, sop_instance_uid);

  CREATE TABLE decisions (
    id TEXT PRIMARY KEY
  ) STRICT, WITHOUT ROWID;
`
