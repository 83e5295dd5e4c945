/** `ariane manifest audit STUDY|UID|--all`: everything that manifests in force refer to, read and compared, now.
 *
 *  What is lost or damaged is given up as by the audit of a running node (manifest/audit.ts), unless `--dry-run` is given. Works beside a running node.
 *  Exit code 1 where something is lost or damaged. */
import { Command } from 'commander'
import type { Catalog, Uid } from '../catalog/contract.ts'
import { type Audited, type AuditFinding, auditStudy } from '../manifest/audit.ts'
import { type AuditPass, auditOnDemand, auditState, counted, newPass } from '../manifest/audit-worker.ts'
import { isStorageThere } from '../storage/node-identity.ts'
import { CommandFailure } from './command-line.ts'
import { checkedUid, studyOf, withParts } from './named-manifest.ts'
import { type Parts, progressLine } from './open-parts.ts'

interface Flags {
  readonly all?: boolean
  readonly json?: boolean
  readonly dryRun?: boolean
}

export function auditCommand(): Command {
  return new Command('audit')
    .description('read everything that manifests in force refer to, and say what is lost')
    .argument('[uid]', 'Study Instance UID, or UID of a manifest: its study')
    .option('--all', 'every study')
    .option('--dry-run', 'tell only: take nothing that is lost out of its manifest')
    .option('--json', 'one JSON object for each finding, and one at the end')
    .action((uid: string | undefined, flags: Flags, command: Command) =>
      withParts(command, async (parts) => {
        if ((uid === undefined) === (flags.all !== true))
          throw new CommandFailure('name one study or manifest, or say --all', { exitCode: 2 })
        const pass = await audit(parts, uid, flags)
        console.log(flags.json ? JSON.stringify({ ...pass, findings: undefined }) : passInWords(pass))
        if (pass.lost > 0) process.exitCode = 1
      }),
    )
}

async function audit(parts: Parts, uid: string | undefined, flags: Flags): Promise<AuditPass> {
  const { catalog, storage, config } = parts
  const work = { catalog, storage, dryRun: flags.dryRun === true, isThere: () => isStorageThere(config.storage.path) }
  const progress = progressLine()
  const tell = (pass: AuditPass, { findings }: Audited): void => {
    if (findings.length > 0) progress.clear()
    for (const finding of findings) console.log(flags.json ? JSON.stringify(finding) : findingInWords(finding))
    progress.show(() => `${pass.instances} instances read, ${pass.lost} lost`)
  }
  try {
    if (uid === undefined) return await auditOnDemand(work, Date.now, tell)
    let pass = newPass(Date.now())
    for await (const audited of auditStudy(work, await auditable(catalog, checkedUid(uid)))) {
      pass = counted(pass, audited)
      tell(pass, audited)
    }
    return { ...pass, finishedAt: Date.now() }
  } finally {
    progress.clear()
  }
}

async function auditable(catalog: Catalog, uid: Uid): Promise<Uid> {
  const study = await studyOf(catalog, uid)
  if (!(await catalog.manifestsOf(study)).some(({ state }) => state === 'in force'))
    throw new CommandFailure(`no manifest, and no study with one in force: ${uid}`)
  return study
}

/** What the last audit of everything has found, for `ariane check`; undefined where there was none. */
export async function lastAuditInWords(catalog: Catalog): Promise<string | undefined> {
  const { present, last } = await auditState(catalog)
  if (last === undefined) return present && `the first audit goes on: ${passInWords(present)}`
  const lines = [`last audit, ${new Date(last.finishedAt ?? last.startedAt).toISOString()}: ${passInWords(last)}`]
  return [...lines, ...last.findings.map(findingInWords)].join('\n')
}

function passInWords({ instances, bytes, lost, stopped }: AuditPass): string {
  const read = `${instances} instances and manifests (${bytes} bytes) read`
  const found = lost === 0 ? 'all is well' : `${lost} lost or damaged`
  return `${read}: ${found}${stopped === undefined ? '' : `; stopped: ${stopped}`}`
}

const findingInWords = ({ studyInstanceUid, sopInstanceUid, problem, detail }: AuditFinding): string =>
  `${problem}: SOP Instance UID ${sopInstanceUid} of study ${studyInstanceUid}: ${detail}`
