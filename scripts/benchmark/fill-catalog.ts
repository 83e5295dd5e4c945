/** Fills a catalogue with made-up studies (see made-up-studies.ts) for measurements of size: rows without files.
 *
 *  Promises: the rows are those that reception and the manifest stage write, for the same functions write them; only transactions are larger and
 *  nothing is synced before the end. Every study has its manifest in force, delivered.
 *  Does not: make files; a start compares the rows of the last ten minutes with files, and takes away those that have none.
 *
 *  By itself: node scripts/benchmark/fill-catalog.ts FILE [--studies 100000] [--instances-per-study 10] [--seed 1] */
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { Database } from 'better-sqlite3'
import { openDatabase } from '../../src/catalog/database.ts'
import { deliveriesDue, settleDelivery } from '../../src/catalog/deliveries.ts'
import { keepInstance } from '../../src/catalog/keep.ts'
import { BEGIN, COMMIT } from '../../src/catalog/sql/transactions.ts'
import { Statements } from '../../src/catalog/statements.ts'
import { settleStudy } from '../../src/catalog/studies-due.ts'
import { type MadeUpOptions, type MadeUpStudy, madeUpStudy } from './made-up-studies.ts'

/** Studies in one transaction. */
const TOGETHER = 500
const TARGET = 'outbox'

export const MADE_UP: MadeUpOptions = { seed: 1, studies: 100_000, instancesPerStudy: 10, until: Date.UTC(2026, 0, 31, 12) }

/** @param tell  called now and then with the number of studies that are in */
export function fillCatalog(file: string, options: MadeUpOptions = MADE_UP, tell: (studies: number) => void = () => undefined): void {
  const db = openDatabase(file)
  try {
    hurry(db)
    const statements = new Statements(db)
    for (let number = 0; number < options.studies; ) {
      const end = Math.min(options.studies, number + TOGETHER)
      db.exec(BEGIN)
      for (; number < end; number++) keepStudy(statements, madeUpStudy(number, options))
      db.exec(COMMIT)
      tell(number)
    }
    db.pragma('synchronous = FULL')
    db.pragma('wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}

/** Nobody else has the file yet, and a failure means to begin anew. */
function hurry(db: Database): void {
  db.pragma('synchronous = OFF')
  db.pragma('cache_size = -524288')
  db.pragma('wal_autocheckpoint = 50000')
}

function keepStudy(statements: Statements, { instances, manifest }: MadeUpStudy): void {
  for (const facts of instances) keepInstance(statements, facts, false)
  settleStudy(statements, manifest.record.studyInstanceUid, instances.length, [
    { kind: 'made', ...manifest, targets: [TARGET], actor: 'benchmark' },
  ])
  for (const { id, nextAttemptAt } of deliveriesDue(statements, Number.MAX_SAFE_INTEGER, 1)) {
    settleDelivery(statements, id, { state: 'done', attempts: 1, nextAttemptAt })
  }
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { studies: { type: 'string' }, 'instances-per-study': { type: 'string' }, seed: { type: 'string' } },
  })
  const [file] = positionals
  if (file === undefined) throw new Error('which file? node scripts/benchmark/fill-catalog.ts FILE [--studies N]')
  const options: MadeUpOptions = {
    ...MADE_UP,
    studies: Number(values.studies ?? MADE_UP.studies),
    instancesPerStudy: Number(values['instances-per-study'] ?? MADE_UP.instancesPerStudy),
    seed: Number(values.seed ?? MADE_UP.seed),
  }
  const began = performance.now()
  fillCatalog(file, options, (studies) => {
    if (studies % 10_000 === 0) process.stderr.write(`${studies} studies after ${((performance.now() - began) / 1000).toFixed(0)} s\n`)
  })
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main()
