/** Rules of confidentiality that could not do what they say: a rule that never applies leaves open what somebody meant to protect, so that
 *  the node does not start with one. */
import { RULE_ATTRIBUTES } from '../dicom/rule-attributes.ts'
import type { Mistake } from './mistakes.ts'
import type { Config } from './settings.ts'
import { nearest } from './suggest.ts'

type Rule = Config['confidentiality']['rules'][number]

export function ruleContradictions(rules: readonly Rule[]): Mistake[] {
  const everything = rules.findIndex(
    ({ sender, attribute, value }) => sender === undefined && attribute === undefined && value === undefined,
  )
  return rules.flatMap((rule, at) => [
    ...attributeMistakes(rule, at),
    ...(everything >= 0 && at > everything
      ? [
          mistake(
            at,
            'level',
            `found a rule that never applies, for entry ${everything + 1} applies to everything; expected it before that one`,
          ),
        ]
      : []),
  ])
}

function attributeMistakes({ attribute, value }: Rule, at: number): Mistake[] {
  if (attribute === undefined) {
    return value === undefined ? [] : [mistake(at, 'value', 'found a value without an attribute, expected both or neither')]
  }
  if (RULE_ATTRIBUTES.includes(attribute)) return []
  const meant = nearest(attribute, RULE_ATTRIBUTES)
  const expected =
    meant === undefined ? 'expected the keyword of an attribute that is indexed, such as InstitutionName' : `did you mean ${meant}?`
  return [mistake(at, 'attribute', `found ${JSON.stringify(attribute)}, ${expected}`)]
}

function mistake(at: number, field: string, text: string): Mistake {
  return { path: ['confidentiality', 'rules', at, field], at: 'value', text }
}
