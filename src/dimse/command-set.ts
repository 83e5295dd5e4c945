/** Command sets (PS3.7 6.3.1, E.1): always Implicit VR Little Endian, a few short elements, read and written by hand.
 *
 *  Tolerant where real peers err (group length absent or wrong, elements out of order: first one wins); a length that does not fit its
 *  VR, an element outside group 0000 or past the end is a ProtocolError. */

import { trimEnd } from '../dicom/value-representations.ts'
import type { CommandSet } from './contract.ts'
import { ABORT, ProtocolError } from './protocol-error.ts'

const NO_DATA_SET = 0x0101

type TextField =
  | 'affectedSopClassUid'
  | 'requestedSopClassUid'
  | 'affectedSopInstanceUid'
  | 'requestedSopInstanceUid'
  | 'moveDestination'
  | 'errorComment'
  | 'moveOriginatorAeTitle'
type NumberField =
  | 'commandField'
  | 'messageId'
  | 'messageIdBeingRespondedTo'
  | 'priority'
  | 'status'
  | 'errorId'
  | 'moveOriginatorMessageId'
  | 'numberOfRemainingSuboperations'
  | 'numberOfCompletedSuboperations'
  | 'numberOfFailedSuboperations'
  | 'numberOfWarningSuboperations'

/** Element number in group 0000 → field and VR; ascending, as they are written (PS3.7 E.1). */
const TEXT: ReadonlyMap<number, TextField> = new Map([
  [0x0002, 'affectedSopClassUid'],
  [0x0003, 'requestedSopClassUid'],
  [0x0600, 'moveDestination'],
  [0x0902, 'errorComment'],
  [0x1000, 'affectedSopInstanceUid'],
  [0x1001, 'requestedSopInstanceUid'],
  [0x1030, 'moveOriginatorAeTitle'],
])
const NUMBERS: ReadonlyMap<number, NumberField> = new Map([
  [0x0100, 'commandField'],
  [0x0110, 'messageId'],
  [0x0120, 'messageIdBeingRespondedTo'],
  [0x0700, 'priority'],
  [0x0900, 'status'],
  [0x0903, 'errorId'],
  [0x1020, 'numberOfRemainingSuboperations'],
  [0x1021, 'numberOfCompletedSuboperations'],
  [0x1022, 'numberOfFailedSuboperations'],
  [0x1023, 'numberOfWarningSuboperations'],
  [0x1031, 'moveOriginatorMessageId'],
])
const DATA_SET_TYPE = 0x0800
const OFFENDING_ELEMENT = 0x0901
/** Told in answers only: what a peer says there is not read. */
const ATTRIBUTE_LIST = 0x1005

/** @throws ProtocolError where the bytes are no command set or hold no Command Field */
export function decodeCommandSet(bytes: Buffer): CommandSet {
  const command: Partial<CommandSet> & { hasDataSet: boolean } = { hasDataSet: false }
  let hasType = false
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length) throw malformed('element header past the end')
    const group = bytes.readUInt16LE(at)
    const element = bytes.readUInt16LE(at + 2)
    const length = bytes.readUInt32LE(at + 4)
    at += 8
    if (group !== 0) throw malformed(`element of group ${group.toString(16).padStart(4, '0')}`)
    if (length > bytes.length - at) throw malformed(`element (0000,${element.toString(16).padStart(4, '0')}) past the end`)
    const text = TEXT.get(element)
    const number = NUMBERS.get(element)
    if (text !== undefined) command[text] ??= trimEnd(bytes.toString('latin1', at, at + length))
    else if (number !== undefined) command[number] ??= shortAt(bytes, at, length, element)
    else if (element === DATA_SET_TYPE && !hasType) {
      hasType = true
      command.hasDataSet = shortAt(bytes, at, length, element) !== NO_DATA_SET
    }
    at += length
  }
  if (command.commandField === undefined) throw malformed('no Command Field (0000,0100)')
  return command as CommandSet
}

function shortAt(bytes: Buffer, at: number, length: number, element: number): number {
  if (length !== 2) throw malformed(`element (0000,${element.toString(16).padStart(4, '0')}) of VR US has ${length} bytes`)
  return bytes.readUInt16LE(at)
}

function malformed(text: string): ProtocolError {
  return new ProtocolError(ABORT.INVALID_PARAMETER, `command set: ${text}`)
}

/** Elements in ascending order, behind their group length. */
export function encodeCommandSet(command: CommandSet): Buffer {
  const elements: number[] = []
  const values: CommandValue[] = []
  let size = GROUP_LENGTH_BYTES
  for (const [element, kind] of ORDER) {
    const value = kind === 'type' ? (command.hasDataSet ? 0x0000 : NO_DATA_SET) : command[kind]
    if (value === undefined) continue
    const written = typeof value === 'string' ? padded(value, element) : value
    elements.push(element)
    values.push(written)
    size += HEADER_BYTES + lengthOf(element, written)
  }
  const out = Buffer.allocUnsafe(size)
  out.writeUInt32LE(0, 0)
  out.writeUInt32LE(4, 4)
  out.writeUInt32LE(size - GROUP_LENGTH_BYTES, 8)
  let at = GROUP_LENGTH_BYTES
  for (const [index, element] of elements.entries()) {
    const value = values[index]!
    out.writeUInt32LE(element << 16, at)
    out.writeUInt32LE(lengthOf(element, value), at + 4)
    at += HEADER_BYTES
    if (typeof value === 'string') out.write(value, at, 'latin1')
    else if (typeof value !== 'number') for (const [index, tag] of value.entries()) writeTag(out, at + 4 * index, tag)
    else if (element === OFFENDING_ELEMENT) writeTag(out, at, value)
    else out.writeUInt16LE(value & 0xffff, at)
    at += lengthOf(element, value)
  }
  return out
}

/** Group length (0000,0000), a UL with its header. */
const GROUP_LENGTH_BYTES = 12
const HEADER_BYTES = 8

type CommandValue = string | number | readonly number[]

function lengthOf(element: number, value: CommandValue): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'number') return 4 * value.length
  return element === OFFENDING_ELEMENT ? 4 : 2
}

const ORDER: readonly (readonly [number, TextField | NumberField | 'type' | 'offendingElement' | 'attributeIdentifierList'])[] = [
  ...TEXT,
  ...NUMBERS,
  [DATA_SET_TYPE, 'type'] as const,
  [OFFENDING_ELEMENT, 'offendingElement'] as const,
  [ATTRIBUTE_LIST, 'attributeIdentifierList'] as const,
].sort((a, b) => a[0] - b[0])

const UID_ELEMENTS = new Set([0x0002, 0x0003, 0x1000, 0x1001])

function padded(value: string, element: number): string {
  const text = element === 0x0902 ? value.slice(0, 64) : value
  return text.length % 2 === 0 ? text : text + (UID_ELEMENTS.has(element) ? '\0' : ' ')
}

/** VR AT: group, then element. */
function writeTag(out: Buffer, at: number, tag: number): void {
  out.writeUInt16LE(tag >>> 16, at)
  out.writeUInt16LE(tag & 0xffff, at + 2)
}
