/** Instances whose files could not be read lately: an answer of many leaves them out and says so, instead of being cut off at the same place again.
 *
 *  Promises: a file is tried again after {@link REMEMBERED_MS}, or at once where the instance was sent anew (its file has another name then); at most
 *  {@link MOST} are remembered, the oldest are let go.
 *  Does not: touch rows; the audit does (manifest/audit.ts). */
import type { Retrievable } from '../catalog/contract.ts'
import { NodeError } from '../errors.ts'
import type { Storage, StorageKey } from '../storage/contract.ts'
import { NotCorrectable } from './correct-instance.ts'
import { NotRepairable } from './even-lengths.ts'

const REMEMBERED_MS = 10 * 60_000
const MOST = 10_000

/** Until when, by file. */
const known = new WeakMap<Storage, Map<StorageKey, number>>()

export function isBroken(storage: Storage, { storageKey }: Retrievable): boolean {
  const ofStorage = known.get(storage)
  const until = ofStorage?.get(storageKey)
  if (until === undefined) return false
  if (performance.now() < until) return true
  ofStorage?.delete(storageKey)
  return false
}

/** @param error  what its reading failed with; what may be otherwise the next moment (too many open files) is not remembered */
export function noteBroken(storage: Storage, { storageKey }: Retrievable, error: unknown): void {
  if (!isLasting(error)) return
  const ofStorage = known.get(storage) ?? new Map<StorageKey, number>()
  known.set(storage, ofStorage)
  ofStorage.delete(storageKey)
  ofStorage.set(storageKey, performance.now() + REMEMBERED_MS)
  if (ofStorage.size > MOST) ofStorage.delete(ofStorage.keys().next().value!)
}

/** Lost, of another size, on a bad block; or values that cannot be put right on the way out. */
function isLasting(error: unknown): boolean {
  if (error instanceof NotCorrectable || error instanceof NotRepairable) return true
  if (!(error instanceof NodeError) || error.code !== 'STORAGE_FAILED') return false
  const { errno } = error.details
  return errno === undefined || errno === 'ENOENT' || errno === 'EIO'
}
