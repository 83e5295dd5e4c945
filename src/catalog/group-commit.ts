/** One writer for everything: jobs that wait share one transaction, each in its own savepoint.
 *
 *  Promises: a job's promise resolves after COMMIT, and after the write-ahead log is synced unless every job of the group can do without
 *  (see {@link GroupCommit.run}); a job that fails takes nothing of the others with it; where COMMIT fails, every job of the group is rejected
 *  and nothing of it is left.
 *  Where another process holds the lock, the group waits for it with the event loop free, {@link LOCK_MILLISECONDS} at most.
 *  Does not: await inside a transaction (a job is a plain function), retry after any other failure.
 *  Errors: NodeError CATALOG_FAILED with the SQLite error as cause. */
import type { Database, Statement } from 'better-sqlite3'
import { NodeError } from '../errors.ts'
import { BEGIN, COMMIT, DATA_VERSION, RELEASE, ROLLBACK, ROLLBACK_TO, SAVEPOINT, SYNC_COMMITS, SYNC_LATER } from './sql/transactions.ts'

/** Longest time a group keeps taking jobs before it commits, so that the event loop is not held: milliseconds. */
const GROUP_MILLISECONDS = 20

/** Longest time a group waits for a lock that another process holds (a command beside the node), and how often it looks. */
const LOCK_MILLISECONDS = 5_000
const LOCK_LOOK_MILLISECONDS = 10

interface Job {
  readonly synced: boolean
  readonly run: () => unknown
  readonly resolve: (value: never) => void
  readonly reject: (cause: unknown) => void
}

export class GroupCommit {
  readonly #db: Database
  readonly #statements: Readonly<Record<'begin' | 'commit' | 'savepoint' | 'release' | 'rollbackTo' | 'dataVersion', Statement>>
  readonly #rowsChanged: () => void
  #waiting: Job[] = []
  #scheduled = false
  #idle: (() => void)[] = []
  /** When the lock was first refused to the present group. */
  #refusedSince: number | undefined
  /** As {@link openDatabase} leaves it. */
  #syncsCommits = true

  /** What {@link DATA_VERSION} said last. */
  #dataVersion: unknown

  /** @param rowsChanged  called where rows are not as the jobs before left them: another process has written, or something was taken back */
  constructor(db: Database, rowsChanged: () => void) {
    this.#db = db
    this.#rowsChanged = rowsChanged
    this.#statements = {
      begin: db.prepare(BEGIN),
      commit: db.prepare(COMMIT),
      savepoint: db.prepare(SAVEPOINT),
      release: db.prepare(RELEASE),
      rollbackTo: db.prepare(ROLLBACK_TO),
      dataVersion: db.prepare(DATA_VERSION).pluck(),
    }
  }

  /** @param job     reads and writes synchronously; what it returns is what the promise gives
   *  @param synced  false where a power failure may take the row, because something else on disk says the same. A process that ends takes
   *                 nothing: the log is then in the hands of the system. The next synced group takes the rows of those before along */
  run<T>(job: () => T, synced = true): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run: job, synced, resolve, reject })
      this.#schedule()
    })
  }

  /** Resolves when nothing waits any more. */
  drain(): Promise<void> {
    return this.#waiting.length === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    if (!this.#begin()) return
    this.#scheduled = false
    const group = this.#waiting
    const answers: (() => void)[] = []
    let taken = 0
    try {
      const until = performance.now() + GROUP_MILLISECONDS
      while (taken < group.length && (taken === 0 || performance.now() < until)) answers.push(this.#attempt(group[taken++]!))
      this.#statements.commit.run()
    } catch (cause) {
      if (this.#db.inTransaction) this.#db.exec(ROLLBACK)
      this.#rowsChanged()
      // A full disk: it is the same for all that wait.
      taken = group.length
      answers.length = 0
      for (const job of group) answers.push(() => job.reject(failure(cause)))
    }
    this.#waiting = group.slice(taken)
    for (const answer of answers) answer()
    if (this.#waiting.length > 0) this.#schedule()
    else for (const idle of this.#idle.splice(0)) idle()
  }

  /** @returns whether a transaction is open; where not, the group waits or has been rejected */
  #begin(): boolean {
    try {
      this.#setSync(this.#waiting.some((job) => job.synced))
      this.#statements.begin.run()
      this.#refusedSince = undefined
      const dataVersion = this.#statements.dataVersion.get()
      if (dataVersion !== this.#dataVersion) this.#rowsChanged()
      this.#dataVersion = dataVersion
      return true
    } catch (cause) {
      if (this.#db.inTransaction) this.#db.exec(ROLLBACK)
      this.#refusedSince ??= performance.now()
      if (isBusy(cause) && performance.now() - this.#refusedSince < LOCK_MILLISECONDS) {
        setTimeout(() => this.#flush(), LOCK_LOOK_MILLISECONDS)
        return false
      }
      this.#scheduled = false
      this.#refusedSince = undefined
      for (const job of this.#waiting.splice(0)) job.reject(failure(cause))
      for (const idle of this.#idle.splice(0)) idle()
      return false
    }
  }

  /** Cannot be changed inside a transaction. */
  #setSync(synced: boolean): void {
    if (this.#syncsCommits === synced) return
    this.#db.exec(synced ? SYNC_COMMITS : SYNC_LATER)
    this.#syncsCommits = synced
  }

  /** Runs one job in its savepoint. @returns what to tell its caller after COMMIT
   *  @throws where SQLite itself has given up the whole transaction (disk full, I/O error) */
  #attempt(job: Job): () => void {
    this.#statements.savepoint.run()
    try {
      const value = job.run()
      this.#statements.release.run()
      return () => job.resolve(value as never)
    } catch (cause) {
      if (!this.#db.inTransaction) throw cause
      this.#statements.rollbackTo.run()
      this.#rowsChanged()
      this.#statements.release.run()
      return () => job.reject(failure(cause))
    }
  }
}

function isBusy(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && String(cause.code).startsWith('SQLITE_BUSY')
}

/** The second one: while the shared memory beside the catalog is made, at the start. */
const NO_ROOM: ReadonlySet<string> = new Set(['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'])

/** Ours pass as they are; all else is a failure of the catalog. */
export function failure(cause: unknown): NodeError {
  if (cause instanceof NodeError) return cause
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  return new NodeError('CATALOG_FAILED', code === undefined ? {} : { code, ...(NO_ROOM.has(code) && { why: 'its disk is full' }) }, {
    cause,
  })
}
