/** Keyword, tag and VR of standard data elements (PS3.6 6).
 *
 *  Promises: what is asked for first builds the maps (about 3 ms each), nothing is built at import. Private tags are unknown here.
 *  Does not: know value multiplicities, or decide between the VRs of "OB or OW" and "US or SS" (see dictionary-table.ts). */
import { DICTIONARY_TABLE } from './dictionary-table.ts'

interface Entry {
  readonly vr: string
  readonly keyword: string
}

let entries: Map<number, Entry> | undefined
let tags: Map<string, number> | undefined
let inLowerCase: ReadonlySet<string> | undefined

function dictionary(): Map<number, Entry> {
  if (entries !== undefined) return entries
  entries = new Map()
  for (const line of DICTIONARY_TABLE.trim().split('\n')) {
    entries.set(Number.parseInt(line.slice(0, 8), 16), { vr: line.slice(9, 11), keyword: line.slice(12) })
  }
  return entries
}

function entryOf(tag: number): Entry | undefined {
  return dictionary().get(tag) ?? repeatingEntry(tag)
}

/** Curves and overlays: groups 5002 … 50FE and 6002 … 60FE mean what 5000 and 6000 mean (PS3.5 7.6). */
function repeatingEntry(tag: number): Entry | undefined {
  const first = (tag & 0xff000000) >>> 0
  return first === 0x50000000 || first === 0x60000000 ? dictionary().get((first | (tag & 0xffff)) >>> 0) : undefined
}

/** VR of a standard element; UL of a group length (gggg,0000); LO of a private creator (gggg,0010 … 00FF); undefined for anything else. */
export function vrOf(tag: number): string | undefined {
  const element = tag & 0xffff
  if (element === 0) return 'UL'
  if ((tag & 0x00010000) !== 0) return element >= 0x0010 && element <= 0x00ff ? 'LO' : undefined
  return entryOf(tag)?.vr
}

export function keywordOf(tag: number): string | undefined {
  return entryOf(tag)?.keyword
}

/** The standard element of that keyword; undefined where there is none. Repeating groups are known by their first. */
export function tagOf(keyword: string): number | undefined {
  tags ??= new Map([...dictionary()].map(([tag, entry]) => [entry.keyword, tag]))
  return tags.get(keyword)
}

/** Whether it would be a keyword if it were written as the standard writes it. */
export function isAlmostKeyword(text: string): boolean {
  inLowerCase ??= new Set([...dictionary().values()].map(({ keyword }) => keyword.toLowerCase()))
  return inLowerCase.has(text.toLowerCase())
}

/** "ggggeeee" in capitals, as in DICOM JSON (PS3.18 F.2.2). */
export function tagText(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(8, '0')
}
