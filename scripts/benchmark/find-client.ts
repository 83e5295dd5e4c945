/** A C-FIND requestor that costs next to nothing: it counts answers and reads of each its status only, so that what is measured is the server.
 *
 *  Promises: one association, one query at a time; the figures of a query are wall time and answers.
 *  Does not: look at identifiers, nor survive a server that breaks PS3.8: it throws. */
import { connect, type Socket } from 'node:net'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../../src/dicom/implementation.ts'
import { STUDY_ROOT_FIND } from '../../src/dicom/sop-classes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts'
import { encodeAssociateRq } from '../../src/dimse/associate-pdu.ts'
import { encodeCommandSet } from '../../src/dimse/command-set.ts'
import { COMMAND } from '../../src/dimse/contract.ts'
import { pdu } from './raw-message.ts'

/** Tag, VR, value; '' asks for the attribute. */
export type Key = readonly [tag: number, vr: string, value: string]

export interface QueryTimes {
  readonly answers: number
  readonly milliseconds: number
}

const VERIFICATION = '1.2.840.10008.1.1'
const [FIND_CONTEXT, ECHO_CONTEXT] = [1, 3]
const [ASSOCIATE_AC, P_DATA_TF, RELEASE_RQ, RELEASE_RP] = [2, 4, 5, 6]
const STATUS = 0x0900

export function identifier(level: string, keys: readonly Key[]): Buffer {
  const writer = new ElementWriter({ explicit: true }).element(0x00080005, 'CS', 'ISO_IR 192').element(0x00080052, 'CS', level)
  for (const [tag, vr, value] of keys) {
    if (vr === 'SQ') writer.sequence(tag, [])
    else writer.element(tag, vr, value)
  }
  return writer.finish()
}

export class FindClient {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #messageId = 0
  /** Of what is under way. */
  #hear: (pduType: number, pdu: Buffer) => void = () => undefined
  #fail: (error: Error) => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server has closed the connection')))
  }

  static async open(port: number, calledAeTitle: string, callingAeTitle = 'BENCH'): Promise<FindClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const client = new FindClient(socket)
    await client.#until(encodedRequest(calledAeTitle, callingAeTitle), (type) => {
      if (type !== ASSOCIATE_AC) throw new Error(`no association: PDU ${type}`)
      return true
    })
    return client
  }

  /** @param cancelAfter  answers after which C-CANCEL goes out; the time is then that to this answer */
  async find(query: Buffer, cancelAfter = Number.POSITIVE_INFINITY): Promise<QueryTimes> {
    let [answers, milliseconds] = [0, 0]
    const began = performance.now()
    const messageId = this.#nextId()
    const command = encodeCommandSet({
      commandField: COMMAND.C_FIND_RQ,
      messageId,
      affectedSopClassUid: STUDY_ROOT_FIND,
      priority: 0,
      hasDataSet: true,
    })
    await this.#until(Buffer.concat([pdu(FIND_CONTEXT, 3, command), pdu(FIND_CONTEXT, 2, query)]), (type, body) => {
      if (type !== P_DATA_TF) throw new Error(`PDU ${type} where an answer was awaited`)
      for (const status of statuses(body)) {
        if (status !== 0xff00 && status !== 0xff01) {
          if (status !== 0 && status !== 0xfe00) throw new Error(`C-FIND answered ${status.toString(16)}`)
          if (answers < cancelAfter) milliseconds = performance.now() - began
          return true
        }
        answers++
        if (answers === cancelAfter) {
          milliseconds = performance.now() - began
          this.#socket.write(pdu(FIND_CONTEXT, 3, cancelOf(messageId)))
        }
      }
      return false
    })
    return { answers, milliseconds }
  }

  /** @returns milliseconds */
  async echo(): Promise<number> {
    const began = performance.now()
    const command = { commandField: COMMAND.C_ECHO_RQ, messageId: this.#nextId(), affectedSopClassUid: VERIFICATION, hasDataSet: false }
    await this.#until(pdu(ECHO_CONTEXT, 3, encodeCommandSet(command)), (_type, body) => statuses(body).length > 0)
    return performance.now() - began
  }

  async release(): Promise<void> {
    await this.#until(Buffer.from([RELEASE_RQ, 0, 0, 0, 0, 4, 0, 0, 0, 0]), (type) => type === RELEASE_RP)
    this.#fail = () => undefined
    this.#socket.destroy()
  }

  #nextId(): number {
    this.#messageId = (this.#messageId % 65_535) + 1
    return this.#messageId
  }

  /** Sends, and hands over PDUs until `isOver` says so. */
  #until(bytes: Buffer, isOver: (pduType: number, body: Buffer) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#fail = reject
      this.#hear = (type, body) => {
        try {
          if (isOver(type, body)) resolve()
        } catch (error) {
          reject(error)
        }
      }
      this.#socket.write(bytes)
    })
  }

  #take(chunk: Buffer): void {
    const bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    let at = 0
    while (bytes.length - at >= 6) {
      const end = at + 6 + bytes.readUInt32BE(at + 2)
      if (end > bytes.length) break
      this.#hear(bytes[at]!, bytes.subarray(at + 6, end))
      at = end
    }
    this.#received = bytes.subarray(at)
  }
}

function encodedRequest(calledAeTitle: string, callingAeTitle: string): Buffer {
  const context = (id: number, abstractSyntax: string) => ({
    id,
    abstractSyntaxes: [abstractSyntax],
    transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN],
  })
  return encodeAssociateRq({
    calledAeTitle,
    callingAeTitle,
    contexts: [context(FIND_CONTEXT, STUDY_ROOT_FIND), context(ECHO_CONTEXT, VERIFICATION)],
    user: {
      maxPduLength: 131_072,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      roles: [],
      extended: [],
    },
  })
}

function cancelOf(messageId: number): Buffer {
  return encodeCommandSet({ commandField: COMMAND.C_CANCEL_RQ, messageIdBeingRespondedTo: messageId, hasDataSet: false })
}

/** The status of each command set in a P-DATA-TF; command sets of answers fit into one fragment. */
function statuses(body: Buffer): number[] {
  const found: number[] = []
  for (let at = 0; at + 6 <= body.length; ) {
    const end = at + 4 + body.readUInt32BE(at)
    if ((body[at + 5]! & 1) === 1) found.push(statusIn(body, at + 6, end))
    at = end
  }
  return found
}

function statusIn(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at + 8 <= end; at += 8 + bytes.readUInt32LE(at + 4)) {
    if (bytes.readUInt16LE(at + 2) === STATUS) return bytes.readUInt16LE(at + 8)
  }
  throw new Error('a response without a status')
}
