/** Person names (PS3.5 6.2, VR PN and 6.2.1) made comparable: case, accents and width do not count (PS3.4 C.2.2.2.1 leaves
 *  this to the node). The same folding goes over stored names and over the names and patterns of queries.
 *
 *  Folding keeps `*`, `?`, `^` as they are, so that a folded pattern is a pattern still. It takes away accents, Hebrew points
 *  and Arabic vowel signs, and nothing that makes another letter of it: kana keep their voicing marks, Thai its vowels.
 *  It looks at one value: the caller splits several at the backslash. */
import { hasWildcard, matchesWildcard } from './matching.ts'

/** Accents; Hebrew points; Arabic vowel signs. */
const MARKS = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]|[\u0591-\u05c7]|[\u064b-\u065f]|\u0670/g
/** Latin letters whose stroke or ligature Unicode does not decompose. */
const LETTERS: Readonly<Record<string, string>> = { Ø: 'O', Ł: 'L', Đ: 'D', Ð: 'D', Ħ: 'H', Ŧ: 'T', Æ: 'AE', Œ: 'OE', Þ: 'TH' }
const UNDECOMPOSED = /[ØŁĐÐĦŦÆŒÞ]/g
const PLAIN = /^[\x20-\x5f\x7b-\x7e]*$/

/** Upper case, without accents, inner spaces collapsed, no spaces around `^`, none of them at the end. ß becomes SS. */
export function fold(text: string): string {
  const letters = PLAIN.test(text) ? text : foldLetters(text)
  return withoutEmptyEnd(
    letters
      .replace(/\s+/g, ' ')
      .replace(/ ?\^ ?/g, '^')
      .replace(/^ /, ''),
  )
}

/** Without null components at the end, which need not be written (PS3.5 6.2.1.2). */
export function withoutEmptyEnd(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === '^' || text[end - 1] === ' ')) end--
  return text.slice(0, end)
}

function foldLetters(text: string): string {
  return text
    .normalize('NFKD')
    .replace(MARKS, '')
    .toUpperCase()
    .replace(UNDECOMPOSED, (letter) => LETTERS[letter]!)
    .normalize('NFC')
}

/** The alphabetic, ideographic and phonetic groups, folded; what is missing is ''. More than three: the rest is ignored. */
export function foldedGroups(name: string): [string, string, string] {
  const [alphabetic = '', ideographic = '', phonetic = ''] = name.split('=', 3)
  return [fold(alphabetic), fold(ideographic), fold(phonetic)]
}

/** One folded component group against a folded pattern. Null components at the end need not be written (PS3.5 6.2.1.2): those that
 *  the pattern has and the name has not are empty, and `*` matches them (`DOE^J*^*` finds DOE^JANE). A `*` goes past carets too. */
export function groupMatches(pattern: string, group: string): boolean {
  if (!hasWildcard(pattern)) return pattern === group
  const missing = carets(pattern) - carets(group)
  return matchesWildcard(pattern, missing > 0 ? group + '^'.repeat(missing) : group)
}

function carets(text: string): number {
  return text.split('^').length - 1
}
