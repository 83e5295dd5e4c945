/** Steps that bring a catalog from any earlier schema to the present one: forward only, each in its own transaction, the version in
 *  `PRAGMA user_version`. A released step is never changed; a change of the schema is a new step at the end.
 *  Errors: NodeError CATALOG_FAILED with `reason: 'newer schema'` where a later release wrote the file. */
import type { Database } from 'better-sqlite3'
import { NodeError } from '../errors.ts'
import { SCHEMA_1 } from './sql/schema.ts'
import { SCHEMA_DELETIONS } from './sql/schema-deletions.ts'
import { SCHEMA_DUE } from './sql/schema-due.ts'
import { SCHEMA_IDENTITY } from './sql/schema-identity.ts'
import { SCHEMA_LEVELS } from './sql/schema-levels.ts'
import { SCHEMA_LIFECYCLE } from './sql/schema-lifecycle.ts'
import { SCHEMA_STATUS } from './sql/schema-status.ts'
import { BEGIN, COMMIT, ROLLBACK } from './sql/transactions.ts'

export const MIGRATIONS: readonly string[] = [
  SCHEMA_1,
  SCHEMA_LIFECYCLE,
  SCHEMA_DUE,
  SCHEMA_IDENTITY,
  SCHEMA_DELETIONS,
  SCHEMA_LEVELS,
  SCHEMA_STATUS,
]

export function schemaVersion(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number
}

/** @returns how many steps were taken */
export function migrate(db: Database, migrations: readonly string[] = MIGRATIONS): number {
  const first = schemaVersion(db)
  refuseNewer(first, migrations)
  for (let version = first; version < migrations.length; version++) step(db, migrations, version)
  return migrations.length - first
}

/** For a reader that must not write: the schema has to be the present one already. */
export function requireCurrent(db: Database): void {
  const found = schemaVersion(db)
  refuseNewer(found, MIGRATIONS)
  if (found < MIGRATIONS.length) throw new NodeError('CATALOG_FAILED', { reason: 'older schema', found, supported: MIGRATIONS.length })
}

function refuseNewer(found: number, migrations: readonly string[]): void {
  if (found > migrations.length) throw new NodeError('CATALOG_FAILED', { reason: 'newer schema', found, supported: migrations.length })
}

function step(db: Database, migrations: readonly string[], version: number): void {
  db.exec(BEGIN)
  try {
    // Another process may have taken the step while we waited for the lock.
    if (schemaVersion(db) === version) {
      db.exec(migrations[version]!)
      db.pragma(`user_version = ${version + 1}`)
    }
    db.exec(COMMIT)
  } catch (cause) {
    if (db.inTransaction) db.exec(ROLLBACK)
    throw cause
  }
}
