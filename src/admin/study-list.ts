/** `ariane study list`: studies that need somebody: in conflict (more than one patient identity), withheld (no manifest, or not every one), waiting (for what
 *  makes their manifest due).
 *
 *  The identities of a conflict are shown to the operator on standard output, who cannot choose otherwise; none of it goes to the log. */
import { Command } from 'commander'
import type { StudyIdentity, StudyState } from '../catalog/contract.ts'
import { withheldStudies } from '../manifest/withheld.ts'
import { inColumns, printable } from './command-line.ts'
import { waitingStudies } from './manifest-waiting.ts'
import { withheldRows } from './manifest-withheld.ts'
import { withParts } from './named-manifest.ts'
import type { Parts } from './open-parts.ts'

interface Flags {
  readonly conflicts?: boolean
  readonly withheld?: boolean
  readonly waiting?: boolean
  readonly json?: boolean
}

export function listCommand(): Command {
  return new Command('list')
    .description('studies that need somebody: in conflict, withheld, waiting; all of them where none of these is named')
    .option('--conflicts', 'those with more than one patient identity, with their identities')
    .option('--withheld', 'those whose manifest is withheld, as `ariane manifest withheld`')
    .option('--waiting', 'those that wait for their manifest, as `ariane manifest waiting`')
    .option('--json', 'one JSON object per line; `list` says which of the three it belongs to')
    .action((flags: Flags, command: Command) => withParts(command, (parts) => list(parts, flags)))
}

async function list(parts: Parts, { json = false, ...flags }: Flags): Promise<void> {
  const isAll = !flags.conflicts && !flags.withheld && !flags.waiting
  if (isAll || flags.conflicts) await listConflicts(parts, json)
  if (isAll || flags.withheld) await listWithheld(parts, json)
  if (isAll || flags.waiting) await listWaiting(parts, json)
}

const asLine = (list: string, item: object): void => console.log(JSON.stringify({ list, ...item }))

async function listConflicts({ catalog }: Parts, json: boolean): Promise<void> {
  const studies = await catalog.studiesInConflict()
  if (studies.length === 0 && !json) console.log('no study is in conflict')
  for (const study of studies) {
    const identities = await catalog.identitiesOf(study.studyInstanceUid)
    if (json) asLine('conflict', { studyInstanceUid: study.studyInstanceUid, lastReceivedAt: study.lastReceivedAt, identities })
    else console.log(describe(study, identities))
  }
}

async function listWithheld({ catalog }: Parts, json: boolean): Promise<void> {
  const rows: (readonly string[])[] = []
  for await (const study of withheldStudies(catalog)) {
    if (json) asLine('withheld', study)
    else rows.push(...withheldRows(study))
  }
  if (json) return
  if (rows.length === 0) console.log('nothing is withheld')
  else process.stdout.write(inColumns([['WITHHELD SINCE', 'STUDY', 'LEVEL', 'DIALECT', 'BY', 'WHY'], ...rows]))
}

/** Those in conflict wait too; they are told as such. */
async function listWaiting({ catalog, config }: Parts, json: boolean): Promise<void> {
  const rows: (readonly string[])[] = []
  for await (const one of waitingStudies(catalog, config.manifest)) {
    if (one.dueAt === undefined) continue
    if (json) asLine('waiting', one)
    else rows.push([one.lastReceivedAt, one.studyInstanceUid, one.waitsFor])
  }
  if (json) return
  if (rows.length === 0) console.log('no study waits for its manifest')
  else process.stdout.write(inColumns([['LAST ARRIVAL', 'STUDY', 'WAITS FOR'], ...rows]))
}

export function describe(study: StudyState, identities: readonly StudyIdentity[]): string {
  const rows = identities.map((one) => [
    `  ${one.inForce ? '*' : ' '} ${one.number}`,
    printable(one.patientId),
    printable(one.issuerOfPatientId),
    printable(one.patientName),
    printable(one.patientBirthDate),
    printable(one.patientSex),
    String(one.instances),
  ])
  const head = `study ${study.studyInstanceUid}${study.inConflict ? ': in conflict, its manifest is withheld' : ''}`
  const titles = ['    #', 'PATIENT ID', 'ISSUER', 'NAME', 'BORN', 'SEX', 'INSTANCES']
  return `${head}\n${inColumns([titles, ...rows]).trimEnd()}`
}
