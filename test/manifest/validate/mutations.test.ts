/** The validator against manifests that are right, and against each of them broken in one place: exactly that is found. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { DIALECTS } from '../../../src/manifest/validate/dialects.ts'
import { RULES, type RuleName } from '../../../src/manifest/validate/rules.ts'
import { findingsOf, validateManifest } from '../../../src/manifest/validate/validate-manifest.ts'
import { judge } from '../oracles.ts'
import type { EditableFile } from './editable-document.ts'
import { goodManifest } from './good-manifests.ts'
import { MUTATIONS, type Mutation } from './mutations.ts'

function written(file: EditableFile, mutation: Mutation): Buffer {
  const bytes = mutation.do(file)
  return Buffer.isBuffer(bytes) ? bytes : file.write()
}

describe('a manifest that is right', () => {
  it.each(DIALECTS)('of %s is recognised, and there is nothing against it', async (dialect) => {
    const bytes = (await goodManifest(dialect)).write()
    expect(await validateManifest(bytes)).toEqual({ dialect, findings: [], counts: { error: 0, warning: 0, note: 0 } })
    expect(await findingsOf(bytes, { dialect, studyInstanceUid: '1.2.3.4' })).toEqual([])
  })
})

describe('broken in one place', () => {
  it.each(MUTATIONS.map((one) => [`${one.dialect ?? 'xds-i'} ${one.rule}: ${one.what}`, one] as const))('%s', async (_name, mutation) => {
    const dialect = mutation.dialect ?? 'xds-i'
    const file = await goodManifest(dialect)
    const bytes = written(file, mutation)
    const findings = await findingsOf(bytes, { dialect })
    const main = findings.filter(({ rule }) => rule === mutation.rule)
    const listed = findings.map(({ rule, path }) => `${rule} ${path}`)
    expect(new Set(findings.map(({ rule }) => rule)), listed.join('\n')).toEqual(new Set([mutation.rule, ...(mutation.also ?? [])]))
    expect(
      main.some(({ path }) => (typeof mutation.path === 'string' ? path === mutation.path : mutation.path.test(path))),
      listed.join('\n'),
    ).toBe(true)
    for (const { section, text } of findings) {
      expect(section).toMatch(/^(PS3\.\d+ |RAD TF-2 |MADO |DRIMbox)/)
      expect(text).toContain('; expected: ')
      expect(`${text}`).not.toMatch(/LLER|P-0815|1992099|19700102|LÉV/)
    }
  })

  it('has a way to break every rule', () => {
    const elsewhere: readonly RuleName[] = ['expected-study', 'expected-ae-title', 'expected-location', 'further-findings']
    const broken = new Set<string>([...MUTATIONS.map(({ rule }) => rule), ...elsewhere])
    expect(Object.keys(RULES).filter((rule) => !broken.has(rule))).toEqual([])
  })
})

const isInstalled = spawnSync('dciodvfy', ['-version']).error === undefined

describe.skipIf(!isInstalled)(`beside dciodvfy${isInstalled ? '' : ' (skipped: it is not installed)'}`, () => {
  const compared = MUTATIONS.filter(({ dciodvfy }) => dciodvfy !== undefined)

  it('has nothing against the manifest that is right', async () => {
    expect(judge((await goodManifest('xds-i')).write(), ['dciodvfy']).errors).toEqual([])
  })

  it.each(compared.map((one) => [`${one.dciodvfy ? 'both find' : 'only we find'} ${one.rule}: ${one.what}`, one] as const))(
    '%s',
    async (_name, one) => {
      const file = await goodManifest('xds-i')
      const { errors } = judge(written(file, one), ['dciodvfy'])
      expect(errors.length > 0).toBe(one.dciodvfy)
    },
  )
})
