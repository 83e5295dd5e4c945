/** `ariane serve`: the node, until it is told to stop. */
import { Command } from 'commander'
import type { ConfigSource } from '../config/in-force.ts'
import { ConfigError, type LoadedConfig, type LoadOptions, loadConfig } from '../config/load-config.ts'
import { reloadable } from '../config/reloadable.ts'
import type { Config } from '../config/settings.ts'
import { configureLog, log } from '../log.ts'
import { collectGarbage } from './collect-garbage.ts'
import { loadOptionsOf } from './command-line.ts'
import type { RunningNode } from './running-node.ts'
import { welcome } from './welcome.ts'

/** Tells whoever manages services how we are. */
type TellManager = (state: 'READY=1' | 'STOPPING=1') => Promise<void>

/** `startNode` is handed in by main.ts: commands lie below the node that they start. */
export function serveCommand(
  startNode: (loaded: LoadedConfig, source: ConfigSource) => Promise<RunningNode>,
  tellManager: TellManager,
): Command {
  return new Command('serve')
    .description('receive, keep and serve studies, and emit their manifests, until stopped (SIGTERM, Ctrl-C); SIGHUP reloads')
    .action(async (_options: object, command: Command) => {
      const source = new Reloading(loadOptionsOf(command))
      const loaded = source.current()
      configureLog(loaded.config.log)
      const node = await startNode(loaded, source)
      // Whoever reads this may go away; the node stays.
      process.stdout.removeAllListeners('error').on('error', () => undefined)
      process.stdout.write(welcome(loaded, node, source.options))
      collectGarbage()
      await tellManager('READY=1')
      stopOnSignal(node, tellManager)
      source.begin(node)
    })
}

function stopOnSignal(node: RunningNode, tellManager: TellManager): void {
  let isStopping = false
  const stop = (signal: string): void => {
    // A second signal means now.
    if (isStopping) process.exit(130)
    isStopping = true
    log.info('stopping', { signal })
    void tellManager('STOPPING=1')
    node.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('stopped with an error', { error: String(error) })
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
}

/** The configuration of a running node, read again at SIGHUP or when somebody asks. SIGHUP is listened to from the beginning, for it would end a process
 *  that does not; what comes before the node runs is done when it does. */
class Reloading implements ConfigSource {
  readonly options: LoadOptions
  #loaded: LoadedConfig
  #current: Config
  #node: RunningNode | undefined
  #isAsked = false

  constructor(options: LoadOptions) {
    this.options = options
    this.#loaded = loadConfig(options)
    this.#current = this.#loaded.config
    process.on('SIGHUP', () => void this.#onSignal())
  }

  current(): LoadedConfig {
    return this.#loaded
  }

  begin(node: RunningNode): void {
    this.#node = node
    if (this.#isAsked) void this.#onSignal()
  }

  async reload(): Promise<void> {
    if (this.#node === undefined) return
    const next = loadConfig(this.options)
    if (this.#loaded.file !== undefined && next.file === undefined) throw new ConfigError([`${this.#loaded.file} is not there any more`])
    const { config, needRestart } = reloadable(this.#current, next.config)
    if (needRestart.length > 0) log.warn('these settings take effect with the next start', { keys: needRestart.join(' ') })
    this.#loaded = next
    this.#current = config
    await this.#node.reload(config)
  }

  async #onSignal(): Promise<void> {
    this.#isAsked = true
    if (this.#node === undefined) return
    this.#isAsked = false
    await this.reload().catch((error: Error) => {
      if (error instanceof ConfigError) log.error('configuration has a mistake, former one stays', { error: error.message })
      else log.error('reload failed, former configuration stays', { error: String(error) })
    })
  }
}
