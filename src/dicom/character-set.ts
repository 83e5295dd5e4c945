/** Bytes of a text element to Unicode and back, by Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1, annexes H to K).
 *
 *  Promises: never throws, whatever is declared and whatever the bytes are; a value of pure ASCII costs one scan.
 *  Hands back the whole value, padding and backslashes included, so that a backslash which is the second byte of a GB18030
 *  or Shift-JIS character is never seen as a separator. Values of the VRs that no character set touches (PS3.5 6.1.2.2:
 *  AE, AS, CS, DA, DS, DT, IS, TM, UI, UR) are read as ISO 8859-1, byte by byte.
 *
 *  Wrong declarations are common, and are read as what was most likely meant:
 *  - names that are nearly right (`ISO-IR 192`, `UTF-8`): see character-set-tables.ts;
 *  - no set, the default set or an unknown one, with bytes above 7FH: UTF-8 where the value is valid UTF-8, else ISO 8859-1;
 *  - ISO_IR 192 with invalid UTF-8: a character cut off at the end becomes U+FFFD, any other value is read as ISO 8859-1;
 *  - escape sequences are followed even where code extensions are not declared; an unknown or cut off one loses its ESC only;
 *  - bytes above 7FH while nothing is designated: the first declared set that has such bytes;
 *  - single-byte sets: ISO 8859-1 and -9 read 80H to 9FH as Windows does; a byte without a character becomes U+FFFD;
 *  - JIS X 0201: 5CH and 7EH stay backslash and tilde; ISO_IR 13 with Shift-JIS pairs is read as Shift-JIS.
 *
 *  Encoding: the first declared set decides; a character that it cannot express becomes `?`. Of a name, the component groups with
 *  such characters are left out instead, as long as one group remains. Code extensions are not written. */

import { TextDecoder } from 'node:util'
import { type Codes, codesOf } from './character-set-codes.ts'
import { type CharacterSet, characterSetNamed, DESIGNATIONS } from './character-set-tables.ts'
import { isSingleText, isText, usesCharacterSet } from './value-representations.ts'

export type Decoder = (bytes: Buffer, vr: string) => string
export type Encoder = (text: string, vr: string) => Buffer

const ESC = 0x1b
/** Declarations come from peers: the caches must not grow with them. */
const CACHE_LIMIT = 200

const decoders = new Map<string, Decoder>()
const encoders = new Map<string, Encoder>()
const platformDecoders = new Map<string, TextDecoder>()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** @param specificCharacterSet value of (0008,0005), several values joined by backslash; undefined where absent */
export function decoderFor(specificCharacterSet: string | undefined): Decoder {
  return cached(decoders, specificCharacterSet ?? '', makeDecoder)
}

/** @param specificCharacterSet as for {@link decoderFor}; an unknown or missing one writes ASCII */
export function encoderFor(specificCharacterSet: string | undefined): Encoder {
  return cached(encoders, specificCharacterSet ?? '', makeEncoder)
}

function cached<T>(cache: Map<string, T>, key: string, make: (key: string) => T): T {
  let found = cache.get(key)
  if (found === undefined) {
    if (cache.size >= CACHE_LIMIT) cache.clear()
    found = make(key)
    cache.set(key, found)
  }
  return found
}

function firstSet(declared: string): CharacterSet | undefined {
  return characterSetNamed(declared.split('\\')[0]!)?.set
}

// --- decoding

/** PS3.5 6.1.2.2. Anything else that is asked for as text, UN for one, is read by the character set. */
function isAlwaysAscii(vr: string): boolean {
  return isText(vr) && !usesCharacterSet(vr)
}

function makeDecoder(declared: string): Decoder {
  const decode = makeValueDecoder(declared)
  return (bytes, vr) => (isAlwaysAscii(vr) || isPlainAscii(bytes) ? bytes.toString('latin1') : decode(bytes, vr))
}

function makeValueDecoder(declared: string): Decoder {
  const sets = declared.split('\\').map((name) => characterSetNamed(name)?.set)
  const whole = sets.find((set) => set?.kind === 'whole')
  if (whole?.label === 'utf-8') return decodeUtf8
  if (whole) return (bytes) => platformDecoder(whole.label).decode(bytes)
  // Value 1 says what is there before any escape; only a set with bytes above 7FH can be there.
  const upper = (set: CharacterSet | undefined): boolean => set?.kind === 'single' || set?.kind === 'g1pairs'
  const initial = upper(sets[0]) ? sets[0] : sets.find((set) => upper(set))
  return (bytes, vr) => (bytes.includes(ESC) ? decodeWithEscapes(bytes, vr, initial) : decodeUpper(bytes, initial))
}

/** Bytes without escapes; those below 80H are ASCII, unless they are second bytes of Shift-JIS. */
function decodeUpper(bytes: Buffer, set: CharacterSet | undefined): string {
  if (set) return platformDecoder(set.label).decode(bytes)
  return validUtf8(bytes) ?? platformDecoder('windows-1252').decode(bytes)
}

function decodeUtf8(bytes: Buffer): string {
  const text = validUtf8(bytes)
  if (text !== undefined) return text
  const end = bytes.length - (bytes.at(-1) === 0x20 || bytes.at(-1) === 0 ? 1 : 0)
  for (let cut = 1; cut <= 3 && cut < end; cut++) {
    if (bytes[end - cut]! < 0xc0) continue // not the first byte of a character: look further back
    const kept = validUtf8(bytes.subarray(0, end - cut))
    return kept === undefined ? platformDecoder('windows-1252').decode(bytes) : `${kept}\ufffd`
  }
  return platformDecoder('windows-1252').decode(bytes)
}

function validUtf8(bytes: Buffer): string | undefined {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}

function platformDecoder(label: string): TextDecoder {
  let decoder = platformDecoders.get(label)
  if (!decoder) {
    decoder = new TextDecoder(label)
    platformDecoders.set(label, decoder)
  }
  return decoder
}

/** PS3.5 6.1.2.5: runs of bytes of one set each, cut at escapes and wherever the initial sets come back (PS3.5 6.1.2.5.3):
 *  control characters, backslash in values of several, `^` and `=` in names. */
function decodeWithEscapes(bytes: Buffer, vr: string, initial: CharacterSet | undefined): string {
  const resets = vr === 'PN' ? '\\^=' : isSingleText(vr) ? '' : '\\'
  let lower: CharacterSet | undefined
  let upper = initial
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at]!
    if (byte === ESC) {
      const name = designationAt(bytes, at + 1)
      const designation = name === undefined ? undefined : DESIGNATIONS.get(name)!
      if (designation?.register === 'G0') lower = designation.set
      else if (designation) upper = designation.set
      at += 1 + (name?.length ?? 0)
    } else if (byte < 0x20 || (!lower && resets.includes(String.fromCharCode(byte)))) {
      lower = undefined
      upper = initial
      text += String.fromCharCode(byte)
      at += 1
    } else {
      const end = runEnd(bytes, at, lower, resets)
      const run = bytes.subarray(at, end)
      text += byte >= 0x80 ? decodeUpper(run, upper) : lower ? decodeLower(run, lower) : run.toString('latin1')
      at = end
    }
  }
  return text
}

/** @returns the known escape sequence that begins here, without ESC */
function designationAt(bytes: Buffer, at: number): string | undefined {
  for (const length of [2, 3]) {
    const name = bytes.toString('latin1', at, at + length)
    if (DESIGNATIONS.has(name)) return name
  }
  return undefined
}

function runEnd(bytes: Buffer, start: number, lower: CharacterSet | undefined, resets: string): number {
  const isUpper = bytes[start]! >= 0x80
  let end = start + 1
  for (; end < bytes.length; end++) {
    const byte = bytes[end]!
    if (byte < 0x20 || byte >= 0x80 !== isUpper) break
    if (!isUpper && !lower && resets.includes(String.fromCharCode(byte))) break
  }
  return end
}

/** Bytes below 80H under a designation to G0: pairs of JIS X 0208 or 0212, or single katakana. A space stays a space. */
function decodeLower(run: Buffer, set: CharacterSet): string {
  const euc: number[] = []
  for (let at = 0; at < run.length; ) {
    const first = run[at]!
    if (first <= 0x20 || set.kind === 'single') {
      euc.push(first <= 0x20 ? first : first | 0x80)
      at += 1
    } else {
      if (set.registration === 159) euc.push(0x8f)
      euc.push(first | 0x80, at + 1 < run.length ? run[at + 1]! | 0x80 : 0xff)
      at += 2
    }
  }
  return platformDecoder(set.label).decode(Uint8Array.from(euc))
}

function isPlainAscii(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte >= 0x80 || byte === ESC) return false
  }
  return true
}

// --- encoding

function makeEncoder(declared: string): Encoder {
  const set = firstSet(declared)
  if (set?.label === 'utf-8') {
    return (text, vr) => (isAlwaysAscii(vr) && !isAsciiText(text) ? latin1(text) : Buffer.from(text, 'utf8'))
  }
  return (text, vr) => {
    if (isAsciiText(text)) return Buffer.from(text, 'latin1')
    if (isAlwaysAscii(vr)) return latin1(text)
    const codes = codesOf(set)
    return encode(
      vr === 'PN'
        ? text
            .split('\\')
            .map((name) => expressibleName(name, codes))
            .join('\\')
        : text,
      codes,
    )
  }
}

/** The way back of values that no character set touches. */
function latin1(text: string): Buffer {
  return Buffer.from(text.replace(/[^\0-\xff]/gu, '?'), 'latin1')
}

/** PS3.5 6.2.1.2: a peer of Latin letters is better off with the alphabetic group alone than with question marks behind it. A name of
 *  which nothing can be written stays as it is: question marks say that there is one. */
function expressibleName(name: string, codes: Codes): string {
  if (canEncode(name, codes)) return name
  const groups = name.split('=').map((group) => (canEncode(group, codes) ? group : ''))
  const last = groups.findLastIndex((group) => /[^ ^]/.test(group))
  return last < 0 ? name : groups.slice(0, last + 1).join('=')
}

function canEncode(text: string, codes: Codes): boolean {
  for (const character of text.normalize('NFC')) if (codes(character.codePointAt(0)!) === undefined) return false
  return true
}

function encode(text: string, codes: Codes): Buffer {
  const bytes: number[] = []
  for (const character of text.normalize('NFC')) {
    const code = codes(character.codePointAt(0)!) ?? 0x3f
    if (code > 0xffff) bytes.push(code >>> 24, (code >>> 16) & 0xff)
    if (code > 0xff) bytes.push((code >>> 8) & 0xff)
    bytes.push(code & 0xff)
  }
  return Buffer.from(bytes)
}

function isAsciiText(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0x80) return false
  return true
}
