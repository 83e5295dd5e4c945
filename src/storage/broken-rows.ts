/** Rows whose file is lost, has another size, or (when asked) other bytes than when it was received.
 *
 *  Promises: pages through the rows, so that memory and event loop stay free; a row that changed meanwhile is looked at again before it is called
 *  broken, so that a running node does no harm.
 *  Does not: change anything until {@link giveUp} or {@link setAside} is called. Sizes in bytes. */
import type { Catalog, InstanceFacts } from '../catalog/contract.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import type { Storage } from './contract.ts'

export interface BrokenRow {
  readonly facts: InstanceFacts
  readonly problem: 'lost' | 'wrong size' | 'wrong digest' | 'unreadable'
  /** For people: "expected 1234 bytes, found 12". */
  readonly detail: string
}

const PAGE_ROWS = 500

export interface CompareOptions {
  /** Only rows received at or after it, milliseconds since 1970. */
  readonly since?: number
  /** Compare SHA-256 too: reads every byte. */
  readonly deep?: boolean
  /** Called for each row looked at. */
  readonly onRow?: (facts: InstanceFacts) => void
}

export async function* brokenRows(shelf: { storage: Storage; catalog: Catalog }, options: CompareOptions = {}): AsyncGenerator<BrokenRow> {
  let after: string | undefined
  do {
    const page = await shelf.catalog.files(PAGE_ROWS, after, options.since)
    for (const facts of page.items) {
      const broken = await brokenRow(shelf.storage, facts, options.deep === true)
      if (broken !== undefined && (await isStillNamed(shelf.catalog, facts))) yield broken
      options.onRow?.(facts)
    }
    after = page.next
  } while (after !== undefined)
}

/** The row goes, so that no manifest names what is not there, unless it names another file by now; a damaged file goes to quarantine.
 *  @returns whether the row went */
export async function giveUp(shelf: { storage: Storage; catalog: Catalog }, broken: BrokenRow): Promise<boolean> {
  const { facts, problem, detail } = broken
  // in this order: a damaged file that no row names would be taken for a good one
  await setAside(shelf.storage, broken)
  if (
    !(await shelf.catalog.forget(
      facts.sopInstanceUid,
      facts.storageKey,
      `the file of an instance is ${problem === 'lost' ? 'lost' : `damaged (${problem})`}`,
    ))
  )
    return false
  log.error('an instance that was held can no longer be given: its row is removed', {
    SOPInstanceUID: facts.sopInstanceUid,
    StudyInstanceUID: facts.studyInstanceUid,
    file: facts.storageKey,
    problem,
    detail,
  })
  return true
}

/** A damaged file to quarantine; another process, or the same instance sent again, may have moved or removed it before. */
export async function setAside(storage: Storage, { facts, problem, detail }: BrokenRow): Promise<void> {
  if (problem === 'lost') return
  try {
    await storage.quarantine(facts.storageKey, `${problem}: ${detail}`)
  } catch (error) {
    if ((await storage.size(facts.storageKey)) !== undefined) throw error
  }
}

/** @param deep  read every byte and compare SHA-256 too
 *  @param digest  by which it is read; default: as fast as the disk allows
 *  @returns undefined where the file is there and whole */
export async function brokenRow(
  storage: Storage,
  facts: InstanceFacts,
  deep: boolean,
  digest: Storage['digest'] = (key, start) => storage.digest(key, start),
): Promise<BrokenRow | undefined> {
  const sizeBytes = await storage.size(facts.storageKey)
  if (sizeBytes === undefined) return lost(facts)
  if (sizeBytes !== facts.fileSizeBytes) {
    return { facts, problem: 'wrong size', detail: `expected ${facts.fileSizeBytes} bytes, found ${sizeBytes}` }
  }
  if (!deep) return undefined
  try {
    const sha256 = await digest(facts.storageKey, facts.dataSetOffset)
    if (sha256 === facts.sha256) return undefined
    return { facts, problem: 'wrong digest', detail: `expected SHA-256 ${facts.sha256}, found ${sha256}` }
  } catch (error) {
    // gone since its size was asked, or on a bad sector; anything else is no fault of this file
    if ((await storage.size(facts.storageKey)) === undefined) return lost(facts)
    if (error instanceof NodeError && error.details.errno === 'EIO')
      return { facts, problem: 'unreadable', detail: 'the disk cannot read it' }
    throw error
  }
}

const lost = (facts: InstanceFacts): BrokenRow => ({
  facts,
  problem: 'lost',
  detail: `expected ${facts.fileSizeBytes} bytes, found no file`,
})

/** Whether the row names the same file as when it was read. */
export async function isStillNamed(catalog: Catalog, facts: InstanceFacts): Promise<boolean> {
  return (await catalog.findInstance(facts.sopInstanceUid))?.storageKey === facts.storageKey
}
