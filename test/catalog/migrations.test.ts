import { closeSync, existsSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import { expect, it } from 'vitest'
import { COLUMNS } from '../../src/catalog/columns.ts'
import { openDatabase } from '../../src/catalog/database.ts'
import { MIGRATIONS, migrate, schemaVersion } from '../../src/catalog/migrations.ts'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { findAll, instance, query, temporaryCatalog, temporaryFile } from './catalog-material.ts'

it('makes the schema once and keeps its rows when opened again', async () => {
  const file = temporaryFile()
  const first = openCatalog(file)
  await first.keep(instance(1))
  await first.close()
  expect(await findAll(temporaryCatalog(file), query('IMAGE'))).toHaveLength(1)
  const db = openDatabase(file)
  expect(schemaVersion(db)).toBe(MIGRATIONS.length)
  expect(migrate(db)).toBe(0)
  db.close()
})

it('brings a catalog of the first schema to the present one, with its studies as they were', async () => {
  const file = temporaryFile()
  const db = new BetterSqlite3(file)
  migrate(db, MIGRATIONS.slice(0, 1))
  db.exec(`INSERT INTO patients (id, identity_key, "PatientBirthDateNorm") VALUES (1, 'P', '')`)
  const study =
    db.prepare(`INSERT INTO studies (id, patient_id, revision, manifest_revision, last_received_at, in_conflict, "StudyInstanceUID",
    "StudyDateNorm", "StudyTimeNorm") VALUES (?, 1, 5, ?, 700, 0, ?, '', '')`)
  study.run(1, 4, '1.1')
  study.run(2, 5, '1.2')
  db.close()
  const catalog = temporaryCatalog(file)
  expect((await catalog.studiesWaiting(10)).items).toMatchObject([
    { studyInstanceUid: '1.1', revision: 5, pendingSince: 700, steps: 'nothing' },
  ])
})

it('takes only the steps that are missing, and none of a step that fails', () => {
  const db = new BetterSqlite3(temporaryFile())
  expect(migrate(db, ['CREATE TABLE a (x)'])).toBe(1)
  expect(migrate(db, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)'])).toBe(1)
  expect(() => migrate(db, ['', '', 'CREATE TABLE c (x); CREATE TABLE a (x)'])).toThrow('already exists')
  expect(schemaVersion(db)).toBe(2)
  expect(db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all()).toEqual(['a', 'b'])
  db.close()
})

it('refuses a schema newer than its own, untouched', () => {
  const file = temporaryFile()
  openDatabase(file).close()
  const db = new BetterSqlite3(file)
  db.pragma('user_version = 99')
  db.close()
  expect(() => openCatalog(file)).toThrow(
    expect.objectContaining({ code: 'CATALOG_FAILED', details: { reason: 'newer schema', found: 99, supported: MIGRATIONS.length } }),
  )
})

it('opens for reading only what is there, and writes nothing', async () => {
  const file = temporaryFile()
  expect(() => openCatalog(file, { readonly: true })).toThrow(expect.objectContaining({ code: 'CATALOG_FAILED' }))
  expect(existsSync(file)).toBe(false)
  const writer = temporaryCatalog(file)
  await writer.keep(instance(1))
  const reader = openCatalog(file, { readonly: true })
  expect(await findAll(reader, query('STUDY'))).toHaveLength(1)
  await expect(reader.keep(instance(2))).rejects.toMatchObject({ code: 'CATALOG_FAILED' })
  await writer.keep(instance(3))
  expect(await findAll(reader, query('STUDY'))).toHaveLength(2)
  await reader.close()
})

it('says damaged of a file that is no database, and of one with damage where asked to look', async () => {
  const damaged = expect.objectContaining({ code: 'CATALOG_FAILED', details: expect.objectContaining({ reason: 'damaged' }) })
  const text = temporaryFile()
  writeFileSync(text, 'this is not a database, '.repeat(500))
  expect(() => openCatalog(text)).toThrow(damaged)

  const file = temporaryFile()
  const catalog = openCatalog(file)
  await Promise.all(Array.from({ length: 2000 }, (_, at) => catalog.keep(instance(1, 1, at))))
  await catalog.close()
  const sound = openCatalog(file, { verify: true })
  await sound.close()
  const bytes = Buffer.alloc(64 * 1024, 0xa5)
  const handle = openSync(file, 'r+')
  writeSync(handle, bytes, 0, bytes.length, Math.floor(statSync(file).size / 2))
  closeSync(handle)
  expect(() => openCatalog(file, { verify: true })).toThrow(damaged)
})

it('is durable: write-ahead log, every commit synced, foreign keys checked, strict tables', () => {
  const db = openDatabase(temporaryFile())
  const pragma = (name: string) => db.pragma(name, { simple: true })
  // A lock is waited for by the group commit, with the event loop free.
  expect([pragma('journal_mode'), pragma('synchronous'), pragma('foreign_keys'), pragma('busy_timeout')]).toEqual(['wal', 2, 1, 0])
  const tables = db.pragma('table_list') as { name: string; strict: number; type: string }[]
  const ours = tables.filter(({ name, type }) => type === 'table' && !name.startsWith('sqlite_'))
  expect(ours.map(({ name }) => name).sort()).toEqual([
    ...[
      'brought_values',
      'confidentiality_decisions',
      'decisions',
      'deletions',
      'deliveries',
      'files_to_remove',
      'history',
      'instances',
      'manifests',
      'mpps',
      'mpps_instances',
      'mpps_studies',
    ],
    ...['notes', 'patient_rules', 'patients', 'peers_seen', 'rejections', 'series', 'studies', 'study_identities', 'study_rules'],
  ])
  expect(ours.filter(({ strict }) => strict !== 1)).toEqual([])
  db.close()
})

it('has a column for every attribute of the index, and no other in keyword spelling', () => {
  const db = openDatabase(temporaryFile())
  const tables = { patients: 'PATIENT', study_identities: 'PATIENT', studies: 'STUDY', series: 'SERIES', instances: 'IMAGE' } as const
  for (const [table, level] of Object.entries(tables)) {
    const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[]
    expect(columns.filter((name) => /^[A-Z]/.test(name)).sort()).toEqual([...COLUMNS[level].names].sort())
  }
  db.close()
})
