import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PROJECT } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'

const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((one) => ({ status: one })) })

it.each([
  ['everything passed', { testResults: [file('passed', 'passed', 'passed')] }, 0, '2 0 0'],
  ['some were left out', { testResults: [file('passed', 'passed', 'pending', 'skipped', 'todo')] }, 0, '1 0 3'],
  ['one failed', { testResults: [file('failed', 'passed', 'failed'), file('passed', 'passed')] }, 1, '2 1 0'],
  ['a file could not be loaded', { testResults: [file('failed'), file('passed', 'passed')] }, 1, '1 1 0'],
  ['the run ended badly without naming a test', { testResults: [file('passed', 'passed')] }, 1, '1 1 0'],
  ['there is no report', undefined, 1, '0 1 0'],
])('counts a run in which %s', async (_what, report, exitCode, counts) => {
  const folder = mkdtempSync(join(tmpdir(), 'ariane-count-'))
  try {
    const path = join(folder, 'report.json')
    if (report !== undefined) writeFileSync(path, JSON.stringify(report))
    const { output } = await runCommand(process.execPath, [join(PROJECT, 'scripts/count-tests.mjs'), path, String(exitCode)])
    expect(output.trim()).toBe(counts)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
