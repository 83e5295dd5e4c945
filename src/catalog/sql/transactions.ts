/** Transaction control. IMMEDIATE: the write lock is taken at the start, so that what is read inside stays true until COMMIT. */
export const BEGIN = 'BEGIN IMMEDIATE'
export const COMMIT = 'COMMIT'
export const ROLLBACK = 'ROLLBACK'
export const SAVEPOINT = 'SAVEPOINT one'
export const RELEASE = 'RELEASE one'
export const ROLLBACK_TO = 'ROLLBACK TO one'

/** With a write-ahead log: each commit syncs it, or checkpoints do (the file is sound in either case). */
export const SYNC_COMMITS = 'PRAGMA synchronous = FULL'
export const SYNC_LATER = 'PRAGMA synchronous = NORMAL'

/** Another number after a commit by another connection. */
export const DATA_VERSION = 'PRAGMA data_version'
