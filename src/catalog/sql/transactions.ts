/** Transaction control. IMMEDIATE: the write lock is taken at the start, so that what is read inside stays true until COMMIT. */
export const BEGIN = 'BEGIN IMMEDIATE'
export const COMMIT = 'COMMIT'
export const ROLLBACK = 'ROLLBACK'
export const SAVEPOINT = 'SAVEPOINT one'
export const RELEASE = 'RELEASE one'
export const ROLLBACK_TO = 'ROLLBACK TO one'
