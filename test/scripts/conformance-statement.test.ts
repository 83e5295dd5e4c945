import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ANSWERED, conformanceStatement } from '../../scripts/conformance-statement.ts'
import { ERRORS } from '../../src/errors.ts'
import { PROJECT } from '../support/node-process.ts'

it('docs/conformance.md is what the tables of the code say (node scripts/generate-docs.ts writes it)', () => {
  const statement = conformanceStatement()
  expect(readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8')).toBe(statement)
  expect(statement).not.toMatch(/undefined|NaN|\[object/)
})

/** Codes that a folder's sources throw. */
function thrownIn(folder: string): string[] {
  const sources = readdirSync(join(PROJECT, folder)).filter((name) => name.endsWith('.ts'))
  const text = sources.map((name) => readFileSync(join(PROJECT, folder, name), 'utf8')).join('\n')
  return [...new Set([...text.matchAll(/NodeError\(\s*'([A-Z_]+)'/g)].map(([, code]) => code!))]
}

it('names every status that receiving can answer', () => {
  // An association that has ended is answered nothing; a class that is not stored is told for any service.
  const elsewhere = ['PEER_ABORTED', 'SOP_CLASS_NOT_SUPPORTED']
  const thrown = [...thrownIn('src/receive'), ...thrownIn('src/storage')].filter((code) => !elsewhere.includes(code))
  const told: readonly string[] = [...ANSWERED.store, ...ANSWERED.mpps]
  expect(thrown.filter((code) => !told.includes(code))).toEqual([])
})

it('leaves out no failure of the table but those of our own associations, which only our log tells', () => {
  const told = new Set<string>(Object.values(ANSWERED).flat())
  const ours = /^PEER_|^NO_CONTEXT$|^INVALID_ARGUMENT$/
  expect(Object.keys(ERRORS).filter((code) => !told.has(code) && !ours.test(code))).toEqual([])
})
