/** One association that only stores: writes what is encoded already, and reads only the answers. So little of the machine goes to the sender that the server is what is measured. */
import { connect, type Socket } from 'node:net'
import { decodeAssociateAc, encodeAssociateRq } from '../../src/dimse/associate-pdu.ts'
import { decodeCommandSet } from '../../src/dimse/command-set.ts'
import { type Kind, namesOf } from './data.ts'
import { RawMessage } from './raw-message.ts'

const ASSOCIATE_AC = 0x02
const P_DATA_TF = 0x04
const RELEASE_RQ = Buffer.from([0x05, 0, 0, 0, 0, 4, 0, 0, 0, 0])
const PDU_HEADER_BYTES = 6
const PDV_HEADER_BYTES = 6
const CONTEXT_ID = 1
/** Larger than any answer to C-STORE. */
const READ_BYTES = 16 * 1024

export interface Target {
  readonly host: string
  readonly port: number
  readonly called: string
  readonly calling: string
}

export class RawAssociation {
  readonly #socket: Socket
  readonly #root: string
  #message!: RawMessage
  #messageId = 0
  #held: Buffer = Buffer.alloc(0)
  #expect: { resolve(pdu: Buffer): void; reject(error: Error): void } | undefined

  private constructor(target: Target, root: string) {
    this.#root = root
    const onread = { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback: (count: number, bytes: Uint8Array) => this.#read(count, bytes) }
    this.#socket = connect({ host: target.host, port: target.port, noDelay: true, onread })
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the server has closed the connection')))
  }

  static async open(target: Target, kind: Kind, root: string): Promise<RawAssociation> {
    const association = new RawAssociation(target, root)
    const answer = association.#answer()
    association.#socket.write(
      encodeAssociateRq({
        calledAeTitle: target.called,
        callingAeTitle: target.calling,
        contexts: [{ id: CONTEXT_ID, abstractSyntaxes: [kind.sopClassUid], transferSyntaxes: [kind.transferSyntaxUid] }],
        user: { maxPduLength: READ_BYTES, implementationClassUid: '2.25.1', roles: [], extended: [] },
      }),
    )
    const pdu = await answer
    if (pdu[0] !== ASSOCIATE_AC) throw new Error(`no association: PDU of type ${pdu[0]}`)
    const accepted = decodeAssociateAc(pdu.subarray(PDU_HEADER_BYTES))
    if (accepted.contexts[0]?.result !== 0) throw new Error(`${kind.name} is not accepted`)
    association.#message = new RawMessage(kind, CONTEXT_ID, accepted.user.maxPduLength ?? 0, root)
    return association
  }

  /** Sends one instance and waits for Success. @param at  its number under the root */
  async store(study: number, at: number): Promise<void> {
    const answer = this.#answer()
    this.#messageId = (this.#messageId + 1) & 0xffff
    const names = namesOf(this.#root, study, at)
    for (const part of this.#message.parts(names, this.#messageId))
      if (!this.#socket.write(part) && part.length > 0) await this.#drained(answer)
    const pdu = await answer
    if (pdu[0] !== P_DATA_TF) throw new Error(`PDU of type ${pdu[0]} in answer to C-STORE`)
    const response = decodeCommandSet(pdu.subarray(PDU_HEADER_BYTES + PDV_HEADER_BYTES))
    if (response.status !== 0 || response.messageIdBeingRespondedTo !== this.#messageId) {
      throw new Error(`C-STORE ${this.#messageId} answered ${response.status?.toString(16)} for ${response.messageIdBeingRespondedTo}`)
    }
  }

  async release(): Promise<void> {
    const answer = this.#answer()
    this.#socket.write(RELEASE_RQ)
    await answer
    this.#socket.destroy()
  }

  /** Waits until the server has taken what is written, or has answered, or is gone. */
  #drained(answer: Promise<Buffer>): Promise<unknown> {
    return Promise.race([answer, new Promise((resolve) => this.#socket.once('drain', resolve))])
  }

  #answer(): Promise<Buffer> {
    const promise = new Promise<Buffer>((resolve, reject) => {
      this.#expect = { resolve, reject }
    })
    promise.catch(() => undefined)
    return promise
  }

  #read(count: number, bytes: Uint8Array): boolean {
    this.#held = Buffer.concat([this.#held, bytes.subarray(0, count)])
    const { length } = this.#held
    if (length < PDU_HEADER_BYTES || length < PDU_HEADER_BYTES + this.#held.readUInt32BE(2)) return true
    const pdu = this.#held
    this.#held = Buffer.alloc(0)
    const expect = this.#expect
    this.#expect = undefined
    expect?.resolve(pdu)
    return true
  }

  #fail(error: Error): void {
    this.#expect?.reject(error)
    this.#expect = undefined
  }
}
