/** Wild card matching (PS3.4 C.2.2.2.4): `*` is any run of characters, also none; `?` is exactly one; everything else is
 *  literal, `%`, `_`, `[` and backslash included. Compares as given: the caller folds case where the VR asks for it.
 *  Time: at worst length of the pattern times length of the value, whatever a peer sends; no backtracking tree. */

export function hasWildcard(text: string): boolean {
  return text.includes('*') || text.includes('?')
}

/** What every match begins with: lets an index narrow the search. */
export function literalPrefix(pattern: string): string {
  const end = pattern.search(/[*?]/)
  return end < 0 ? pattern : pattern.slice(0, end)
}

export function matchesWildcard(pattern: string, value: string): boolean {
  let p = 0
  let v = 0
  // Only the last star can need another try: what earlier ones left behind cannot match better.
  let afterStar = -1
  let retryAt = 0
  while (v < value.length) {
    if (pattern[p] === '*') {
      afterStar = ++p
      retryAt = v
      if (afterStar === pattern.length) return true
    } else if (pattern[p] === '?') {
      p += 1
      v += characterLength(value, v)
    } else if (p < pattern.length && pattern[p] === value[v]) {
      p += 1
      v += 1
    } else if (afterStar >= 0) {
      p = afterStar
      retryAt += characterLength(value, retryAt)
      v = retryAt
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}

/** In UTF-16 units: `?` stands for one character, outside the basic plane too. */
function characterLength(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1
}
