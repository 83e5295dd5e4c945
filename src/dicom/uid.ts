/** Unique identifiers (PS3.5 9.1): checked once, at the border; a peer's text reaches storage and catalog only as {@link Uid}. */
import { randomUUID } from 'node:crypto'
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
  return `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}` as Uid
}

/** A UID that the program itself writes down; throws where it is none. */
export function uid(text: string): Uid {
  const parsed = parseUid(text)
  if (parsed === undefined) throw new TypeError(`not a UID: ${JSON.stringify(text)}`)
  return parsed
}
