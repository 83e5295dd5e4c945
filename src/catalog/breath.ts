/** SQLite works on our own thread. Between two short statements a long read lets others have it. */
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
