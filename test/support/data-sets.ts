/** Small DICOM data sets, right or wrong on purpose, in any of the uncompressed encodings (PS3.5 7, PS3.10 7.1).
 *
 *  Independent of src/dicom: what that reads is checked against this. Every call makes new UIDs unless they are given. */
import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'

export const IMPLICIT_LE = '1.2.840.10008.1.2'
export const EXPLICIT_LE = '1.2.840.10008.1.2.1'
export const DEFLATED_LE = '1.2.840.10008.1.2.1.99'
export const EXPLICIT_BE = '1.2.840.10008.1.2.2'
export const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2'
export const US_MULTIFRAME = '1.2.840.10008.5.1.4.1.1.3.1'

/** A number follows its VR (US, UL, SS, SL, FL, FD); text is Latin-1 here: hand bytes for anything else. Items make a sequence. */
export type TestValue = string | number | readonly number[] | Buffer | readonly TestDataSet[]
export type TestElement = readonly [vr: string, value: TestValue]
/** Tag (0xggggeeee) → element. */
export type TestDataSet = ReadonlyMap<number, TestElement>
/** undefined takes the element out. */
export type Overrides = Readonly<Record<number, TestElement | undefined>>

export const TAG = {
  SpecificCharacterSet: 0x00080005,
  SOPClassUID: 0x00080016,
  SOPInstanceUID: 0x00080018,
  StudyDate: 0x00080020,
  StudyTime: 0x00080030,
  AccessionNumber: 0x00080050,
  QueryRetrieveLevel: 0x00080052,
  Modality: 0x00080060,
  PatientName: 0x00100010,
  PatientID: 0x00100020,
  StudyInstanceUID: 0x0020000d,
  SeriesInstanceUID: 0x0020000e,
  InstanceNumber: 0x00200013,
  NumberOfFrames: 0x00280008,
  Rows: 0x00280010,
  Columns: 0x00280011,
  PixelData: 0x7fe00010,
} as const

export const testUid = () => `2.25.${BigInt(`0x${randomBytes(15).toString('hex')}`)}`

/** A CT slice of `size` × `size` × 16 bit (4 × 4 by default). */
export function ct(overrides: Overrides = {}, size = 4): TestDataSet {
  return withOverrides(
    [
      [TAG.SpecificCharacterSet, ['CS', 'ISO_IR 100']],
      [0x00080008, ['CS', 'ORIGINAL\\PRIMARY\\AXIAL']],
      [TAG.SOPClassUID, ['UI', CT_IMAGE]],
      [TAG.SOPInstanceUID, ['UI', testUid()]],
      [TAG.StudyDate, ['DA', '20260301']],
      [TAG.StudyTime, ['TM', '101500']],
      [TAG.AccessionNumber, ['SH', 'ACC1']],
      [TAG.Modality, ['CS', 'CT']],
      [0x00080090, ['PN', 'Referring^Doctor']],
      [0x00081030, ['LO', 'Test study']],
      [TAG.PatientName, ['PN', 'Hostile^Test']],
      [TAG.PatientID, ['LO', 'TEST-PATIENT']],
      [0x00100030, ['DA', '19700101']],
      [0x00100040, ['CS', 'O']],
      [TAG.StudyInstanceUID, ['UI', testUid()]],
      [TAG.SeriesInstanceUID, ['UI', testUid()]],
      [0x00200010, ['SH', '1']],
      [0x00200011, ['IS', '1']],
      [TAG.InstanceNumber, ['IS', '1']],
      [0x00280002, ['US', 1]],
      [0x00280004, ['CS', 'MONOCHROME2']],
      [TAG.Rows, ['US', size]],
      [TAG.Columns, ['US', size]],
      [0x00280100, ['US', 16]],
      [0x00280101, ['US', 12]],
      [0x00280102, ['US', 11]],
      [0x00280103, ['US', 0]],
      [TAG.PixelData, ['OW', Buffer.alloc(size * size * 2, 7)]],
    ],
    overrides,
  )
}

/** A multi-frame ultrasound of 8-bit grey frames. */
export function us(frames: number, overrides: Overrides = {}, size = 8): TestDataSet {
  return ct({
    [TAG.SOPClassUID]: ['UI', US_MULTIFRAME],
    [TAG.Modality]: ['CS', 'US'],
    [TAG.NumberOfFrames]: ['IS', String(frames)],
    [TAG.Rows]: ['US', size],
    [TAG.Columns]: ['US', size],
    2621696: ['US', 8],
    2621697: ['US', 8],
    2621698: ['US', 7],
    [TAG.PixelData]: ['OB', Buffer.alloc(frames * size * size, 9)],
    ...overrides,
  })
}

export function dataSet(elements: Overrides): TestDataSet {
  return withOverrides([], elements)
}

function withOverrides(base: readonly (readonly [number, TestElement])[], overrides: Overrides): TestDataSet {
  const elements = new Map(base)
  for (const [tag, element] of Object.entries(overrides)) {
    if (element === undefined) elements.delete(Number(tag))
    else elements.set(Number(tag), element)
  }
  return new Map([...elements].sort(([a], [b]) => a - b))
}

/** The text of an element; '' where it is absent. */
export function textOf(elements: TestDataSet, tag: number): string {
  const value = elements.get(tag)?.[1]
  return typeof value === 'string' ? value : Buffer.isBuffer(value) ? value.toString('latin1') : ''
}

const LONG_FORM = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'UC', 'UN', 'UR', 'UT', 'SV', 'UV'])

interface Encoding {
  readonly explicit: boolean
  readonly bigEndian: boolean
}

function encodingOf(transferSyntax: string): Encoding {
  return { explicit: transferSyntax !== IMPLICIT_LE, bigEndian: transferSyntax === EXPLICIT_BE }
}

/** Encoded data set, without file meta information. Anything unknown is written as explicit VR little endian. */
export function encode(elements: TestDataSet, transferSyntax = EXPLICIT_LE): Buffer {
  if (transferSyntax === DEFLATED_LE) return deflateRawSync(encode(elements, EXPLICIT_LE))
  return Buffer.concat([...elements].map(([tag, [vr, value]]) => encodeElement(tag, vr, value, transferSyntax)))
}

/** One element. @param length what its length field claims */
export function encodeElement(tag: number, vr: string, value: TestValue, transferSyntax = EXPLICIT_LE, length?: number): Buffer {
  const encoding = encodingOf(transferSyntax)
  const bytes = encodeValue(vr, value, encoding, transferSyntax)
  return Buffer.concat([elementHeader(tag, vr, length ?? bytes.length, transferSyntax), bytes])
}

/** Tag, VR where explicit, length. */
export function elementHeader(tag: number, vr: string, length: number, transferSyntax = EXPLICIT_LE): Buffer {
  const { explicit, bigEndian } = encodingOf(transferSyntax)
  const long = explicit && LONG_FORM.has(vr)
  const header = Buffer.alloc(long ? 12 : 8)
  const u16 = (number: number, at: number) => (bigEndian ? header.writeUInt16BE(number, at) : header.writeUInt16LE(number, at))
  const u32 = (number: number, at: number) => (bigEndian ? header.writeUInt32BE(number >>> 0, at) : header.writeUInt32LE(number >>> 0, at))
  u16(tag >>> 16, 0)
  u16(tag & 0xffff, 2)
  if (explicit) {
    header.write(vr.padEnd(2, ' '), 4, 2, 'latin1')
    if (long) u32(length, 8)
    else u16(length & 0xffff, 6)
  } else {
    u32(length, 4)
  }
  return header
}

function encodeValue(vr: string, value: TestValue, encoding: Encoding, transferSyntax: string): Buffer {
  if (Buffer.isBuffer(value)) return value
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'latin1')
    return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from(vr === 'UI' ? '\0' : ' ')])
  }
  if (vr === 'SQ')
    return Buffer.concat(
      (value as readonly TestDataSet[]).map((one) => encodeItem(encode(one, undeflated(transferSyntax)), transferSyntax)),
    )
  const numbers = typeof value === 'number' ? [value] : (value as readonly number[])
  return Buffer.concat(numbers.map((number) => encodeNumber(vr, number, encoding.bigEndian)))
}

/** Items are deflated with the whole, not each by itself. */
const undeflated = (transferSyntax: string) => (transferSyntax === DEFLATED_LE ? EXPLICIT_LE : transferSyntax)

/** An item of a sequence, of defined length. */
export function encodeItem(content: Buffer, transferSyntax = EXPLICIT_LE): Buffer {
  const bigEndian = transferSyntax === EXPLICIT_BE
  const header = Buffer.alloc(8)
  if (bigEndian) {
    header.writeUInt32BE(0xfffee000, 0)
    header.writeUInt32BE(content.length, 4)
  } else {
    header.set([0xfe, 0xff, 0x00, 0xe0], 0)
    header.writeUInt32LE(content.length, 4)
  }
  return Buffer.concat([header, content])
}

function encodeNumber(vr: string, number: number, bigEndian: boolean): Buffer {
  const size = vr === 'FD' ? 8 : vr === 'US' || vr === 'SS' ? 2 : 4
  const bytes = Buffer.alloc(size)
  if (vr === 'FD') bytes.writeDoubleLE(number)
  else if (vr === 'FL') bytes.writeFloatLE(number)
  else if (size === 2) bytes.writeUInt16LE(number & 0xffff)
  else bytes.writeUInt32LE(number >>> 0)
  return bigEndian ? bytes.reverse() : bytes
}

/** A whole file: preamble, group 0002, data set. */
export function part10(elements: TestDataSet, transferSyntax = EXPLICIT_LE): Buffer {
  const meta = Buffer.concat([
    encodeElement(0x00020001, 'OB', Buffer.from([0, 1])),
    encodeElement(0x00020002, 'UI', textOf(elements, TAG.SOPClassUID)),
    encodeElement(0x00020003, 'UI', textOf(elements, TAG.SOPInstanceUID)),
    encodeElement(0x00020010, 'UI', transferSyntax),
    encodeElement(0x00020012, 'UI', '1.2.826.0.1.3680043.9.9999'),
  ])
  const groupLength = encodeElement(0x00020000, 'UL', meta.length)
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), groupLength, meta, encode(elements, transferSyntax)])
}

/** Where the data set of a Part 10 file begins, by reading group 0002 through. */
export function dataSetOffset(file: Buffer): number {
  if (file.toString('latin1', 128, 132) !== 'DICM') throw new Error('not a Part 10 file')
  let at = 132
  while (at + 8 <= file.length && file.readUInt16LE(at) === 2) {
    const long = LONG_FORM.has(file.toString('latin1', at + 4, at + 6))
    at += long ? 12 + file.readUInt32LE(at + 8) : 8 + file.readUInt16LE(at + 6)
  }
  return at
}

/** Top-level elements of an encoded little endian data set: tag → value bytes. Stops at what it cannot read. */
export function decode(bytes: Buffer, transferSyntax = EXPLICIT_LE): Map<number, Buffer> {
  const { explicit } = encodingOf(transferSyntax)
  const elements = new Map<number, Buffer>()
  let at = 0
  while (at + 8 <= bytes.length) {
    const tag = ((bytes.readUInt16LE(at) << 16) | bytes.readUInt16LE(at + 2)) >>> 0
    const long = explicit && LONG_FORM.has(bytes.toString('latin1', at + 4, at + 6))
    const start = at + (long ? 12 : 8)
    const length = long ? bytes.readUInt32LE(at + 8) : explicit ? bytes.readUInt16LE(at + 6) : bytes.readUInt32LE(at + 4)
    if (start + length > bytes.length) break
    elements.set(tag, bytes.subarray(start, start + length))
    at = start + length
  }
  return elements
}
