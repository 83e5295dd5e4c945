/** `ariane manifest history | withdraw`: what became of the manifests of a study and why, and taking them back.
 *
 *  A UID is a study's, or that of a manifest, whose study is then meant. Works beside a running node. */
import { Command } from 'commander'
import type { HistoryEntry, ManifestRecord, StudyState, Uid } from '../catalog/contract.ts'
import { levelsOf } from '../manifest/chains.ts'
import { withdrawAll } from '../manifest/study-actions.ts'
import { type Withheld, withheldOf } from '../manifest/withheld.ts'
import { operator } from '../storage/decisions.ts'
import { CommandFailure, inColumns, timeInUtc } from './command-line.ts'
import { actionParts } from './manifest-parts.ts'
import { checkedUid, studyOf, withParts } from './named-manifest.ts'
import type { Parts } from './open-parts.ts'

export function historyCommand(): Command {
  return new Command('history')
    .description('what became of the manifests of a study, when, why, and by whom')
    .argument('<study>', 'UID of a study, or of one of its manifests')
    .option('--json', 'the state and every transition as JSON')
    .action((what: string, flags: { json?: boolean }, command: Command) =>
      withParts(command, async (parts) => {
        const told = await historyOf(parts, what)
        console.log(flags.json ? JSON.stringify(told, null, 2) : inText(told))
      }),
    )
}

export function withdrawCommand(): Command {
  return new Command('withdraw')
    .description('take the manifests of a study back: whoever was given them is told, and none is made until `ariane manifest build`')
    .argument('<study>', 'UID of a study, or of one of its manifests')
    .requiredOption('--reason <text>', 'why, for the history of the study and the log: no name of a patient')
    .action((what: string, flags: { reason: string }, command: Command) =>
      withParts(command, async (parts) => {
        const studyInstanceUid = await studyOf(parts.catalog, checkedUid(what))
        if ((await parts.catalog.findStudy(studyInstanceUid)) === undefined)
          throw new CommandFailure(`no such study here: ${studyInstanceUid}`)
        console.log(withdrawnInWords(await withdrawAll(await actionParts(parts), studyInstanceUid, flags.reason, operator())))
      }),
    )
}

interface StudyHistory {
  readonly studyInstanceUid: Uid
  /** In words: what holds now. */
  readonly state: string
  readonly inForce: readonly ManifestRecord[]
  readonly history: readonly HistoryEntry[]
}

async function historyOf(parts: Parts, what: string): Promise<StudyHistory> {
  const { catalog } = parts
  const studyInstanceUid = await studyOf(catalog, checkedUid(what))
  const [study, records, history] = await Promise.all([
    catalog.findStudy(studyInstanceUid),
    catalog.manifestsOf(studyInstanceUid),
    catalog.historyOf(studyInstanceUid),
  ])
  if (study === undefined && history.length === 0) throw new CommandFailure(`no such study here, and none that was: ${studyInstanceUid}`)
  const inForce = records.filter((record) => record.state === 'in force')
  return {
    studyInstanceUid,
    state: stateOf(
      study,
      inForce,
      records,
      study === undefined ? [] : withheldOf(study, history, levelsOf(await catalog.evidence(studyInstanceUid))),
    ),
    inForce,
    history,
  }
}

function stateOf(
  study: StudyState | undefined,
  inForce: readonly ManifestRecord[],
  records: readonly ManifestRecord[],
  withheld: readonly Withheld[],
): string {
  if (study === undefined) return 'not here any more'
  if (study.inConflict) return 'in conflict: more than one patient identity, see `ariane study list`'
  const whole = withheld.find(({ dialect }) => dialect === undefined)
  if (whole !== undefined) return `withheld: ${whole.reason}`
  if (study.revision > study.manifestRevision) return `collecting: last instance received ${timeInUtc(study.lastReceivedAt)}`
  const chains = withheld.map(({ confidentiality, dialect }) => `(${confidentiality}, ${dialect})`)
  const invalid = chains.length === 0 ? [] : [`withheld, not valid: ${chains.join(', ')}`]
  const held = inForce.map((one) => `version ${one.version} (${one.confidentiality}, ${one.dialect})`)
  if (held.length > 0) return [`in force: ${held.join(', ')}`, ...invalid].join('; ')
  if (invalid[0] !== undefined) return invalid[0]
  return records.length > 0 ? 'withdrawn: there is nothing left to refer to' : 'there is nothing to refer to'
}

function inText({ studyInstanceUid, state, history }: StudyHistory): string {
  const rows = history.map((entry) => [
    timeInUtc(entry.at),
    entry.state,
    entry.confidentiality ?? '',
    entry.dialect ?? '',
    entry.actor,
    entry.reason,
    entry.manifestUid ?? '',
  ])
  const titles = ['WHEN (UTC)', 'STATE', 'LEVEL', 'DIALECT', 'BY', 'WHY', 'MANIFEST']
  const table = rows.length === 0 ? 'nothing has happened yet\n' : inColumns([titles, ...rows])
  return `study ${studyInstanceUid}\nnow ${state}\n\n${table.trimEnd()}`
}

function withdrawnInWords(withdrawn: readonly ManifestRecord[]): string {
  const lines = withdrawn.map((one) => `withdrawn: version ${one.version} (${one.confidentiality}, ${one.dialect}): ${one.sopInstanceUid}`)
  return [...lines, 'no manifest is made of the study until `ariane manifest build`'].join('\n')
}
