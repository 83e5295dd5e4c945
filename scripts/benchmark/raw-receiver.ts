/** Fetches a study by C-GET and throws it away, at next to no cost of its own: what arrives is neither copied nor kept, only its lengths are read.
 *    node scripts/benchmark/raw-receiver.ts --port 11112 --called ARIANE --study 2.25.1.1 --repeat 3
 *  Takes the SOP classes and transfer syntaxes of data.ts. PS3.7 9.3.3, PS3.8 9.3.5. */
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { STUDY_ROOT_GET } from '../../src/dicom/sop-classes.ts'
import { IMPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts'
import { encodeAssociateRq } from '../../src/dimse/associate-pdu.ts'
import { decodeCommandSet, encodeCommandSet } from '../../src/dimse/command-set.ts'
import type { CommandSet } from '../../src/dimse/contract.ts'
import { COMMAND } from '../../src/dimse/contract.ts'
import { PDU } from '../../src/dimse/pdu-reader.ts'
import { ctSlice, multiFrame, ultrasound } from './data.ts'
import { median } from './figures.ts'
import { pdu } from './raw-message.ts'

const USAGE = `raw-receiver: fetches a study by C-GET and throws it away.

  --port P         where the server listens
  --study UID      Study Instance UID
  --host H         default 127.0.0.1
  --called AET     default ARIANE
  --calling AET    default BENCH
  --repeat N       so many times on one association, default 1; the median is told
  --json           one line of JSON
`

export interface ReceivedFigures {
  /** Of one study. */
  readonly instances: number
  readonly bytes: number
  /** Median of all repetitions. */
  readonly seconds: number
  readonly receiverCpuMsPerInstance: number
}

const PENDING = 0xff00
const HEADER_BYTES = 6
const READ_BYTES = 1024 * 1024
const MAX_PDU_LENGTH = 131_072
const RELEASE_RQ = Buffer.from([0x05, 0, 0, 0, 0, 4, 0, 0, 0, 0])

const { values } = readOptions()

class Receiver {
  readonly #socket: Socket
  /** Of a PDU or of a PDV: both have six bytes. */
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #headerFilled = 0
  #pduType = 0
  #pduLeft = 0
  #valueLeft = 0
  #contextId = 0
  #control = 0
  #kept: Buffer[] = []
  #command: CommandSet = { commandField: 0, hasDataSet: false }
  #settle: { resolve(): void; reject(error: Error): void } | undefined
  instances = 0
  bytes = 0

  constructor() {
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (count: number, bytes: Uint8Array) => this.#read(count, bytes as Buffer),
    }
    this.#socket = connect({ host: values.host, port: Number(values.port), noDelay: true, onread })
    this.#socket.on('error', (error) => this.#settle?.reject(error))
    this.#socket.on('close', () => this.#settle?.reject(new Error('the server has closed the connection')))
  }

  async associate(): Promise<void> {
    const kinds = [ctSlice(1), ultrasound(1), multiFrame(1)]
    await this.#ask(
      encodeAssociateRq({
        calledAeTitle: values.called,
        callingAeTitle: values.calling,
        contexts: [
          { id: 1, abstractSyntaxes: [STUDY_ROOT_GET], transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] },
          ...kinds.map((one, at) => ({ id: 3 + 2 * at, abstractSyntaxes: [one.sopClassUid], transferSyntaxes: [one.transferSyntaxUid] })),
        ],
        user: {
          maxPduLength: MAX_PDU_LENGTH,
          implementationClassUid: '2.25.1',
          roles: [...new Set(kinds.map((one) => one.sopClassUid))].map((sopClassUid) => ({ sopClassUid, scu: false, scp: true })),
          extended: [],
        },
      }),
    )
    if (this.#pduType !== PDU.ASSOCIATE_AC) throw new Error(`no association: PDU of type ${this.#pduType}`)
  }

  async get(studyInstanceUid: string, messageId: number): Promise<void> {
    const identifier = new ElementWriter({ explicit: false }).element(0x00080052, 'CS', 'STUDY').element(0x0020000d, 'UI', studyInstanceUid)
    const command = { commandField: COMMAND.C_GET_RQ, messageId, priority: 0, affectedSopClassUid: STUDY_ROOT_GET, hasDataSet: true }
    this.instances = 0
    this.bytes = 0
    await this.#ask(Buffer.concat([pdu(1, 3, encodeCommandSet(command)), pdu(1, 2, identifier.finish())]))
    if (this.#command.status !== 0) throw new Error(`C-GET ended with ${this.#command.status?.toString(16)}`)
  }

  async release(): Promise<void> {
    await this.#ask(RELEASE_RQ)
    this.#socket.destroy()
  }

  #ask(bytes: Buffer): Promise<void> {
    const answer = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.#socket.write(bytes)
    return answer
  }

  #read(count: number, bytes: Buffer): boolean {
    for (let at = 0; at < count; ) {
      if (this.#valueLeft > 0) {
        const length = Math.min(this.#valueLeft, count - at)
        this.#value(bytes, at, length)
        at += length
        continue
      }
      const length = Math.min(HEADER_BYTES - this.#headerFilled, count - at)
      bytes.copy(this.#header, this.#headerFilled, at, at + length)
      this.#headerFilled += length
      at += length
      if (this.#headerFilled === HEADER_BYTES) this.#headerRead()
    }
    return true
  }

  #headerRead(): void {
    this.#headerFilled = 0
    if (this.#pduLeft === 0) {
      this.#pduType = this.#header[0]!
      this.#pduLeft = this.#header.readUInt32BE(2)
      if (this.#pduType !== PDU.P_DATA_TF) this.#valueLeft = this.#pduLeft
      return
    }
    this.#contextId = this.#header[4]!
    this.#control = this.#header[5]!
    this.#valueLeft = this.#header.readUInt32BE(0) - 2
    this.#pduLeft -= HEADER_BYTES
    if (this.#valueLeft === 0) this.#valueRead()
  }

  #value(bytes: Buffer, at: number, length: number): void {
    this.#valueLeft -= length
    this.#pduLeft -= length
    const isCommand = this.#pduType === PDU.P_DATA_TF && (this.#control & 1) === 1
    if (isCommand) this.#kept.push(Buffer.from(bytes.subarray(at, at + length)))
    else if (this.#pduType === PDU.P_DATA_TF) this.bytes += length
    if (this.#valueLeft === 0) this.#valueRead()
  }

  #valueRead(): void {
    const isLast = (this.#control & 2) === 2
    const isCommand = (this.#control & 1) === 1
    if (this.#pduType !== PDU.P_DATA_TF) this.#settle?.resolve()
    else if (isLast && isCommand) {
      this.#command = decodeCommandSet(Buffer.concat(this.#kept))
      this.#kept = []
      if (!this.#command.hasDataSet) this.#messageRead()
    } else if (isLast) this.#messageRead()
  }

  #messageRead(): void {
    const { commandField, messageId, affectedSopClassUid, affectedSopInstanceUid, status } = this.#command
    if (commandField === COMMAND.C_GET_RSP && status !== PENDING) this.#settle?.resolve()
    if (commandField !== COMMAND.C_STORE_RQ) return
    this.instances++
    const response = {
      commandField: COMMAND.C_STORE_RSP,
      messageIdBeingRespondedTo: messageId,
      affectedSopClassUid,
      affectedSopInstanceUid,
    }
    this.#socket.write(pdu(this.#contextId, 3, encodeCommandSet({ ...response, status: 0, hasDataSet: false })))
  }
}

try {
  const receiver = new Receiver()
  await receiver.associate()
  const all: number[] = []
  const repetitions = Number(values.repeat)
  const before = process.cpuUsage()
  for (let time = 0; time < repetitions; time++) {
    const began = performance.now()
    await receiver.get(values.study!, time + 1)
    all.push((performance.now() - began) / 1000)
  }
  const cpu = process.cpuUsage(before)
  const { instances, bytes } = receiver
  await receiver.release()
  print({ instances, bytes, seconds: median(all), receiverCpuMsPerInstance: (cpu.user + cpu.system) / 1000 / instances / repetitions })
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}

function print(figures: ReceivedFigures): void {
  const { instances, bytes, seconds, receiverCpuMsPerInstance } = figures
  if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`)
  else {
    const rates = `${(instances / seconds).toFixed(0)} instances/s, ${(bytes / seconds / 1e6).toFixed(1)} MB/s`
    process.stdout.write(`${instances} instances: ${rates}, receiver ${receiverCpuMsPerInstance.toFixed(3)} CPU ms/instance\n`)
  }
}

function readOptions() {
  try {
    const parsed = parseArgs({
      options: {
        port: { type: 'string' },
        study: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
        called: { type: 'string', default: 'ARIANE' },
        calling: { type: 'string', default: 'BENCH' },
        repeat: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (parsed.values.help) {
      process.stdout.write(USAGE)
      process.exit(0)
    }
    if (parsed.values.port === undefined || parsed.values.study === undefined) throw new Error('--port and --study are needed')
    return parsed
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}
