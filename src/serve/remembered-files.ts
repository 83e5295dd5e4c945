/** What was found of stored files lately, by the file.
 *
 *  Promises: each finding is forgotten after {@link REMEMBERED_MS}, or where the instance was sent anew (its file has another name then); at most
 *  {@link MOST} are remembered, the oldest are let go. Times in milliseconds. */
import type { Storage } from '../storage/contract.ts'

const REMEMBERED_MS = 10 * 60_000
const MOST = 10_000

export class RememberedFiles<T> {
  readonly #known = new WeakMap<Storage, Map<string, { readonly what: T; readonly until: number }>>()

  /** @param key  begins with the storage key */
  of(storage: Storage, key: string): T | undefined {
    const ofStorage = this.#known.get(storage)
    const found = ofStorage?.get(key)
    if (found === undefined || performance.now() < found.until) return found?.what
    ofStorage?.delete(key)
    return undefined
  }

  note(storage: Storage, key: string, what: T): void {
    const ofStorage = this.#known.get(storage) ?? new Map<string, { what: T; until: number }>()
    this.#known.set(storage, ofStorage)
    ofStorage.delete(key)
    ofStorage.set(key, { what, until: performance.now() + REMEMBERED_MS })
    if (ofStorage.size > MOST) ofStorage.delete(ofStorage.keys().next().value!)
  }
}
