/** What is withheld of a study now, told from its history: by an operator, for the mixture of its levels, or because a version would not be valid.
 *
 *  Does not: change anything; know of studies in conflict, of which nothing is made before somebody decides. */
import type { Catalog, HistoryEntry, StudyState, Uid } from '../catalog/contract.ts'
import { levelsOf } from './chains.ts'

export interface Withheld {
  /** Absent where all of the study is meant. */
  readonly confidentiality?: string
  readonly dialect?: string
  /** In words: what an operator said, or what was found. */
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly since: number
  readonly actor: string
}

/** @param levels  that its instances have now */
export function withheldOf(study: StudyState, history: readonly HistoryEntry[], levels: ReadonlySet<string>): readonly Withheld[] {
  const whole = wholeOf(study, history)
  return whole === undefined ? chainsWithheld(history, levels) : [whole]
}

function wholeOf({ withheld }: StudyState, history: readonly HistoryEntry[]): Withheld | undefined {
  const last = history.findLast(
    ({ state, dialect }) => state === 'in force' || state === 'allowed' || (state === 'withheld' && dialect === undefined),
  )
  return last?.state === 'withheld' ? told(last, withheld) : undefined
}

/** Versions that would have broken their dialect, where nothing has been made since. */
function chainsWithheld(history: readonly HistoryEntry[], levels: ReadonlySet<string>): readonly Withheld[] {
  const last = new Map<string, HistoryEntry>()
  for (const entry of history) {
    if (entry.dialect === undefined || !levels.has(entry.confidentiality ?? '') || entry.state === 'withdrawn') continue
    last.set(`${entry.confidentiality} ${entry.dialect}`, entry)
  }
  return [...last.values()].filter(({ state }) => state === 'withheld').map((entry) => told(entry))
}

function told({ confidentiality, dialect, reason, at, actor }: HistoryEntry, instead?: string): Withheld {
  return {
    ...(confidentiality === undefined ? {} : { confidentiality }),
    ...(dialect === undefined ? {} : { dialect }),
    reason: instead ?? reason,
    since: at,
    actor,
  }
}

export interface WithheldStudy {
  readonly studyInstanceUid: Uid
  readonly withheld: readonly Withheld[]
}

const PAGE = 200

/** Every study of which something is withheld, by UID. */
export async function* withheldStudies(catalog: Catalog): AsyncGenerator<WithheldStudy> {
  let after: string | undefined
  do {
    const page = await catalog.everWithheld(PAGE, after)
    for (const uid of page.items) {
      const withheld = await withheldNow(catalog, uid)
      if (withheld.length > 0) yield { studyInstanceUid: uid, withheld }
    }
    after = page.next
  } while (after !== undefined)
}

async function withheldNow(catalog: Catalog, studyInstanceUid: Uid): Promise<readonly Withheld[]> {
  const study = await catalog.findStudy(studyInstanceUid)
  if (study === undefined || study.inConflict) return []
  return withheldOf(study, await catalog.historyOf(studyInstanceUid), levelsOf(await catalog.evidence(studyInstanceUid)))
}
