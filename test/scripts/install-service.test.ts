import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PROJECT } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'

const SCRIPT = join(PROJECT, 'scripts/install-service')
const dryRun = (...args: string[]) => runCommand(SCRIPT, ['--dry-run', ...args])
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

/** The unit that a dry run prints. */
function unitOf(output: string): string {
  const lines = output.split('\n')
  const start = lines.findIndex((line) => /^ {2}write .*\.service /.test(line))
  const unit: string[] = []
  for (const line of lines.slice(start + 1)) {
    if (!line.startsWith('    |')) break
    unit.push(line.slice(6))
  }
  return `${unit.join('\n')}\n`
}

describe('scripts/install-service', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ariane-service-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('changes nothing with --dry-run, and prints every step', async () => {
    const { code, output } = await dryRun(
      '--prefix',
      join(folder, 'opt'),
      '--storage',
      join(folder, 'store'),
      '--config',
      join(folder, 'etc/a.yaml'),
      '--user',
      'ariane-test',
    )
    expect(code).toBe(0)
    for (const step of [
      'useradd --system',
      'write /etc/systemd/system/ariane.service',
      'systemctl daemon-reload',
      'systemctl enable',
      `path: ${folder}/store`,
    ])
      expect(output).toContain(step)
    expect(existsSync(join(folder, 'opt'))).toBe(false)
    expect(existsSync('/etc/systemd/system/ariane.service')).toBe(false)
  })

  it('writes a hardened unit', async () => {
    const unit = unitOf((await dryRun()).output)
    for (const line of [
      'Type=notify',
      'NotifyAccess=all',
      'User=ariane',
      'ExecReload=/bin/kill -HUP $MAINPID',
      'Restart=on-failure',
      'LimitNOFILE=65536',
      'ProtectSystem=strict',
      'ProtectHome=yes',
      'StateDirectory=ariane',
      'PrivateTmp=yes',
      'NoNewPrivileges=yes',
      'CapabilityBoundingSet=',
    ]) {
      expect(unit.split('\n')).toContain(line)
    }
    expect(unit).not.toContain('AmbientCapabilities')
  })

  it('gives the right to a port below 1024, of the option or of the configuration that is there, and no other right', async () => {
    const config = join(folder, 'ariane.yaml')
    writeFileSync(config, 'dicom: { port: 104 }\n')
    for (const args of [['--port', '104'], ['--port=104'], ['--config', config]]) {
      const unit = unitOf((await dryRun(...args)).output)
      expect(unit).toContain('\nAmbientCapabilities=CAP_NET_BIND_SERVICE\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n')
    }
  })

  it('opens a storage elsewhere for writing, and nothing else', async () => {
    const unit = unitOf((await dryRun('--storage', '/srv/dicom')).output)
    expect(unit).toContain('\nReadWritePaths=/srv/dicom\n')
    expect(unit).not.toContain('StateDirectory')
  })

  it('refuses what does not belong into a unit', async () => {
    for (const args of [
      ['--prefix', 'relative'],
      ['--storage', '/a b'],
      ['--config', '/etc/$(id)'],
      ['--user', 'Root;'],
      ['--port', 'x'],
      ['--port', '0'],
      ['--port', '70000'],
      ['--prefix', '/'],
      ['--prefix', '/opt/../etc'],
      ['--nonsense'],
      ['--user'],
    ]) {
      const { code } = await dryRun(...args)
      expect([args, code]).toEqual([args, 1])
    }
  })

  it('leaves configuration and storage when it uninstalls', async () => {
    const { output } = await dryRun('--uninstall')
    expect(output).toContain('rm -f /etc/systemd/system/ariane.service')
    expect(output).toMatch(/Left as they are: configuration .*, storage .*/)
    expect(output).not.toMatch(/rm .*\/var\/lib\/ariane/)
  })

  it.skipIf(!hasSystemd)(`passes systemd-analyze verify${hasSystemd ? '' : ' (skipped: no systemd here)'}`, async () => {
    for (const args of [[], ['--port', '104'], ['--storage', '/srv/ariane-test']]) {
      const prefix = join(folder, 'opt')
      mkdirSync(prefix, { recursive: true })
      if (!existsSync(join(prefix, 'scripts'))) symlinkSync(join(PROJECT, 'scripts'), join(prefix, 'scripts'))
      const { output } = await dryRun('--prefix', prefix, '--user', 'root', ...args)
      const unit = join(folder, 'ariane.service')
      writeFileSync(unit, unitOf(output))
      const verified = await runCommand('systemd-analyze', ['verify', '--man=no', unit])
      // A container may miss units of the machine; what is said of ours counts.
      expect(verified.output.split('\n').filter((line) => line.includes('ariane'))).toEqual([])
      expect(verified.code).toBe(0)
    }
  })
})
