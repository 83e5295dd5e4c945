/** The table of settings itself, and what is generated from it. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { variableOf } from '../../src/config/environment.ts'
import { loadFrom } from '../../src/config/load-config.ts'
import { schemaOf } from '../../src/config/schema.ts'
import type { Setting } from '../../src/config/setting.ts'
import { ANSWER_CHARACTER_SETS, SETTINGS } from '../../src/config/settings.ts'
import { settingsReference, settingsSchema } from '../../src/config/settings-document.ts'
import { characterSetNamed } from '../../src/dicom/character-set-tables.ts'

const project = new URL('../../', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, project), 'utf8')
const rows: readonly Setting[] = SETTINGS.flatMap((row: Setting) => (row.type === 'entries' ? [row, ...row.rows] : [row]))

describe('each setting', () => {
  it.each(rows.map((row) => [row.key, row] as const))('%s has a reason, and a default within its limits or a word on why not', (_, row) => {
    expect(row.reason.length).toBeGreaterThan(20)
    expect(row.reason).toMatch(/\.$/)
    if (row.default === undefined) expect(row.required ?? row.optional ?? row.derived).toBeTruthy()
    else expect(schemaOf(row).safeParse(row.default).success).toBe(true)
  })

  it('has a key and a variable of its own', () => {
    expect(new Set(SETTINGS.map((row) => row.key)).size).toBe(SETTINGS.length)
    expect(new Set(SETTINGS.map((row) => variableOf(row.key))).size).toBe(SETTINGS.length)
  })
})

it.each(ANSWER_CHARACTER_SETS)('character set %s is one that can be written', (term) => {
  expect(characterSetNamed(term)?.set.term).toBe(term)
})

describe('what is generated is up to date (else run: node scripts/generate-docs.ts)', () => {
  it('docs/settings.md', () => expect(read('docs/settings.md')).toBe(settingsReference()))
  it('config/ariane.schema.json', () => expect(read('config/ariane.schema.json')).toBe(settingsSchema()))
})

describe('config/ariane.example.yaml', () => {
  const text = read('config/ariane.example.yaml')
  const file = '/opt/ariane/config/ariane.yaml'
  const example = loadFrom(file, text, { file, env: {}, cwd: '/opt/ariane' })

  it('is right', () => {
    expect(example.config.peers.map((peer) => peer.aeTitle)).toEqual(['CT1', 'WEASIS'])
  })

  it('shows the defaults, save for what every house has of its own', () => {
    const defaults = loadFrom(undefined, undefined, { env: {}, cwd: '/opt/ariane' })
    expect({ ...example.config, peers: [], manifest: {} }).toEqual({ ...defaults.config, manifest: {} })
  })
})
