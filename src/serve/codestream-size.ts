/** How large an image its code stream says it is, before it is decoded: JPEG and JPEG-LS (ISO/IEC 10918-1 B.2.2, 14495-1 C.2.2), JPEG 2000
 *  (ISO/IEC 15444-1 A.5.1), JPEG XL (ISO/IEC 18181-1 D.2). A decoder believes that, whatever the header says, and takes memory for it.
 *
 *  @returns undefined where the code stream has no such beginning: the decoder will say so */
export interface Size {
  readonly width: number
  readonly height: number
  /** Undefined where it is not told at a fixed place (JPEG XL). */
  readonly components?: number
}

export function codestreamSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 12) return undefined
  if (bytes.readUInt16BE(0) === 0xffd8) return jpegSize(bytes)
  if (bytes.readUInt32BE(0) === 0xff4fff51) return jpeg2000Size(bytes, 0)
  if (bytes.readUInt16BE(0) === 0xff0a) return jpegXlSize(bytes, 2)
  if (bytes.toString('latin1', 4, 8) === 'jP  ' || bytes.toString('latin1', 4, 8) === 'JXL ') return boxedSize(bytes)
  return undefined
}

function jpegSize(bytes: Buffer): Size | undefined {
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1]!
    if (marker === 0xff) at += 1
    else if ((marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7) {
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7), components: bytes[at + 9]! }
    } else at += 2 + bytes.readUInt16BE(at + 2)
  }
  return undefined
}

function jpeg2000Size(bytes: Buffer, at: number): Size | undefined {
  if (at + 24 > bytes.length) return undefined
  const [right, bottom, left, top] = [8, 12, 16, 20].map((offset) => bytes.readUInt32BE(at + offset))
  const components = at + 42 <= bytes.length ? bytes.readUInt16BE(at + 40) : undefined
  return { width: right! - left!, height: bottom! - top!, components }
}

/** A file format around the code stream. */
function boxedSize(bytes: Buffer): Size | undefined {
  for (let at = 0; at + 16 < bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (type === 'jp2c') return jpeg2000Size(bytes, at + 8)
    if (type === 'jxlc') return jpegXlSize(bytes, at + 10)
    if (type === 'jxlp') return jpegXlSize(bytes, at + 14)
    if (length < 8) return undefined
    at += length
  }
  return undefined
}

/** Ratios of width to height that need no width. */
const RATIOS = [1, 12 / 10, 4 / 3, 3 / 2, 16 / 9, 5 / 4, 2]

function jpegXlSize(bytes: Buffer, start: number): Size | undefined {
  let position = start * 8
  const read = (count: number): number => {
    let value = 0
    for (let bit = 0; bit < count; bit++, position++) value += (((bytes[position >> 3] ?? 0) >> (position & 7)) & 1) * 2 ** bit
    return value
  }
  const isSmall = read(1) === 1
  const length = (): number => (isSmall ? (read(5) + 1) * 8 : read([9, 13, 18, 30][read(2)]!) + 1)
  const height = length()
  const ratio = read(3)
  const width = ratio === 0 ? length() : Math.floor(height * RATIOS[ratio - 1]!)
  return { width, height }
}
