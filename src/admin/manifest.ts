/** `ariane manifest list | waiting | withheld | deliveries | show | history | build | withdraw | export | verify | validate | open | audit`: the manifests of this node, and those of others as
 *  files.
 *
 *  A UID is a manifest's or a study's; of a study, its newest manifest is meant. Works beside a running node.
 *  Exit code 1: `verify` (manifest-verify.ts) or `open` (manifest-open.ts) found something missing, `validate` (manifest-validate.ts) an error, `build` has made nothing, or one of several would not be valid. */
import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { Catalog, ManifestRecord } from '../catalog/contract.ts'
import { outcomeInWords } from '../manifest/outcome-in-words.ts'
import { buildNow } from '../manifest/study-actions.ts'
import { operator } from '../storage/decisions.ts'
import { CommandFailure, inColumns } from './command-line.ts'
import { auditCommand } from './manifest-audit.ts'
import { deliveriesCommand } from './manifest-deliveries.ts'
import { historyCommand, withdrawCommand } from './manifest-history.ts'
import { openCommand } from './manifest-open.ts'
import { actionParts } from './manifest-parts.ts'
import { showCommand } from './manifest-show.ts'
import { validateCommand } from './manifest-validate.ts'
import { verifyCommand } from './manifest-verify.ts'
import { waitingCommand } from './manifest-waiting.ts'
import { withheldCommand } from './manifest-withheld.ts'
import { bytesOf, checkedUid, recordNamed, withParts } from './named-manifest.ts'

const PAGE = 200

export function manifestCommand(): Command {
  return new Command('manifest')
    .description('the manifests of this node, and, as files, those of others: show, validate, open')
    .addCommand(listCommand())
    .addCommand(waitingCommand())
    .addCommand(withheldCommand())
    .addCommand(deliveriesCommand())
    .addCommand(showCommand())
    .addCommand(historyCommand())
    .addCommand(buildCommand())
    .addCommand(withdrawCommand())
    .addCommand(exportCommand())
    .addCommand(verifyCommand())
    .addCommand(validateCommand())
    .addCommand(openCommand())
    .addCommand(auditCommand())
}

function listCommand(): Command {
  return new Command('list')
    .description('one line for each manifest, newest first')
    .option('--study <uid>', 'of this study only')
    .option('--json', 'one JSON object per line')
    .action((flags: { study?: string; json?: boolean }, command: Command) =>
      withParts(command, async ({ catalog }) => {
        const rows: (readonly string[])[] = []
        for await (const record of recordsOf(catalog, flags.study)) {
          if (flags.json) console.log(JSON.stringify(record))
          else rows.push(rowOf(record))
        }
        if (flags.json) return
        if (rows.length === 0) console.log('no manifests')
        else
          process.stdout.write(
            inColumns([['MADE', 'VERSION', 'STATE', 'LEVEL', 'DIALECT', 'INSTANCES', 'STUDY', 'MANIFEST', 'WHY'], ...rows]),
          )
      }),
    )
}

function buildCommand(): Command {
  return new Command('build')
    .description("make a study's manifest now, if it has something new to say")
    .argument('<study>', 'Study Instance UID')
    .action((study: string, _flags: unknown, command: Command) =>
      withParts(command, async (parts) => {
        const studyInstanceUid = checkedUid(study)
        const outcome = await buildNow(await actionParts(parts), studyInstanceUid, operator())
        console.log(outcomeInWords(outcome))
        if (!('invalid' in outcome) || outcome.invalid.length > 0 || !['made', 'unchanged'].includes(outcome.kind)) process.exitCode = 1
      }),
    )
}

function exportCommand(): Command {
  return new Command('export')
    .description('write a manifest to a file, as it is kept')
    .argument('<uid>', 'UID of a manifest or a study')
    .argument('<file>', 'must not exist yet')
    .action((what: string, file: string, _flags: unknown, command: Command) =>
      withParts(command, async (parts) => {
        const record = await recordNamed(parts.catalog, checkedUid(what))
        await writeFile(file, await bytesOf(parts, record), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
          throw new CommandFailure(EXPORT_FAILURES[error.code ?? '']?.(file) ?? error.message, { cause: error })
        })
        console.log(`version ${record.version}, ${record.state}: ${file}`)
      }),
    )
}

const EXPORT_FAILURES: Readonly<Record<string, (file: string) => string>> = {
  EEXIST: (file) => `${file} exists already`,
  ENOENT: (file) => `the folder of ${file} does not exist`,
  EISDIR: (file) => `${file} is a folder: name a file in it`,
  EACCES: (file) => `no permission to write ${file}`,
}

async function* recordsOf(catalog: Catalog, study: string | undefined): AsyncGenerator<ManifestRecord> {
  if (study !== undefined) return yield* await catalog.manifestsOf(checkedUid(study))
  let after: string | undefined
  do {
    const page = await catalog.manifests(PAGE, after)
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

function rowOf(record: ManifestRecord): readonly string[] {
  const { createdAt, version, state, confidentiality, dialect, instanceCount, studyInstanceUid, sopInstanceUid, reason } = record
  const what = [String(version), state, confidentiality, dialect, String(instanceCount)]
  return [new Date(createdAt).toISOString(), ...what, studyInstanceUid, sopInstanceUid, reason]
}
