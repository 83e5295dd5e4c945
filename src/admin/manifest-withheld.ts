/** `ariane manifest withheld`: studies of which no manifest, or not every manifest, is made, and why: an operator's reason, or what is not valid.
 *
 *  Works beside a running node. Says UIDs, attributes and sections of the standard, nothing of a patient. */
import { Command } from 'commander'
import { type WithheldStudy, withheldStudies } from '../manifest/withheld.ts'
import { inColumns, printable, timeInUtc } from './command-line.ts'
import { withParts } from './named-manifest.ts'

export function withheldCommand(): Command {
  return new Command('withheld')
    .description('studies whose manifest is withheld, since when, and what is wrong or who decided so')
    .option('--json', 'one JSON object per line')
    .action((flags: { json?: boolean }, command: Command) =>
      withParts(command, async ({ catalog }) => {
        const rows: (readonly string[])[] = []
        for await (const study of withheldStudies(catalog)) {
          if (flags.json) console.log(JSON.stringify(study))
          else rows.push(...withheldRows(study))
        }
        if (flags.json) return
        if (rows.length === 0) console.log('nothing is withheld')
        else process.stdout.write(inColumns([['SINCE (UTC)', 'STUDY', 'LEVEL', 'DIALECT', 'BY', 'WHY'], ...rows]))
      }),
    )
}

export function withheldRows({ studyInstanceUid, withheld }: WithheldStudy): (readonly string[])[] {
  return withheld.map(({ since, confidentiality, dialect, actor, reason }) => [
    timeInUtc(since),
    studyInstanceUid,
    confidentiality ?? 'all',
    dialect ?? 'all',
    printable(actor),
    printable(reason),
  ])
}
