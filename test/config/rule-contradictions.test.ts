/** A rule of confidentiality that cannot do what it says is refused when it is read, with its place and what was meant. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load-config.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ariane-rules-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

function said(yaml: string): string {
  const file = join(cwd, 'ariane.yaml')
  writeFileSync(file, yaml)
  try {
    loadConfig({ cwd, env: {}, file })
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

it.each([
  [
    'a keyword that was mistyped',
    '{ level: R, attribute: StudyDescripton, value: x }',
    'ariane.yaml:3:30 confidentiality.rules[0].attribute: found "StudyDescripton", did you mean StudyDescription?',
  ],
  [
    'a keyword that is not indexed',
    '{ level: R, attribute: Zzz }',
    'confidentiality.rules[0].attribute: found "Zzz", expected the keyword of an attribute that is indexed, such as InstitutionName',
  ],
  ['a tag', '{ level: R, attribute: "(0008,1030)" }', 'confidentiality.rules[0].attribute: found "(0008,1030)"'],
  [
    'a sequence',
    '{ level: R, attribute: RequestAttributesSequence }',
    'confidentiality.rules[0].attribute: found "RequestAttributesSequence"',
  ],
  [
    'a value without an attribute',
    '{ level: R, value: x }',
    'ariane.yaml:3:26 confidentiality.rules[0].value: found a value without an attribute, expected both or neither',
  ],
  ['a level that is none', '{ level: X }', 'confidentiality.rules[0].level: found "X"'],
])('%s', (_, rule, message) => {
  expect(said(`confidentiality:\n  rules:\n    - ${rule}\n`)).toContain(message)
})

it('a rule behind one that applies to everything', () => {
  const message = 'confidentiality.rules[1].level: found a rule that never applies, for entry 1 applies to everything'
  expect(said('confidentiality:\n  rules:\n    - { level: N }\n    - { level: R, sender: CT1 }\n')).toContain(message)
})

it('rules that are right are taken', () => {
  expect(
    said(`confidentiality:
  rules:
    - { level: V, attribute: ConfidentialityConstraintOnPatientDataDescription }
    - { level: R, sender: CT1, attribute: StudyDescription, value: "*psych*" }
    - { level: MASQUE_PS+INVISIBLE_PATIENT, sender: CT2 }
    - { level: N }
`),
  ).toBe('')
})
