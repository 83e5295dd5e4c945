/** `/api/peers`: who may call, who called, what may be wrong with one of them; a peer is added as `ariane peer add` does it, and in force at once.
 *
 *  Text of whoever called is as they sent it. */
import { ConfigError } from '../../config/load-config.ts'
import { addPeer } from '../../config/peers-file.ts'
import { PEER_SERVICES, type Peer, type PeerService } from '../../config/settings.ts'
import type { WebRight } from '../../dicom/web-rights.ts'
import { type WebCaller, WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { NodeError, statusInHex } from '../../errors.ts'
import { log } from '../../log.ts'
import { examinePeer } from '../../serve/peer-doctor.ts'
import { echoPeer, isReachable } from '../../serve/peer-echo.ts'
import type { StatusParts } from '../status/status-parts.ts'
import type { WebRoute } from '../web/web-route.ts'
import { DOCTOR, DONE, ECHO, type Echo, NEW_PEER, type NewPeerBody, PEERS, type Peers } from './api-contract.ts'
import { jsonRoute } from './json-route.ts'
import { iso } from './now.ts'
import { isSeen } from './seen-levels.ts'

export function peerRoutes(parts: StatusParts): WebRoute[] {
  return [
    jsonRoute({
      method: 'GET',
      path: '/api/peers',
      right: 'status',
      summary: 'Peers of the configuration, and who called, known or not',
      answer: PEERS,
      serve: () => peers(parts),
    }),
    jsonRoute({
      method: 'POST',
      path: '/api/peers',
      right: 'operate',
      summary: 'Add a peer to the configuration file; it may call at once',
      body: NEW_PEER,
      answer: DONE,
      serve: async ({ caller }, { body }) => {
        refuseAbove(body, caller)
        return { done: await added(parts, body, caller.name) }
      },
    }),
    jsonRoute({
      method: 'POST',
      path: '/api/peers/:aeTitle/echo',
      right: 'operate',
      summary: 'Call a peer with C-ECHO',
      answer: ECHO,
      serve: async (request) => echo(parts, peerNamed(parts, request)),
    }),
    jsonRoute({
      // It calls somebody: no link of another page leads to that.
      method: 'POST',
      path: '/api/peers/:aeTitle/doctor',
      right: 'operate',
      summary: 'Look for what may be wrong with a peer; calls it',
      answer: DOCTOR,
      serve: async (request) => {
        const peer = peerNamed(parts, request)
        return { findings: [...(await examinePeer(parts.config(), peer, await parts.catalog.peersSeen()))] }
      },
    }),
  ]
}

/** What a peer reads by, as the right that a caller on the web needs for the same. */
const READS: Partial<Record<PeerService, WebRight>> = { find: 'find', move: 'get', get: 'get' }

/** Else whoever operates could let a program of its own see what it may not.
 *  @throws WebRefusal 403 */
function refuseAbove({ levels = ['N'], allow }: NewPeerBody, caller: WebCaller): void {
  const services: readonly PeerService[] = allow ?? PEER_SERVICES
  const above = levels.find((level) => !isSeen(level, caller.levels))
  if (above !== undefined) throw new WebRefusal(403, `levels: ${above} is one that you may not see yourself`)
  const beyond = services.find((service) => READS[service] !== undefined && !caller.rights.has(READS[service]))
  if (beyond !== undefined) throw new WebRefusal(403, `allow: ${beyond} needs the right "${READS[beyond]}", which you do not have yourself`)
}

async function peers({ catalog, config }: StatusParts): Promise<Peers> {
  const seen = await catalog.peersSeen()
  const lastSeen = new Map(seen.toReversed().map(({ callingAeTitle, lastSeenAt }) => [callingAeTitle, lastSeenAt]))
  return {
    known: config().peers.map(({ aeTitle, host, port, allow, levels }) => {
      const at = lastSeen.get(aeTitle)
      return {
        aeTitle,
        ...(host === undefined ? {} : { host }),
        ...(port === undefined ? {} : { port }),
        allow: [...allow],
        levels: [...levels],
        ...(at === undefined ? {} : { lastSeenAt: iso(at) }),
      }
    }),
    seen: seen.map(({ firstSeenAt, lastSeenAt, ...one }) => ({ ...one, firstSeenAt: iso(firstSeenAt), lastSeenAt: iso(lastSeenAt) })),
  }
}

function peerNamed({ config }: StatusParts, { params }: WebRequest): Peer {
  const peer = config().peers.find(({ aeTitle }) => aeTitle === params.aeTitle)
  if (peer === undefined) throw new WebRefusal(404, 'aeTitle: no such peer in the configuration')
  return peer
}

async function added({ source }: StatusParts, peer: NewPeerBody, actor: string): Promise<string> {
  if (source === undefined) throw new WebRefusal(409, 'this node was started without a configuration file that could be changed')
  try {
    addPeer(source.options, peer)
  } catch (error) {
    if (error instanceof ConfigError) throw new WebRefusal(400, error.message, {}, { cause: error })
    if (typeof (error as NodeJS.ErrnoException).code === 'string')
      throw new WebRefusal(409, `the configuration file cannot be written (${(error as NodeJS.ErrnoException).code})`, {}, { cause: error })
    throw error
  }
  log.info('peer added', { peer: peer.aeTitle, actor })
  await source.reload()
  if (source.options.env.ARIANE_PEERS) return `${peer.aeTitle} is in the file, without effect: ARIANE_PEERS is set and goes before it`
  return `${peer.aeTitle} is a peer now`
}

async function echo({ config }: StatusParts, peer: Peer): Promise<Echo> {
  if (!isReachable(peer)) return { ok: false, why: 'nobody said where it listens: it has no host and port' }
  try {
    const { status, milliseconds } = await echoPeer(config(), peer)
    const ok = status === 0
    return { ok, milliseconds: Math.round(milliseconds), ...(ok ? {} : { why: `it answered with status ${statusInHex(status)}` }) }
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    return { ok: false, why: error.inWords }
  }
}
