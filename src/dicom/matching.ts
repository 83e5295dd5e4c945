/** Wild card matching (PS3.4 C.2.2.2.4): `*` is any run of characters, also none; `?` is exactly one; everything else is
 *  literal, `%`, `_`, `[` and backslash included. Compares as given: the caller folds case where the VR asks for it.
 *
 *  Promises: time in proportion to the length of the value, whatever a peer sends; no backtracking tree.
 *  Does not: match patterns of more than {@link LONGEST_PATTERN} characters, nor such as have, between two stars, more than
 *  {@link LONGEST_TRIED} characters in one piece with a `?` among them: those match nothing. */

/** The longest value of the VRs that take wild cards and that the index keeps is that of an LT (PS3.5 6.2). */
const LONGEST_PATTERN = 10_240
/** A piece up to this is tried wherever it may lie: none of LO, SH, PN, CS and AE is longer. Longer literal ones are searched
 *  without going back. */
const LONGEST_TRIED = 64

export function hasWildcard(text: string): boolean {
  return text.includes('*') || text.includes('?')
}

/** What every match begins with: lets an index narrow the search. */
export function literalPrefix(pattern: string): string {
  const end = pattern.search(/[*?]/)
  return end < 0 ? pattern : pattern.slice(0, end)
}

/** Where text lies in the order of code points that begins with a prefix: at or after the first, before the second. The last code point is no
 *  character. */
export function rangeOfPrefix(prefix: string): [from: string, to: string] {
  return [prefix, `${prefix}\u{10ffff}`]
}

export function matchesWildcard(pattern: string, value: string): boolean {
  if (pattern.length > LONGEST_PATTERN) return false
  const [first, ...inner] = pattern.split('*') as [string, ...string[]]
  if (pattern.length - inner.length > value.length) return false
  const start = endOfPiece(first, value, 0)
  const last = inner.pop()
  if (last === undefined) return start === value.length
  if (start === undefined) return false
  const end = startOfPiece(last, value, value.length)
  return end !== undefined && end >= start && containsInOrder(inner, value.slice(start, end))
}

/** The first place is the best one for each: what it leaves behind is all that any other would leave, and more. */
function containsInOrder(pieces: readonly string[], value: string): boolean {
  let at: number | undefined = 0
  for (const piece of pieces) {
    if (piece === '') continue
    at = piece.includes('?') ? endOfFirstTried(piece, value, at) : endOfFirstLiteral(piece, value, at)
    if (at === undefined) return false
  }
  return true
}

/** @returns where the piece ends that begins here; undefined where it does not */
function endOfPiece(piece: string, value: string, at: number): number | undefined {
  for (let p = 0; p < piece.length; p++) {
    if (at >= value.length) return undefined
    if (piece[p] !== '?' && piece[p] !== value[at]) return undefined
    at += piece[p] === '?' ? characterLength(value, at) : 1
  }
  return at
}

/** @returns where the piece begins that ends here; undefined where it does not */
function startOfPiece(piece: string, value: string, at: number): number | undefined {
  for (let p = piece.length - 1; p >= 0; p--) {
    if (at <= 0) return undefined
    if (piece[p] !== '?' && piece[p] !== value[at - 1]) return undefined
    at -= piece[p] === '?' && at > 1 && characterLength(value, at - 2) > 1 ? 2 : 1
  }
  return at
}

function endOfFirstTried(piece: string, value: string, from: number): number | undefined {
  if (piece.length > LONGEST_TRIED) return undefined
  for (let at = from; at < value.length; at += characterLength(value, at)) {
    const end = endOfPiece(piece, value, at)
    if (end !== undefined) return end
  }
  return undefined
}

/** In UTF-16 units: `?` stands for one character, outside the basic plane too. */
function characterLength(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1
}

function endOfFirstLiteral(piece: string, value: string, from: number): number | undefined {
  const at = piece.length <= LONGEST_TRIED ? value.indexOf(piece, from) : indexOfLong(piece, value, from)
  return at < 0 ? undefined : at + piece.length
}

/** Knuth, Morris and Pratt: each character of the value is looked at once, which `indexOf` does not promise. */
function indexOfLong(piece: string, value: string, from: number): number {
  const fallbacks = fallbacksOf(piece)
  let matched = 0
  for (let at = from; at < value.length; at++) {
    while (matched > 0 && piece[matched] !== value[at]) matched = fallbacks[matched - 1]!
    if (piece[matched] === value[at]) matched += 1
    if (matched === piece.length) return at + 1 - matched
  }
  return -1
}

/** For each beginning of the text, how much of it is its end as well. */
function fallbacksOf(text: string): Uint16Array {
  const lengths = new Uint16Array(text.length)
  for (let at = 1, length = 0; at < text.length; at++) {
    while (length > 0 && text[at] !== text[length]) length = lengths[length - 1]!
    if (text[at] === text[length]) length += 1
    lengths[at] = length
  }
  return lengths
}
