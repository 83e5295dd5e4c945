/** Which open associations bring instances of which studies, so that the end of the last one can be told: a study of which everything has come is due soon.
 *
 *  Promises: a study is told of once, when no open association that brought something of it is left. Bounded: of an association with more than
 *  {@link MOST_STUDIES} studies the others are not told of.
 *  Does not: outlive the process, or decide anything: where nothing is told, quiet time rules. */
import type { Uid } from '../dicom/uid.ts'

const MOST_STUDIES = 64

/** An association, or whatever ends. */
export interface Bringer {
  readonly ended: AbortSignal
}

export class Arrivals {
  readonly #ended: (studies: readonly Uid[]) => void
  readonly #studiesOf = new Map<Bringer, Set<Uid>>()
  /** How many open associations bring something of a study. */
  readonly #bringers = new Map<Uid, number>()

  /** @param ended  called for the studies that the end of an association leaves without one */
  constructor(ended: (studies: readonly Uid[]) => void) {
    this.#ended = ended
  }

  /** Called for each instance that was kept. */
  brought(by: Bringer, study: Uid): void {
    const studies = this.#studiesOf.get(by) ?? this.#begin(by)
    if (studies === undefined || studies.has(study) || studies.size >= MOST_STUDIES) return
    studies.add(study)
    this.#bringers.set(study, (this.#bringers.get(study) ?? 0) + 1)
  }

  #begin(by: Bringer): Set<Uid> | undefined {
    if (by.ended.aborted) return undefined
    const studies = new Set<Uid>()
    this.#studiesOf.set(by, studies)
    by.ended.addEventListener('abort', () => this.#end(by, studies), { once: true })
    return studies
  }

  #end(by: Bringer, studies: ReadonlySet<Uid>): void {
    this.#studiesOf.delete(by)
    const left = [...studies].filter((study) => {
      const others = this.#bringers.get(study)! - 1
      if (others > 0) this.#bringers.set(study, others)
      else this.#bringers.delete(study)
      return others === 0
    })
    if (left.length > 0) this.#ended(left)
  }
}
