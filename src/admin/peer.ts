/** `ariane peer …`: the peers of the configuration file. A running node takes a change at SIGHUP. */
import { Command } from 'commander'
import { loadConfig, shownAs } from '../config/load-config.ts'
import { addPeer, type NewPeer, removePeer } from '../config/peers-file.ts'
import { PEER_SERVICES, type Peer, type PeerService } from '../config/settings.ts'
import { nearest } from '../config/suggest.ts'
import { CONFIDENTIALITY_LEVELS } from '../dicom/confidentiality.ts'
import { CommandFailure, inColumns, loadOptionsOf } from './command-line.ts'
import { doctorCommand } from './peer-doctor.ts'
import { echoCommand, seenCommand } from './peer-seen.ts'

const HOW_TO_APPLY = 'A running node takes it at SIGHUP (systemctl reload ariane).'

export function peerCommand(): Command {
  return new Command('peer')
    .description('list, add, remove and try the peers that may call and be sent to; see who called')
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(removeCommand())
    .addCommand(echoCommand())
    .addCommand(seenCommand())
    .addCommand(doctorCommand())
}

function listCommand(): Command {
  return new Command('list')
    .description('list the peers in force')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }, command: Command) => {
      const { peers } = loadConfig(loadOptionsOf(command)).config
      process.stdout.write(options.json ? `${JSON.stringify(peers, null, 2)}\n` : printed(peers))
    })
}

function addCommand(): Command {
  return new Command('add')
    .description('add a peer to the configuration file, which is made where there is none')
    .argument('<aeTitle>', 'how the peer calls itself')
    .argument('[host]', 'its host name or IP address; not needed by a peer that only calls us')
    .argument('[port]', 'where it listens; not needed by a peer that only calls us')
    .option('--allow <services...>', `what it may ask of us: ${PEER_SERVICES.join(', ')} (default: all)`)
    .option('--levels <levels...>', `confidentiality levels that it may see: ${CONFIDENTIALITY_LEVELS.join(', ')} (default: N)`)
    .action((aeTitle: string, host: string | undefined, port: string | undefined, options: AddFlags, command: Command) => {
      const loadOptions = loadOptionsOf(command)
      const allow = wordsOf(options.allow) as PeerService[] | undefined
      const levels = wordsOf(options.levels) as NewPeer['levels']
      const peer: NewPeer = { aeTitle, host, port: port === undefined ? undefined : portFrom(port), allow, levels }
      const file = addPeer(loadOptions, peer)
      process.stdout.write(`Added ${aeTitle} to ${shownAs(file, loadOptions.cwd)}. ${HOW_TO_APPLY}\n`)
      warnWhereOverridden()
    })
}

interface AddFlags {
  readonly allow?: readonly string[]
  readonly levels?: readonly string[]
}

/** Words apart by spaces or commas; those that are none of ours are refused with what is expected, by the check of the file. */
function wordsOf(given: readonly string[] | undefined): string[] | undefined {
  return given?.flatMap((words) => words.split(',')).filter((word) => word !== '')
}

function removeCommand(): Command {
  return new Command('remove')
    .description('remove a peer from the configuration file')
    .argument('<aeTitle>')
    .action((aeTitle: string, _options: object, command: Command) => {
      const loadOptions = loadOptionsOf(command)
      const file = removePeer(loadOptions, aeTitle)
      if (file === undefined) throw notThere(aeTitle, loadConfig(loadOptions).config.peers)
      process.stdout.write(`Removed ${aeTitle} from ${shownAs(file, loadOptions.cwd)}. ${HOW_TO_APPLY}\n`)
      warnWhereOverridden()
    })
}

/** Text that is no number goes on as it is, to be refused with what is expected. */
function portFrom(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : (text as unknown as number)
}

function notThere(aeTitle: string, peers: readonly Peer[]): CommandFailure {
  const suggestion = nearest(
    aeTitle,
    peers.map((peer) => peer.aeTitle),
  )
  return new CommandFailure(
    `the configuration file has no peer ${JSON.stringify(aeTitle)}${suggestion === undefined ? '' : `; did you mean ${suggestion}?`}`,
  )
}

function warnWhereOverridden(): void {
  if (process.env.ARIANE_PEERS) process.stderr.write('Without effect while ARIANE_PEERS is set: it goes before the file.\n')
}

function printed(peers: readonly Peer[]): string {
  if (peers.length === 0) return 'No peers. Add one: ariane peer add AETITLE HOST PORT\n'
  const rows = peers.map((peer) => [
    peer.aeTitle,
    peer.host ?? 'any',
    peer.port === undefined ? '-' : String(peer.port),
    peer.levels.join(' '),
    peer.allow.join(' '),
  ])
  return inColumns([['AE TITLE', 'HOST', 'PORT', 'SEES', 'MAY'], ...rows])
}
