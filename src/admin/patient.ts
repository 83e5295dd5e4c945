/** `ariane patient update | merge`: who a patient is, decided by an operator (decision 0016).
 *
 *  Promises: the decision is in the journal of decisions before anything changes; files stay as they are; queries, what is sent out and manifests
 *  follow. `--dry-run` says what would change and changes nothing. A patient of that ID under several issuers is asked for by issuer.
 *  Errors: CommandFailure; nothing of a patient goes to the log. */
import { Command } from 'commander'
import { COLUMNS } from '../catalog/columns.ts'
import type { Catalog, PatientSummary } from '../catalog/contract.ts'
import type { IndexKeyword } from '../dicom/index-attributes.ts'
import { decide } from '../storage/decisions.ts'
import { CommandFailure, inColumns, printable } from './command-line.ts'
import { changesText, PATIENT_OPTIONS, valuesGiven, wrong } from './corrected-values.ts'
import { withParts } from './named-manifest.ts'
import type { Parts } from './open-parts.ts'

export function patientCommand(): Command {
  return new Command('patient')
    .description('correct who a patient is: queries, what is sent out and manifests follow, files stay as they are')
    .addCommand(updateCommand())
    .addCommand(mergeCommand())
}

interface UpdateFlags {
  readonly issuer?: string
  readonly dryRun?: boolean
  readonly [option: string]: unknown
}

function updateCommand(): Command {
  const command = new Command('update').description('values of a patient that are wrong').argument('<id>', 'Patient ID')
  for (const { flag, what } of PATIENT_OPTIONS) command.option(flag, what)
  return command
    .option('--issuer <issuer>', 'which patient of this ID: Issuer of Patient ID, or the universal ID of the issuer')
    .option('--dry-run', 'say what would change, and change nothing')
    .action((id: string, flags: UpdateFlags, own: Command) => withParts(own, (parts) => update(parts, id, flags)))
}

async function update(parts: Parts, id: string, flags: UpdateFlags): Promise<void> {
  const { catalog } = parts
  const patient = await onePatient(catalog, id, flags.issuer)
  const values = valuesGiven(PATIENT_OPTIONS, flags, patient.keys)
  await refuseTaken(catalog, patient, values.PatientID, values.IssuerOfPatientID)
  console.log(`${named(patient)}: ${concerned(patient)}\n${changesText(patient.keys, values)}`)
  if (flags.dryRun) return console.log('nothing was changed (--dry-run)')
  const former = Object.fromEntries(
    (Object.keys(values) as IndexKeyword[])
      .filter((keyword) => !IDENTIFIERS.has(keyword))
      .map((keyword) => [keyword, [patient.keys[keyword] ?? '']]),
  )
  await decide({ path: parts.config.storage.path, catalog }, { kind: 'patient updated', patientKey: patient.patientKey, values, former })
  console.log('done; the manifests follow within a minute')
}

const IDENTIFIERS: ReadonlySet<IndexKeyword> = new Set(['PatientID', 'IssuerOfPatientID'])

/** Another patient has this ID already: that would be a merge, which cannot be taken back so easily. */
async function refuseTaken(catalog: Catalog, patient: PatientSummary, id?: string, issuer?: string): Promise<void> {
  if (id === undefined && issuer === undefined) return
  const same = await catalog.patientsNamed(id ?? patient.keys.PatientID ?? '')
  const taken = same.find((one) => one.issuer === (issuer ?? patient.issuer) && one.universalId === patient.universalId)
  if (taken !== undefined) throw wrong('there is a patient of that ID and issuer: is it the same one? Then: ariane patient merge FROM INTO')
}

interface MergeFlags {
  readonly issuer?: string
  readonly intoIssuer?: string
  readonly dryRun?: boolean
}

function mergeCommand(): Command {
  return new Command('merge')
    .description('two records of one patient: everything of FROM becomes INTO')
    .argument('<from>', 'Patient ID that goes')
    .argument('<into>', 'Patient ID that stays')
    .option('--issuer <issuer>', 'issuer of both, or of FROM where --into-issuer is given')
    .option('--into-issuer <issuer>', 'issuer of INTO')
    .option('--dry-run', 'say what would change, and change nothing')
    .action((from: string, into: string, flags: MergeFlags, own: Command) => withParts(own, (parts) => merge(parts, from, into, flags)))
}

async function merge(parts: Parts, fromId: string, intoId: string, flags: MergeFlags): Promise<void> {
  const { catalog } = parts
  const from = await onePatient(catalog, fromId, flags.issuer)
  const into = await onePatient(catalog, intoId, flags.intoIssuer ?? flags.issuer)
  if (from.patientKey === into.patientKey) throw wrong('a patient cannot be merged into itself')
  const changes = Object.fromEntries(
    COLUMNS.PATIENT.keywords
      .filter((keyword) => into.keys[keyword] !== undefined && into.keys[keyword] !== from.keys[keyword])
      .map((keyword) => [keyword, into.keys[keyword]!]),
  )
  console.log(`${named(from)}: ${concerned(from)} become those of ${named(into)}\n${changesText(from.keys, changes)}`)
  if (flags.dryRun) return console.log('nothing was changed (--dry-run)')
  const { patientKey: fromKey } = from
  await decide(
    { path: parts.config.storage.path, catalog },
    { kind: 'patients merged', fromKey, intoKey: into.patientKey, values: into.keys },
  )
  console.log('done; the manifests of the former patient are withdrawn, and made anew, within a minute')
}

async function onePatient(catalog: Catalog, id: string, issuer: string | undefined): Promise<PatientSummary> {
  const all = await catalog.patientsNamed(id.trim())
  const meant = issuer === undefined ? all : all.filter((one) => one.issuer === issuer || (issuer !== '' && one.universalId === issuer))
  if (meant.length === 1) return meant[0]!
  if (meant.length === 0) throw new CommandFailure(`no patient of ID ${id}${issuer === undefined ? '' : ` and issuer ${issuer}`} here`)
  const rows = meant.map((one) => [
    printable(one.issuer),
    printable(one.universalId),
    printable(one.keys.PatientName ?? ''),
    String(one.studies),
  ])
  console.log(
    inColumns([['  ISSUER', 'UNIVERSAL ID', 'NAME', 'STUDIES'], ...rows.map(([first, ...rest]) => [`  ${first}`, ...rest])]).trimEnd(),
  )
  throw wrong(`${meant.length} patients of ID ${id}: say which one: --issuer ISSUER ('' for the one that has none)`)
}

function named({ keys, issuer, universalId }: PatientSummary): string {
  const by = [issuer, universalId].filter((part) => part !== '').map(printable)
  return `patient ${printable(keys.PatientID ?? '')}${by.length === 0 ? '' : ` of ${by.join(', ')}`}`
}

function concerned({ studies, instances, manifestsInForce }: PatientSummary): string {
  return `${studies} studies, ${instances} instances, ${manifestsInForce} manifests in force`
}
