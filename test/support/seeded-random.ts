/** Chance that can be repeated: the same seed, the same numbers. The seed of a run is chance itself unless the environment gives it. */

/** @returns 0 (included) to 1 (excluded), by mulberry32 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `ARIANE_TEST_SEED`, or any. */
export const seedOfThisRun = (): number => Number(process.env.ARIANE_TEST_SEED) || 1 + Math.floor(Math.random() * 0x7fffffff)
