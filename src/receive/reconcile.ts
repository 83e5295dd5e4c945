/** Start after a crash: files and rows are compared before the node listens.
 *
 *  Promises: afterwards no draft is left, every kept file of the period is named by a row or in quarantine, and every row of the period names a
 *  file of the right size. Files are the truth: a row that is missing (crash between name and commit, lost write-ahead log, lost catalog) is
 *  rebuilt from its file. Looks at all files where the catalog is empty or its rebuild was interrupted, otherwise at those changed since ten minutes
 *  before its last row: a crash loses the end of what was written, never the middle. Rows are rebuilt in the order in which the files came, instances
 *  before manifests: what was received first decides again where instances of one study disagree.
 *  Does not: read files that are named (`ariane check --deep` does). Times in milliseconds since 1970. */
import type { Catalog } from '../catalog/contract.ts'
import { log } from '../log.ts'
import { brokenRows, giveUp } from '../storage/broken-rows.ts'
import { type Adoption, enterKept, type FileRead, type KeptFile, readKept, type Shelf } from './adopt-file.ts'

export interface ReconcileCounts {
  readonly draftsSwept: number
  readonly filesSeen: number
  /** Rows rebuilt from files. */
  readonly adopted: number
  readonly manifestsAdopted: number
  readonly duplicatesRemoved: number
  readonly quarantined: number
  /** Rows removed because their file is lost or has another size. */
  readonly lost: number
}

const OVERLAP_MS = 600_000
/** Noted in the catalog, so that a start that was interrupted while it looked at everything is taken up by the next one. */
const REBUILD = 'rebuild'
/** A rebuild of everything reads every file: somebody waits for the node meanwhile. */
const PROGRESS_MS = 10_000
/** Files read at the same time; their rows share a commit. */
const TOGETHER = 8

/** @param since  overrides the period; 0 looks at everything */
export async function reconcile(parts: Shelf & { since?: number }): Promise<ReconcileCounts> {
  const { storage, catalog } = parts
  const draftsSwept = await storage.sweepDrafts()
  const since = parts.since ?? (await periodOf(catalog))
  const isEverything = since === undefined || since <= 0
  if (isEverything) await catalog.note(REBUILD, 'begun')
  const { filesSeen, adoptions } = await adoptAll(parts, since)
  let lost = 0
  for await (const broken of brokenRows(parts, { since })) {
    if (await giveUp(parts, broken)) lost++
  }
  if (isEverything) await catalog.note(REBUILD, 'done')
  const counts: ReconcileCounts = {
    draftsSwept,
    filesSeen,
    adopted: adoptions.get('adopted') ?? 0,
    manifestsAdopted: adoptions.get('manifest adopted') ?? 0,
    duplicatesRemoved: adoptions.get('duplicate removed') ?? 0,
    quarantined: adoptions.get('quarantined') ?? 0,
    lost,
  }
  const changed = draftsSwept + counts.adopted + counts.manifestsAdopted + counts.duplicatesRemoved + counts.quarantined + lost > 0
  log[changed ? 'warn' : 'info']('files and rows compared', { ...counts })
  return counts
}

/** @returns where it begins; undefined: everything */
async function periodOf(catalog: Catalog): Promise<number | undefined> {
  if ((await catalog.noted(REBUILD)) === 'begun') return undefined
  const last = await catalog.lastEntryReceivedAt()
  return last === undefined ? undefined : Math.min(last, Date.now()) - OVERLAP_MS
}

async function adoptAll(parts: Shelf, since: number | undefined): Promise<{ filesSeen: number; adoptions: Map<Adoption, number> }> {
  const adoptions = new Map<Adoption, number>()
  let filesSeen = 0
  let batch: KeptFile[] = []
  let toldAt = Date.now()
  let entering: Promise<void> = Promise.resolve()
  const enter = async (files: readonly KeptFile[], reads: readonly FileRead[]): Promise<void> => {
    const results = await Promise.all(reads.map((read, at) => enterKept(parts, files[at]!, read)))
    for (const result of results) adoptions.set(result, (adoptions.get(result) ?? 0) + 1)
  }
  /** Reads while the files before are being committed. */
  const settle = async (): Promise<void> => {
    const files = batch
    batch = []
    const reads = await Promise.all(files.map((file) => readKept(parts, file)))
    await entering
    entering = enter(files, reads)
    // a failure is told where it is waited for
    entering.catch(() => undefined)
    if (Date.now() - toldAt < PROGRESS_MS) return
    toldAt = Date.now()
    log.info('comparing files and rows', { filesSeen, adopted: adoptions.get('adopted') ?? 0 })
  }
  for await (const file of parts.storage.list(since)) {
    filesSeen++
    batch.push(file)
    if (batch.length === TOGETHER) await settle()
  }
  await settle()
  await entering
  return { filesSeen, adoptions }
}
