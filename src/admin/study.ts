/** `ariane study list | resolve | update | confidentiality | delete`: decisions about a study, and those under whose Study Instance UID more than one
 *  patient identity arrived.
 *
 *  Such a study is kept and served, but has no manifest until somebody says which identity is right. What identities there are is shown to
 *  the operator on standard output, who cannot choose otherwise; none of it goes to the log. */
import { Command } from 'commander'
import { resolveIdentity } from '../manifest/study-actions.ts'
import { decide, operator } from '../storage/decisions.ts'
import { CommandFailure } from './command-line.ts'
import { changesText, STUDY_OPTIONS, valuesGiven } from './corrected-values.ts'
import { actionParts } from './manifest-parts.ts'
import { checkedUid, withParts } from './named-manifest.ts'
import { confidentialityCommand } from './study-confidentiality.ts'
import { deleteCommand } from './study-delete.ts'
import { describe, listCommand } from './study-list.ts'

export function studyCommand(): Command {
  return new Command('study')
    .description('decisions about a study: which patient is right, values that are wrong, who may see it, its deletion')
    .addCommand(listCommand())
    .addCommand(resolveCommand())
    .addCommand(updateCommand())
    .addCommand(confidentialityCommand())
    .addCommand(deleteCommand())
}

function resolveCommand(): Command {
  return new Command('resolve')
    .description('say which identity of a study is right; its manifest follows within a minute')
    .argument('<study>', 'Study Instance UID')
    .option('--identity <number>', 'the number that `ariane study list` shows')
    .action((text: string, flags: { identity?: string }, command: Command) =>
      withParts(command, async (parts) => {
        const { catalog } = parts
        const uid = checkedUid(text)
        const study = await catalog.findStudy(uid)
        if (study === undefined) throw new CommandFailure(`no such study here: ${uid}`)
        const identities = await catalog.identitiesOf(uid)
        if (flags.identity === undefined) {
          console.log(describe(study, identities))
          throw new CommandFailure('say which one is right: --identity NUMBER', { exitCode: 2 })
        }
        const chosen = identities.find((one) => String(one.number) === flags.identity)
        if (chosen === undefined) throw new CommandFailure(`the study has no identity ${flags.identity}`, { exitCode: 2 })
        await resolveIdentity(await actionParts(parts), uid, chosen.number, operator())
        console.log(`identity ${chosen.number} is in force for study ${uid}`)
      }),
    )
}

function updateCommand(): Command {
  const command = new Command('update').description('values of a study that are wrong; queries, what is sent out and its manifest follow')
  for (const { flag, what } of STUDY_OPTIONS) command.option(flag, what)
  return command
    .argument('<study>', 'Study Instance UID')
    .option('--dry-run', 'say what would change, and change nothing')
    .action((text: string, flags: Record<string, unknown>, own: Command) =>
      withParts(own, async ({ catalog, config }) => {
        const studyInstanceUid = checkedUid(text)
        const study = await catalog.findStudy(studyInstanceUid)
        if (study === undefined) throw new CommandFailure(`no such study here: ${studyInstanceUid}`)
        const values = valuesGiven(STUDY_OPTIONS, flags, study.keys)
        console.log(`study ${studyInstanceUid}\n${changesText(study.keys, values)}`)
        if (flags.dryRun === true) return console.log('nothing was changed (--dry-run)')
        await decide({ path: config.storage.path, catalog }, { kind: 'study updated', studyInstanceUid, values })
        console.log('done; its manifest follows within a minute')
      }),
    )
}
