/** `ariane peer doctor`: what may be wrong between a peer and this node, and what helps.
 *
 *  Works beside a running node and without one. Exit code 1 where something is an error. */
import { Command } from 'commander'
import { examinePeer } from '../serve/peer-doctor.ts'
import { CommandFailure, printable } from './command-line.ts'
import { openParts } from './open-parts.ts'

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('look for what may be wrong with a peer: settings, its calls, its address, what it takes')
    .argument('<aeTitle>', 'a configured peer')
    .option('--json', 'as JSON')
    .action(async (title: string, options: { json?: boolean }, command: Command) => {
      const { catalog, config } = await openParts(command, { create: false })
      const seen = await catalog.peersSeen().finally(() => catalog.close())
      const peer = config.peers.find((one) => one.aeTitle === title)
      if (peer === undefined) throw new CommandFailure(`${JSON.stringify(title)} is not a peer; add it: ariane peer add ${title} HOST PORT`)
      const findings = await examinePeer(config, peer, seen)
      if (options.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`)
      else for (const { severity, message, remedy } of findings) process.stdout.write(printedFinding(severity, message, remedy))
      if (findings.some(({ severity }) => severity === 'error')) process.exitCode = 1
    })
}

function printedFinding(severity: string, message: string, remedy: string): string {
  const line = `${severity.padEnd(7)} ${printable(message)}\n`
  return remedy === '' ? line : `${line}        ${printable(remedy)}\n`
}
