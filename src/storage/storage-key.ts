/** The names of files at rest: drawn here, checked on the way back.
 *
 *  Promises: a key is `<area>/YYYY/MM/DD/<HHMMSSmmmNNN>-<26 random base32 characters>.dcm` (UTC, a number within the millisecond, 130 random bits) and
 *  nothing else, so that joining it to the storage path cannot leave it. Within an area keys sort by the time they were given: the names alone tell
 *  in which order the files came, also after a copy that has lost their times. Keys without a time, of earlier versions, are known too.
 *  Does not: take part of a name from a peer. */
import { randomFillSync } from 'node:crypto'
import { join } from 'node:path'
import { NodeError } from '../errors.ts'
import type { StorageArea, StorageKey } from './contract.ts'

export const AREAS: readonly StorageArea[] = ['instances', 'manifests']

const KEY = /^(?:instances|manifests)\/[0-9]{4}\/(?:0[1-9]|1[0-2])\/(?:0[1-9]|[12][0-9]|3[01])\/(?:[0-9]{12}-)?[a-z2-7]{26,64}\.dcm$/
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const NAME_LENGTH = 26
const DAY_MS = 86_400_000

/** Draws the names. Random bytes are fetched for many at a time, and a day is spelled once: a name costs 3 µs instead of 25. */
export class NameSource {
  readonly #random = Buffer.alloc(NAME_LENGTH * 128)
  #used = this.#random.length
  #day = { number: Number.NaN, path: '' }

  /** 26 random base32 characters (RFC 4648, lower case). */
  randomName(): string {
    if (this.#used === this.#random.length) {
      randomFillSync(this.#random)
      this.#used = 0
    }
    let name = ''
    for (const end = this.#used + NAME_LENGTH; this.#used < end; this.#used++) name += BASE32[this.#random[this.#used]! & 31]
    return name
  }

  /** `instances/2026/11/23`, UTC.
   *  @param at milliseconds since 1970 */
  dayFolder(area: StorageArea, at: number): string {
    const number = Math.floor(at / DAY_MS)
    if (number !== this.#day.number) this.#day = { number, path: new Date(at).toISOString().slice(0, 10).replaceAll('-', '/') }
    return `${area}/${this.#day.path}`
  }

  /** A key for a new file in a folder made by {@link dayFolder} for the same moment.
   *  @param at      milliseconds since 1970
   *  @param number  how many keys this process has given in that millisecond before */
  newStorageKey(folder: string, at: number, number: number): StorageKey {
    return `${folder}/${timeOfDay(at)}${digits(Math.min(number, 999), 3)}-${this.randomName()}.dcm` as StorageKey
  }
}

/** HHMMSSmmm, UTC. */
function timeOfDay(at: number): string {
  const ms = at - Math.floor(at / DAY_MS) * DAY_MS
  return `${digits(Math.floor(ms / 3_600_000), 2)}${digits(Math.floor(ms / 60_000) % 60, 2)}${digits(Math.floor(ms / 1000) % 60, 2)}${digits(ms % 1000, 3)}`
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0')
}

/** @returns undefined where the text is not a key of ours */
export function parseStorageKey(text: string | undefined): StorageKey | undefined {
  return text !== undefined && KEY.test(text) ? (text as StorageKey) : undefined
}

/** Where a key lies on disk.
 *  @throws NodeError STORAGE_FAILED where the catalog handed back something that is no key */
export function pathOfKey(root: string, key: StorageKey): string {
  if (parseStorageKey(key) === undefined)
    throw new NodeError('STORAGE_FAILED', { step: 'storage key', key: JSON.stringify(key).slice(0, 80) })
  return join(root, key)
}
