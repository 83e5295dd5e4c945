/** When a delivery that failed is tried again: soon, then later and later, at most an hour apart, for ever. Times in milliseconds.
 *
 *  Each delay is spread by a quarter to both sides, so that what failed together does not come back together. */
import { NodeError } from '../errors.ts'

const FIRST_DELAY_MS = 5_000
const LONGEST_DELAY_MS = 3_600_000

/** @param attempts  made so far, at least 1
 *  @param random    0 to 1 */
export function retryDelayMs(attempts: number, random: number): number {
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempts - 1, 20))
  return Math.min(LONGEST_DELAY_MS, Math.round(delay * (0.75 + random / 2)))
}

/** Whether trying again cannot help. What we do not know may well pass: a disk that is full, a folder that is not mounted. */
export function isPermanent(error: unknown): boolean {
  return error instanceof NodeError && error.retry === 'permanent'
}
