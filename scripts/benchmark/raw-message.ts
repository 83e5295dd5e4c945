/** A C-STORE-RQ as PDUs that are encoded once and sent many times: between two instances only the UIDs, a few numbers and the message ID change, in place.
 *
 *  Promises: no allocation and no copy for an instance; a large one is never in memory as a whole, for its pixels repeat.
 *  PS3.7 9.3.1, PS3.8 9.3.5. */
import { encodeCommandSet } from '../../src/dimse/command-set.ts'
import { COMMAND } from '../../src/dimse/contract.ts'
import { OVERHEAD_BYTES, PDV_HEADER_BYTES, writeHeader } from '../../src/dimse/send-windows.ts'
import { type Kind, type Names, namesOf } from './data.ts'

/** What is written at a time of an instance that repeats; also the largest instance that is encoded as a whole. */
const WHOLE_BYTES = 16 * 1024 * 1024

export class RawMessage {
  readonly #head: Buffer
  readonly #again: { readonly bytes: Buffer; readonly times: number }
  readonly #tail: Buffer
  readonly #places: readonly { readonly field: keyof Names | 'patient'; readonly at: number }[]
  readonly #messageIdAt: number

  /** @param root  of the UIDs: the instances will be named by {@link namesOf} with the same root
   *  @param maxPduLength  what the peer takes at most (PS3.8 D.1), 0 for no limit */
  constructor(kind: Kind, contextId: number, maxPduLength: number, root: string) {
    const names = namesOf(root, 0, 0)
    const fragment = ((maxPduLength === 0 ? 262_144 : Math.min(maxPduLength, 262_144)) - PDV_HEADER_BYTES) & ~1
    const command = encodeCommandSet({
      commandField: COMMAND.C_STORE_RQ,
      messageId: 0x7b7b,
      priority: 0,
      affectedSopClassUid: kind.sopClassUid,
      affectedSopInstanceUid: names.sopInstanceUid,
      hasDataSet: true,
    })
    const { bytes, times, end } = kind.pixels
    const header = kind.header(names)
    if (kind.sizeBytes <= WHOLE_BYTES) {
      const dataSet = Buffer.concat([header, ...Array.from({ length: times }, () => bytes), end])
      this.#head = Buffer.concat([pdus(contextId, command, fragment, 1, true), pdus(contextId, dataSet, fragment, 0, true)])
      this.#again = { bytes: Buffer.alloc(0), times: 0 }
      this.#tail = Buffer.alloc(0)
    } else {
      // The header goes in a PDU of its own, so that what repeats begins at a PDU. The last repetition carries the mark of the last fragment.
      this.#head = Buffer.concat([pdus(contextId, command, fragment, 1, true), pdus(contextId, header, fragment, 0, false)])
      this.#again = { bytes: pdus(contextId, bytes, fragment, 0, false), times: times - 1 }
      this.#tail = pdus(contextId, Buffer.concat([bytes, end]), fragment, 0, true)
    }
    this.#messageIdAt = this.#head.indexOf(Buffer.from([0x7b, 0x7b]))
    this.#places = placesOf(this.#head, names)
  }

  /** @returns buffers to be written one after the other; they are good until the next call */
  *parts(names: Names, messageId: number): Generator<Buffer> {
    this.#head.writeUInt16LE(messageId, this.#messageIdAt)
    for (const { field, at } of this.#places) this.#head.write(textOf(names, field), at, 'latin1')
    yield this.#head
    for (let time = 0; time < this.#again.times; time++) yield this.#again.bytes
    if (this.#tail.length > 0) yield this.#tail
  }
}

function textOf(names: Names, field: keyof Names | 'patient'): string {
  return field === 'patient' ? names.studyInstanceUid.slice(-6) : String(names[field])
}

/** Where the names stand: all UIDs, the instance number, and the number of the patient behind "ACC", "Patient" and "B". */
function placesOf(head: Buffer, names: Names): { field: keyof Names | 'patient'; at: number }[] {
  const places: { field: keyof Names | 'patient'; at: number }[] = []
  for (const field of ['studyInstanceUid', 'seriesInstanceUid', 'sopInstanceUid'] as const) {
    for (let at = head.indexOf(names[field]); at >= 0; at = head.indexOf(names[field], at + 1)) places.push({ field, at })
  }
  const patient = textOf(names, 'patient')
  for (const before of ['ACC', 'Patient', 'B']) {
    const at = head.indexOf(before + patient, 0, 'latin1')
    if (at >= 0) places.push({ field: 'patient', at: at + before.length })
  }
  const instanceNumber = head.indexOf(Buffer.from([0x20, 0x00, 0x13, 0x00]))
  places.push({ field: 'number', at: instanceNumber + 8 })
  return places
}

/** One P-DATA-TF of one PDV (PS3.8 9.3.5). @param control  1 of a command set, 2 of the last fragment */
export function pdu(contextId: number, control: number, value: Buffer): Buffer {
  const out = Buffer.allocUnsafe(OVERHEAD_BYTES + value.length)
  writeHeader(out, 0, contextId, value.length, control)
  value.copy(out, OVERHEAD_BYTES)
  return out
}

/** `bytes` as P-DATA-TF PDUs of one PDV each. @param kind  1 of a command set, 0 of a data set */
function pdus(contextId: number, bytes: Buffer, fragment: number, kind: 0 | 1, isWhole: boolean): Buffer {
  const count = Math.ceil(bytes.length / fragment)
  const out = Buffer.allocUnsafe(bytes.length + count * OVERHEAD_BYTES)
  for (let from = 0, to = 0; from < bytes.length; from += fragment) {
    const length = Math.min(fragment, bytes.length - from)
    writeHeader(out, to, contextId, length, kind | (isWhole && from + length === bytes.length ? 2 : 0))
    bytes.copy(out, to + OVERHEAD_BYTES, from, from + length)
    to += OVERHEAD_BYTES + length
  }
  return out
}
