/** The two commands of the README, as a stranger gives them: through the launcher, on what it has built. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cleanEnvironment, eventually, PROJECT } from '../support/node-process.ts'
import { echoFromElsewhere } from '../support/raw-peer.ts'
import { runCommand } from '../support/run-command.ts'

const LAUNCHER = join(PROJECT, 'scripts/ariane')

describe('a first try', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ariane-first-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const environment = (more: Record<string, string> = {}) => ({ ...cleanEnvironment(), TMPDIR: folder, ...more }) as Record<string, string>

  it('`ariane demo` shows the whole story in under a minute and leaves nothing behind', async () => {
    const since = Date.now()
    const { code, output } = await runCommand(LAUNCHER, ['demo'], { env: environment(), cwd: folder, withinMs: 60_000 })
    expect(output).toContain('byte for byte, by C-MOVE and by C-GET')
    expect(code).toBe(0)
    expect(Date.now() - since).toBeLessThan(60_000)
    expect(readdirSync(folder)).toEqual([])
  }, 90_000)

  it('`ariane serve` runs without a configuration, says where it is, and stops at SIGTERM', async () => {
    const env = environment({
      ARIANE_WEB_PORT: '0',
      ARIANE_DICOM_PORT: '0',
      ARIANE_DICOM_HOST: '127.0.0.1',
      ARIANE_STORAGE_PATH: join(folder, 'storage'),
    })
    const child = spawn(LAUNCHER, ['serve'], { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
    try {
      await eventually('it listens', () => /^Ariane is listening: ARIANE@127\.0\.0\.1:\d+$/m.test(output), 30_000)
      const port = Number(/:(\d+)$/m.exec(output)?.[1])
      await echoFromElsewhere(port)
      for (const word of ['AE title', 'Storage', 'What to do next']) expect(output).toContain(word)
      expect(existsSync(join(folder, 'storage/catalog.sqlite'))).toBe(true)
    } finally {
      child.kill('SIGTERM')
    }
    expect(await exit).toBe(0)
  }, 60_000)
})
