/** Which confidentiality level an instance has when it arrives: the first rule of the configuration that applies to its sender and to what its
 *  header says, else the default.
 *
 *  Promises: a pattern matches any one of several values, capitals do not count, `*` stands for any text and `?` for one character.
 *  Does not: know what an operator has decided (the catalog does, and that goes before). */
import type { Config } from '../config/settings.ts'
import type { Confidentiality } from '../dicom/confidentiality.ts'
import { log } from '../log.ts'
import type { QualityPolicy } from './rejection-note.ts'

export type ConfidentialityOf = (source: string, keys: Readonly<Partial<Record<string, string>>>) => Confidentiality

export function confidentialityRules({ rules, default: usual }: Config['confidentiality']): ConfidentialityOf {
  const tests = rules.map((rule) => ({ ...rule, pattern: rule.value === undefined ? undefined : patternOf(rule.value) }))
  return (source, keys) => {
    const applies = tests.find(({ sender, attribute, pattern }) => {
      if (sender !== undefined && sender !== source) return false
      if (attribute === undefined) return true
      const value = keys[attribute]
      return value !== undefined && (pattern === undefined || value.split('\\').some((one) => pattern.test(one.trim())))
    })
    return applies?.level ?? usual
  }
}

/** How what arrives is judged, or read again from its file. */
export interface Judging {
  readonly confidentialityOf: ConfidentialityOf
  /** What a rejection note 113001 does. */
  readonly quality: QualityPolicy
  /** What is answered for an instance that is here, hidden for good (113037, 113038), and sent again. */
  readonly resent: 'refuse' | 'accept'
}

export function judgingOf(config: Pick<Config, 'confidentiality' | 'rejection'>): Judging {
  return {
    confidentialityOf: confidentialityRules(config.confidentiality),
    quality: config.rejection.quality,
    resent: config.rejection.resent,
  }
}

/** Said once, at the start: a rule that can apply to nobody protects nothing. */
export function tellRulesForNobody(config: Pick<Config, 'confidentiality' | 'peers' | 'unknownCallers'>): void {
  const known = new Set<string>(config.peers.map((peer) => peer.aeTitle))
  config.confidentiality.rules.forEach(({ sender, level }, at) => {
    if (sender === undefined || known.has(sender) || config.unknownCallers !== 'refuse') return
    log.warn('a confidentiality rule names a sender that may not call: it applies to nothing', { rule: at + 1, sender, level })
  })
}

function patternOf(value: string): RegExp {
  const literal = value.trim().replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replace(/\*+/g, '.*').replaceAll('?', '.')}$`, 'isu')
}
