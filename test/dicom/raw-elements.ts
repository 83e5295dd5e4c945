/** Elements byte by byte, for tests that need what a writer would never write: wrong lengths, wrong VRs, missing delimiters. */

const LONG_FORM = new Set(['OB', 'OW', 'OF', 'OD', 'OL', 'OV', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])

export interface RawOptions {
  /** Instead of the length of the value. */
  readonly length?: number
  readonly bigEndian?: boolean
}

function asBytes(value: string | Buffer): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : value
}

function header(size: number, tag: number, bigEndian = false): Buffer {
  const bytes = Buffer.alloc(size)
  if (bigEndian) bytes.writeUInt32BE(tag, 0)
  else {
    bytes.writeUInt16LE(tag >>> 16, 0)
    bytes.writeUInt16LE(tag & 0xffff, 2)
  }
  return bytes
}

export function explicit(tag: number, vr: string, value: string | Buffer = '', options: RawOptions = {}): Buffer {
  const bytes = asBytes(value)
  const length = options.length ?? bytes.length
  const long = LONG_FORM.has(vr)
  const head = header(long ? 12 : 8, tag, options.bigEndian)
  head.write(vr, 4, 'latin1')
  if (long && options.bigEndian === true) head.writeUInt32BE(length, 8)
  else if (long) head.writeUInt32LE(length, 8)
  else if (options.bigEndian === true) head.writeUInt16BE(length, 6)
  else head.writeUInt16LE(length, 6)
  return Buffer.concat([head, bytes])
}

export function implicit(tag: number, value: string | Buffer = '', options: RawOptions = {}): Buffer {
  const bytes = asBytes(value)
  const head = header(8, tag)
  head.writeUInt32LE(options.length ?? bytes.length, 4)
  return Buffer.concat([head, bytes])
}

export const UNDEFINED = 0xffffffff

export function item(value: string | Buffer = '', length?: number): Buffer {
  return implicit(0xfffee000, value, length === undefined ? {} : { length })
}

export const ITEM_END = implicit(0xfffee00d)
export const SEQUENCE_END = implicit(0xfffee0dd)

/** The four UIDs and a name: the least that can be indexed. */
export const CLASS = '1.2.840.10008.5.1.4.1.1.2'
export function explicitInstance(...after: readonly Buffer[]): Buffer {
  return Buffer.concat([
    explicit(0x00080016, 'UI', `${CLASS}\0`),
    explicit(0x00080018, 'UI', '1.2.3.4\0'),
    explicit(0x0020000d, 'UI', '1.2.3.5\0'),
    explicit(0x0020000e, 'UI', '1.2.3.6\0'),
    ...after,
  ])
}

export function implicitInstance(...after: readonly Buffer[]): Buffer {
  return Buffer.concat([
    implicit(0x00080016, `${CLASS}\0`),
    implicit(0x00080018, '1.2.3.4\0'),
    implicit(0x0020000d, '1.2.3.5\0'),
    implicit(0x0020000e, '1.2.3.6\0'),
    ...after,
  ])
}
