/** `ariane manifest verify`: every reference of a manifest, ours or another's, followed back at the AE title that it names.
 *
 *  Promises: the node of this configuration, and its peers, are reached as a viewer would; what cannot be followed is said for each series.
 *  Exit code 1 where anything is missing. */
import { Command } from 'commander'
import type { Config } from '../config/settings.ts'
import type { Confidentiality } from '../dicom/confidentiality.ts'
import { connectAs } from '../manifest/peer-address.ts'
import type { ReadManifest } from '../manifest/read-manifest.ts'
import { notShown, verifyHere } from '../manifest/verify-here.ts'
import type { VerifyReport } from '../manifest/verify-manifest.ts'
import { CommandFailure, printableLines } from './command-line.ts'
import { manifestNamed, withParts } from './named-manifest.ts'
import { type Parts, progressLine } from './open-parts.ts'
import { requireOwnNode } from './peer-address.ts'

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'follow every reference back: C-FIND, then C-GET or C-MOVE, at the AE title that the manifest names; WADO-RS where its URL is ours',
    )
    .argument('<uid|file>', 'UID of a manifest or a study, or a file')
    .option('--json', 'the whole report')
    .action((what: string, flags: { json?: boolean }, command: Command) =>
      withParts(command, async (parts) => {
        const { manifest, record } = await manifestNamed(parts, what)
        if (record !== undefined) requireLevel(parts.config, record.confidentiality)
        const report = await verify(parts, manifest)
        console.log(flags.json ? JSON.stringify(report, null, 2) : printableLines(reportText(report)))
        if (!report.complete) process.exitCode = 1
      }),
    )
}

/** @throws CommandFailure where the node would not show its own commands what the manifest refers to */
function requireLevel(config: Config, level: Confidentiality): void {
  const why = notShown(config, level)
  if (why !== undefined) throw new CommandFailure(why)
}

async function verify({ config, catalog }: Parts, manifest: ReadManifest): Promise<VerifyReport> {
  if (manifest.series.some((series) => series.retrieveAeTitles.includes(config.aeTitle))) await requireOwnNode(config)
  const progress = progressLine()
  const onProgress = (done: number, total: number): void => progress.show(() => `${done} of ${total} references followed`)
  const report = await verifyHere({ config, catalog, connectTo: connectAs(config), onProgress }, manifest)
  progress.clear()
  return report
}

const PROBLEMS_SHOWN = 10

function reportText(report: VerifyReport): string {
  const lines = report.series.flatMap((series) => {
    const where =
      series.aeTitle === undefined
        ? ''
        : ` at ${series.aeTitle}${series.by === undefined ? '' : ` by ${series.by}`}${series.byWado === undefined ? '' : ', WADO-RS'}`
    const head = `${series.problems.length === 0 ? 'ok     ' : 'MISSING'} series ${series.seriesInstanceUid}: ${series.retrieved} of ${series.references}${where}`
    const shown = series.problems.slice(0, PROBLEMS_SHOWN).map((one) => `          ${one.sopInstanceUid}: ${one.problem}`)
    const rest = series.problems.length - shown.length
    return [head, ...shown, ...(rest > 0 ? [`          … ${rest} more`] : [])]
  })
  const verdict = report.complete ? 'every reference leads back' : 'references are broken'
  return [...lines, `${report.retrieved} of ${report.references} references retrieved: ${verdict}`].join('\n')
}
