/** The command `ariane`: finds the command that was asked for, loads only that one, and turns what goes wrong into one clear line.
 *
 *  Exit codes: 0 done; 1 the command found something wrong; 2 wrong usage or a mistake in the configuration.
 *  Does not: do any work of its own; each command is a file in `admin/`. */
import { Command, CommanderError } from 'commander'
import { CommandFailure, type GlobalOptions } from './admin/command-line.ts'
import type { RunningNode } from './admin/running-node.ts'
import type { ConfigSource } from './config/in-force.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { SOFTWARE_VERSION } from './dicom/implementation.ts'
import type { notifySystemd } from './endpoints/notify-systemd.ts'

/** Every command, in the order of the help. Loaded only when asked for: a start takes as long as its own imports. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./admin/demo.ts')).demoCommand(startNode),
  serve: async () => (await import('./admin/serve.ts')).serveCommand(startNode, tellManager),
  config: async () => (await import('./admin/config.ts')).configCommand(),
  peer: async () => (await import('./admin/peer.ts')).peerCommand(),
  token: async () => (await import('./admin/token.ts')).tokenCommand(),
  patient: async () => (await import('./admin/patient.ts')).patientCommand(),
  study: async () => (await import('./admin/study.ts')).studyCommand(),
  manifest: async () => (await import('./admin/manifest.ts')).manifestCommand(),
  retention: async () => (await import('./admin/retention.ts')).retentionCommand(),
  import: async () => (await import('./admin/import.ts')).importCommand(),
  check: async () => (await import('./admin/check.ts')).checkCommand(),
}

/** The node is above the commands that start it, and is handed to them. */
async function startNode(loaded: LoadedConfig, source?: ConfigSource): Promise<RunningNode> {
  return (await import('./node.ts')).startNode(loaded, source)
}

const tellManager: typeof notifySystemd = async (state) => (await import('./endpoints/notify-systemd.ts')).notifySystemd(state)

const EXIT_FAILED = 1
const EXIT_USAGE = 2

// What the node writes is about patients: nothing of it is for every user of the machine.
process.umask(0o027)
process.exitCode = await run(process.argv.slice(2))

/** @returns the exit code; a command that found something wrong may have set `process.exitCode` itself */
async function run(args: readonly string[]): Promise<number> {
  endWithReader()
  const program = new Command('ariane')
    .description('The DICOM node that spins imaging manifests.')
    .version(SOFTWARE_VERSION)
    .option('-c, --config <file>', 'configuration file (default: config/ariane.yaml where there is one)')
    .option('--debug', 'print where an error comes from')
    .showHelpAfterError('(ariane --help lists what there is)')
    .exitOverride()
  try {
    for (const command of await commandsFor(args)) program.addCommand(inheriting(command, program))
    await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    return explained(error, program.opts<GlobalOptions>().debug === true)
  }
}

/** Those whose names are among the arguments; all where none is, for the help and for suggestions. */
async function commandsFor(args: readonly string[]): Promise<Command[]> {
  const named = Object.keys(COMMANDS).filter((name) => args.includes(name))
  return Promise.all((named.length > 0 ? named : Object.keys(COMMANDS)).map((name) => COMMANDS[name]!()))
}

/** Commander hands down its settings to commands that it makes itself only. */
function inheriting(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent)
  for (const inner of command.commands) inheriting(inner, command)
  return command
}

/** Prints what went wrong (commander has done so already for wrong usage). @returns the exit code */
function explained(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
  const isMistake = error instanceof Error && error.name === 'ConfigError'
  const message = error instanceof Error ? error.message || error.name : String(error)
  process.stderr.write(`${debug && error instanceof Error ? error.stack : isMistake ? message : `ariane: ${message}`}\n`)
  if (isMistake) return EXIT_USAGE
  return error instanceof CommandFailure ? error.exitCode : EXIT_FAILED
}

/** `ariane … | head`: whoever reads our output may stop reading. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
