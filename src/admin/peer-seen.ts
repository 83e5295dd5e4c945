/** `ariane peer seen` and `ariane peer echo`: who knocked and what became of it; whether a peer can be reached and takes us. */
import { Command } from 'commander'
import type { SeenPeer } from '../catalog/contract.ts'
import { loadConfig } from '../config/load-config.ts'
import { NodeError, statusInHex } from '../errors.ts'
import { echoPeer, isReachable } from '../serve/peer-echo.ts'
import { CommandFailure, inColumns, loadOptionsOf, quoted, timeInUtc } from './command-line.ts'
import { openParts } from './open-parts.ts'

export function seenCommand(): Command {
  return new Command('seen')
    .description('list who called, known or not, why it was rejected, and how to let it in')
    .option('--rejected', 'only those whose last call was rejected')
    .option('--json', 'as JSON')
    .action(async (options: { rejected?: boolean; json?: boolean }, command: Command) => {
      const { catalog, config } = await openParts(command, { create: false })
      const seen = (await catalog.peersSeen()).filter((one) => !options.rejected || one.outcome === 'rejected')
      await catalog.close()
      if (options.json) process.stdout.write(`${JSON.stringify(seen, null, 2)}\n`)
      else if (seen.length === 0) process.stdout.write('Nobody has called yet.\n')
      else {
        const rows = seen.map((one) => [
          timeInUtc(one.lastSeenAt),
          printable(one.callingAeTitle),
          one.address,
          `${one.count} x`,
          one.outcome === 'accepted' ? 'accepted' : `rejected: ${one.reason}`,
        ])
        process.stdout.write(inColumns([['LAST SEEN (UTC)', 'CALLING AE', 'ADDRESS', 'CALLS', 'OUTCOME'], ...rows]))
        const known = new Set(config.peers.map((peer) => peer.aeTitle as string))
        for (const one of seen.filter((one) => isToBeAdded(one, known))) {
          process.stdout.write(`To let it in:  ariane peer add ${quoted(one.callingAeTitle)} ${one.address}\n`)
        }
        if (seen.some((one) => one.calledAeTitle === 'web'))
          process.stdout.write('To let one in on the web:  ariane token create NAME --rights find get\n')
        if (seen.some((one) => isToBeAdded(one, known))) {
          process.stdout.write('A viewer that C-MOVE sends to also needs the port where it listens, after the address.\n')
        }
      }
    })
}

export function echoCommand(): Command {
  return new Command('echo')
    .description('call a peer with C-ECHO: can it be reached, does it take us')
    .argument('<aeTitle>', 'a configured peer')
    .action(async (title: string, _options: object, command: Command) => {
      const { config } = loadConfig(loadOptionsOf(command))
      const peer = config.peers.find((one) => one.aeTitle === title)
      if (!isReachable(peer)) {
        throw new CommandFailure(`${JSON.stringify(title)} is not a peer with host and port; add it: ariane peer add ${title} HOST PORT`)
      }
      const { status, milliseconds } = await echoPeer(config, peer).catch((error: unknown) => {
        if (!(error instanceof NodeError)) throw error
        throw new CommandFailure(`${title} at ${peer.host}:${peer.port}: ${error.inWords}`)
      })
      if (status !== 0) throw new CommandFailure(`${title} answered C-ECHO with status ${statusInHex(status)}`)
      process.stdout.write(`${title} at ${peer.host}:${peer.port} answers (${milliseconds.toFixed(0)} ms).\n`)
    })
}

/** Rejected for its calling AE title, which can be added. */
function isToBeAdded({ outcome, reason, callingAeTitle }: SeenPeer, known: ReadonlySet<string>): boolean {
  return outcome === 'rejected' && reason.startsWith('calling AE title not known') && !known.has(callingAeTitle) && isTitle(callingAeTitle)
}

/** A peer's text goes to a terminal without its control characters. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}

function isTitle(text: string): boolean {
  return /^[\x21-\x5b\x5d-\x7e][\x20-\x5b\x5d-\x7e]{0,15}$/.test(text)
}
