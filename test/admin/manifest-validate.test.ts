/** `ariane manifest validate` as a person runs it: what is printed, and the exit code; no node, no configuration. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { goodManifest } from '../manifest/validate/good-manifests.ts'
import { runAriane } from './run-ariane.ts'

const folder = mkdtempSync(join(tmpdir(), 'ariane-validate-'))
const validate = (...args: string[]) => runAriane(folder, ['manifest', 'validate', ...args])

beforeAll(async () => {
  const good = await goodManifest('xds-i')
  writeFileSync(join(folder, 'good.dcm'), good.write())
  good.root.remove(0x0040a504)
  writeFileSync(join(folder, 'bad.dcm'), good.write())
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('passes what is right: exit code 0', async () => {
  const { exitCode, stdout } = await validate('good.dcm')
  expect(stdout).toBe('passes good.dcm (as xds-i): 0 errors, 0 warnings, 0 notes\n')
  expect(exitCode).toBe(0)
})

it('says what is wrong, where, and by which section: exit code 1', async () => {
  const { exitCode, stdout } = await validate('good.dcm', 'bad.dcm')
  expect(stdout).toContain('FAILS  bad.dcm (as xds-i): 1 error, 0 warnings, 0 notes')
  expect(stdout).toContain('error   (0040,A504) ContentTemplateSequence')
  expect(stdout).toContain('[PS3.3 C.18.8]')
  expect(exitCode).toBe(1)
})

it('prints one JSON object for each file', async () => {
  const { exitCode, stdout } = await validate('--json', '--dialect', 'xds-i', 'bad.dcm', 'good.dcm')
  const [bad, good] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(bad).toMatchObject({ file: 'bad.dcm', dialect: 'xds-i', findings: [{ severity: 'error', rule: 'template' }] })
  expect(good.findings).toEqual([])
  expect(exitCode).toBe(1)
})

it('what cannot be read, and wrong usage: exit code 2', async () => {
  const { exitCode, stderr, stdout } = await validate('missing.dcm', 'bad.dcm')
  expect(stderr).toContain('missing.dcm: does not exist')
  expect(stdout).toContain('FAILS  bad.dcm')
  expect(exitCode).toBe(2)
  expect((await validate('.')).exitCode).toBe(2)
  expect((await validate('--dialect', 'other', 'good.dcm')).exitCode).toBe(2)
  expect((await validate()).exitCode).toBe(2)
})
