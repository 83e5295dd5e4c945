/** Notices when something has been waited for too long. One timer for all that is waited for, set anew only when it fires: an association that sends
 *  thousands of messages a second sets a timer now and then. Times in milliseconds, of `performance.now()`. */
export class Patience {
  readonly #milliseconds: number
  readonly #oldest: () => number | undefined
  readonly #over: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param oldest  since when the one that has been waited for longest is; undefined where nothing is waited for
   *  @param over    it has been too long */
  constructor(milliseconds: number, oldest: () => number | undefined, over: () => void) {
    this.#milliseconds = milliseconds
    this.#oldest = oldest
    this.#over = over
  }

  /** Something is waited for from now on. */
  begin(): void {
    this.#timer ??= setTimeout(() => this.#look(), this.#milliseconds)
  }

  /** Nothing will be waited for any more. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    this.#timer = undefined
    const since = this.#oldest()
    if (since === undefined) return
    const left = since + this.#milliseconds - performance.now()
    if (left > 0) this.#timer = setTimeout(() => this.#look(), left)
    else this.#over()
  }
}
