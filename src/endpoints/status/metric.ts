/** One metric: what it is called, what it tells, and where it is found when somebody asks. */

/** One value of a metric, with its labels. */
export type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>]

export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly labels?: readonly string[]
  readonly find: () => readonly Sample[] | Promise<readonly Sample[]>
}

/** Several metrics of one scrape look at the same. */
export const SCRAPE_MS = 500
