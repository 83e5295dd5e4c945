/** Who may call, and what for: the configured peers, and `unknownCallers` for everybody else.
 *
 *  Promises: a peer with a configured host is taken in from that host's addresses only, whatever `unknownCallers` says: its title from
 *  elsewhere is somebody else's. With `unknownCallers: local` a caller that is not known may in from this machine alone. Rejections carry
 *  the reason of PS3.8 Table 9-21 and words for `ariane peer seen`.
 *  This machine is every address that it has: a peer of host 127.0.0.1 may also call by the machine's address in the network.
 *  Host names are resolved when the book is made and on each reload, never while a caller waits; one that could not be is tried again
 *  when the peer calls, at most every {@link RETRY_MS}: the next call then finds it. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Config, PEER_SERVICES, type Peer, type PeerService } from '../config/settings.ts'
import type { AeTitle } from '../dicom/ae-title.ts'
import { type Confidentiality, type LevelSet, levelSet } from '../dicom/confidentiality.ts'
import type { AssociationRequest, Rejection } from '../dimse/contract.ts'
import { log } from '../log.ts'

/** Nothing that anybody has called confidential is for those who are let in without being known. */
const OF_UNKNOWN_CALLERS: readonly Confidentiality[] = ['N']

const RETRY_MS = 10_000

const EVERYTHING: readonly PeerService[] = PEER_SERVICES

export interface PeerBook {
  /** @returns undefined to let the caller in */
  admit(request: AssociationRequest): Rejection | undefined
  mayUse(request: AssociationRequest, right: PeerService): boolean
  /** The peer that a caller is known as. */
  peerOf(request: AssociationRequest): Peer | undefined
  byTitle(title: string): Peer | undefined
  /** Confidentiality levels that the caller may see. */
  levelsOf(caller: Pick<AssociationRequest, 'callingAeTitle' | 'calledAeTitle' | 'address'>): LevelSet
}

export async function openPeerBook(config: Pick<Config, 'aeTitle' | 'peers' | 'unknownCallers'>): Promise<PeerBook> {
  const addresses = new Map<string, ReadonlySet<string> | undefined>()
  const resolveAll = (): Promise<unknown> =>
    Promise.all(
      config.peers
        .filter((peer) => (addresses.get(peer.aeTitle)?.size ?? 0) === 0)
        .map(async (peer) => addresses.set(peer.aeTitle, await addressesOf(peer))),
    )
  await resolveAll()
  let triedAt = performance.now()
  const tryAgain = (): void => {
    if (performance.now() - triedAt < RETRY_MS) return
    triedAt = performance.now()
    void resolveAll()
  }
  const peers = new Map(config.peers.map((peer) => [peer.aeTitle as string, peer]))

  const peerOf = (request: AssociationRequest): Peer | undefined => {
    const peer = peers.get(request.callingAeTitle)
    const known = addresses.get(request.callingAeTitle)
    if (known?.size === 0) tryAgain()
    return peer !== undefined && (known === undefined || holds(known, canonicalAddress(request.address))) ? peer : undefined
  }
  const isTolerated = (request: AssociationRequest): boolean =>
    !peers.has(request.callingAeTitle) &&
    (config.unknownCallers === 'accept' || (config.unknownCallers === 'local' && isThisMachine(request.address)))

  return {
    peerOf,
    byTitle: (title) => peers.get(title),
    levelsOf: (caller) => levelSet(peerOf(caller)?.levels ?? (isTolerated(caller) ? OF_UNKNOWN_CALLERS : [])),
    admit: (request) => {
      if (request.calledAeTitle !== (config.aeTitle as AeTitle)) {
        return { result: 1, source: 1, reason: 7, why: `called AE title is not ours (${config.aeTitle})` }
      }
      if (peerOf(request) !== undefined || isTolerated(request)) return undefined
      const why = peers.has(request.callingAeTitle) ? 'known, but calls from another host than configured' : 'calling AE title not known'
      return { result: 1, source: 1, reason: 3, why }
    },
    mayUse: (request, right) => (peerOf(request)?.allow ?? (isTolerated(request) ? EVERYTHING : [])).includes(right),
  }
}

/** @returns undefined where the peer has no host: any address will do */
async function addressesOf(peer: Peer): Promise<ReadonlySet<string> | undefined> {
  if (peer.host === undefined) return undefined
  if (isIP(peer.host) !== 0) return new Set([canonicalAddress(peer.host)])
  try {
    const found = await lookup(peer.host, { all: true })
    return new Set(found.map((one) => canonicalAddress(one.address)))
  } catch (error) {
    log.warn('host of a peer cannot be resolved, its calls are rejected until it can be', {
      peer: peer.aeTitle,
      host: peer.host,
      error: String(error),
    })
    return new Set()
  }
}

/** One text for one address: IPv6 as RFC 5952 writes it, an IPv4 address mapped into IPv6 as IPv4. */
export function canonicalAddress(address: string): string {
  if (isIP(address) !== 6) return address
  const text = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text)
  if (mapped === null) return text
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)]
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

function holds(known: ReadonlySet<string>, address: string): boolean {
  return known.has(address) || ([...known].some(isLoopback) && isThisMachine(address))
}

/** @param address  as the socket tells it */
export function isThisMachine(address: string): boolean {
  const one = canonicalAddress(address)
  return (
    isLoopback(one) ||
    Object.values(networkInterfaces()).some((interfaces) => interfaces?.some((its) => canonicalAddress(its.address) === one))
  )
}

/** @param address  as {@link canonicalAddress} gives it */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}
