/** Application Entity titles (PS3.5 6.2, VR AE): at most 16 characters of the default repertoire, no backslash, no control
 *  characters; spaces at both ends do not count; case does. */

declare const aeTitleBrand: unique symbol
export type AeTitle = string & { readonly [aeTitleBrand]: true }

/** In a command it may have more padding than in an A-ASSOCIATE-RQ; beyond this it is an attack. */
const LONGEST_PADDED = 64
const AE_TITLE = /^[\x20-\x5b\x5d-\x7e]{1,16}$/

/** @returns undefined where the text is no AE title: empty, only spaces, longer than 16, control or non-ASCII characters */
export function parseAeTitle(text: string | undefined): AeTitle | undefined {
  if (text === undefined || text.length > LONGEST_PADDED) return undefined
  const trimmed = text.replace(/^ +| +$/g, '')
  return AE_TITLE.test(trimmed) ? (trimmed as AeTitle) : undefined
}

/** An AE title that the program or its checked configuration writes down; throws where it is none. */
export function aeTitle(text: string): AeTitle {
  const parsed = parseAeTitle(text)
  if (parsed === undefined) throw new TypeError(`not an AE title: ${JSON.stringify(text)}`)
  return parsed
}
