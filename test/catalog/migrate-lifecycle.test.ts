/** A catalog of schema 1 with rows of every kind takes the steps after it: nothing is lost, what is not in force is hidden, references hold. */
import BetterSqlite3 from 'better-sqlite3'
import { expect, it } from 'vitest'
import { MIGRATIONS, migrate } from '../../src/catalog/migrations.ts'
import { temporaryCatalog, temporaryFile } from './catalog-material.ts'

const STUDIES = 1000
const INSTANCES = 5

/** Each study with instances, a manifest that is superseded, one in force, and their deliveries. */
const FILL = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${STUDIES})
    INSERT INTO patients (id, identity_key, "PatientID", "PatientBirthDateNorm") SELECT i, 'k' || i, 'P' || i, '' FROM n;
  INSERT INTO studies (id, patient_id, revision, manifest_revision, last_received_at, in_conflict, "StudyInstanceUID", "StudyDateNorm", "StudyTimeNorm")
    SELECT id, id, 5, 5, id, 0, '1.' || id, '20260101', '' FROM patients;
  INSERT INTO study_identities (id, study_id, number, in_force, identity_key, "PatientID", "PatientBirthDateNorm")
    SELECT id, id, 1, 1, 'k', 'P' || id, '' FROM studies;
  INSERT INTO series (id, study_id, "SeriesInstanceUID", "Modality", "SeriesOrder") SELECT id, id, '1.1.' || id, 'CT', 1 FROM studies;
  INSERT INTO series (id, study_id, "SeriesInstanceUID", "Modality", "SeriesOrder") SELECT id + ${STUDIES}, id, '1.2.' || id, 'KO', 2 FROM studies;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${INSTANCES})
    INSERT INTO instances (series_id, identity_id, role, transfer_syntax_uid, storage_key, file_size_bytes, data_set_offset, sha256, source, received_at,
      "SOPInstanceUID", "SOPClassUID", "InstanceOrder")
    SELECT s.id, s.id, 'content', '1.2', 'instances/' || s.id || '-' || i, 1, 0, '00', 'CT1', s.id, '1.' || s.id || '.' || i, '1.2.3', i FROM studies s, n;
  INSERT INTO instances (series_id, identity_id, role, transfer_syntax_uid, storage_key, file_size_bytes, data_set_offset, sha256, source, received_at,
      "SOPInstanceUID", "SOPClassUID", "InstanceOrder")
    SELECT s.id + ${STUDIES}, s.id, 'manifest', '1.2', 'manifests/' || s.id || '-' || v.value, 1, 0, '00', 'ARIANE', s.id, '2.' || s.id || '.' || v.value, '1.2.4',
      v.value FROM studies s, json_each('[1,2]') v;
  INSERT INTO manifests (sop_instance_uid, study_instance_uid, series_instance_uid, version, content_digest, state, superseded_by, instance_count,
      created_at, reason)
    SELECT '2.' || s.id || '.' || v.value, '1.' || s.id, '1.2.' || s.id, v.value, 'd', iif(v.value = 2, 'in force', 'superseded'),
      iif(v.value = 2, NULL, '2.' || s.id || '.2'), ${INSTANCES}, s.id * 10 + v.value, 'quiet' FROM studies s, json_each('[1,2]') v;
  INSERT INTO deliveries (target, manifest_uid, state, attempts, next_attempt_at, last_error)
    SELECT 'outbox', sop_instance_uid, iif(state = 'in force', 'waiting', 'done'), 1, created_at, NULL FROM manifests;
`

it('from schema 1', async () => {
  const file = temporaryFile()
  const db = new BetterSqlite3(file)
  db.pragma('foreign_keys = ON')
  migrate(db, MIGRATIONS.slice(0, 1))
  db.exec(FILL)
  migrate(db)
  expect(db.pragma('foreign_key_check')).toEqual([])
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(() =>
    db.exec(
      "INSERT INTO deliveries (target, manifest_uid, action, state, attempts, next_attempt_at) VALUES ('t', 'none', 'publish', 'done', 0, 0)",
    ),
  ).toThrow('FOREIGN KEY')
  const counts = (sql: string) => db.prepare(sql).pluck().get()
  expect(counts('SELECT count(*) FROM instances WHERE visible = 1 AND hidden_by IS NULL')).toBe(STUDIES * (INSTANCES + 1))
  expect(counts("SELECT count(*) FROM instances WHERE visible = 0 AND hidden_by = 'superseded'")).toBe(STUDIES)
  db.close()
  const catalog = temporaryCatalog(file)
  expect(await catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 10 * STUDIES)).toHaveLength(STUDIES)
  const study = '1.7' as never
  expect(
    (await catalog.manifestsOf(study)).map(
      ({ version, state, confidentiality, dialect }) => `${version} ${state} ${confidentiality} ${dialect}`,
    ),
  ).toEqual(['2 in force N xds-i', '1 superseded N xds-i'])
  expect((await catalog.historyOf(study)).map(({ state, at }) => `${state} ${at}`)).toEqual(['in force 71', 'in force 72', 'superseded 72'])
  const view = { levels: 1, includeManifests: true }
  expect((await catalog.retrievables({ studyInstanceUids: [study] }, view, 100)).items.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(
    [...Array.from({ length: INSTANCES }, (_, at) => `1.7.${at + 1}`), '2.7.2'],
  )
})
