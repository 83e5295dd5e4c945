/** `ariane import PATH…`: files from disk through the same door as C-STORE.
 *
 *  Promises: prints one line for each file that was refused, with the reason, and the counts at the end; exit code 1 where anything was refused.
 *  A node that runs on the same storage sees the new instances and makes their manifests. */
import { Command } from 'commander'
import { isStorageClass } from '../dicom/sop-classes.ts'
import { statusInHex } from '../errors.ts'
import { judgingOf } from '../receive/confidentiality-rules.ts'
import { type ImportedFile, type ImportOutcome, importFiles } from '../receive/import-files.ts'
import type { Door } from '../receive/store-instance.ts'
import { openParts, type Parts, progressLine } from './open-parts.ts'

const PARALLEL = 4

export function importCommand(): Command {
  return new Command('import')
    .description('take DICOM files or folders of them into the storage')
    .argument('<path...>', 'files or folders')
    .option('--guess', 'also take data sets without file meta information, guessing their transfer syntax', false)
    .option('--source <name>', 'what to note as their source', 'IMPORT')
    .option('--verbose', 'one line for each file', false)
    .action(async (paths: string[], options: ImportFlags, command: Command) => {
      const parts = await openParts(command, { create: true })
      try {
        const counts = await run(parts, paths, options)
        console.log(summary(counts))
        // What is not held now must not be taken for held by a script that deletes the source.
        if (counts.refused + counts['first one kept'] > 0) process.exitCode = 1
      } finally {
        await parts.catalog.close()
      }
    })
}

interface ImportFlags {
  readonly guess: boolean
  readonly source: string
  readonly verbose: boolean
}

type Counts = Record<ImportOutcome, number>

async function run(parts: Parts, paths: readonly string[], flags: ImportFlags): Promise<Counts> {
  const counts: Counts = { new: 0, known: 0, 'first one kept': 0, refused: 0, skipped: 0 }
  const progress = progressLine()
  let files = 0
  let bytes = 0
  for await (const file of importFiles(doorOf(parts), paths, { guess: flags.guess, source: flags.source, parallel: PARALLEL })) {
    counts[file.outcome]++
    files++
    bytes += file.sizeBytes
    if (flags.verbose || file.outcome === 'refused' || file.outcome === 'first one kept') {
      progress.clear()
      console.log(line(file))
    }
    progress.show(() => `${files} files, ${Math.round(bytes / 1e6)} MB, ${counts.refused} refused`)
  }
  progress.clear()
  return counts
}

function doorOf({ config, storage, catalog }: Parts): Door {
  const own: ReadonlySet<string> = new Set(config.dicom.privateStorageClasses)
  return {
    storage,
    catalog,
    duplicates: config.storage.duplicates,
    path: config.storage.path,
    now: Date.now,
    kept: () => undefined,
    isStorable: (sopClassUid) => isStorageClass(sopClassUid) || own.has(sopClassUid),
    ...judgingOf(config),
  }
}

function line(file: ImportedFile): string {
  const status = file.status === undefined ? '' : ` (${statusInHex(file.status)}H)`
  return `${file.outcome}: ${file.path}${file.reason === undefined ? '' : `: ${file.reason}`}${status}`
}

function summary(counts: Counts): string {
  const parts = [`${counts.new} taken in`, `${counts.known} already here`]
  if (counts['first one kept'] > 0) parts.push(`${counts['first one kept']} here with other bytes, the first one kept`)
  return [...parts, `${counts.refused} refused`, `${counts.skipped} skipped`].join(', ')
}
