/** Where pages of recent searches ended, so that the next page of one begins there instead of being counted up to again.
 *
 *  Promises: a place that is remembered is that of the same question with the same view; forgotten after {@link KEPT_MS}, and the oldest where there
 *  are {@link MOST}. Rows that came meanwhile shift nothing for who reads page after page. Milliseconds. */

const KEPT_MS = 60_000
const MOST = 500

interface Place {
  readonly after: string
  readonly until: number
}

export class SearchPlaces {
  readonly #places = new Map<string, Place>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** @param question  everything on which the answers depend */
  note(question: string, offset: number, after: string): void {
    const key = keyOf(question, offset)
    this.#places.delete(key)
    this.#places.set(key, { after, until: this.#now() + KEPT_MS })
    if (this.#places.size > MOST) this.#places.delete(this.#places.keys().next().value!)
  }

  /** @returns where the page at that offset begins, if that is known */
  at(question: string, offset: number): string | undefined {
    const place = this.#places.get(keyOf(question, offset))
    return place !== undefined && place.until > this.#now() ? place.after : undefined
  }
}

const keyOf = (question: string, offset: number): string => `${offset} ${question}`
