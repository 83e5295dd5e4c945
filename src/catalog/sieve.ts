/** Names that hold a text anywhere: no index leads to them, but the index of names is far smaller than the studies. A search that has walked over many
 *  studies for few answers goes through it once, some names at a time, and knows all the studies that can be meant.
 *
 *  Does not: match; what comes of it is still to be held against the pattern. */
import { withoutEmptyEnd } from '../dicom/person-name.ts'
import type { Breath } from './breath.ts'
import { SIEVE_SQL } from './sql/find.ts'
import type { Statements } from './statements.ts'

/** Names in one statement. */
const AT_ONCE = 4096
const AFTER_ALL: readonly [string, number] = ['\u{10ffff}', 0]

/** @param group  of the pattern of a name, folded: its only one
 *  @returns the longest text that is in each name that matches; undefined where there is none */
export function literalIn(group: string): string | undefined {
  const pieces = group.split(/[*?]+/).map((piece) => withoutEmptyEnd(piece))
  const longest = pieces.reduce((best, piece) => (piece.length > best.length ? piece : best), '')
  return longest === '' ? undefined : longest
}

/** @param literal  from {@link literalIn}
 *  @returns row ids of studies, some of them twice; undefined where they are more than `most` */
export async function studiesNamed(
  statements: Statements,
  literal: string,
  most: number,
  breath: Breath,
): Promise<readonly number[] | undefined> {
  const ids: number[] = []
  for (const { end, held } of SIEVE_SQL) {
    for (let from: readonly [string, number] | undefined = ['', 0]; from !== undefined; ) {
      const last = statements.row(end, ...from, AT_ONCE - 1) as [string, number] | undefined
      ids.push(...statements.column<number>(held, ...from, ...(last ?? AFTER_ALL), literal, most + 1))
      if (ids.length > most) return undefined
      from = last
      await breath.due()
    }
  }
  return ids
}
