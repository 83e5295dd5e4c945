/** Where instances of the studies that arrive just now belong: what one brought for its patient, study and series, and which rows it was given.
 *
 *  Another instance that brings the very same would find these rows again and change nothing in them, so that it need not look.
 *  Promises: true as long as it is told of everything that changes rows above the instance: {@link PlaceMemory.forgetStudy} and
 *  {@link PlaceMemory.forgetAll}. Bounded.
 *  Does not: read or write rows. */
import { COLUMNS } from './columns.ts'
import type { Confidentiality, IndexKeys } from './contract.ts'

export interface Place {
  readonly studyId: number
  readonly seriesId: number
  readonly identityId: number
  readonly conflict: boolean
  /** What an operator has decided for its series. */
  readonly level?: Confidentiality
  /** A rejection note concerns some instances of the study. */
  readonly isRejecting: boolean
}

/** More than a busy hospital's modalities send at a time. */
const MOST_STUDIES = 64
/** A study whose instances differ at the upper levels gains nothing from being remembered. */
const MOST_PLACES = 64
/** Of what one instance brings, in characters: several times what is usual. A peer may send megabytes. */
const LONGEST_BROUGHT = 8 * 1024

const ABOVE_IMAGE = [...COLUMNS.PATIENT.keywords, ...COLUMNS.STUDY.keywords, ...COLUMNS.SERIES.keywords]

export class PlaceMemory {
  /** By StudyInstanceUID, the latest remembered last; in each by what was brought. */
  readonly #studies = new Map<string, Map<string, Place>>()

  find(studyInstanceUid: string, brought: string): Place | undefined {
    return this.#studies.get(studyInstanceUid)?.get(brought)
  }

  remember(studyInstanceUid: string, brought: string, place: Place): void {
    if (brought.length > LONGEST_BROUGHT) return
    let places = this.#studies.get(studyInstanceUid)
    if (places === undefined || places.size >= MOST_PLACES) places = new Map()
    places.set(brought, place)
    this.#studies.delete(studyInstanceUid)
    this.#studies.set(studyInstanceUid, places)
    if (this.#studies.size > MOST_STUDIES) this.#studies.delete(this.#studies.keys().next().value!)
  }

  forgetStudy(studyInstanceUid: string): void {
    this.#studies.delete(studyInstanceUid)
  }

  forgetAll(): void {
    this.#studies.clear()
  }
}

/** Everything that an instance says above its own level, as one text; each value behind its length, for a peer may send any character inside of it. */
export function broughtBy(keys: IndexKeys): string {
  let brought = ''
  for (const keyword of ABOVE_IMAGE) {
    const value = keys[keyword]
    brought += value === undefined ? '0:' : `${value.length}:${value}`
  }
  return brought
}
