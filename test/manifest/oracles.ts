/** Validators that others wrote, run on a file: dciodvfy (dicom3tools) and dsrdump (DCMTK). */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Verdict {
  /** Lines that start with Error, E: or F:, each with the tool's name; none is what is wanted. */
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

type Oracle = 'dciodvfy' | 'dsrdump'
const ALL: readonly Oracle[] = ['dciodvfy', 'dsrdump']

export function judge(part10: Buffer, oracles = ALL): Verdict {
  const folder = mkdtempSync(join(tmpdir(), 'ariane-oracle-'))
  try {
    const file = join(folder, 'manifest.dcm')
    writeFileSync(file, part10)
    return judgeFile(file, oracles)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function judgeFile(file: string, oracles = ALL): Verdict {
  const lines: string[] = []
  if (oracles.includes('dciodvfy'))
    lines.push(...output('dciodvfy', ['-new', file]), ...output('dciodvfy', ['-new', '-profile', 'IHEXDSIManifest', file]))
  if (oracles.includes('dsrdump')) lines.push(...output('dsrdump', [file]))
  return {
    errors: lines.filter((line) => /: (Error|E:|F:)/.test(line)),
    warnings: lines.filter((line) => /: (Warning|W:)/.test(line)),
  }
}

/** What it prints, the tool's name before each line; throws where it cannot be run, since silence would look like praise. */
function output(tool: string, parameters: readonly string[]): readonly string[] {
  const run = spawnSync(tool, parameters, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024, timeout: 200_000 })
  if (run.error !== undefined) throw run.error
  const text = `${run.stderr}${tool === 'dsrdump' ? '' : run.stdout}`
  if (tool === 'dciodvfy' && !text.includes('KeyObjectSelectionDocument')) throw new Error(`dciodvfy does not say what it judged: ${text}`)
  return text.split('\n').map((line) => `${tool}: ${line}`)
}

/** The text of dcmdump, for tests that look at the bytes through another reader. */
export function dcmdump(part10: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'ariane-oracle-'))
  try {
    const file = join(folder, 'manifest.dcm')
    writeFileSync(file, part10)
    const run = spawnSync('dcmdump', ['+U8', '+L', file], { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })
    if (run.status !== 0) throw new Error(run.stderr)
    return run.stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
