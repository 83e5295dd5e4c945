/** The names of files at rest: drawn here, checked on the way back.
 *
 *  Promises: a key is `<area>/YYYY/MM/DD/<HHMMSSmmmNNN>-<26 random base32 characters>.dcm` (UTC, a number within the millisecond, 130 random bits) and
 *  nothing else, so that joining it to the storage path cannot leave it. Within an area keys sort by the time they were given: the names alone tell
 *  in which order the files came, also after a copy that has lost their times. Keys without a time, of earlier versions, are known too.
 *  Does not: take part of a name from a peer. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { NodeError } from '../errors.ts'
import type { StorageArea, StorageKey } from './contract.ts'

export const AREAS: readonly StorageArea[] = ['instances', 'manifests']

const KEY = /^(?:instances|manifests)\/[0-9]{4}\/(?:0[1-9]|1[0-2])\/(?:0[1-9]|[12][0-9]|3[01])\/(?:[0-9]{12}-)?[a-z2-7]{26,64}\.dcm$/
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const NAME_LENGTH = 26

/** 26 random base32 characters (RFC 4648, lower case). */
export function newRandomName(): string {
  let name = ''
  for (const byte of randomBytes(NAME_LENGTH)) name += BASE32[byte & 31]
  return name
}

/** `instances/2026/11/23`, UTC.
 *  @param at milliseconds since 1970 */
export function dayFolder(area: StorageArea, at: number): string {
  return `${area}/${new Date(at).toISOString().slice(0, 10).replaceAll('-', '/')}`
}

/** A key for a new file in a folder made by {@link dayFolder} for the same moment.
 *  @param at      milliseconds since 1970
 *  @param number  how many keys this process has given in that millisecond before */
export function newStorageKey(folder: string, at: number, number: number): StorageKey {
  const timeOfDay = new Date(at).toISOString().slice(11, 23).replace(/[:.]/g, '')
  return `${folder}/${timeOfDay}${String(Math.min(number, 999)).padStart(3, '0')}-${newRandomName()}.dcm` as StorageKey
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
