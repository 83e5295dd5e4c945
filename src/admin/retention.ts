/** `ariane retention list | run [--dry-run]`: the retention rules, what they would delete now, and that they do it.
 *
 *  A running node applies them daily by itself; this is for trying them, and for those who want to choose the hour themselves. Works beside a node.
 *  Exit code 1: a study could not be deleted. */
import { Command } from 'commander'
import { type OutOfTime, outOfTime, type RetentionCounts, type RetentionRule, runRetention } from '../manifest/retention.ts'
import { operator } from '../storage/decisions.ts'
import { inColumns } from './command-line.ts'
import { withParts } from './named-manifest.ts'
import { type Parts, progressLine } from './open-parts.ts'
import { deletionParts } from './study-delete.ts'

export function retentionCommand(): Command {
  return new Command('retention').description('what is deleted by itself, and when').addCommand(listCommand()).addCommand(runCommand())
}

function listCommand(): Command {
  return new Command('list')
    .description('the rules, and how many studies each would delete now')
    .option('--json', 'as one JSON object')
    .action((flags: { json?: boolean }, command: Command) =>
      withParts(command, async (parts) => {
        const { rules, hour } = parts.config.retention
        if (flags.json) return listInJson(parts)
        if (rules.length === 0) return console.log('no retention rules: nothing is ever deleted by itself')
        const counts = await countsOf(parts, rules)
        const rows = rules.map((rule) => [
          rule.name,
          String(rule.olderThanDays),
          rule.modality ?? 'any',
          rule.sender ?? 'any',
          String(counts.get(rule) ?? 0),
        ])
        process.stdout.write(inColumns([['RULE', 'DAYS', 'MODALITY', 'SENDER', 'STUDIES NOW'], ...rows]))
        console.log(`applied by a running node each day between ${hour}:00 and ${hour}:59, ${parts.config.manifest.timezone}`)
      }),
    )
}

async function listInJson(parts: Parts): Promise<void> {
  const { rules, hour } = parts.config.retention
  const counts = await countsOf(parts, rules)
  const told = rules.map((rule) => ({ ...rule, studiesNow: counts.get(rule) ?? 0 }))
  console.log(JSON.stringify({ hour, timezone: parts.config.manifest.timezone, rules: told }, null, 2))
}

async function countsOf({ catalog }: Parts, rules: readonly RetentionRule[]): Promise<ReadonlyMap<RetentionRule, number>> {
  const counts = new Map<RetentionRule, number>()
  for await (const { rule } of outOfTime({ catalog, now: Date.now }, rules)) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  return counts
}

function runCommand(): Command {
  return new Command('run')
    .description('apply the rules now')
    .option('--dry-run', 'say what would be deleted; change nothing', false)
    .option('--json', 'one JSON object for each study, then one with the sums', false)
    .action((flags: { dryRun: boolean; json: boolean }, command: Command) =>
      withParts(command, (parts) => (flags.dryRun ? tryOut(parts, flags.json) : run(parts, flags.json))),
    )
}

async function tryOut({ catalog, config }: Parts, json: boolean): Promise<void> {
  let studies = 0
  for await (const study of outOfTime({ catalog, now: Date.now }, config.retention.rules)) {
    studies++
    const inForce = (await catalog.manifestsOf(study.studyInstanceUid)).filter(({ state }) => state === 'in force').length
    if (json) console.log(JSON.stringify({ ...named(study), manifestsInForce: inForce }))
    else console.log(`would delete ${inWords(study)}, and withdraw ${inForce} manifests`)
  }
  console.log(json ? JSON.stringify({ dryRun: true, studies }) : `${studies} studies would be deleted`)
}

async function run(parts: Parts, json: boolean): Promise<void> {
  const progress = progressLine()
  const deleting = {
    ...(await deletionParts(parts)),
    progress: (step: string, instances: number) => progress.show(() => `${instances} instances ${step}`),
  }
  const counts = await runRetention(deleting, parts.config.retention.rules, operator(), (study, { instances, bytes }) => {
    progress.clear()
    console.log(
      json ? JSON.stringify({ ...named(study), instances, bytes }) : `deleted ${inWords(study)}: ${instances} instances, ${bytes} bytes`,
    )
  })
  progress.clear()
  if (json) console.log(JSON.stringify(counts))
  else console.log(sums(counts))
  if (counts.failed > 0) process.exitCode = 1
}

function sums({ studies, instances, bytes, withdrawn, failed }: RetentionCounts): string {
  return `${studies} studies deleted: ${instances} instances, ${bytes} bytes; ${withdrawn} manifests withdrawn${failed === 0 ? '' : `; ${failed} failed, see the log`}`
}

const named = ({ studyInstanceUid, lastReceivedAt, rule }: OutOfTime) => ({ studyInstanceUid, lastReceivedAt, rule: rule.name })

const inWords = ({ studyInstanceUid, lastReceivedAt, rule }: OutOfTime): string =>
  `study ${studyInstanceUid}, last received ${new Date(lastReceivedAt).toISOString().slice(0, 10)}, by rule ${rule.name}`
