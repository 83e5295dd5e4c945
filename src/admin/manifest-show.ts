/** `ariane manifest show`: a manifest as a tree, as JSON or as it is; of a study also as it would be sent in a dialect, before anything is.
 *
 *  `--raw` writes the bytes that would be delivered; `--json` the DICOM JSON Model (PS3.18 F), of mado-fhir the FHIR document. What the
 *  dialect demands and nobody knows is told on standard error. The tree holds nothing of the patient, JSON and bytes do. */
import { Command, Option } from 'commander'
import type { ManifestRecord } from '../catalog/contract.ts'
import { PUBLISH_DIALECTS } from '../config/dialect-settings.ts'
import { CONFIDENTIALITY_LEVELS, type Confidentiality, EVERY_LEVEL } from '../dicom/confidentiality.ts'
import { toDicomJson } from '../dicom/dicom-json.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { readPart10Header } from '../dicom/part10.ts'
import { parseUid, type Uid } from '../dicom/uid.ts'
import { describedSeries } from '../manifest/described-series.ts'
import { type Dialect, dialectOf } from '../manifest/dialects.ts'
import { madoBundle } from '../manifest/mado-bundle.ts'
import { manifestTree } from '../manifest/manifest-tree.ts'
import { previewManifest } from '../manifest/preview.ts'
import { CommandFailure } from './command-line.ts'
import { manifestParts } from './manifest-parts.ts'
import { fileNamed, manifestIn, studyOf, withParts } from './named-manifest.ts'
import type { Parts } from './open-parts.ts'

type Wanted = (typeof PUBLISH_DIALECTS)[number]

interface Flags {
  readonly all?: boolean
  readonly dialect?: Wanted
  readonly level?: Confidentiality
  readonly raw?: boolean
  readonly json?: boolean
}

interface Shown {
  readonly file: Buffer
  readonly record?: ManifestRecord
  readonly state?: string
}

export function showCommand(): Command {
  return new Command('show')
    .description('a manifest as a tree')
    .argument('<uid|file>', 'UID of a manifest or a study, or a file')
    .option('--all', 'every instance, however many')
    .addOption(new Option('--dialect <dialect>', 'as it would be sent now in this dialect').choices(PUBLISH_DIALECTS))
    .addOption(
      new Option('--level <level>', 'with --dialect: of the instances of this confidentiality level').choices(CONFIDENTIALITY_LEVELS),
    )
    .addOption(new Option('--raw', 'the bytes as they are delivered').conflicts('json'))
    .option('--json', 'DICOM JSON; the FHIR document of mado-fhir')
    .action((what: string, flags: Flags, command: Command) => withParts(command, (parts) => show(parts, what, flags)))
}

async function show(parts: Parts, what: string, flags: Flags): Promise<void> {
  if (flags.level !== undefined && flags.dialect === undefined) throw new CommandFailure('--level goes with --dialect', { exitCode: 2 })
  const shown = flags.dialect === undefined ? await fileNamed(parts, what) : await inDialect(parts, what, flags.dialect, flags.level)
  if (flags.dialect === 'mado-fhir') process.stdout.write(await bundleOf(shown.file, what))
  else if (flags.raw) process.stdout.write(shown.file)
  else if (flags.json) console.log(JSON.stringify(dicomJson(shown.file)))
  else await printTree(parts, what, shown, flags)
}

async function printTree({ catalog }: Parts, what: string, { file, record, state }: Shown, { all }: Flags): Promise<void> {
  const manifest = manifestIn(file, what)
  const described = await describedSeries(catalog, manifest.studyInstanceUid, EVERY_LEVEL)
  const told = state ?? (record && stateOf(record))
  console.log(manifestTree(manifest, { all, state: told, describe: (uid) => described.get(uid) }))
}

async function inDialect(parts: Parts, what: string, wanted: Wanted, level?: Confidentiality): Promise<Shown> {
  const uid = parseUid(what)
  if (uid !== undefined) return preview(parts, uid, dialectOf(wanted), level)
  if (wanted === 'mado-fhir') return fileNamed(parts, what)
  throw new CommandFailure(`a file is in the dialect that it is in: --dialect ${wanted} needs the UID of a study or manifest`, {
    exitCode: 2,
  })
}

async function preview(parts: Parts, uid: Uid, dialect: Dialect, level?: Confidentiality): Promise<Shown> {
  const study = await studyOf(parts.catalog, uid)
  const made = await previewManifest(await manifestParts(parts), study, dialect, level)
  if (made.kind === 'unknown study') throw new CommandFailure(`no manifest and no study here: ${uid}`)
  if (made.kind === 'empty')
    throw new CommandFailure(`the study has no instance to refer to${level === undefined ? '' : ` of level ${level}`}: ${study}`)
  if (made.missing.length > 0) console.error(`${dialect} asks for what nobody knows here: ${made.missing.join(', ')}`)
  if (made.leftOut.length > 0) console.error(`not valid in the study, and left out: ${made.leftOut.join(', ')}`)
  if (made.errors > 0)
    console.error(
      `it would be withheld, ${made.errors} errors: keep it with --raw, and see \`ariane manifest validate --dialect ${dialect} FILE\``,
    )
  return { file: made.file, state: `preview in ${dialect}, not kept` }
}

async function bundleOf(file: Buffer, what: string): Promise<Buffer> {
  return madoBundle(file).catch((cause: Error) => {
    throw new CommandFailure(`${what} holds no manifest that can be told as a FHIR document: ${cause.message}`, { cause })
  })
}

function dicomJson(file: Buffer): unknown {
  const meta = readPart10Header(file)
  if (meta?.transferSyntaxUid === undefined) throw new CommandFailure('no DICOM file: no JSON of it')
  return [toDicomJson(readDataSet(file.subarray(meta.dataSetOffset), meta.transferSyntaxUid))]
}

export function stateOf(record: ManifestRecord): string {
  return record.supersededBy === undefined ? record.state : `superseded by ${record.supersededBy}`
}
