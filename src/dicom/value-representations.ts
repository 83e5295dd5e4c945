/** Value representations (PS3.5 6.2) and how explicit VR writes their length (PS3.5 7.1.2). */

/** Length in 32 bits after two reserved bytes. */
const LONG_FORM = ['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']
/** Length in 16 bits. */
const SHORT_FORM = [
  'AE',
  'AS',
  'AT',
  'CS',
  'DA',
  'DS',
  'DT',
  'FD',
  'FL',
  'IS',
  'LO',
  'LT',
  'PN',
  'SH',
  'SL',
  'SS',
  'ST',
  'TM',
  'UI',
  'UL',
  'US',
]

const LONG = new Set(LONG_FORM)
const KNOWN = new Set([...LONG_FORM, ...SHORT_FORM])
/** Text in the characters of Specific Character Set (0008,0005); every other text VR is ASCII. */
const CHARACTER_SET = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT'])
const ASCII = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'TM', 'UI', 'UR'])
/** A backslash in these is a character, not a delimiter, and leading spaces mean something. */
const SINGLE_TEXT = new Set(['LT', 'ST', 'UT', 'UR'])
/** Bytes of one number; the sign and kind are in {@link readNumber}. */
const NUMBER_BYTES: Readonly<Record<string, number>> = { US: 2, SS: 2, UL: 4, SL: 4, AT: 4, FL: 4, FD: 8, UV: 8, SV: 8 }

export function isKnownVr(vr: string): boolean {
  return KNOWN.has(vr)
}

export function isLongForm(vr: string): boolean {
  return LONG.has(vr)
}

export function usesCharacterSet(vr: string): boolean {
  return CHARACTER_SET.has(vr)
}

export function isText(vr: string): boolean {
  return CHARACTER_SET.has(vr) || ASCII.has(vr)
}

/** Whether the value is one text however many backslashes it holds. */
export function isSingleText(vr: string): boolean {
  return SINGLE_TEXT.has(vr)
}

/** Bytes of one value of a number VR (AT included), undefined for other VRs. */
export function numberBytes(vr: string): number | undefined {
  return NUMBER_BYTES[vr]
}

/** Text without the padding that PS3.5 6.2 calls insignificant: NUL and space at the end of the text and, unless it is a
 *  {@link isSingleText}, spaces around each of its values. */
export function trimPadding(text: string, vr: string): string {
  const end = trimEnd(text)
  if (SINGLE_TEXT.has(vr)) return end
  if (!end.includes('\\')) return trimStart(end)
  return end
    .split('\\')
    .map((value) => trimStart(trimEnd(value)))
    .join('\\')
}

/** Without NUL and space at the end; by hand, because a regular expression tries every run of spaces inside the text to its end,
 *  which on what a peer may send takes seconds. */
export function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0)) end--
  return end === text.length ? text : text.slice(0, end)
}

export function trimStart(text: string): string {
  let start = 0
  while (start < text.length && text.charCodeAt(start) === 0x20) start++
  return start === 0 ? text : text.slice(start)
}

/** The numbers of a value as decimal text joined by backslash, AT as eight hexadecimal digits. Bytes that make up no whole
 *  number are left out. */
export function numbersText(bytes: Buffer, vr: string, littleEndian: boolean): string {
  const size = NUMBER_BYTES[vr]
  if (size === undefined) return ''
  const texts: string[] = []
  for (let offset = 0; offset + size <= bytes.length; offset += size) texts.push(readNumber(bytes, offset, vr, littleEndian))
  return texts.join('\\')
}

function readNumber(bytes: Buffer, offset: number, vr: string, littleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  switch (vr) {
    case 'US':
      return String(view.getUint16(offset, littleEndian))
    case 'SS':
      return String(view.getInt16(offset, littleEndian))
    case 'UL':
      return String(view.getUint32(offset, littleEndian))
    case 'SL':
      return String(view.getInt32(offset, littleEndian))
    case 'FL':
      return String(view.getFloat32(offset, littleEndian))
    case 'FD':
      return String(view.getFloat64(offset, littleEndian))
    case 'UV':
      return String(view.getBigUint64(offset, littleEndian))
    case 'SV':
      return String(view.getBigInt64(offset, littleEndian))
    default:
      return hexTag(view.getUint16(offset, littleEndian), view.getUint16(offset + 2, littleEndian))
  }
}

function hexTag(group: number, element: number): string {
  return (group * 0x10000 + element).toString(16).toUpperCase().padStart(8, '0')
}

/** Writes numbers given as decimal text (AT: eight hexadecimal digits), little endian.
 *  @throws RangeError, TypeError where a text is no number of this VR: a bug of the caller */
export function numbersBytes(text: string, vr: string): Buffer {
  const size = NUMBER_BYTES[vr]
  if (size === undefined) throw new TypeError(`${vr} holds no numbers`)
  const values = text.split('\\')
  const bytes = Buffer.alloc(values.length * size)
  for (const [index, value] of values.entries()) writeNumber(bytes, index * size, vr, value.trim())
  return bytes
}

function writeNumber(bytes: Buffer, offset: number, vr: string, text: string): void {
  if (vr === 'UV' || vr === 'SV') {
    if (vr === 'UV') bytes.writeBigUInt64LE(BigInt(text), offset)
    else bytes.writeBigInt64LE(BigInt(text), offset)
    return
  }
  const number = vr === 'AT' ? Number.parseInt(text, 16) : Number(text)
  if (text === '' || (Number.isNaN(number) && text !== 'NaN')) throw new TypeError(`no number of ${vr}: ${JSON.stringify(text)}`)
  switch (vr) {
    case 'US':
      bytes.writeUInt16LE(number, offset)
      break
    case 'SS':
      bytes.writeInt16LE(number, offset)
      break
    case 'UL':
      bytes.writeUInt32LE(number, offset)
      break
    case 'SL':
      bytes.writeInt32LE(number, offset)
      break
    case 'FL':
      bytes.writeFloatLE(number, offset)
      break
    case 'FD':
      bytes.writeDoubleLE(number, offset)
      break
    default:
      bytes.writeUInt16LE(number >>> 16, offset)
      bytes.writeUInt16LE(number & 0xffff, offset + 2)
  }
}
