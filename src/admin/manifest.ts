/** `ariane manifest list | show | build | export | verify`: the manifests of this node, and those of others as files.
 *
 *  A UID is a manifest's or a study's; of a study, its newest manifest is meant. Works beside a running node.
 *  Exit code 1: `verify` (manifest-verify.ts) found something missing, `build` has nothing to build. */
import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { Catalog, ManifestRecord } from '../catalog/contract.ts'
import { aeTitle } from '../dicom/ae-title.ts'
import { type BuildOutcome, buildManifest, type ManifestParts } from '../manifest/build-manifest.ts'
import { targetsOf } from '../manifest/chains.ts'
import { describedSeries } from '../manifest/described-series.ts'
import { manifestTree } from '../manifest/manifest-tree.ts'
import { publishedNames } from '../manifest/published-names.ts'
import { operator } from '../storage/decisions.ts'
import { retrieveLocationUid } from '../storage/node-identity.ts'
import { CommandFailure, inColumns } from './command-line.ts'
import { verifyCommand } from './manifest-verify.ts'
import { bytesOf, checkedUid, manifestNamed, recordNamed, withParts } from './named-manifest.ts'
import type { Parts } from './open-parts.ts'

const PAGE = 200

export function manifestCommand(): Command {
  return new Command('manifest')
    .description('the manifests that this node has made')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(buildCommand())
    .addCommand(exportCommand())
    .addCommand(verifyCommand())
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
        else process.stdout.write(inColumns([['MADE', 'VERSION', 'STATE', 'INSTANCES', 'STUDY', 'MANIFEST', 'WHY'], ...rows]))
      }),
    )
}

function showCommand(): Command {
  return new Command('show')
    .description('a manifest as a tree')
    .argument('<uid|file>', 'UID of a manifest or a study, or a file')
    .option('--all', 'every instance, however many')
    .action((what: string, flags: { all?: boolean }, command: Command) =>
      withParts(command, async (parts) => {
        const { manifest, record } = await manifestNamed(parts, what)
        const described = await describedSeries(parts.catalog, manifest.studyInstanceUid)
        console.log(manifestTree(manifest, { all: flags.all, state: record && stateOf(record), describe: (uid) => described.get(uid) }))
      }),
    )
}

function buildCommand(): Command {
  return new Command('build')
    .description("make a study's manifest now, if it has something new to say")
    .argument('<study>', 'Study Instance UID')
    .action((study: string, _flags: unknown, command: Command) =>
      withParts(command, async (parts) => {
        const outcome = await buildManifest(await manifestParts(parts), checkedUid(study), 'asked by operator', operator())
        console.log(inWords(outcome))
        if (outcome.kind !== 'made' && outcome.kind !== 'unchanged') process.exitCode = 1
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

/** What the manifest stage works with, for commands that build. */
export async function manifestParts({ config, storage, catalog }: Parts): Promise<ManifestParts> {
  const published = await publishedNames({ catalog, storage })
  const locationUid = config.manifest.retrieveLocationUid ?? (await retrieveLocationUid(config.storage.path, published.retrieveLocationUid))
  const settings = {
    ...config.manifest,
    aeTitle: aeTitle(config.aeTitle),
    retrieveLocationUid: checkedUid(locationUid),
    mixedLevels: config.confidentiality.mixed,
    targets: targetsOf(config.publish),
  }
  return { catalog, storage, settings: () => settings, now: Date.now }
}

function rowOf(record: ManifestRecord): readonly string[] {
  const { createdAt, version, state, instanceCount, studyInstanceUid, sopInstanceUid, reason } = record
  return [new Date(createdAt).toISOString(), String(version), state, String(instanceCount), studyInstanceUid, sopInstanceUid, reason]
}

function stateOf(record: ManifestRecord): string {
  return record.supersededBy === undefined ? record.state : `superseded by ${record.supersededBy}`
}

function inWords(outcome: BuildOutcome): string {
  switch (outcome.kind) {
    case 'made':
    case 'unchanged':
      return [
        ...outcome.made.map(
          (one) => `made version ${one.version}${ofChain(one)} with ${one.instanceCount} instances: ${one.sopInstanceUid}`,
        ),
        ...outcome.unchanged.map((one) => `version ${one.version}${ofChain(one)} says the same already: ${one.sopInstanceUid}`),
        ...outcome.withdrawn.map(withdrawnInWords),
      ].join('\n')
    case 'empty':
      return ['the study has no instance to refer to: no manifest', ...outcome.withdrawn.map(withdrawnInWords)].join('\n')
    case 'withheld':
      return [`no manifest is made of the study: ${outcome.reason}`, ...outcome.withdrawn.map(withdrawnInWords)].join('\n')
    case 'conflict':
      return 'the study holds more than one patient identity: no manifest until `ariane study resolve`'
    case 'unknown study':
      return 'no such study here'
  }
}

/** Said where it is not the usual one. */
const ofChain = ({ confidentiality, dialect }: ManifestRecord): string =>
  confidentiality === 'N' && dialect === 'xds-i' ? '' : ` (${confidentiality}, ${dialect})`

const withdrawnInWords = (record: ManifestRecord): string =>
  `withdrawn: version ${record.version}${ofChain(record)}: ${record.sopInstanceUid}`
