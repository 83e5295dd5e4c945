/** What a node says once it listens: where it is, and what to do next. */
import { fileToEdit, type LoadedConfig, type LoadOptions } from '../config/load-config.ts'
import { quoted } from './command-line.ts'
import type { RunningNode } from './running-node.ts'

/** The first line is for programs that wait for it, the rest for people.
 *  @param options  how the configuration was found: the commands to come next name the same one */
export function welcome(
  { config, file }: LoadedConfig,
  node: Pick<RunningNode, 'port' | 'webPort' | 'retrieveLocationUid'>,
  options: LoadOptions,
): string {
  const host = config.dicom.host
  const peers = config.peers.length === 0 ? 'none yet' : config.peers.map((peer) => peer.aeTitle).join(', ')
  const ariane = options.file === undefined ? './scripts/ariane' : `./scripts/ariane --config ${quoted(fileToEdit(options))}`
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
  1. Let a modality in:   ${ariane} peer add CT1 10.1.2.3 104 --allow echo,store,mpps
  2. Let a viewer in:     ${ariane} peer add WEASIS 10.1.2.4 11113 --allow echo,find,move,get
  3. Tell both of them:   AE title ${config.aeTitle}, port ${node.port}, and this machine's address
  Who called and was refused: ${ariane} peer seen

`
}

function webAddress({ web }: LoadedConfig['config'], { webPort }: Pick<RunningNode, 'webPort'>): string {
  if (webPort === undefined) return 'not served (web.enabled: false)'
  const host = web.host === '0.0.0.0' || web.host === '::' ? '127.0.0.1' : web.host
  const scheme = web.tls.certificate === undefined ? 'http' : 'https'
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${webPort}/${web.publicUrl === undefined ? '' : `, for others ${web.publicUrl}/`}`
}
