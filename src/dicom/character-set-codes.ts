/** Unicode to the codes of a character set: the reverse of the platform's decoders, which the platform does not have.
 *  Tables are made on first use: some 200 µs for a single-byte set, some 30 ms for GB18030, and kept.
 *  A code is a number of one, two or four bytes, most significant first. Sets that need escape sequences have no codes here. */
import { TextDecoder } from 'node:util'
import type { CharacterSet } from './character-set-tables.ts'

export type Codes = (codePoint: number) => number | undefined

const tables = new Map<string, Codes>()

/** @returns a function that gives undefined for what the set cannot express; ASCII for an undefined set */
export function codesOf(set: CharacterSet | undefined): Codes {
  if (set === undefined || set.kind === 'default' || set.kind.endsWith('pairs')) return ascii
  if (set.label === 'utf-8') return (codePoint) => (codePoint >= 0xd800 && codePoint <= 0xdfff ? undefined : codePoint)
  let codes = tables.get(set.term)
  if (!codes) {
    codes = set.kind === 'single' ? singleByte(set) : chinese(set.label)
    tables.set(set.term, codes)
  }
  return codes
}

function ascii(codePoint: number): number | undefined {
  return codePoint < 0x80 ? codePoint : undefined
}

/** A0H to FFH only: what Windows adds below A0H is no part of the set. */
function singleByte(set: CharacterSet): Codes {
  const decoder = new TextDecoder(set.label)
  const table = new Map<number, number>()
  for (let byte = 0xa0; byte <= (set.registration === 13 ? 0xdf : 0xff); byte++) add(table, decoder, Uint8Array.of(byte))
  return (codePoint) => ascii(codePoint) ?? table.get(codePoint)
}

function chinese(label: string): Codes {
  const decoder = new TextDecoder(label)
  const table = new Map<number, number>()
  for (let first = 0x81; first <= 0xfe; first++) {
    for (let second = 0x40; second <= 0xfe; second++) if (second !== 0x7f) add(table, decoder, Uint8Array.of(first, second))
  }
  if (label === 'gbk') return (codePoint) => ascii(codePoint) ?? table.get(codePoint)
  for (let index = 0; index < 39_420; index++) add(table, decoder, fourBytes(index))
  return (codePoint) => {
    if (codePoint >= 0x10000) return codeOf(fourBytes(189_000 + codePoint - 0x10000))
    return ascii(codePoint) ?? table.get(codePoint)
  }
}

/** The four-byte codes of GB18030 in their order, 81308130H first; U+10000 is number 189000. */
function fourBytes(index: number): Uint8Array {
  return Uint8Array.of(
    0x81 + Math.floor(index / 12_600),
    0x30 + (Math.floor(index / 1260) % 10),
    0x81 + (Math.floor(index / 10) % 126),
    0x30 + (index % 10),
  )
}

function add(table: Map<number, number>, decoder: TextDecoder, bytes: Uint8Array): void {
  const text = decoder.decode(bytes)
  const codePoint = text.codePointAt(0)
  if (codePoint === undefined || codePoint === 0xfffd || text.length > 1 || table.has(codePoint)) return
  table.set(codePoint, codeOf(bytes))
}

function codeOf(bytes: Uint8Array): number {
  return bytes.reduce((code, byte) => code * 256 + byte, 0)
}
