/** `ariane` itself and `ariane config`, run as a person would. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runAriane } from './run-ariane.ts'

let cwd: string

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ariane-command-'))
})

afterEach(() => {
  rmSync(cwd, { recursive: true })
})

function write(text: string): void {
  mkdirSync(join(cwd, 'config'))
  writeFileSync(join(cwd, 'config', 'ariane.yaml'), text)
}

describe('ariane', () => {
  it('shows its commands', async () => {
    const { exitCode, stdout, stderr } = await runAriane(cwd, ['--help'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/^ {2}config .*print the configuration/m)
    expect(stdout).toMatch(/^ {2}peer /m)
  })

  it.each([
    [[], /Usage: ariane/],
    [['cnofig'], /^error: unknown command 'cnofig'\n\(Did you mean config\?\)/],
    [['config', '--chnaged'], /^error: unknown option '--chnaged'\n\(Did you mean --changed\?\)/],
    [['config', 'extra'], /too many arguments/],
    [['config', '--config', 'nowhere.yaml'], /^nowhere\.yaml: cannot be read: no such file\n$/],
  ])('answers wrong usage on standard error with exit code 2: %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await runAriane(cwd, args)
    expect(stderr).toMatch(message)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).not.toMatch(/ at .*\.ts/)
  })
})

describe('ariane config', () => {
  it('prints every setting and where it comes from', async () => {
    write('aeTitle: NODE1\npeers: [ { aeTitle: CT, allow: [ store ] } ]\n')
    const { exitCode, stdout, stderr } = await runAriane(cwd, ['config'], { ARIANE_DICOM_PORT: '104' })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/^aeTitle +NODE1 +config\/ariane\.yaml:1$/m)
    expect(stdout).toMatch(/^dicom\.port +104 +ARIANE_DICOM_PORT$/m)
    expect(stdout).toMatch(/^dicom\.timeouts\.idleSeconds +300 s +default$/m)
    expect(stdout).toMatch(/^peers +1 entry +config\/ariane\.yaml:2\n {2}- aeTitle: CT, allow: store, levels: N, characterSet: ISO_IR 192/m)
    expect(stdout).toMatch(/^manifest\.retrieveLocationUid +\(none\) +default$/m)
  })

  it('prints only what is not a default where asked', async () => {
    write('log: { level: info }\n')
    expect((await runAriane(cwd, ['config', '--changed'])).stdout).toBe('log.level  info  config/ariane.yaml:1\n')
    expect((await runAriane(cwd, ['config', '--changed', '--config', '/dev/null'])).stdout).toBe('Everything is at its default.\n')
  })

  it('prints JSON', async () => {
    write('dicom: { port: 104 }\n')
    const { stdout } = await runAriane(cwd, ['config', '--json', '--changed'])
    expect(JSON.parse(stdout)).toEqual({
      file: join(cwd, 'config/ariane.yaml'),
      settings: [{ key: 'dicom.port', value: 104, source: 'config/ariane.yaml:1' }],
    })
  })

  it('takes --config before its name as well', async () => {
    writeFileSync(join(cwd, 'a.yaml'), 'aeTitle: A')
    expect((await runAriane(cwd, ['-c', 'a.yaml', 'config', '--changed'])).stdout).toBe('aeTitle  A  a.yaml:1\n')
  })

  it('prints every mistake and nothing else, with exit code 2', async () => {
    write('dicom:\n  prot: 1\n')
    expect(await runAriane(cwd, ['config'], { ARIANE_LOG_LEVEL: 'loud' })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'config/ariane.yaml:2:3 dicom.prot: unknown key, did you mean port?\n' +
        'ARIANE_LOG_LEVEL: found "loud", expected one of error, warn, info, debug\n',
    })
  })

  it('says where an error comes from with --debug', async () => {
    expect((await runAriane(cwd, ['config', '--debug', '-c', 'nowhere.yaml'])).stderr).toMatch(/\n +at .*read-yaml\.ts/)
  })
})
