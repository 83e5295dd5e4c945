/** Lets the event loop turn during long loops, so that a study of 20,000 instances does not hold up an association.
 *
 *  Promises: a loop that awaits {@link Pace.step} for each small piece of work never holds the event loop much longer than
 *  `sliceMilliseconds`. Costs nothing for short loops: no promise is made before a slice is used up. */
import { setImmediate } from 'node:timers/promises'

const STEPS_BETWEEN_LOOKS = 32

export class Pace {
  readonly #sliceMilliseconds: number
  #steps = 0
  #sliceStartedAt = performance.now()

  constructor(sliceMilliseconds = 8) {
    this.#sliceMilliseconds = sliceMilliseconds
  }

  /** @returns a promise when the slice is used up: await it; undefined otherwise */
  step(): Promise<void> | undefined {
    if (++this.#steps % STEPS_BETWEEN_LOOKS !== 0) return undefined
    return performance.now() - this.#sliceStartedAt < this.#sliceMilliseconds ? undefined : this.#turn()
  }

  async #turn(): Promise<void> {
    await setImmediate()
    this.#sliceStartedAt = performance.now()
  }
}
