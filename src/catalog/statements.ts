/** Prepared statements by their SQL text, so that each is compiled once. Texts depend on the shape of a query only, never on its
 *  values; should a peer still bring many shapes, the oldest are let go. Rows are arrays: no object per row. */
import type { Database, Statement } from 'better-sqlite3'
import type { Row } from './columns.ts'

const MOST = 500

export type Parameter = string | number | null

export class Statements {
  readonly #db: Database
  readonly #rows = new Map<string, Statement<Parameter[], Row>>()
  readonly #values = new Map<string, Statement<Parameter[], unknown>>()
  readonly #changes = new Map<string, Statement<Parameter[]>>()
  #writes = 0

  constructor(db: Database) {
    this.#db = db
  }

  /** How many statements that write were run. */
  get writes(): number {
    return this.#writes
  }

  all(sql: string, ...parameters: Parameter[]): Row[] {
    return this.#reader(sql).all(...parameters)
  }

  row(sql: string, ...parameters: Parameter[]): Row | undefined {
    return this.#reader(sql).get(...parameters)
  }

  /** First column of the first row. */
  value<T extends Parameter>(sql: string, ...parameters: Parameter[]): T | undefined {
    return this.#plucker(sql).get(...parameters) as T | undefined
  }

  /** First column of every row. */
  column<T extends Parameter>(sql: string, ...parameters: Parameter[]): T[] {
    return this.#plucker(sql).all(...parameters) as T[]
  }

  /** @returns rows changed and the id of the row inserted last */
  run(sql: string, ...parameters: Parameter[]): { changes: number; id: number } {
    this.#writes++
    const { changes, lastInsertRowid } = remembered(this.#changes, sql, () => this.#db.prepare<Parameter[]>(planned(sql))).run(
      ...parameters,
    )
    return { changes, id: Number(lastInsertRowid) }
  }

  #reader(sql: string): Statement<Parameter[], Row> {
    return remembered(this.#rows, sql, () => this.#db.prepare<Parameter[], Row>(planned(sql)).raw())
  }

  #plucker(sql: string): Statement<Parameter[], unknown> {
    return remembered(this.#values, sql, () => this.#db.prepare<Parameter[], unknown>(planned(sql)).pluck())
  }
}

/** As it is built for us (STAT4), SQLite looks at the values of parameters while it plans, in comparisons and limits, and plans anew at each
 *  execution where it did: 15 to 80 us for a statement that runs in one. No plan of ours depends on a value, and behind a SELECT there is none to be seen. */
export function planned(sql: string): string {
  return sql.startsWith('INSERT') ? sql : sql.replace(/(?<!json_each\()\?/g, '(SELECT ?)')
}

function remembered<T>(known: Map<string, T>, sql: string, prepare: () => T): T {
  const found = known.get(sql)
  if (found !== undefined) return found
  const made = prepare()
  if (known.size >= MOST) known.delete(known.keys().next().value!)
  known.set(sql, made)
  return made
}
