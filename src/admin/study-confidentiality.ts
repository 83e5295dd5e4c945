/** `ariane study confidentiality`: who may see a study, or one series of it, whatever the rules say.
 *
 *  Holds for what is here and for what is still to come; manifests are revised at once. Works beside a running node. */
import { Command } from 'commander'
import { CONFIDENTIALITY_LEVELS, type Confidentiality, isConfidentiality } from '../dicom/confidentiality.ts'
import type { Uid } from '../dicom/uid.ts'
import { allInWords } from '../manifest/outcome-in-words.ts'
import { decideLevel } from '../manifest/study-actions.ts'
import { operator } from '../storage/decisions.ts'
import { CommandFailure, inColumns } from './command-line.ts'
import { actionParts } from './manifest-parts.ts'
import { checkedUid, withParts } from './named-manifest.ts'
import type { Parts } from './open-parts.ts'

export function confidentialityCommand(): Command {
  return new Command('confidentiality')
    .description('show or decide the confidentiality level of a study, or of one of its series')
    .argument('<study>', 'Study Instance UID')
    .argument('[level]', `one of ${CONFIDENTIALITY_LEVELS.join(', ')}`)
    .option('--series <uid>', 'of this series only')
    .option('--clear', 'let the rules of the configuration speak again, for what is still to come')
    .action((study: string, level: string | undefined, flags: { series?: string; clear?: boolean }, command: Command) =>
      withParts(command, async (parts) => {
        const studyInstanceUid = checkedUid(study)
        if (level !== undefined && flags.clear) throw new CommandFailure('either a level or --clear, not both', { exitCode: 2 })
        if (level !== undefined || flags.clear) await change(parts, studyInstanceUid, checkedLevel(level), flags.series)
        console.log(await levelsInText(parts, studyInstanceUid))
      }),
    )
}

function checkedLevel(text: string | undefined): Confidentiality | undefined {
  if (text === undefined || isConfidentiality(text)) return text
  throw new CommandFailure(`found level ${text}, expected one of ${CONFIDENTIALITY_LEVELS.join(', ')}`, { exitCode: 2 })
}

async function change(parts: Parts, studyInstanceUid: Uid, level: Confidentiality | undefined, series: string | undefined): Promise<void> {
  const seriesInstanceUid = series === undefined ? undefined : checkedUid(series)
  const outcome = await decideLevel(await actionParts(parts), { studyInstanceUid, seriesInstanceUid }, level, operator())
  if (seriesInstanceUid !== undefined && !(await isHere(parts, studyInstanceUid, seriesInstanceUid)))
    console.error(`the study has no such series here: decided for what may still come of it: ${seriesInstanceUid}`)
  if (outcome.kind === 'made' || (outcome.kind === 'withheld' && outcome.invalid.length > 0)) console.log(allInWords(outcome))
  else if (outcome.kind === 'withheld') console.log(`no manifest is made of the study: ${outcome.reason}`)
}

async function isHere({ catalog }: Parts, studyInstanceUid: Uid, seriesInstanceUid: Uid): Promise<boolean> {
  return (await catalog.evidence(studyInstanceUid)).some((series) => series.seriesInstanceUid === seriesInstanceUid)
}

async function levelsInText({ catalog }: Parts, studyInstanceUid: Uid): Promise<string> {
  const counts = (await catalog.evidence(studyInstanceUid)).flatMap((series) =>
    [...Map.groupBy(series.instances, (instance) => instance.confidentiality)].map(([level, instances]) => [
      series.seriesInstanceUid as string,
      level,
      String(instances.length),
    ]),
  )
  return counts.length === 0 ? 'the study has no instance here yet' : inColumns([['SERIES', 'LEVEL', 'INSTANCES'], ...counts]).trimEnd()
}
