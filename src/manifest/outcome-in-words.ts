/** What a build has come to, in words, for whoever asked for it: the command line, the page. UIDs, levels and counts, nothing of a patient. */
import type { ManifestRecord } from '../catalog/contract.ts'
import type { BuildOutcome } from './build-manifest.ts'
import { isUsual } from './chains.ts'

/** One line for each manifest concerned. */
export function outcomeInWords(outcome: BuildOutcome): string {
  switch (outcome.kind) {
    case 'made':
    case 'unchanged':
      return allInWords(outcome)
    case 'empty':
      return ['the study has no instance to refer to: no manifest', ...outcome.withdrawn.map(withdrawnInWords)].join('\n')
    case 'withheld':
      if (outcome.invalid.length === 0)
        return [`no manifest is made of the study: ${outcome.reason}`, ...outcome.withdrawn.map(withdrawnInWords)].join('\n')
      return allInWords(outcome)
    case 'conflict':
      return [
        'the study holds more than one patient identity: no manifest until `ariane study resolve`',
        ...outcome.withdrawn.map(withdrawnInWords),
      ].join('\n')
    case 'unknown study':
      return 'no such study here'
  }
}

type Outcomes = Pick<Extract<BuildOutcome, { readonly kind: 'made' }>, 'made' | 'unchanged' | 'withdrawn' | 'invalid'>

export function allInWords({ made, unchanged, withdrawn, invalid }: Outcomes): string {
  return [
    ...made.map((one) => `made version ${one.version}${ofChain(one)} with ${one.instanceCount} instances: ${one.sopInstanceUid}`),
    ...unchanged.map((one) => `version ${one.version}${ofChain(one)} says the same already: ${one.sopInstanceUid}`),
    ...withdrawn.map(withdrawnInWords),
    ...invalid.map((one) => `not made (${one.confidentiality}, ${one.dialect}), for it would not be valid: ${one.findings}`),
  ].join('\n')
}

/** Said where it is not the usual one. */
const ofChain = (record: ManifestRecord): string => (isUsual(record) ? '' : ` (${record.confidentiality}, ${record.dialect})`)

const withdrawnInWords = (record: ManifestRecord): string =>
  `withdrawn: version ${record.version}${ofChain(record)}: ${record.sopInstanceUid}`
