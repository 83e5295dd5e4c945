/** `ariane manifest validate`: Key Object Selections of anybody, as files, held against DICOM, IHE XDS-I.b and their dialect.
 *
 *  Needs no node and no configuration; reads the files and nothing else. What is printed names no value of a patient.
 *  Exit codes: 0 no errors (warnings and notes do not count); 1 errors found; 2 wrong usage, or a file that cannot be read. */
import { open } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { DIALECTS, type Dialect } from '../manifest/validate/dialects.ts'
import type { Finding } from '../manifest/validate/finding.ts'
import { LARGEST_BYTES, type Validation, validateManifest } from '../manifest/validate/validate-manifest.ts'
import { printable } from './command-line.ts'

interface Flags {
  readonly dialect?: Dialect
  readonly json?: boolean
}

const EXIT_ERRORS = 1
const EXIT_UNREADABLE = 2

export function validateCommand(): Command {
  return new Command('validate')
    .description("hold manifests, ours or anybody's, against DICOM, IHE XDS-I.b and their dialect")
    .argument('<file...>', 'Part 10 files, or bare data sets')
    .addOption(new Option('--dialect <dialect>', 'what they should be; recognised by content where not given').choices(DIALECTS))
    .option('--json', 'one JSON object per file')
    .action(async (files: readonly string[], flags: Flags) => {
      for (const file of files) raiseExitCode(await validateFile(file, flags))
    })
}

/** @returns the exit code of this file */
async function validateFile(file: string, flags: Flags): Promise<number> {
  const bytes = await bytesOfFile(file)
  if (typeof bytes === 'string') {
    if (flags.json) console.log(JSON.stringify({ file, unreadable: bytes }))
    else process.stderr.write(`ariane: ${printable(file)}: ${bytes}\n`)
    return EXIT_UNREADABLE
  }
  const validation = await validateManifest(bytes, { dialect: flags.dialect })
  console.log(flags.json ? JSON.stringify({ file, ...validation }) : reportText(file, validation))
  return validation.counts.error > 0 ? EXIT_ERRORS : 0
}

/** @returns why not, in words, where it cannot be read */
async function bytesOfFile(file: string): Promise<Buffer | string> {
  try {
    const handle = await open(file)
    try {
      const stat = await handle.stat()
      if (!stat.isFile()) return 'is no file'
      return stat.size > LARGEST_BYTES
        ? `is larger than any manifest: ${stat.size} bytes, the limit is ${LARGEST_BYTES}`
        : await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return FAILURES[code ?? ''] ?? message
  }
}

const FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read: no permission',
  EISDIR: 'is a folder: name the files in it',
}

function raiseExitCode(code: number): void {
  process.exitCode = Math.max(Number(process.exitCode ?? 0), code)
}

function reportText(file: string, { dialect, findings, counts }: Validation): string {
  const as = dialect === undefined ? 'not held against any dialect' : `as ${dialect}`
  const head = `${counts.error > 0 ? 'FAILS ' : 'passes'} ${printable(file)} (${as}): ${inWords(counts)}`
  return [head, ...findings.flatMap(findingLines)].join('\n')
}

function findingLines({ severity, path, section, text }: Finding): readonly string[] {
  return [`  ${severity.padEnd(7)} ${path}`, `          ${text}${section === '' ? '' : ` [${section}]`}`]
}

function inWords({ error, warning, note }: Validation['counts']): string {
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  return [count(error, 'error'), count(warning, 'warning'), count(note, 'note')].join(', ')
}
