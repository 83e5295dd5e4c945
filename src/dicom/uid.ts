/** Unique identifiers (PS3.5 9.1): checked once, at the border; a peer's text reaches storage and catalog only as {@link Uid}. */
import { createHash, randomUUID } from 'node:crypto'
import { trimEnd } from './value-representations.ts'

declare const uidBrand: unique symbol
/** A checked UID: digits and dots, 1 to 64 characters, no padding. */
export type Uid = string & { readonly [uidBrand]: true }

const UID = /^[0-9]+(?:\.[0-9]+)*$/

/** Accepts trailing NUL or space padding. A component with a leading zero breaks PS3.5 9.1 but is what some modalities
 *  send and must be found again under; it is accepted here, see {@link isStrictUid}.
 *  @returns undefined where the text is no UID: empty, longer than 64, letters, empty components */
export function parseUid(text: string | undefined): Uid | undefined {
  if (text === undefined) return undefined
  const trimmed = trimEnd(text)
  return trimmed.length <= 64 && UID.test(trimmed) ? (trimmed as Uid) : undefined
}

/** PS3.5 9.1 to the letter: no leading zeros in a component. */
export function isStrictUid(uid: string): boolean {
  return uid.length <= 64 && /^(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*$/.test(uid)
}

/** A new UID under 2.25, from a random UUID (PS3.5 B.2). */
export function newUid(): Uid {
  return uidFromUuid(randomUUID())
}

/** A UID under 2.25 (PS3.5 B.2). */
export function uidFromUuid(uuid: string): Uid {
  return `2.25.${BigInt(`0x${uuid.replaceAll('-', '')}`)}` as Uid
}

/** The same for the same name: a UUID of version 8 (RFC 9562 5.8) over SHA-256. */
export function uuidOfName(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** A UID that the program itself writes down; throws where it is none. */
export function uid(text: string): Uid {
  const parsed = parseUid(text)
  if (parsed === undefined) throw new TypeError(`not a UID: ${JSON.stringify(text)}`)
  return parsed
}
