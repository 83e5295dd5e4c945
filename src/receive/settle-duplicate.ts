/** What becomes of a file that was kept, once the catalog has said what it makes of its row.
 *
 *  Promises: exactly one file is named by the row afterwards, and it is whole; the other one is removed where it holds the same or was
 *  refused, and goes to quarantine where it was damaged, or where its sender was told a warning: a warning means "stored" to many senders
 *  (PS3.4 B.2.3), which then delete their own. A manifest that this node made is never replaced, whatever the policy says.
 *  A lost or damaged file is repaired by an identical instance: the one that is here is read again before ours goes, because the sender, once
 *  told of success, may delete its own.
 *  What a note has rejected for patient safety, or for a wrong worklist entry, is not accepted again (IHE RAD TF-3 4.66.4.2.3.1, 4.66.4.3.3): what is
 *  here stays, hidden. What was rejected for the end of its retention alone is given out again (4.66.4.4.3).
 *  Does not: answer for what the storage could not keep. */
import type { Catalog, Expired, InstanceFacts, KeepOutcome, StorageKey } from '../catalog/contract.ts'
import { ERRORS, NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { brokenRow, setAside } from '../storage/broken-rows.ts'
import type { Storage } from '../storage/contract.ts'
import { decide } from '../storage/decisions.ts'

/** Same SOP Instance UID, other bytes: the first one stays (answered with a warning), the last one wins, or a failure. */
export type DuplicatePolicy = 'keep' | 'replace' | 'refuse'

export interface Shelf {
  readonly storage: Storage
  readonly catalog: Catalog
  readonly duplicates: DuplicatePolicy
  /** `storage.path`, where the journal of decisions is. */
  readonly path: string
}

/** How it ended; `returned`: it was here, rejected for the end of its retention, and is given out again; `rejected`: it is not accepted again;
 *  `conflict`: the study now holds more than one patient identity. */
export type Settled = {
  readonly kind: 'new' | 'known' | 'returned' | 'replaced' | 'first one kept' | 'refused' | 'rejected'
  readonly conflict: boolean
}

/** Each further one means that somebody else has changed the row: a check, a repair, the same instance sent twice at once. */
const MOST_ATTEMPTS = 10

/** @throws NodeError CATALOG_FAILED, STORAGE_FAILED; the file is then gone */
export async function enterFile(shelf: Shelf, facts: InstanceFacts): Promise<Settled> {
  try {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const settled = await enterOnce(shelf, facts)
      if (settled !== 'again') return settled
    }
    throw new NodeError('CATALOG_FAILED', { step: 'enter', reason: 'the row keeps changing' })
  } catch (error) {
    if (!(await isNamed(shelf.catalog, facts.storageKey))) await shelf.storage.remove(facts.storageKey).catch(() => undefined)
    throw error
  }
}

async function enterOnce(shelf: Shelf, facts: InstanceFacts): Promise<Settled | 'again'> {
  const outcome = await shelf.catalog.keep(facts)
  switch (outcome.kind) {
    case 'kept':
      await lift(shelf, facts, outcome)
      return { kind: 'new', conflict: outcome.conflict }
    case 'identical':
      return await settleSame(shelf, facts, outcome)
    case 'different':
      return isNotAcceptedAgain(outcome.existing)
        ? await refuseRejected(shelf, facts)
        : await settleDifferent(shelf, facts, outcome.existing)
    case 'replaced':
      throw new NodeError('CATALOG_FAILED', { step: 'replaced without being asked' })
  }
}

async function settleSame(
  shelf: Shelf,
  facts: InstanceFacts,
  outcome: Extract<KeepOutcome, { kind: 'identical' }>,
): Promise<Settled | 'again'> {
  if (!(await settleIdentical(shelf, facts, outcome.existing))) return 'again'
  if (isNotAcceptedAgain(outcome.existing)) return { kind: 'rejected', conflict: false }
  return { kind: (await lift(shelf, facts, outcome)) ? 'returned' : 'known', conflict: false }
}

/** A note that is hidden with what it rejects may come again like any instance. */
function isNotAcceptedAgain({ hiddenBy, role }: InstanceFacts): boolean {
  return role !== 'rejection-note' && (hiddenBy === '113037' || hiddenBy === '113038')
}

async function refuseRejected({ storage }: Shelf, { storageKey }: InstanceFacts): Promise<Settled> {
  await storage.remove(storageKey)
  return { kind: 'rejected', conflict: false }
}

/** Into the journal first: no file will say that it was sent again.
 *  @returns whether it was hidden for the end of its retention */
async function lift(shelf: Shelf, facts: InstanceFacts, { expiredBy }: Expired): Promise<boolean> {
  if (expiredBy === undefined) return false
  const { studyInstanceUid, sopInstanceUid, source } = facts
  await decide(shelf, { kind: 'rejection lifted', studyInstanceUid, sopInstanceUid, noteUids: expiredBy }, source)
  return true
}

/** The same bytes are here: ours go, unless the file that is named is lost or damaged.
 *  @returns false where the row has changed meanwhile (repaired, replaced, given up by another): ours is to be entered again */
export async function settleIdentical(
  shelf: Pick<Shelf, 'storage' | 'catalog'>,
  facts: InstanceFacts,
  existing: InstanceFacts,
): Promise<boolean> {
  // a start that compares files and rows may have entered our file before we did
  if (existing.storageKey === facts.storageKey) return true
  const broken = await brokenRow(shelf.storage, existing, true)
  if (broken === undefined) {
    await shelf.storage.remove(facts.storageKey)
    return true
  }
  if (!(await shelf.catalog.relocate(facts.sopInstanceUid, existing.storageKey, facts))) return false
  log.warn('a lost or damaged file is repaired by the same instance sent again', {
    SOPInstanceUID: facts.sopInstanceUid,
    file: existing.storageKey,
    problem: broken.problem,
    detail: broken.detail,
  })
  await setAside(shelf.storage, broken)
  return true
}

async function settleDifferent(shelf: Shelf, facts: InstanceFacts, existing: InstanceFacts): Promise<Settled | 'again'> {
  log.warn('another instance under a SOP Instance UID that is here already', {
    SOPInstanceUID: facts.sopInstanceUid,
    StudyInstanceUID: facts.studyInstanceUid,
    source: facts.source,
    sha256: facts.sha256,
    formerSource: existing.source,
    formerSha256: existing.sha256,
    policy: shelf.duplicates,
  })
  if (shelf.duplicates === 'replace' && existing.role !== 'manifest') {
    const settled = await replace(shelf, facts)
    if (settled !== undefined) return settled
    log.warn('the first one is not replaced: a manifest in force refers to it, or the second one is of another series', {
      SOPInstanceUID: facts.sopInstanceUid,
    })
  }
  if (shelf.duplicates === 'refuse') {
    await shelf.storage.remove(facts.storageKey)
    return { kind: 'refused', conflict: false }
  }
  await shelf.storage.quarantine(facts.storageKey, secondOne(facts), `${facts.sha256}.dcm`)
  return { kind: 'first one kept', conflict: false }
}

function secondOne({ sopInstanceUid, source }: InstanceFacts): string {
  return `another instance was held under SOP Instance UID ${sopInstanceUid} when ${source} sent this one`
}

/** The former file goes only after the commit, and only where no row names it.
 *  @returns undefined where the catalog does not replace: an instance does not move to another series or study */
async function replace(shelf: Shelf, facts: InstanceFacts): Promise<Settled | 'again' | undefined> {
  const outcome = await shelf.catalog.keep(facts, { replace: true })
  switch (outcome.kind) {
    case 'different':
      return undefined
    case 'identical':
      return await settleSame(shelf, facts, outcome)
    case 'kept':
      await lift(shelf, facts, outcome)
      return { kind: 'new', conflict: outcome.conflict }
    case 'replaced':
      await lift(shelf, facts, outcome)
      if (!(await isNamed(shelf.catalog, outcome.former.storageKey))) await shelf.storage.remove(outcome.former.storageKey)
      return { kind: 'replaced', conflict: false }
  }
}

/** False also where the catalog cannot say: a row that it could not write does not exist. */
async function isNamed(catalog: Catalog, key: StorageKey): Promise<boolean> {
  return (await catalog.findByStorageKey(key).catch(() => undefined)) !== undefined
}

/** Told to the peer when the first one is kept. */
export const FIRST_ONE_KEPT = { status: 0xb000, errorComment: 'Duplicate SOP Instance UID: first one kept' } as const
export const REJECTED_BEFORE = { status: ERRORS.REJECTED_BEFORE.status, errorComment: ERRORS.REJECTED_BEFORE.tell } as const
export const DUPLICATE_REFUSED = { status: ERRORS.DUPLICATE_REFUSED.status, errorComment: ERRORS.DUPLICATE_REFUSED.tell } as const
