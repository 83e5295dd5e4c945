/** Where pages of recent searches ended, so that a later page begins at the nearest one instead of being counted up to from the start.
 *
 *  Promises: a place that is remembered is that of the same question with the same view; forgotten after {@link KEPT_MS}, and those of the question that
 *  was asked longest ago where there are more than {@link MOST_QUESTIONS}, or of one question more than {@link MOST_OF_ONE}. Rows that came meanwhile
 *  shift nothing for who reads page after page. Milliseconds. */

const KEPT_MS = 60_000
const MOST_QUESTIONS = 50
const MOST_OF_ONE = 1000

interface Place {
  readonly after: string
  readonly until: number
}
export interface NearestPlace {
  readonly offset: number
  readonly after: string
}

export class SearchPlaces {
  readonly #questions = new Map<string, Map<number, Place>>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** @param question  everything on which the answers depend */
  note(question: string, offset: number, after: string): void {
    const places = this.#questions.get(question) ?? new Map<number, Place>()
    this.#questions.delete(question)
    this.#questions.set(question, places)
    places.delete(offset)
    places.set(offset, { after, until: this.#now() + KEPT_MS })
    if (places.size > MOST_OF_ONE) places.delete(places.keys().next().value!)
    if (this.#questions.size > MOST_QUESTIONS) this.#questions.delete(this.#questions.keys().next().value!)
  }

  /** @returns the last known place at or before that offset */
  nearest(question: string, offset: number): NearestPlace | undefined {
    let best: NearestPlace | undefined
    for (const [at, { after, until }] of this.#questions.get(question) ?? []) {
      if (at <= offset && at > (best?.offset ?? 0) && until > this.#now()) best = { offset: at, after }
    }
    return best
  }
}
