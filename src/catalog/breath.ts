/** SQLite works on our own thread. Long reads are made of short statements, and between two of them others have the thread. */

/** Longest time between two breaths. */
const HOLD_MILLISECONDS = 5

export class Breath {
  #since = performance.now()

  /** Returns a promise to wait for when the thread has been held long enough. */
  due(): Promise<void> | undefined {
    if (performance.now() - this.#since < HOLD_MILLISECONDS) return undefined
    return new Promise((resolve) =>
      setImmediate(() => {
        this.#since = performance.now()
        resolve()
      }),
    )
  }
}

/** How many rows one statement looks at, where it may have to look at many to find few: what takes long gets less next time. */
export class Window {
  static readonly #least = 8
  static readonly #most = 4096
  #rows: number

  constructor(rows: number) {
    this.#rows = rows
  }

  get rows(): number {
    return this.#rows
  }

  measure<T>(statement: () => T): T {
    const start = performance.now()
    const result = statement()
    const took = performance.now() - start
    if (took > HOLD_MILLISECONDS / 2) this.#rows = Math.max(Window.#least, this.#rows >> 1)
    else if (took < HOLD_MILLISECONDS / 8) this.#rows = Math.min(Window.#most, this.#rows << 1)
    return result
  }
}
