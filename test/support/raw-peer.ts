/** A DICOM peer on a bare socket: says exactly what it is told to, and reads what comes back with a time limit.
 *
 *  Promises: every read ends, by a PDU, by the end of the connection ('closed') or by an error that says what was waited for;
 *  a reset connection is 'closed', never an exception out of nowhere.
 *  Times in milliseconds. */
import net from 'node:net'
import { type CommandElements, commandSet, echoRequest, ReceivedCommand, storeRequest } from './raw-command.ts'
import {
  type Acceptance,
  associateRequest,
  PDU_TYPE,
  pData,
  pDataFragments,
  pdv,
  type RequestFields,
  readAcceptance,
  releaseRequest,
  VERIFICATION_CONTEXT,
} from './raw-pdu.ts'

export interface ReceivedPdu {
  readonly type: number
  readonly body: Buffer
}

export interface ReceivedMessage {
  readonly contextId: number
  readonly command: ReceivedCommand
  readonly dataSet: Buffer
}

const PATIENCE = 10_000

export class RawPeer {
  readonly socket: net.Socket
  /** What the node accepted, once associated. */
  acceptance: Acceptance | undefined
  /** Set when the connection has ended, by whichever side. */
  closed = false
  private received = Buffer.alloc(0)
  private pendingPdvs: { contextId: number; control: number; bytes: Buffer }[] = []
  private wake: (() => void) | undefined

  private constructor(socket: net.Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk])
      this.wake?.()
    })
    socket.on('error', () => {})
    socket.on('end', () => this.ended())
    socket.on('close', () => this.ended())
  }

  /** @param localAddress which of this machine's addresses (127.0.0.0/8) to call from */
  static async connect(port: number, localAddress = '127.0.0.1'): Promise<RawPeer> {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new RawPeer(socket)
  }

  /** Connects and associates; throws where the node does not accept. */
  static async associate(port: number, fields: RequestFields = {}, localAddress?: string): Promise<RawPeer> {
    const peer = await RawPeer.connect(port, localAddress)
    const answer = await peer.request(fields)
    if (answer === 'closed' || answer.type !== PDU_TYPE.accept) {
      peer.destroy()
      throw new Error(`association not accepted: ${describePdu(answer)}`)
    }
    return peer
  }

  /** Sends one A-ASSOCIATE-RQ and reads the answer to it. */
  async request(fields: RequestFields = {}): Promise<ReceivedPdu | 'closed'> {
    this.send(associateRequest(fields))
    return await this.readPdu()
  }

  /** Writes without waiting; errors of a connection that the node has closed are left out. */
  send(...bytes: Buffer[]): void {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(Buffer.concat(bytes))
  }

  /** Writes and waits until the kernel has it all, or the connection is gone, or the time is up. @returns whether it was taken */
  async sendAll(bytes: Buffer, withinMs = PATIENCE): Promise<boolean> {
    if (this.socket.destroyed || !this.socket.writable) return false
    return await new Promise((resolve) => {
      const done = (taken: boolean) => {
        clearTimeout(timer)
        this.socket.off('close', lost)
        resolve(taken)
      }
      const lost = () => done(false)
      const timer = setTimeout(lost, withinMs)
      this.socket.once('close', lost)
      this.socket.write(bytes, (error) => done(error === undefined || error === null))
    })
  }

  /** The next PDU, or 'closed'. */
  async readPdu(withinMs = PATIENCE): Promise<ReceivedPdu | 'closed'> {
    const deadline = Date.now() + withinMs
    for (;;) {
      const found = this.takePdu()
      if (found !== undefined) return found
      if (this.closed) return 'closed'
      await this.moreData(deadline, `a PDU within ${withinMs} ms`)
    }
  }

  /** The next whole DIMSE message; throws where the connection ends or another PDU comes first. */
  async readMessage(withinMs = PATIENCE): Promise<ReceivedMessage> {
    const deadline = Date.now() + withinMs
    const command: Buffer[] = []
    const dataSet: Buffer[] = []
    let parsed: ReceivedCommand | undefined
    for (;;) {
      const value = await this.nextPdv(deadline)
      const isLast = (value.control & 2) !== 0
      if ((value.control & 1) === 1) {
        command.push(value.bytes)
        if (isLast) parsed = new ReceivedCommand(Buffer.concat(command))
        if (parsed !== undefined && !parsed.hasDataSet) return { contextId: value.contextId, command: parsed, dataSet: Buffer.alloc(0) }
      } else {
        dataSet.push(value.bytes)
        if (isLast && parsed !== undefined) return { contextId: value.contextId, command: parsed, dataSet: Buffer.concat(dataSet) }
      }
    }
  }

  /** Sends a command and, where given, a data set, both in fragments. */
  sendMessage(contextId: number, elements: CommandElements, dataSet?: Buffer): void {
    this.send(pDataFragments(contextId, true, commandSet(elements)))
    if (dataSet !== undefined) this.send(pDataFragments(contextId, false, dataSet))
  }

  /** C-ECHO. @returns the status */
  async echo(contextId = 1, messageId = 1): Promise<number> {
    this.sendMessage(contextId, echoRequest(messageId))
    return (await this.readMessage()).command.status
  }

  /** C-STORE. @returns the response's command set */
  async store(
    contextId: number,
    sopClass: string,
    sopInstance: string,
    dataSet: Buffer,
    more: CommandElements = {},
  ): Promise<ReceivedCommand> {
    this.sendMessage(contextId, storeRequest(1, sopClass, sopInstance, more), dataSet)
    return (await this.readMessage()).command
  }

  /** C-FIND, C-MOVE or C-GET with its identifier; reads responses until the last one. C-STORE sub-operations of C-GET are for the
   *  caller: `onMessage` sees every message and says with `true` that it has dealt with it.
   *  @returns the last response, its data set, and the pending ones before it */
  async query(
    contextId: number,
    request: CommandElements,
    identifier: Buffer,
    options: { withinMs?: number; onMessage?: (message: ReceivedMessage) => boolean } = {},
  ): Promise<{ last: ReceivedMessage; pending: ReceivedMessage[] }> {
    this.sendMessage(contextId, request, identifier)
    const pending: ReceivedMessage[] = []
    for (;;) {
      const message = await this.readMessage(options.withinMs)
      if (options.onMessage?.(message) === true) continue
      if (message.command.status !== 0xff00 && message.command.status !== 0xff01) return { last: message, pending }
      pending.push(message)
    }
  }

  /** Reads until the connection ends. @returns the last PDU before it, if any */
  async readToEnd(withinMs = PATIENCE): Promise<ReceivedPdu | undefined> {
    const deadline = Date.now() + withinMs
    let last: ReceivedPdu | undefined
    for (;;) {
      const found = await this.readPdu(Math.max(1, deadline - Date.now()))
      if (found === 'closed') return last
      last = found
    }
  }

  /** A-RELEASE. @returns whether the node answered with A-RELEASE-RP */
  async release(): Promise<boolean> {
    this.send(releaseRequest())
    const answer = await this.readPdu()
    this.destroy()
    return answer !== 'closed' && answer.type === PDU_TYPE.releaseReply
  }

  /** Leaves what comes in the kernel: a paused stream would still take some of it. */
  stopReading(): void {
    this.socket.pause()
    const handle = handleOf(this.socket)
    handle.readStop()
    handle.reading = false
  }

  startReading(): void {
    const handle = handleOf(this.socket)
    handle.reading = true
    handle.readStart()
    this.socket.resume()
  }

  /** TCP RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** FIN, still reading. */
  halfClose(): void {
    this.socket.end()
  }

  destroy(): void {
    this.socket.destroy()
  }

  private takePdu(): ReceivedPdu | undefined {
    if (this.received.length < 6) return undefined
    const end = 6 + this.received.readUInt32BE(2)
    if (this.received.length < end) return undefined
    const found = { type: this.received[0]!, body: this.received.subarray(6, end) }
    this.received = this.received.subarray(end)
    if (found.type === PDU_TYPE.accept) this.acceptance = readAcceptance(found.body)
    return found
  }

  private async nextPdv(deadline: number): Promise<{ contextId: number; control: number; bytes: Buffer }> {
    while (this.pendingPdvs.length === 0) {
      const found = await this.readPdu(Math.max(1, deadline - Date.now()))
      if (found === 'closed' || found.type !== PDU_TYPE.data) throw new Error(`a message was expected, there came ${describePdu(found)}`)
      let at = 0
      while (at + 6 <= found.body.length) {
        const end = at + 4 + found.body.readUInt32BE(at)
        this.pendingPdvs.push({ contextId: found.body[at + 4]!, control: found.body[at + 5]!, bytes: found.body.subarray(at + 6, end) })
        at = end
      }
    }
    return this.pendingPdvs.shift()!
  }

  private moreData(deadline: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.wake = undefined
          reject(new Error(`the node did not send ${what}`))
        },
        Math.max(1, deadline - Date.now()),
      )
      this.wake = () => {
        clearTimeout(timer)
        this.wake = undefined
        resolve()
      }
    })
  }

  private ended(): void {
    this.closed = true
    this.wake?.()
  }
}

/** What Node's socket drives; it has no public way to stop reading at once. */
const handleOf = (socket: net.Socket) =>
  (socket as unknown as { _handle: { reading: boolean; readStart(): void; readStop(): void } })._handle

/** In words, for the message of a failed test. */
export function describePdu(found: ReceivedPdu | 'closed' | undefined): string {
  if (found === 'closed' || found === undefined) return 'the end of the connection'
  const name = Object.entries(PDU_TYPE).find(([, type]) => type === found.type)?.[0] ?? `type ${found.type}`
  return `${name} ${found.body.subarray(0, 12).toString('hex')}`
}

/** One C-ECHO over an association of its own, from another address of this machine, so that no limit per address applies. @returns how long it took, in milliseconds */
export async function echoFromElsewhere(port: number, called = 'ARIANE'): Promise<number> {
  const started = performance.now()
  const peer = await RawPeer.associate(port, { called, calling: 'SECOND', contexts: [VERIFICATION_CONTEXT] }, '127.0.0.2')
  try {
    const status = await peer.echo()
    if (status !== 0) throw new Error(`C-ECHO answered ${status.toString(16)}`)
    return performance.now() - started
  } finally {
    await peer.release().catch(() => peer.destroy())
  }
}

/** C-ECHO-RQ as one P-DATA-TF, ready to send. */
export const echoBytes = (contextId = 1, messageId = 1) => pData(pdv(contextId, 3, commandSet(echoRequest(messageId))))
