/** Specific Character Set (0008,0005) and the bytes that it speaks of (PS3.3 C.12.1.1.2, PS3.5 6.1).
 *
 *  Promises: a value of pure ASCII costs one scan. Undecodable bytes are told by the platform's decoders, which refuse them.
 *  Does not: look into the halves of text with escape sequences: which of them are known and declared is checked. */
import { TextDecoder } from 'node:util'
import { CHARACTER_SETS, type CharacterSet, characterSetNamed, DESIGNATIONS } from '../../dicom/character-set-tables.ts'
import type { Findings } from './finding.ts'
import type { Item, ItemElement } from './item.ts'

const SPECIFIC_CHARACTER_SET = 0x00080005
const ESC = 0x1b
const strict = new Map(CHARACTER_SETS.map((set) => [set.term, new TextDecoder(set.label, { fatal: true })]))

/** The declaration itself, wherever it stands. */
export function checkDeclaration(item: Item, findings: Findings): void {
  const place = { item, tag: SPECIFIC_CHARACTER_SET }
  const terms = item.values(SPECIFIC_CHARACTER_SET)
  for (const [index, term] of terms.entries()) {
    if (term === '' && index === 0 && terms.length > 1) continue
    if (!isDefinedTerm(term)) findings.report('character-set-term', place, `value ${index + 1} is no Defined Term`)
  }
  const named = terms.map((term) => characterSetNamed(term))
  const isCombined = terms.length > 1 && named.some((one) => one !== undefined && !one.extended)
  if (isCombined) findings.report('character-set-combined', place, 'a set without code extensions stands among several')
}

/** `ISO_IR n` and `ISO 2022 IR n` of the single-byte sets, the terms of the others as they are in the table. */
function isDefinedTerm(term: string): boolean {
  const named = characterSetNamed(term)
  if (named === undefined) return false
  const { set, extended } = named
  return term === set.term || (extended && set.registration !== 192 && term === `ISO 2022 IR ${set.registration}`)
}

export function checkCharacters(item: Item, element: ItemElement, findings: Findings): void {
  if (element.isPlainAscii) return
  const place = { item, tag: element.tag }
  const declared = item.characterSet
  if (declared === undefined || declared === '') {
    findings.report('character-set-missing', place, 'the value is not all ASCII')
    return
  }
  const fault = faultOf(element.value, declared)
  if (fault !== undefined) findings.report('character-set-bytes', place, fault)
}

function faultOf(bytes: Buffer, declared: string): string | undefined {
  const named = declared.split('\\').map((term) => characterSetNamed(term))
  const whole = named.find((one) => one?.set.kind === 'whole')?.set
  if (whole !== undefined) return isOf(bytes, whole) ? undefined : `the bytes are not ${whole.term}`
  if (bytes.includes(ESC)) return faultOfEscapes(bytes, named)
  const initial = named[0]?.set
  if (initial === undefined) return named.length > 1 ? 'bytes above 7FH stand before any escape sequence' : undefined
  return isOf(bytes, initial) ? undefined : `the bytes are not ${initial.term}`
}

function isOf(bytes: Buffer, set: CharacterSet): boolean {
  if (set.kind === 'default') return isPlainAscii(bytes)
  if (set.kind === 'single' && bytes.some((byte) => byte >= 0x80 && byte < 0xa0)) return false
  try {
    strict.get(set.term)!.decode(bytes)
    return true
  } catch {
    return false
  }
}

function faultOfEscapes(bytes: Buffer, named: readonly ({ set: CharacterSet; extended: boolean } | undefined)[]): string | undefined {
  if (!named.some((one) => one?.extended === true)) return 'escape sequences are used without code extensions'
  for (let at = bytes.indexOf(ESC); at !== -1; at = bytes.indexOf(ESC, at + 1)) {
    const designation =
      DESIGNATIONS.get(bytes.toString('latin1', at + 1, at + 3)) ?? DESIGNATIONS.get(bytes.toString('latin1', at + 1, at + 4))
    if (designation === undefined) return 'an escape sequence is unknown'
    const { set } = designation
    if (set !== undefined && !named.some((one) => one?.set === set)) return `an escape sequence leads to ${set.term}, which is not declared`
  }
  return undefined
}

function isPlainAscii(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! >= 0x80 || bytes[at] === ESC) return false
  return true
}
