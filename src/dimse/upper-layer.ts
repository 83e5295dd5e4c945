/** The DICOM upper layer on one TCP connection (PS3.8 9.2): states, timers, PDUs in and out; either direction.
 *
 *  It is the library's `Scp` with three seams overridden (decision 2, docs/decisions/0002): `_wrapSocket` (our framing with limits and
 *  back-pressure), `_processPdu` (P-DATA-TF never reaches the library), `_sendPdu` (through our writer). The library encodes and decodes
 *  A-ASSOCIATE-RJ, A-RELEASE and A-ABORT. test/dimse/seams.test.ts pins what we rely on.
 *  Promises: {@link UpperLayerUser.layerEnded} is called exactly once; a malformed or unexpected PDU ends in A-ABORT and a closed socket
 *  within `associateSeconds` whatever the peer does; an association without traffic ends after `idleSeconds`, unless the user is busy.
 *  Does not: know messages (association.ts) or who may in (negotiation.ts). */
import type { Socket } from 'node:net'
import dimse from 'dcmjs-dimse'
import { PDU, PduReader } from './pdu-reader.ts'
import { PduWriter } from './pdu-writer.ts'
import { ABORT, ProtocolError } from './protocol-error.ts'
import type { ChunkedSocket } from './socket-chunks.ts'

// The library's own log would print what peers send; ours tells what matters.
dimse.log.setLevel('silent')

/** Seconds, see settings `dicom.timeouts`. */
export interface Timeouts {
  /** From connect to A-ASSOCIATE, and for the peer to close (ARTIM, PS3.8 9.1.5). */
  readonly associateSeconds: number
  readonly idleSeconds: number
  readonly writeSeconds: number
  /** For a TCP connection that we open. */
  readonly connectSeconds: number
  /** For an answer to a request of ours. */
  readonly responseSeconds: number
}

export interface UpperLayerUser {
  /** @param body the PDU without its header; answer with `accept`, `reject`, or throw ProtocolError */
  associateRequested(body: Buffer): void
  associateAccepted(body: Buffer): void
  associateRejected(result: number, source: number, reason: number): void
  pdvBegins(contextId: number, isCommand: boolean, isLast: boolean): void
  pdvData(fragment: Buffer): void
  pdvEnds(): void
  /** Finish what can be finished; the answer goes out when it resolves. */
  releaseRequested(): Promise<void>
  /** An operation is under way: silence of the peer is no idleness. */
  isBusy(): boolean
  /** The connection is of no more use. `why` in words, for the log. */
  layerEnded(why: string): void
}

export type State = 'connecting' | 'awaiting request' | 'awaiting answer' | 'established' | 'releasing' | 'closing' | 'closed'

/** An A-ASSOCIATE-RQ with 128 contexts of 60 transfer syntaxes is under 250 kB. */
const LARGEST_ASSOCIATE_BYTES = 512 * 1024

const ALLOWED: Readonly<Record<State, readonly number[]>> = {
  connecting: [],
  'awaiting request': [PDU.ASSOCIATE_RQ, PDU.ABORT],
  'awaiting answer': [PDU.ASSOCIATE_AC, PDU.ASSOCIATE_RJ, PDU.ABORT],
  established: [PDU.P_DATA_TF, PDU.RELEASE_RQ, PDU.ABORT],
  releasing: [PDU.P_DATA_TF, PDU.RELEASE_RQ, PDU.RELEASE_RP, PDU.ABORT],
  closing: [],
  closed: [],
}

const Scp = dimse.Scp

export class UpperLayer extends Scp {
  readonly writer: PduWriter
  readonly reader: PduReader
  readonly maxPduLength: number
  readonly #tcp: Socket
  readonly #user: UpperLayerUser
  readonly #timeouts: Timeouts
  #state: State
  #lastActivity = performance.now()
  #timer: NodeJS.Timeout | undefined
  #releaseAnswered: (() => void) | undefined

  constructor(
    { socket, listen }: ChunkedSocket,
    direction: 'inbound' | 'outbound',
    options: { maxPduLength: number; timeouts: Timeouts },
    user: UpperLayerUser,
  ) {
    super(socket)
    this.#tcp = socket
    this.#user = user
    this.#timeouts = options.timeouts
    this.maxPduLength = options.maxPduLength
    this.#state = direction === 'inbound' ? 'awaiting request' : 'connecting'
    this.writer = new PduWriter(socket, options.timeouts.writeSeconds * 1000)
    this.reader = new PduReader({
      pduBegins: (type, length) => this.#pduBegins(type, length),
      control: (type, pdu) => this.#control(type, pdu),
      pdvBegins: (contextId, isCommand, isLast) => user.pdvBegins(contextId, isCommand, isLast),
      pdvData: (fragment) => user.pdvData(fragment),
      pdvEnds: () => user.pdvEnds(),
    })
    socket.setNoDelay(true)
    listen((chunk) => this.#received(chunk))
    socket.on('error', (error) => this.#end(`connection lost: ${(error as NodeJS.ErrnoException).code ?? error.message}`))
    socket.on('close', () => this.#end('connection closed by the peer'))
    this.#limit(options.timeouts.associateSeconds, 'no A-ASSOCIATE in time')
  }

  get state(): State {
    return this.#state
  }

  // --- the seams of the library

  /** Called by the library's constructor; the socket is wired by ours, after the fields are set. */
  _wrapSocket(): void {}

  /** The library's PDU objects go out through our writer. */
  _sendPdu(pdu: { writePdu(): Buffer }): void {
    this.writer.control(pdu.writePdu())
  }

  /** Events that the library raises for PDUs that it decodes for us. */
  override associationReleaseRequested(): void {
    void this.#user.releaseRequested().then(() => {
      if (this.#state !== 'established' && this.#state !== 'releasing') return
      this.sendAssociationReleaseResponse()
      this.#close('released')
    })
  }

  override abort(source: number, reason: number): void {
    this.#end(`aborted by the peer (source ${source}, reason ${reason})`)
  }

  #decodeWithLibrary(pdu: Buffer): void {
    void (this as unknown as { _processPdu(pdu: Buffer): Promise<void> })._processPdu(pdu)
  }

  // --- what the user of the layer does

  /** Outbound: the TCP connection is there. */
  request(pdu: Buffer): void {
    this.#state = 'awaiting answer'
    this.writer.control(pdu)
  }

  /** The association is there; from now on idleness counts instead of ARTIM. */
  establish(peerMaxPduLength: number | undefined, accept?: Buffer): void {
    this.writer.peerMaxPduLength = peerMaxPduLength
    if (accept !== undefined) this.writer.control(accept)
    this.#state = 'established'
    this.#watchIdleness()
  }

  reject(result: number, source: number, reason: number): void {
    this.sendAssociationReject(result, source, reason)
    this.#close('rejected')
  }

  /** A-RELEASE-RQ; resolves when the peer has answered or the connection is gone. */
  release(): Promise<void> {
    if (this.#state !== 'established') return Promise.resolve()
    return new Promise((resolve) => {
      this.#releaseAnswered = resolve
      this.#state = 'releasing'
      this.sendAssociationReleaseRequest()
      this.#limit(this.#timeouts.associateSeconds, 'no answer to A-RELEASE in time')
    })
  }

  /** A-ABORT as service-user (source 0) or service-provider (source 2), PS3.8 9.3.8; then close. */
  abortWith(source: 0 | 2, reason: number, why: string): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    // The library aborts only what has an association object.
    const held = this as unknown as { association?: unknown }
    held.association ??= new dimse.association.Association('', '')
    this.sendAbort(source, reason)
    this.#close(why)
  }

  /** Notes that something of ours has just ended, so that idleness counts from here. */
  touch(): void {
    this.#lastActivity = performance.now()
  }

  /** Stops reading after the present fragment. */
  hold(): void {
    this.reader.hold()
    this.#tcp.pause()
  }

  resume(): void {
    this.#guard(() => this.reader.release())
    if (!this.reader.isHeld) this.#tcp.resume()
  }

  // --- inside

  #received(chunk: Buffer): void {
    this.#lastActivity = performance.now()
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.#guard(() => this.reader.push(chunk))
  }

  #guard(work: () => void): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    try {
      work()
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.abortWith(2, ABORT.NOT_SPECIFIED, `internal error: ${String(error)}`)
      else if (this.#state === 'awaiting request') this.abortWith(0, 0, error.message)
      else this.abortWith(2, error.reason, error.message)
    }
  }

  #pduBegins(type: number, length: number): void {
    if (!ALLOWED[this.#state].includes(type)) throw new ProtocolError(ABORT.UNEXPECTED_PDU, `PDU type ${type} while ${this.#state}`)
    const isAssociate = type === PDU.ASSOCIATE_RQ || type === PDU.ASSOCIATE_AC
    if (type === PDU.P_DATA_TF ? length > this.maxPduLength : isAssociate ? length > LARGEST_ASSOCIATE_BYTES : length !== 4) {
      throw new ProtocolError(ABORT.INVALID_PARAMETER, `PDU type ${type} with a length of ${length} bytes`)
    }
  }

  #control(type: number, pdu: Buffer): void {
    if (type === PDU.ASSOCIATE_RQ) this.#user.associateRequested(pdu.subarray(6))
    else if (type === PDU.ASSOCIATE_AC) this.#user.associateAccepted(pdu.subarray(6))
    else if (type === PDU.ASSOCIATE_RJ) {
      this.#user.associateRejected(pdu[7]!, pdu[8]!, pdu[9]!)
      this.#close('rejected by the peer')
    } else if (type === PDU.RELEASE_RP) this.#close('released')
    else this.#decodeWithLibrary(pdu)
  }

  /** ARTIM: closes the connection unless the state has moved on. Not restarted by partial data. */
  #limit(seconds: number, why: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#state === 'awaiting answer' || this.#state === 'releasing') this.abortWith(0, 0, why)
      this.#end(why)
    }, seconds * 1000)
  }

  /** One timer, set anew only when it fires: nothing is done per PDU. */
  #watchIdleness(): void {
    const limit = this.#timeouts.idleSeconds * 1000
    const look = (): void => {
      if (this.writer.isBusy || this.#user.isBusy()) this.touch()
      const left = this.#lastActivity + limit - performance.now()
      if (left <= 0) this.abortWith(2, ABORT.NOT_SPECIFIED, `idle for ${this.#timeouts.idleSeconds} s`)
      else this.#timer = setTimeout(look, left)
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(look, limit)
  }

  /** Ends the conversation and waits, as ARTIM allows, for the peer to close (Sta13). */
  #close(why: string): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.#state = 'closing'
    this.#tell(why)
    this.#tcp.resume()
    this.#tcp.end()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#tcp.destroy(), this.#timeouts.associateSeconds * 1000)
  }

  #end(why: string): void {
    if (this.#state === 'closed') return
    const wasClosing = this.#state === 'closing'
    this.#state = 'closed'
    clearTimeout(this.#timer)
    this.#tcp.destroy()
    if (!wasClosing) this.#tell(why)
  }

  #tell(why: string): void {
    this.#releaseAnswered?.()
    this.#user.layerEnded(why)
  }
}
