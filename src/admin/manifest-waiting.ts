/** `ariane manifest waiting`: studies that have no manifest for what they hold now, and what each of them waits for.
 *
 *  Works beside a running node. Says UIDs, counts and times, nothing of a patient. */
import { Command } from 'commander'
import type { Catalog } from '../catalog/contract.ts'
import type { DueRules, PendingStudy, StepsProgress } from '../catalog/contract-due.ts'
import { waitingStudy } from '../manifest/waiting-study.ts'
import { inColumns } from './command-line.ts'
import { withParts } from './named-manifest.ts'

const PAGE = 200

interface Waiting {
  readonly studyInstanceUid: string
  /** The newest manifest, which says less than the study holds; undefined where there is none yet. */
  readonly version?: number
  readonly lastReceivedAt: string
  /** Undefined where somebody has to decide first. */
  readonly dueAt?: string
  readonly waitsFor: string
  /** Procedure steps of the study, where they say something. */
  readonly steps?: StepsProgress['states']
}

export function waitingCommand(): Command {
  return new Command('waiting')
    .description('studies without a manifest for what they hold now, and what each waits for')
    .option('--json', 'one JSON object per line')
    .action((flags: { json?: boolean }, command: Command) =>
      withParts(command, async ({ catalog, config }) => {
        const rows: (readonly string[])[] = []
        for await (const one of waitingStudies(catalog, config.manifest)) {
          if (flags.json) console.log(JSON.stringify(one))
          else rows.push([one.lastReceivedAt, one.studyInstanceUid, one.version === undefined ? 'none' : String(one.version), one.waitsFor])
        }
        if (flags.json) return
        if (rows.length === 0) console.log('no study waits')
        else process.stdout.write(inColumns([['LAST ARRIVAL', 'STUDY', 'MANIFEST', 'WAITS FOR'], ...rows]))
      }),
    )
}

export async function* waitingStudies(catalog: Catalog, rules: DueRules): AsyncGenerator<Waiting> {
  let after: string | undefined
  do {
    const page = await catalog.studiesWaiting(PAGE, after)
    for (const study of page.items) yield await described(catalog, study, rules)
    after = page.next
  } while (after !== undefined)
  for (const { studyInstanceUid, lastReceivedAt } of await catalog.studiesInConflict()) {
    const decision = 'a decision: it holds more than one patient identity (ariane study list, ariane study resolve)'
    yield { ...(await common(catalog, studyInstanceUid, lastReceivedAt)), waitsFor: decision }
  }
}

async function described(catalog: Catalog, study: PendingStudy, rules: DueRules): Promise<Waiting> {
  const { dueAt, waitsFor, steps } = await waitingStudy(catalog, study, rules, Date.now())
  return {
    ...(await common(catalog, study.studyInstanceUid, study.lastReceivedAt)),
    dueAt: new Date(dueAt).toISOString(),
    waitsFor,
    ...(steps === undefined ? {} : { steps }),
  }
}

async function common(catalog: Catalog, studyInstanceUid: PendingStudy['studyInstanceUid'], lastReceivedAt: number) {
  const [newest] = await catalog.manifestsOf(studyInstanceUid)
  return { studyInstanceUid, version: newest?.version, lastReceivedAt: new Date(lastReceivedAt).toISOString() }
}
