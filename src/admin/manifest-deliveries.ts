/** `ariane manifest deliveries`: what has not reached its target: waiting, with the last failure and the next attempt; failed for good, with the reason.
 *
 *  Works beside a running node. Says UIDs and names of targets, nothing of a patient. */
import { Command } from 'commander'
import type { Catalog, Delivery } from '../catalog/contract.ts'
import { inColumns, printable, timeInUtc } from './command-line.ts'
import { withParts } from './named-manifest.ts'

const PAGE = 200

export function deliveriesCommand(): Command {
  return new Command('deliveries')
    .description('manifests that have not reached their target: those that wait, and those that failed for good')
    .option('--waiting', 'those that wait only')
    .option('--failed', 'those that failed only')
    .option('--json', 'one JSON object per line')
    .action((flags: { waiting?: boolean; failed?: boolean; json?: boolean }, command: Command) =>
      withParts(command, async ({ catalog, config }) => {
        const configured = new Set<string>(config.publish.map(({ name }) => name))
        const isWanted = ({ state }: Delivery): boolean =>
          flags.waiting === flags.failed || (state === 'waiting' ? flags.waiting === true : flags.failed === true)
        const rows: (readonly string[])[] = []
        for await (const one of open(catalog)) {
          if (!isWanted(one)) continue
          const isConfigured = configured.has(one.target)
          if (flags.json) console.log(JSON.stringify({ ...one, isConfigured }))
          else rows.push(rowOf(one, isConfigured))
        }
        if (flags.json) return
        if (rows.length === 0) console.log('everything has reached its target')
        else process.stdout.write(inColumns([['TARGET', 'WHAT', 'STATE', 'ATTEMPTS', 'NEXT (UTC)', 'MANIFEST', 'WHY'], ...rows]))
      }),
    )
}

async function* open(catalog: Catalog): AsyncGenerator<Delivery> {
  let after: string | undefined
  do {
    const page = await catalog.deliveriesOpen(PAGE, after)
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

function rowOf(
  { target, action, state, attempts, nextAttemptAt, manifestUid, lastError }: Delivery,
  isConfigured: boolean,
): readonly string[] {
  const why = lastError ?? (isConfigured ? '' : 'its target is not in the configuration')
  return [target, action, state, String(attempts), state === 'waiting' ? timeInUtc(nextAttemptAt) : '', manifestUid, printable(why)]
}
