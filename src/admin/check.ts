/** `ariane check [--deep] [--repair] [--json]`: every file and every row compared.
 *
 *  Promises: without `--repair` nothing is changed. With it: a file without a row gets its row back or goes to quarantine, a row whose file is
 *  lost or damaged is removed, so that no manifest names it; nothing that cannot be read is deleted. Exit code 1 where anything was found
 *  and not repaired, or an instance is lost. May run beside a node: what was received within the last minute is left out.
 *  Does not: read data sets unless `--deep` is given. */
import { Command } from 'commander'
import { auditState } from '../manifest/audit-worker.ts'
import { adoptFile } from '../receive/adopt-file.ts'
import { judgingOf } from '../receive/confidentiality-rules.ts'
import { type BrokenRow, brokenRows, giveUp } from '../storage/broken-rows.ts'
import { lastAuditInWords } from './manifest-audit.ts'
import { openParts, type Parts, progressLine } from './open-parts.ts'

const YOUNG_MS = 60_000

export interface CheckCounts {
  files: number
  rows: number
  /** Files without a row that came within the last minute: a node may be about to write it. */
  tooYoung: number
  /** Files that no row names. */
  unnamed: number
  /** Rows whose file is lost or damaged. */
  broken: number
  repaired: number
}

interface CheckFlags {
  readonly deep: boolean
  readonly repair: boolean
  readonly json?: boolean
}

export function checkCommand(): Command {
  return new Command('check')
    .description('compare every stored file with its row in the catalog')
    .option('--deep', 'read every data set and compare its SHA-256', false)
    .option('--repair', 'rebuild missing rows, remove rows of lost or damaged files, set unreadable files aside', false)
    .option('--json', 'one JSON object: the counts, the findings, and what the last audit found')
    .action(async (flags: CheckFlags, command: Command) => {
      const parts = await openParts(command, { create: false })
      try {
        const findings: string[] = []
        const counts = await checkAll(parts, flags, flags.json ? (line) => void findings.push(line) : console.log)
        if (flags.json) console.log(JSON.stringify({ ...counts, findings, audit: await auditState(parts.catalog) }, null, 2))
        else await tellCounts(parts, counts)
        if (counts.broken > 0 || counts.unnamed + counts.broken > counts.repaired) process.exitCode = 1
      } finally {
        await parts.catalog.close()
      }
    })
}

async function tellCounts({ catalog }: Parts, counts: CheckCounts): Promise<void> {
  const audit = await lastAuditInWords(catalog)
  if (audit !== undefined) console.log(audit)
  console.log(summary(counts))
}

/** @param report  takes one line for each finding */
export async function checkAll(
  parts: Pick<Parts, 'storage' | 'catalog' | 'config'>,
  flags: CheckFlags,
  report: (line: string) => void,
): Promise<CheckCounts> {
  const counts: CheckCounts = { files: 0, rows: 0, tooYoung: 0, unnamed: 0, broken: 0, repaired: 0 }
  const progress = progressLine()
  const tell = (line: string): void => {
    progress.clear()
    report(line)
  }
  await checkFiles(parts, flags, counts, tell, () => progress.show(() => `${counts.files} files compared`))
  const onRow = (): void => {
    counts.rows++
    progress.show(() => `${counts.files} files, ${counts.rows} rows compared`)
  }
  for await (const broken of brokenRows(parts, { deep: flags.deep, onRow })) {
    counts.broken++
    tell(rowLine(broken))
    if (!flags.repair) continue
    if (await giveUp(parts, broken)) counts.repaired++
    else {
      counts.broken--
      tell(`whole again meanwhile: SOP Instance UID ${broken.facts.sopInstanceUid}`)
    }
  }
  progress.clear()
  return counts
}

/** Files first: one that is found may repair a row whose file is lost. */
async function checkFiles(
  parts: Pick<Parts, 'storage' | 'catalog' | 'config'>,
  flags: CheckFlags,
  counts: CheckCounts,
  tell: (line: string) => void,
  onFile: () => void,
): Promise<void> {
  for await (const file of parts.storage.list()) {
    counts.files++
    onFile()
    if ((await parts.catalog.findByStorageKey(file.key)) !== undefined) continue
    if (Date.now() - file.changedAt < YOUNG_MS) {
      counts.tooYoung++
      continue
    }
    if (!flags.repair) {
      counts.unnamed++
      tell(`no row: ${file.key} (${file.sizeBytes} bytes)`)
      continue
    }
    const adoption = await adoptFile({ ...parts, ...judgingOf(parts.config) }, file)
    if (adoption === 'named') continue
    counts.unnamed++
    counts.repaired++
    tell(`no row: ${file.key} (${file.sizeBytes} bytes): ${adoption}`)
  }
}

function rowLine({ facts, problem, detail }: BrokenRow): string {
  return `${problem}: ${facts.storageKey} SOP Instance UID ${facts.sopInstanceUid}: ${detail}`
}

function summary(counts: CheckCounts): string {
  const found = counts.unnamed + counts.broken
  const young = counts.tooYoung === 0 ? '' : `, ${counts.tooYoung} files are too new to be judged: check again in a minute`
  const compared = `${counts.files} files and ${counts.rows} rows compared${young}`
  if (found === 0) return `${compared}: all is well`
  return `${compared}: ${counts.unnamed} files without a row, ${counts.broken} rows without a whole file, ${counts.repaired} of ${found} settled`
}
