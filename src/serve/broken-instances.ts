/** Instances whose files could not be read lately: an answer of many leaves them out and says so, instead of being cut off at the same place again.
 *
 *  Promises: a file is tried again after a while, or at once where the instance was sent anew (remembered-files.ts).
 *  Does not: touch rows; the audit does (manifest/audit.ts). */
import type { Retrievable } from '../catalog/contract.ts'
import { NodeError } from '../errors.ts'
import type { Storage } from '../storage/contract.ts'
import { NotCorrectable } from './correct-instance.ts'
import { NotRepairable } from './even-lengths.ts'
import { RememberedFiles } from './remembered-files.ts'

const broken = new RememberedFiles<true>()

export function isBroken(storage: Storage, { storageKey }: Retrievable): boolean {
  return broken.of(storage, storageKey) === true
}

/** @param error  what its reading failed with; what may be otherwise the next moment (too many open files) is not remembered */
export function noteBroken(storage: Storage, { storageKey }: Retrievable, error: unknown): void {
  if (isLasting(error)) broken.note(storage, storageKey, true)
}

/** Lost, of another size, on a bad block; or values that cannot be put right on the way out. */
export function isLasting(error: unknown): boolean {
  if (error instanceof NotCorrectable || error instanceof NotRepairable) return true
  if (!(error instanceof NodeError) || error.code !== 'STORAGE_FAILED') return false
  const { errno } = error.details
  return errno === undefined || errno === 'ENOENT' || errno === 'EIO'
}
