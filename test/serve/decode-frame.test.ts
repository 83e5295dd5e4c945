/** Code streams that say other sizes than their header: a decoder takes memory for what they say. */
import { beforeAll, expect, it } from 'vitest'
import { decodeFrame, type PixelFormat, prepareDecoding } from '../../src/serve/decode-frame.ts'

const SMALL: PixelFormat = {
  rows: 8,
  columns: 8,
  samplesPerPixel: 1,
  photometricInterpretation: 'MONOCHROME2',
  planarConfiguration: 0,
  bitsAllocated: 8,
  bitsStored: 8,
  pixelRepresentation: 0,
}
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const u16 = (value: number): string => value.toString(16).padStart(4, '0')
const u32 = (value: number): string => value.toString(16).padStart(8, '0')

/** SOC and SIZ (ISO/IEC 15444-1 A.5.1), cut off behind them. */
const jpeg2000 = (size: number, components: number): Buffer =>
  hex(
    `ff4f ff51 ${u16(38 + 3 * components)} 0000 ${u32(size).repeat(2)} ${u32(0).repeat(2)} ${u32(size).repeat(2)} ${u32(0).repeat(2)}
    ${u16(components)} ${'070101'.repeat(components)}`.replace(/\s/g, ''),
  )
/** SOI and a frame header (ISO/IEC 10918-1 B.2.2, 14495-1 C.2.2). */
const jpeg = (marker: string, size: number, components: number): Buffer =>
  hex(
    `ffd8 ff${marker} ${u16(8 + 3 * components)} 08 ${u16(size).repeat(2)} ${components.toString(16).padStart(2, '0')} ${'011100'.repeat(components)}`,
  )

beforeAll(prepareDecoding)

it.each([
  ['JPEG 2000', '1.2.840.10008.1.2.4.90', jpeg2000(60_000, 1), '60000 × 60000 × 1'],
  ['JPEG 2000 of many components', '1.2.840.10008.1.2.4.90', jpeg2000(2048, 5), '2048 × 2048 × 5'],
  ['HTJ2K', '1.2.840.10008.1.2.4.201', jpeg2000(20_000, 3), '20000 × 20000 × 3'],
  ['JPEG-LS', '1.2.840.10008.1.2.4.80', jpeg('f7', 20_000, 4), '20000 × 20000 × 4'],
  ['JPEG', '1.2.840.10008.1.2.4.51', jpeg('c1', 60_000, 1), '60000 × 60000 × 1'],
])('%s that says it is much larger than its header is not decoded', (_name, syntax, stream, found) => {
  expect(() => decodeFrame(stream, syntax, SMALL)).toThrow(
    `Columns × Rows × Samples per Pixel is 8 × 8 × 1, its code stream is of ${found}`,
  )
})

it('one that is as large as its header says goes to the decoder, however large', () => {
  const large = { ...SMALL, rows: 20_000, columns: 20_000 }
  expect(() => decodeFrame(jpeg('c1', 20_000, 1), '1.2.840.10008.1.2.4.51', large)).not.toThrow(/code stream is of/)
})
