/** What may be wrong between a peer and this node, each with its remedy: for `ariane peer doctor`, and for the page.
 *
 *  Promises: looks at the settings, at who called, and once at the peer itself (address, association, C-ECHO, what it takes by C-STORE); a few seconds at
 *  most. Never throws for what a peer does. Does not: send anything of a patient, or change a setting. */
import { lookup } from 'node:dns/promises'
import type { SeenPeer } from '../catalog/contract.ts'
import type { Config, Peer } from '../config/settings.ts'
import { sopClassName } from '../dicom/sop-classes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, transferSyntax } from '../dicom/transfer-syntaxes.ts'
import type { WantedContext } from '../dimse/connect.ts'
import type { OutboundAssociation } from '../dimse/contract.ts'
import { NodeError, statusInHex } from '../errors.ts'
import { associateWith, ECHO_CONTEXT, isReachable, type ReachablePeer } from './peer-echo.ts'

export interface PeerFinding {
  readonly severity: 'ok' | 'note' | 'warning' | 'error'
  readonly message: string
  /** '' where all is well. */
  readonly remedy: string
}

/** @param seen  everybody who called */
export async function examinePeer(config: Config, peer: Peer, seen: readonly SeenPeer[]): Promise<readonly PeerFinding[]> {
  const names = peer.host === undefined ? { addresses: [], findings: [] } : await resolved(peer.host)
  const settled = [...rightsOf(peer), ...names.findings, ...callsOf(peer, seen, names.addresses, config)]
  return isReachable(peer) && names.addresses.length > 0 ? [...settled, ...(await called(config, peer))] : settled
}

const ok = (message: string): PeerFinding => ({ severity: 'ok', message, remedy: '' })

function rightsOf(peer: Peer): readonly PeerFinding[] {
  const { aeTitle, allow, levels } = peer
  const findings: PeerFinding[] = []
  if (allow.length === 0)
    findings.push({ severity: 'error', message: 'it may do nothing here', remedy: `give it rights: ${again(peer, 'echo store')}` })
  if (allow.includes('move') && !isReachable(peer))
    findings.push({
      severity: 'warning',
      message: 'it may ask for C-MOVE, but nobody said where it listens: nothing can be sent to it',
      remedy: `ariane peer remove ${aeTitle}, then ariane peer add ${aeTitle} HOST PORT --allow ${allow.join(' ')}`,
    })
  if ((allow.includes('move') || allow.includes('get')) && !allow.includes('find'))
    findings.push({
      severity: 'note',
      message: 'it may retrieve, but not search (find)',
      remedy: again(peer, [...allow, 'find'].join(' ')),
    })
  if (!allow.includes('echo'))
    findings.push({ severity: 'note', message: 'its test button (C-ECHO) is refused', remedy: again(peer, [...allow, 'echo'].join(' ')) })
  if (levels.length === 0 && allow.some((right) => right === 'find' || right === 'move' || right === 'get'))
    findings.push({
      severity: 'error',
      message: 'it may see no confidentiality level: every search is empty',
      remedy: 'give it levels: N at least',
    })
  if (findings.length === 0) findings.push(ok(`it may: ${allow.join(', ')}; it sees level ${levels.join(', ')}`))
  return findings
}

const again = ({ aeTitle, host, port }: Peer, allow: string): string =>
  `ariane peer remove ${aeTitle}, then ariane peer add ${[aeTitle, host, port].filter((part) => part !== undefined).join(' ')} --allow ${allow}`

async function resolved(host: string): Promise<{ addresses: readonly string[]; findings: readonly PeerFinding[] }> {
  try {
    const addresses = (await lookup(host, { all: true })).map(({ address }) => address)
    return { addresses, findings: addresses.includes(host) ? [] : [ok(`its host ${host} is ${addresses.join(', ')}`)] }
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown'
    const message = `its host ${host} cannot be resolved (${why}): it is refused, and nothing can be sent to it`
    return { addresses: [], findings: [{ severity: 'error', message, remedy: 'correct the name, put it into DNS, or use the address' }] }
  }
}

/** What became of its calls, newest first. */
function callsOf(peer: Peer, seen: readonly SeenPeer[], addresses: readonly string[], config: Config): readonly PeerFinding[] {
  const calls = seen.filter((one) => one.callingAeTitle === peer.aeTitle).sort((a, b) => b.lastSeenAt - a.lastSeenAt)
  if (calls.length === 0)
    return [{ severity: 'note', message: 'it has never called', remedy: `tell it: AE title ${config.aeTitle}, port ${config.dicom.port}` }]
  return calls.slice(0, 5).map((call) => callOf(call, addresses, config))
}

function callOf(call: SeenPeer, addresses: readonly string[], config: Config): PeerFinding {
  const { address, outcome, reason, lastSeenAt, calledAeTitle } = call
  const when = `${new Date(lastSeenAt).toISOString().slice(0, 19)}Z`
  if (outcome === 'accepted') return ok(`it called from ${address}, last at ${when}`)
  const message = `its call from ${address} at ${when} was refused: ${reason}`
  if (calledAeTitle !== config.aeTitle)
    return { severity: 'error', message, remedy: `on the peer, correct the AE title that it calls: ${config.aeTitle}` }
  if (addresses.length > 0 && !addresses.includes(address))
    return {
      severity: 'error',
      message: `${message}; it is configured at ${addresses.join(', ')}`,
      remedy: `if that is it, correct its host to ${address}; if not, somebody else uses its AE title`,
    }
  return { severity: 'error', message, remedy: 'once the reason is gone, let it call again' }
}

async function called(config: Config, peer: ReachablePeer): Promise<readonly PeerFinding[]> {
  let association: OutboundAssociation
  try {
    association = await associateWith(config, peer, [ECHO_CONTEXT])
  } catch (error) {
    return [unreached(config, peer, error)]
  }
  const at = `${peer.host}:${peer.port}`
  try {
    const status = await association.echo()
    await association.release()
    const findings: PeerFinding[] = [
      status === 0
        ? ok(`it answers C-ECHO at ${at}`)
        : { severity: 'warning', message: `it answers C-ECHO with status ${statusInHex(status)}`, remedy: 'see the log of the peer' },
    ]
    return [...findings, ...(await storableBy(config, peer))]
  } catch (error) {
    association.abort()
    const message = `it takes our association at ${at}, but C-ECHO fails: ${inWords(error)}`
    return [{ severity: 'warning', message, remedy: `on the peer, allow C-ECHO (Verification) to ${config.aeTitle}` }]
  }
}

function unreached(config: Config, peer: ReachablePeer, error: unknown): PeerFinding {
  const at = `${peer.host}:${peer.port}`
  if (error instanceof NodeError && error.code === 'PEER_REJECTED')
    return {
      severity: 'error',
      message: `it listens at ${at}, but rejects us: ${inWords(error)}`,
      remedy: `on the peer, make ${config.aeTitle} with the address of this machine known, and check that its own AE title is ${peer.aeTitle}`,
    }
  return {
    severity: 'error',
    message: `it does not answer at ${at}: ${inWords(error)}`,
    remedy: 'check that it runs, its port, and the firewalls between',
  }
}

const inWords = (error: unknown): string => (error instanceof NodeError ? error.inWords : String(error))

/** What is sent most. */
const CLASSES = [
  '1.2.840.10008.5.1.4.1.1.1',
  '1.2.840.10008.5.1.4.1.1.1.1',
  '1.2.840.10008.5.1.4.1.1.1.2',
  '1.2.840.10008.5.1.4.1.1.2',
  '1.2.840.10008.5.1.4.1.1.2.1',
  '1.2.840.10008.5.1.4.1.1.4',
  '1.2.840.10008.5.1.4.1.1.4.1',
  '1.2.840.10008.5.1.4.1.1.6.1',
  '1.2.840.10008.5.1.4.1.1.3.1',
  '1.2.840.10008.5.1.4.1.1.7',
  '1.2.840.10008.5.1.4.1.1.12.1',
  '1.2.840.10008.5.1.4.1.1.20',
  '1.2.840.10008.5.1.4.1.1.128',
  '1.2.840.10008.5.1.4.1.1.88.59',
]
/** Lossless and lossy JPEG, JPEG-LS, JPEG 2000 both ways, RLE. */
const COMPRESSED = [
  '1.2.840.10008.1.2.4.70',
  '1.2.840.10008.1.2.4.50',
  '1.2.840.10008.1.2.4.80',
  '1.2.840.10008.1.2.4.90',
  '1.2.840.10008.1.2.4.91',
  '1.2.840.10008.1.2.5',
]

/** One context for each pair, so that each is answered by itself: 98, and there may be 128. */
const STORAGE_CONTEXTS: readonly WantedContext[] = CLASSES.flatMap((abstractSyntax) => [
  { abstractSyntax, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN] },
  ...COMPRESSED.map((syntax) => ({ abstractSyntax, transferSyntaxes: [syntax] })),
])

async function storableBy(config: Config, peer: ReachablePeer): Promise<readonly PeerFinding[]> {
  try {
    const association = await associateWith(config, peer, STORAGE_CONTEXTS)
    const accepted = CLASSES.map((uid) => ({ uid, syntaxes: association.storeSyntaxes(uid) }))
    await association.release().catch(() => association.abort())
    return storageInWords(accepted)
  } catch (error) {
    if (error instanceof NodeError && error.code === 'NO_CONTEXT') return storageInWords(CLASSES.map((uid) => ({ uid, syntaxes: [] })))
    return [{ severity: 'note', message: `what it takes by C-STORE is not known: ${inWords(error)}`, remedy: 'try again' }]
  }
}

function storageInWords(accepted: readonly { readonly uid: string; readonly syntaxes: readonly string[] }[]): readonly PeerFinding[] {
  const taken = accepted.filter(({ syntaxes }) => syntaxes.length > 0)
  if (taken.length === 0)
    return [{ severity: 'note', message: 'it takes no images by C-STORE', remedy: 'nothing to do, unless it is to be sent to by C-MOVE' }]
  const refused = accepted.filter(({ syntaxes }) => syntaxes.length === 0).map(({ uid }) => sopClassName(uid))
  const syntaxes = [...new Set(taken.flatMap((one) => one.syntaxes))].map((uid) => transferSyntax(uid)?.name ?? uid)
  const findings: PeerFinding[] = [
    ok(`it takes by C-STORE ${taken.map(({ uid }) => sopClassName(uid)).join(', ')}; in ${syntaxes.join(', ')}`),
  ]
  if (refused.length > 0)
    findings.push({
      severity: 'note',
      message: `it does not take ${refused.join(', ')}`,
      remedy: 'if it should, allow these SOP classes on the peer',
    })
  return findings
}
