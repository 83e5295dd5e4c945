/** `ariane study delete STUDY [--series UID] [--withdraw] [--yes]`: instances are deleted for good.
 *
 *  Refuses what a manifest in force refers to, unless `--withdraw` is given; then the manifest is revised or withdrawn before (manifest/delete-instances.ts).
 *  Works beside a running node. Exit code 1: nothing was deleted. Interrupted, it is taken up by the next start of the node, `study delete` or
 *  `retention run`. */
import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import type { ManifestRecord } from '../catalog/contract.ts'
import type { Uid } from '../dicom/uid.ts'
import { type DeletionOutcome, type DeletionParts, deleteInstances, resumeDeletions } from '../manifest/delete-instances.ts'
import { operator } from '../storage/decisions.ts'
import { CommandFailure } from './command-line.ts'
import { manifestParts } from './manifest-parts.ts'
import { checkedUid, withParts } from './named-manifest.ts'
import { type Parts, progressLine } from './open-parts.ts'

interface Flags {
  readonly series?: string
  readonly withdraw: boolean
  readonly yes: boolean
}

export function deleteCommand(): Command {
  return new Command('delete')
    .description('delete the instances of a study for good')
    .argument('<study>', 'Study Instance UID')
    .option('--series <uid>', 'of this series only')
    .option('--withdraw', 'also what a manifest in force refers to: the manifest is revised, or withdrawn', false)
    .option('--yes', 'do not ask', false)
    .action((study: string, flags: Flags, command: Command) =>
      withParts(command, async (parts) => {
        const studyInstanceUid = checkedUid(study)
        const seriesInstanceUid = flags.series === undefined ? undefined : checkedUid(flags.series)
        const deleting = await deletionParts(parts)
        const progress = progressLine()
        await resumeDeletions(deleting)
        if (!flags.yes) await ask(parts, studyInstanceUid, seriesInstanceUid)
        const what = { studyInstanceUid, seriesInstanceUid, reason: 'deleted by operator', actor: operator(), withdraw: flags.withdraw }
        const outcome = await deleteInstances(
          { ...deleting, progress: (step, instances) => progress.show(() => `${instances} instances ${step}`) },
          what,
        )
        progress.clear()
        console.log(inWords(outcome))
        if (outcome.kind !== 'deleted') process.exitCode = 1
      }),
    )
}

/** What deletion works with, for commands. */
export async function deletionParts(parts: Parts): Promise<DeletionParts> {
  return { ...(await manifestParts(parts)), path: parts.config.storage.path }
}

async function ask({ catalog }: Parts, study: Uid, series: Uid | undefined): Promise<void> {
  const all = (await catalog.evidence(study)).filter((one) => series === undefined || one.seriesInstanceUid === series)
  const instances = all.reduce((sum, one) => sum + one.instances.length, 0)
  const what = `${instances} instances in ${all.length} series of study ${study}`
  if (!process.stdin.isTTY) throw new CommandFailure(`${what} would be deleted for good: say --yes`, { exitCode: 2 })
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await lines.question(`Delete ${what} for good? [yes/no] `).finally(() => lines.close())
  if (answer.trim().toLowerCase() !== 'yes') throw new CommandFailure('nothing is deleted')
}

function inWords(outcome: DeletionOutcome): string {
  switch (outcome.kind) {
    case 'deleted':
      return [
        `deleted: ${outcome.instances} instances, ${outcome.bytes} bytes`,
        ...outcome.made.map((one) => `manifest revised: version ${one.version} with ${one.instanceCount} instances: ${one.sopInstanceUid}`),
        ...outcome.withdrawn.map((one) => `manifest withdrawn: version ${one.version}: ${one.sopInstanceUid}`),
      ].join('\n')
    case 'locked':
      return [
        'not deleted: manifests in force refer to it; --withdraw revises or withdraws them before',
        ...outcome.by.map(manifestInWords),
      ].join('\n')
    case 'conflict':
      return 'not deleted: the study holds more than one patient identity; first say which one is right (ariane study resolve), or delete all of it'
    case 'nothing to delete':
      return 'no such instances here'
    case 'stopped':
      return 'interrupted; it is taken up later'
  }
}

const manifestInWords = ({ version, confidentiality, dialect, instanceCount, sopInstanceUid }: ManifestRecord): string =>
  `  version ${version} (${confidentiality}, ${dialect}) with ${instanceCount} instances: ${sopInstanceUid}`
