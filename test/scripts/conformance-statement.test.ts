import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { conformanceStatement } from '../../scripts/conformance-statement.ts'

it('docs/conformance.md is what the tables of the code say (node scripts/generate-docs.ts writes it)', () => {
  const statement = conformanceStatement()
  expect(readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8')).toBe(statement)
  expect(statement).not.toMatch(/undefined|NaN|\[object/)
})
