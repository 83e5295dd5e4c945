/** "Did you mean …?": the nearest of a few words to one that was mistyped. */

/** @returns the candidate with the fewest edits, capitals not counted; undefined where none is near enough to be meant */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const mistyped = word.slice(0, 100).toLowerCase()
  let best: string | undefined
  let fewest = Math.max(1, Math.floor(mistyped.length / 3)) + 1
  for (const candidate of candidates) {
    const edits = editDistance(mistyped, candidate.toLowerCase())
    if (edits < fewest) {
      fewest = edits
      best = candidate
    }
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export function editDistance(from: string, to: string): number {
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      const swapped =
        i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY
      next[j] = Math.min(replaced, row[j]! + 1, next[j - 1]! + 1, swapped)
    }
    before = row
    row = next
  }
  return row[to.length]!
}
