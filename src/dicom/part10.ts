/** DICOM File Meta Information (PS3.10 7.1): the header that stands before a stored data set.
 *
 *  Promises: {@link part10Header} is what PS3.10 asks for, whatever the data set holds; {@link readPart10Header} finds the data set of
 *  any file that can be read at all: it walks the elements of group 0002 and trusts neither the group length nor the presence of
 *  the preamble, and returns undefined where there is no group 0002.
 *  Does not: look into the data set, or guess a transfer syntax where the file names none. */
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './implementation.ts'
import { trimEnd } from './value-representations.ts'

export interface FileMetaFacts {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly transferSyntaxUid: string
  /** AE title of who sent the data set, (0002,0016). */
  readonly sourceAeTitle?: string | undefined
  /** What this node notes in the file for itself, ASCII: Private Information (0002,0102) under our Implementation Class UID as its creator. */
  readonly privateInformation?: string | undefined
}

export interface FileMeta {
  readonly sopClassUid?: string
  readonly sopInstanceUid?: string
  readonly transferSyntaxUid?: string
  readonly sourceAeTitle?: string
  readonly implementationClassUid?: string
  readonly implementationVersionName?: string
  /** Only where we are its creator. */
  readonly privateInformation?: string
  /** Where the data set begins, in bytes from the start of the file. */
  readonly dataSetOffset: number
}

const PREAMBLE_BYTES = 128
const LONG_FORM = new Set(['OB', 'OW', 'OF', 'OD', 'OL', 'OV', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])

/** Preamble to the end of group 0002, Explicit VR Little Endian. */
export function part10Header(facts: FileMetaFacts): Buffer {
  const elements = [
    Buffer.from([0x02, 0x00, 0x01, 0x00, 0x4f, 0x42, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01]),
    shortElement(0x0002, 'UI', facts.sopClassUid),
    shortElement(0x0003, 'UI', facts.sopInstanceUid),
    shortElement(0x0010, 'UI', facts.transferSyntaxUid),
    shortElement(0x0012, 'UI', IMPLEMENTATION_CLASS_UID),
    shortElement(0x0013, 'SH', IMPLEMENTATION_VERSION_NAME),
  ]
  if (facts.sourceAeTitle !== undefined) elements.push(shortElement(0x0016, 'AE', facts.sourceAeTitle))
  if (facts.privateInformation !== undefined) {
    elements.push(shortElement(0x0100, 'UI', IMPLEMENTATION_CLASS_UID), longElement(0x0102, facts.privateInformation))
  }
  const group = Buffer.concat(elements)
  const prefix = Buffer.alloc(PREAMBLE_BYTES + 4 + 12)
  prefix.write('DICM', PREAMBLE_BYTES, 'latin1')
  prefix.set([0x02, 0x00, 0x00, 0x00, 0x55, 0x4c, 0x04, 0x00], PREAMBLE_BYTES + 4)
  prefix.writeUInt32LE(group.length, PREAMBLE_BYTES + 12)
  return Buffer.concat([prefix, group])
}

function shortElement(element: number, vr: string, text: string): Buffer {
  const padded = text.length % 2 === 0 ? text : text + (vr === 'UI' ? '\0' : ' ')
  const bytes = Buffer.alloc(8 + padded.length)
  bytes.writeUInt16LE(0x0002, 0)
  bytes.writeUInt16LE(element, 2)
  bytes.write(vr, 4, 'latin1')
  bytes.writeUInt16LE(padded.length, 6)
  bytes.write(padded, 8, 'latin1')
  return bytes
}

/** VR OB. */
function longElement(element: number, text: string): Buffer {
  const padded = text.length % 2 === 0 ? text : `${text}\0`
  const bytes = Buffer.alloc(12 + padded.length)
  bytes.writeUInt16LE(0x0002, 0)
  bytes.writeUInt16LE(element, 2)
  bytes.write('OB', 4, 'latin1')
  bytes.writeUInt32LE(padded.length, 8)
  bytes.write(padded, 12, 'latin1')
  return bytes
}

/** @param bytes  the beginning of a file; 4 KiB hold any reasonable header
 *  @returns undefined where there is no group 0002 in Explicit VR Little Endian, or where an element of it passes the end of `bytes` */
export function readPart10Header(bytes: Buffer): FileMeta | undefined {
  let offset = bytes.toString('latin1', PREAMBLE_BYTES, PREAMBLE_BYTES + 4) === 'DICM' ? PREAMBLE_BYTES + 4 : 0
  const values = new Map<number, string>()
  let found = false
  while (offset + 8 <= bytes.length && bytes.readUInt16LE(offset) === 0x0002) {
    const value = valueAt(bytes, offset)
    if (value === undefined) return undefined
    const element = bytes.readUInt16LE(offset + 2)
    if (!values.has(element)) values.set(element, trimEnd(bytes.toString('latin1', value.start, value.end)))
    offset = value.end
    found = true
  }
  return found ? metaOf(values, offset) : undefined
}

function valueAt(bytes: Buffer, offset: number): { start: number; end: number } | undefined {
  const vr = bytes.toString('latin1', offset + 4, offset + 6)
  if (!/^[A-Z]{2}$/.test(vr)) return undefined
  const long = LONG_FORM.has(vr)
  if (long && offset + 12 > bytes.length) return undefined
  const start = offset + (long ? 12 : 8)
  const end = start + (long ? bytes.readUInt32LE(offset + 8) : bytes.readUInt16LE(offset + 6))
  return end <= bytes.length ? { start, end } : undefined
}

function metaOf(values: ReadonlyMap<number, string>, dataSetOffset: number): FileMeta {
  const text = (element: number): string | undefined => values.get(element)?.trimStart() || undefined
  return {
    sopClassUid: text(0x0002),
    sopInstanceUid: text(0x0003),
    transferSyntaxUid: text(0x0010),
    implementationClassUid: text(0x0012),
    implementationVersionName: text(0x0013),
    sourceAeTitle: text(0x0016),
    privateInformation: text(0x0100) === IMPLEMENTATION_CLASS_UID ? text(0x0102) : undefined,
    dataSetOffset,
  }
}
