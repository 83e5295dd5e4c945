/** What a validation has to say, and the list that it is collected in.
 *
 *  Promises: at most {@link MOST_FINDINGS} are kept, errors before warnings before notes, and how many more there were of each is
 *  counted; a finding names tags, UIDs and codes, never a value of a patient. */
import { type Place, pathOf } from './item.ts'
import { RULES, type RuleName, type Severity } from './rules.ts'

export type { Severity }

export interface Finding {
  readonly severity: Severity
  /** Key of the table of rules (rules.ts). */
  readonly rule: RuleName
  /** `(0040,A375)[1] > (0008,1115)[2] > (0008,0054) RetrieveAETitle`; `file` for what is about no element. */
  readonly path: string
  /** Of the standard or the profile, `PS3.3 C.17.6.2`. */
  readonly section: string
  /** What was found; what is expected. */
  readonly text: string
}

export const MOST_FINDINGS = 200
const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note']

export interface Override {
  readonly section?: string
  readonly severity?: Severity
  readonly expected?: string
}

export class Findings {
  readonly #kept: Record<Severity, Finding[]> = { error: [], warning: [], note: [] }
  readonly #counts: Record<Severity, number> = { error: 0, warning: 0, note: 0 }
  readonly #said = new Set<string>()

  /** @param found     in words, a whole clause
   *  @param override  where one rule stands for several sections */
  report(rule: RuleName, place: Place, found: string, override: Override = {}): void {
    const { section, severity, expected } = { ...RULES[rule], ...override }
    this.#counts[severity]++
    const kept = this.#kept[severity]
    if (kept.length < MOST_FINDINGS) kept.push({ severity, rule, path: pathOf(place), section, text: `${found}; expected: ${expected}` })
  }

  /** As {@link report}, but the first time only for each `key`: for what stands in every one of thousands of items. */
  reportOnce(key: string, rule: RuleName, place: Place, found: string, override?: Override): void {
    if (this.#said.has(key)) return
    this.#said.add(key)
    this.report(rule, place, found, override)
  }

  get counts(): Readonly<Record<Severity, number>> {
    return this.#counts
  }

  /** The first {@link MOST_FINDINGS}, errors first; a last one says how many more there are. */
  list(): readonly Finding[] {
    const first = SEVERITIES.flatMap((severity) => this.#kept[severity]).slice(0, MOST_FINDINGS)
    const more = SEVERITIES.map((severity) => ({
      severity,
      count: this.#counts[severity] - first.filter((finding) => finding.severity === severity).length,
    })).filter(({ count }) => count > 0)
    return more.length === 0 ? first : [...first, furtherFindings(more)]
  }
}

function furtherFindings(more: readonly { severity: Severity; count: number }[]): Finding {
  const total = more.reduce((sum, { count }) => sum + count, 0)
  const kinds = more.map(({ severity, count }) => `${count} of severity ${severity}`).join(', ')
  return { severity: more[0]!.severity, rule: 'further-findings', path: 'file', section: '', text: `${total} further findings: ${kinds}` }
}
