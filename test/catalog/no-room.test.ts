/** A full disk under the catalog is called so, whatever part of SQLite meets it. */
import BetterSqlite3 from 'better-sqlite3'
import { expect, it } from 'vitest'
import { failure } from '../../src/catalog/group-commit.ts'

it('says that its disk is full where a write finds no room', () => {
  const db = new BetterSqlite3(':memory:')
  db.exec('CREATE TABLE t (text TEXT)')
  db.pragma('max_page_count = 2')
  const found = (() => {
    try {
      db.prepare('INSERT INTO t VALUES (?)').run('x'.repeat(100_000))
    } catch (error) {
      return failure(error)
    } finally {
      db.close()
    }
  })()
  expect(found?.message).toContain('code=SQLITE_FULL, why=its disk is full')
})

it('says so at the start too, where SQLite calls it an error of input and output', () => {
  expect(failure(Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_SHMSIZE' })).message).toContain('why=its disk is full')
  expect(failure(Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_READ' })).message).not.toContain('full')
})
