/** `ariane serve`: the node, until it is told to stop. */
import { Command } from 'commander'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import { reloadable } from '../config/reloadable.ts'
import { configureLog, log } from '../log.ts'
import { loadOptionsOf } from './command-line.ts'
import type { RunningNode } from './running-node.ts'

/** Tells whoever manages services how we are. */
type TellManager = (state: 'READY=1' | 'STOPPING=1') => Promise<void>

/** `startNode` is handed in by main.ts: commands lie below the node that they start. */
export function serveCommand(startNode: (loaded: LoadedConfig) => Promise<RunningNode>, tellManager: TellManager): Command {
  return new Command('serve')
    .description('receive, keep and serve studies, and emit their manifests, until stopped (SIGTERM, Ctrl-C); SIGHUP reloads')
    .action(async (_options: object, command: Command) => {
      const load = (): LoadedConfig => loadConfig(loadOptionsOf(command))
      const loaded = load()
      configureLog(loaded.config.log)
      const reload = reloadOnSignal(load, loaded)
      const node = await startNode(loaded)
      // Whoever reads this may go away; the node stays.
      process.stdout.removeAllListeners('error').on('error', () => undefined)
      process.stdout.write(welcome(loaded, node))
      await tellManager('READY=1')
      stopOnSignal(node, tellManager)
      reload.begin(node)
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

/** Listens from the beginning, for SIGHUP would end a process that does not; what comes before the node runs is done when it does. */
function reloadOnSignal(load: () => LoadedConfig, first: LoadedConfig): { begin(node: RunningNode): void } {
  let current = first.config
  let node: RunningNode | undefined
  let isAsked = false
  const reload = (): void => {
    isAsked = true
    if (node === undefined) return
    isAsked = false
    try {
      const next = load()
      if (first.file !== undefined && next.file === undefined) throw new Error(`${first.file} is not there any more`)
      const { config, needRestart } = reloadable(current, next.config)
      if (needRestart.length > 0) log.warn('these settings take effect with the next start', { keys: needRestart.join(' ') })
      current = config
      node.reload(config).catch((error: unknown) => log.error('reload failed, former configuration stays', { error: String(error) }))
    } catch (error) {
      log.error('configuration has a mistake, former one stays', { error: (error as Error).message })
    }
  }
  process.on('SIGHUP', reload)
  return {
    begin: (running) => {
      node = running
      if (isAsked) reload()
    },
  }
}

/** The first line is for programs that wait for it, the rest for people. */
function welcome({ config, file }: LoadedConfig, node: RunningNode): string {
  const host = config.dicom.host
  const peers = config.peers.length === 0 ? 'none yet' : config.peers.map((peer) => peer.aeTitle).join(', ')
  return `Ariane is listening: ${config.aeTitle}@${host}:${node.port}

  AE title       ${config.aeTitle}
  Address        ${host === '0.0.0.0' ? 'every address of this machine' : host}, port ${node.port}
  Web            ${webAddress(config, node)}
  Storage        ${config.storage.path}
  Configuration  ${file ?? 'built-in defaults (no file)'}
  Location UID   ${node.retrieveLocationUid}
  Peers          ${peers}; other callers: ${{ local: 'only from this machine', refuse: 'refused', accept: 'accepted' }[config.unknownCallers]}
  Manifests      ${config.manifest.quietSeconds} s after the last instance of a study, to ${config.publish.map((one) => one.path).join(', ') || 'nowhere but the node itself'}

What to do next
  1. Let a modality in:   ./scripts/ariane peer add CT1 10.1.2.3 104 --allow echo,store,mpps
  2. Let a viewer in:     ./scripts/ariane peer add WEASIS 10.1.2.4 11113 --allow echo,find,move,get
  3. Tell both of them:   AE title ${config.aeTitle}, port ${node.port}, and this machine's address
  Who called and was refused: ./scripts/ariane peer seen

`
}

function webAddress({ web }: LoadedConfig['config'], { webPort }: RunningNode): string {
  if (webPort === undefined) return 'not served (web.enabled: false)'
  const host = web.host === '0.0.0.0' || web.host === '::' ? '127.0.0.1' : web.host
  const scheme = web.tls.certificate === undefined ? 'http' : 'https'
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${webPort}/${web.publicUrl === undefined ? '' : `, for others ${web.publicUrl}/`}`
}
