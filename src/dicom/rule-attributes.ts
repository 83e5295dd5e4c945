/** What a rule of confidentiality may look at: every attribute that is read of an arriving header as text, by its keyword. */
import { INDEX_ATTRIBUTES } from './index-attributes.ts'
import { CONFIDENTIALITY_CONSTRAINT } from './index-values.ts'

export const RULE_ATTRIBUTES: readonly string[] = [
  CONFIDENTIALITY_CONSTRAINT.keyword,
  ...INDEX_ATTRIBUTES.filter(({ vr }) => vr !== 'SQ').map(({ keyword }) => keyword),
]
