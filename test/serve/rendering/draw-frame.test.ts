/** What each stored value becomes on the screen, worked out by hand from PS3.3 C.7.6.3, C.11.1 and C.11.2. */
import { describe, expect, it } from 'vitest'
import type { Window } from '../../../src/dicomweb/rendering-parameters.ts'
import { drawFrame } from '../../../src/serve/rendering/draw-frame.ts'
import { dataSet, EXPLICIT_BE, EXPLICIT_LE, encode, type Overrides, type TestDataSet } from '../../support/data-sets.ts'

interface Image {
  readonly bytes: Buffer
  readonly columns: number
  readonly bits?: number
  readonly stored?: number
  readonly more?: Overrides
  readonly window?: Window
  readonly frame?: number
}

const words = (...values: number[]): Buffer => Buffer.from(Uint16Array.from(values, (value) => value & 0xffff).buffer)
const linear = (center: number, width: number): Window => ({ center, width, function: 'linear' })

function header({ columns, bits = 16, stored = bits, more = {} }: Image): TestDataSet {
  return dataSet({
    2621442: ['US', 1],
    2621444: ['CS', 'MONOCHROME2'],
    2621456: ['US', 1],
    2621457: ['US', columns],
    2621696: ['US', bits],
    2621697: ['US', stored],
    2621698: ['US', stored - 1],
    2621699: ['US', 0],
    ...more,
  })
}

async function drawn(image: Image, syntax = EXPLICIT_LE): Promise<number[]> {
  const { pixels } = await drawFrame({
    header: encode(header(image), syntax),
    transferSyntaxUid: syntax,
    frame: image.frame ?? 1,
    bytes: image.bytes,
    isCompressed: false,
    window: image.window,
  })
  return [...pixels]
}

const SIGNED = { 2621699: ['US', 1] } satisfies Overrides
const colour = (interpretation: string, planar = 0): Overrides => ({
  2621442: ['US', 3],
  2621444: ['CS', interpretation],
  2621446: ['US', planar],
})

describe('windows', () => {
  const ramp = { bytes: words(0, 99, 100, 150, 199, 200, 300), columns: 7 }

  it('LINEAR: half a step below the centre', async () => {
    // ((x - 149.5) / 99 + 0.5) * 255
    expect(await drawn({ ...ramp, window: linear(150, 100) })).toEqual([0, 0, 0, 129, 255, 255, 255])
  })
  it('LINEAR of width 1 is a threshold', async () => {
    expect(await drawn({ bytes: words(9, 10, 11), columns: 3, window: linear(10, 1) })).toEqual([0, 255, 255])
  })
  it('LINEAR_EXACT: no half step', async () => {
    const window: Window = { center: 150, width: 100, function: 'linear-exact' }
    expect(await drawn({ ...ramp, window })).toEqual([0, 0, 0, 128, 252, 255, 255])
  })
  it('SIGMOID', async () => {
    const window: Window = { center: 150, width: 100, function: 'sigmoid' }
    const expected = [0, 99, 100, 150, 199, 200, 300].map((x) => Math.round(255 / (1 + Math.exp((-4 * (x - 150)) / 100))))
    expect(await drawn({ ...ramp, window })).toEqual(expected)
  })
  it('the first of several of the image, by its function', async () => {
    const more = { 2625616: ['DS', '150\\1'], 2625617: ['DS', '100\\2'], 2625622: ['CS', 'LINEAR_EXACT'] } satisfies Overrides
    expect(await drawn({ ...ramp, more })).toEqual([0, 0, 0, 128, 252, 255, 255])
  })
  it('one of width 0 is none', async () => {
    const more = { 2625616: ['DS', '150'], 2625617: ['DS', '0'] } satisfies Overrides
    expect(await drawn({ bytes: words(100, 150, 200), columns: 3, more })).toEqual([0, 128, 255])
  })
  it('the one asked for goes before it', async () => {
    const more = { 2625616: ['DS', '1'], 2625617: ['DS', '2'] } satisfies Overrides
    expect(await drawn({ ...ramp, more, window: linear(150, 100) })).toEqual([0, 0, 0, 129, 255, 255, 255])
  })
  it('without any: from the darkest to the lightest that is there', async () => {
    expect(await drawn({ bytes: words(1000, 1500, 2000), columns: 3, stored: 12 })).toEqual([0, 128, 255])
  })
  it('of 8 bits: as they are', async () => {
    expect(await drawn({ bytes: Buffer.from([10, 128, 200]), columns: 3, bits: 8 })).toEqual([10, 128, 200])
  })
  it('all the same is black, not a division by zero', async () => {
    expect(await drawn({ bytes: words(7, 7), columns: 2 })).toEqual([0, 0])
  })
})

describe('stored values', () => {
  it('signed ones, with their rescale', async () => {
    const more = { ...SIGNED, 2625618: ['DS', '-24'], 2625619: ['DS', '2'] } satisfies Overrides
    // 2 * -500 - 24 = -1024, 2 * 512 - 24 = 1000
    const image = { bytes: words(-500, 512, 6), columns: 3, more, window: { center: -12, width: 2024, function: 'linear-exact' } as Window }
    expect(await drawn(image)).toEqual([0, 255, 128])
  })
  it('signed ones of 12 bits, the sign in the twelfth', async () => {
    expect(await drawn({ bytes: words(0x0fff, 0x0001), columns: 2, stored: 12, more: SIGNED })).toEqual([0, 255])
  })
  it('without what lies above High Bit', async () => {
    expect(await drawn({ bytes: words(0xf000, 0xf064, 0x00c8), columns: 3, stored: 12 })).toEqual([0, 128, 255])
  })
  it('MONOCHROME1 the other way round', async () => {
    const more = { 2621444: ['CS', 'MONOCHROME1'] } satisfies Overrides
    expect(await drawn({ bytes: Buffer.from([0, 100, 255]), columns: 3, bits: 8, more })).toEqual([255, 155, 0])
  })
  it('padding is black and counts for nothing, whatever its VR is taken for', async () => {
    const more = { ...SIGNED, 2621728: ['US', 0x8000] } satisfies Overrides
    expect(await drawn({ bytes: words(-32768, 0, 100), columns: 3, more })).toEqual([0, 0, 255])
  })
  it('padding from one value to another', async () => {
    const more = { 2621728: ['US', 10], 2621729: ['US', 12] } satisfies Overrides
    expect(await drawn({ bytes: words(11, 20, 30, 40), columns: 4, more })).toEqual([0, 0, 128, 255])
  })
  it('of 32 bits', async () => {
    const bytes = Buffer.from(Uint32Array.of(0, 2 ** 31, 2 ** 32 - 1).buffer)
    expect(await drawn({ bytes, columns: 3, bits: 32 })).toEqual([0, 128, 255])
  })
  it('in floating point, NaN black', async () => {
    const bytes = Buffer.from(Float32Array.of(-1.5, Number.NaN, 1.5).buffer)
    expect(await drawn({ bytes, columns: 3, bits: 32, more: { 2621697: undefined, 2621698: undefined, 2621699: undefined } })).toEqual([
      0, 0, 255,
    ])
  })
  it('of one bit, the lowest first', async () => {
    expect(await drawn({ bytes: Buffer.from([0b0101]), columns: 4, bits: 1 })).toEqual([255, 0, 255, 0])
  })
  it('a big endian header', async () => {
    const more = { 2625616: ['DS', '150'], 2625617: ['DS', '100'] } satisfies Overrides
    expect(await drawn({ bytes: words(100, 150, 199), columns: 3, more }, EXPLICIT_BE)).toEqual([0, 129, 255])
  })
})

const lut = (first: number, entries: readonly number[], bits: number): TestDataSet =>
  dataSet({ 2633730: ['US', [entries.length, first, bits]], 2633734: ['OW', words(...entries)] })

describe('tables', () => {
  it('a VOI LUT, from its first value to its last', async () => {
    const more = { 2633744: ['SQ', [lut(100, [0, 2048, 4095], 12)]] } satisfies Overrides
    expect(await drawn({ bytes: words(0, 100, 101, 102, 999), columns: 5, more })).toEqual([0, 0, 128, 255, 255])
  })
  it('a Modality LUT, before the window', async () => {
    const more = { 2633728: ['SQ', [lut(0, [100, 150, 199], 16)]] } satisfies Overrides
    expect(await drawn({ bytes: words(2, 1, 0), columns: 3, more, window: linear(150, 100) })).toEqual([255, 129, 0])
  })
  it('a palette of 16 bits', async () => {
    const descriptor = ['US', [2, 0, 16]] as const
    const more = {
      2621444: ['CS', 'PALETTE COLOR'],
      2625793: descriptor,
      2625794: descriptor,
      2625795: descriptor,
      2626049: ['OW', words(0, 0xffff)],
      2626050: ['OW', words(0, 0x8080)],
      2626051: ['OW', words(0xffff, 0)],
    } satisfies Overrides
    expect(await drawn({ bytes: Buffer.from([0, 1, 9]), columns: 3, bits: 8, more })).toEqual([0, 0, 255, 255, 128, 0, 255, 128, 0])
  })
  it('a segmented palette', async () => {
    const descriptor = ['US', [5, 0, 16]] as const
    // One discrete value, then four on the way to 0xffff.
    const ramp = ['OW', words(0, 1, 0, 1, 4, 0xffff)] as const
    const more = {
      2621444: ['CS', 'PALETTE COLOR'],
      2625793: descriptor,
      2625794: descriptor,
      2625795: descriptor,
      2626081: ramp,
      2626082: ramp,
      2626083: ramp,
    } satisfies Overrides
    expect(await drawn({ bytes: Buffer.from([0, 2, 4]), columns: 3, bits: 8, more })).toEqual([0, 0, 0, 128, 128, 128, 255, 255, 255])
  })
  it('a palette that is missing is said to be', async () => {
    const more = { 2621444: ['CS', 'PALETTE COLOR'] } satisfies Overrides
    await expect(drawn({ bytes: Buffer.from([0]), columns: 1, bits: 8, more })).rejects.toThrow(/palette/)
  })
})

describe('colours', () => {
  const pixels = { columns: 2, bits: 8 }

  it('RGB by pixel and by plane', async () => {
    expect(await drawn({ ...pixels, bytes: Buffer.from([1, 2, 3, 4, 5, 6]), more: colour('RGB') })).toEqual([1, 2, 3, 4, 5, 6])
    expect(await drawn({ ...pixels, bytes: Buffer.from([1, 4, 2, 5, 3, 6]), more: colour('RGB', 1) })).toEqual([1, 2, 3, 4, 5, 6])
  })
  it('RGB of 16 bits, the upper ones', async () => {
    const bytes = words(0xff00, 0x8000, 0x0100)
    expect(await drawn({ columns: 1, bytes, more: colour('RGB') })).toEqual([255, 128, 1])
  })
  it('YBR_FULL: red', async () => {
    expect(await drawn({ columns: 1, bits: 8, bytes: Buffer.from([76, 85, 255]), more: colour('YBR_FULL') })).toEqual([254, 0, 0])
  })
  it('YBR_FULL_422: two pixels share their colours', async () => {
    expect(await drawn({ ...pixels, bytes: Buffer.from([10, 200, 128, 128]), more: colour('YBR_FULL_422') })).toEqual([
      10, 10, 10, 200, 200, 200,
    ])
  })
  it('YBR_PARTIAL_422: 16 is black, 235 white', async () => {
    expect(await drawn({ ...pixels, bytes: Buffer.from([16, 235, 128, 128]), more: colour('YBR_PARTIAL_422') })).toEqual([
      0, 0, 0, 255, 255, 255,
    ])
  })
})

describe('functional groups', () => {
  const voi = (center: string, width: string): TestDataSet =>
    dataSet({ 2658610: ['SQ', [dataSet({ 2625616: ['DS', center], 2625617: ['DS', width] })]] })

  it('the window of the frame, else the one that all share', async () => {
    const shared = ['SQ', [voi('150', '100')]] as const
    const more = { 1375769129: shared, 1375769136: ['SQ', [dataSet({}), voi('1000', '1')]] } satisfies Overrides
    const image = { bytes: words(100, 150, 199), columns: 3, more }
    expect(await drawn({ ...image, frame: 1 })).toEqual([0, 129, 255])
    expect(await drawn({ ...image, frame: 2 })).toEqual([0, 0, 0])
  })
})

describe('what is no image, or too large', () => {
  it.each([
    ['no Rows', { 2621456: undefined }, /no Rows/],
    ['Bits Allocated of 12', { 2621696: ['US', 12] }, /Bits Allocated is 12/],
    ['more pixels said than there are', { 2621456: ['US', 9] }, /fewer pixels/],
    ['too large a size', { 2621456: ['US', 65535], 2621457: ['US', 65535] }, /larger than what is drawn/],
    ['unknown colours', { 2621442: ['US', 3], 2621444: ['CS', 'CMYK'] }, /CMYK is not known/],
    ['four samples', { 2621442: ['US', 4] }, /Samples per Pixel is 4/],
  ] as const)('%s', async (_name, more, why) => {
    await expect(drawn({ bytes: words(1, 2, 3, 4, 5, 6), columns: 1, more: more as Overrides })).rejects.toThrow(why)
  })

  it('a code stream of another size than the header says is not decoded', async () => {
    // SOI, SOF0 of 65000 × 65000.
    const bytes = Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0xfd, 0xe8, 0xfd, 0xe8, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1])
    const frame = {
      header: encode(header({ bytes, columns: 4, bits: 8 })),
      transferSyntaxUid: '1.2.840.10008.1.2.4.50',
      frame: 1,
      bytes,
      isCompressed: true,
    }
    await expect(drawFrame(frame)).rejects.toThrow(/code stream is of 65000 × 65000/)
  })
})
