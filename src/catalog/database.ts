/** Opens the SQLite file as the catalog needs it: write-ahead log, every commit synced, foreign keys checked, schema present.
 *  Errors: NodeError CATALOG_FAILED; `reason: 'damaged'` where a check of the file was asked for and found something, or where the file
 *  is no database at all. */
import { existsSync } from 'node:fs'
import BetterSqlite3, { type Database } from 'better-sqlite3'
import { NodeError } from '../errors.ts'
import { failure } from './group-commit.ts'
import { defineMatchingFunctions } from './matching-functions.ts'
import { migrate, requireCurrent } from './migrations.ts'
import { UPKEEP_SQL } from './sql/upkeep.ts'

export interface OpenOptions {
  /** For tools beside a running node: nothing is created, migrated or written. */
  readonly readonly?: boolean
  /** Reads the whole file and looks for damage first: seconds per gigabyte. `thoroughly`, for a file whose {@link isLogLost}: every index is held
   *  against its table too, and every study counts as changed, for some of its pages may be older than others. */
  readonly verify?: boolean | 'thoroughly'
}

/** While opening: a migration by another process. */
const BUSY_MILLISECONDS = 5000
/** Pages (4 KiB) of write-ahead log after which a commit also copies them to the file: 8 MiB. */
const CHECKPOINT_PAGES = 2000
/** The log is cut back to this after a checkpoint: bytes. */
const LOG_LIMIT_BYTES = 64 * 1024 * 1024
/** KiB, negative by SQLite's convention. */
const CACHE_KIB = -64 * 1024

export function openDatabase(file: string, options: OpenOptions = {}): Database {
  let db: Database | undefined
  try {
    db = new BetterSqlite3(file, {
      readonly: options.readonly ?? false,
      fileMustExist: options.readonly ?? false,
      timeout: BUSY_MILLISECONDS,
    })
    prepare(db, options)
    return db
  } catch (cause) {
    db?.close()
    throw isDamage(cause) ? new NodeError('CATALOG_FAILED', { reason: 'damaged' }, { cause }) : failure(cause)
  }
}

/** Whether the write-ahead log that belongs to a catalog is gone, as seen before it is opened after a crash: while it is open it has one. A log that
 *  is taken away while it is being copied to the file leaves pages of different times. */
export function isLogLost(file: string): boolean {
  return existsSync(file) && !existsSync(`${file}-wal`)
}

function prepare(db: Database, options: OpenOptions): void {
  db.pragma('foreign_keys = ON')
  db.pragma('trusted_schema = OFF')
  db.pragma(`cache_size = ${CACHE_KIB}`)
  db.pragma('temp_store = MEMORY')
  if (options.verify) verify(db, options.verify === 'thoroughly')
  if (options.readonly) {
    requireCurrent(db)
  } else {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    db.pragma(`journal_size_limit = ${LOG_LIMIT_BYTES}`)
    migrate(db)
    if (options.verify === 'thoroughly') db.exec(UPKEEP_SQL.everyStudyChanged)
  }
  // From here on a lock is waited for with the event loop free (group-commit.ts); readers of a write-ahead log need none.
  db.pragma('busy_timeout = 0')
  defineMatchingFunctions(db)
}

function verify(db: Database, thoroughly: boolean): void {
  const found = db.pragma(thoroughly ? 'integrity_check(1)' : 'quick_check(1)', { simple: true })
  const isSound = found === 'ok' && !(thoroughly && (db.pragma('foreign_key_check') as unknown[]).length > 0)
  if (!isSound) throw new NodeError('CATALOG_FAILED', { reason: 'damaged', found: String(found) })
}

function isDamage(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB'
}
