/** Overlay planes in pictures: where their points lie, which frames they are of, and that what they say of themselves is not believed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { drawFrame } from '../../../src/serve/rendering/draw-frame.ts'
import { ct, dataSet, EXPLICIT_BE, EXPLICIT_LE, encode, IMPLICIT_LE, type Overrides, part10, TAG } from '../../support/data-sets.ts'
import { runCommand } from '../../support/run-command.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const folder = mkdtempSync(join(tmpdir(), 'ariane-overlays-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Bits of `x` and `.`, the first in the lowest of the first byte; rows are not padded (PS3.5 8.1.2). */
function packed(...frames: (readonly string[])[]): Buffer {
  const points = frames.flat().join('')
  const bytes = Buffer.alloc(2 * Math.ceil(points.length / 16))
  for (let at = 0; at < points.length; at++) if (points[at] === 'x') bytes[at >> 3]! |= 1 << (at & 7)
  return bytes
}

interface Plane {
  readonly group?: number
  readonly origin?: readonly [row: number, column: number]
  readonly type?: 'G' | 'R'
  readonly more?: Overrides
}

function plane(frames: readonly (readonly string[])[], { group = 0x6000, origin = [1, 1], type = 'G', more = {} }: Plane = {}): Overrides {
  const first = group * 0x10000
  return {
    [first + 0x0010]: ['US', frames[0]!.length],
    [first + 0x0011]: ['US', frames[0]![0]!.length],
    [first + 0x0040]: ['CS', type],
    [first + 0x0050]: ['SS', [...origin]],
    [first + 0x0100]: ['US', 1],
    [first + 0x0102]: ['US', 0],
    [first + 0x3000]: ['OW', packed(...frames)],
    ...more,
  }
}

const [ROWS, COLUMNS] = [4, 5]
const image = (more: Overrides): Overrides => ({
  2621442: ['US', 1],
  2621444: ['CS', 'MONOCHROME2'],
  2621456: ['US', ROWS],
  2621457: ['US', COLUMNS],
  2621696: ['US', 8],
  2621697: ['US', 8],
  2621698: ['US', 7],
  2621699: ['US', 0],
  ...more,
})

/** @returns rows of the picture: `x` is white, `.` what the image has there */
async function drawn(planes: Overrides, { frame = 1, syntax = EXPLICIT_LE, grey = 100 } = {}): Promise<string[]> {
  const bytes = Buffer.alloc(ROWS * COLUMNS, grey)
  const header = encode(dataSet(image(planes)), syntax)
  const { pixels } = await drawFrame({ header, transferSyntaxUid: syntax, frame, bytes, isCompressed: false })
  const words = [...pixels].map((value) => (value === 255 ? 'x' : value === grey ? '.' : '?'))
  return Array.from({ length: ROWS }, (_, row) => words.slice(row * COLUMNS, (row + 1) * COLUMNS).join(''))
}

const CROSS = ['x.x', '.x.', 'x.x']
const EMPTY = ['.....', '.....', '.....', '.....']

describe('a plane of graphics', () => {
  it.each<[origin: readonly [number, number], seen: string[]]>([
    [
      [1, 1],
      ['x.x..', '.x...', 'x.x..', '.....'],
    ],
    [
      [2, 3],
      ['.....', '..x.x', '...x.', '..x.x'],
    ],
    [
      [0, 0],
      ['x....', '.x...', '.....', '.....'],
    ],
    [
      [-1, 5],
      ['....x', '.....', '.....', '.....'],
    ],
    [
      [4, 4],
      ['.....', '.....', '.....', '...x.'],
    ],
    [[5, 1], EMPTY],
    [[-20, -20], EMPTY],
    [[32767, 1], EMPTY],
  ])('lies where its origin says: row and column %j', async (origin, seen) => {
    expect(await drawn(plane([CROSS], { origin }))).toEqual(seen)
  })

  it.each([IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE])('is read in transfer syntax %s', async (syntax) => {
    const wide = ['x........x', '.........x']
    const planes = plane([wide])
    // Under big endian the words come with their upper byte first.
    const written = syntax === EXPLICIT_BE ? { ...planes, [0x60003000]: ['OW', packed(wide).swap16()] as const } : planes
    expect(await drawn(written, { syntax })).toEqual(['x....', '.....', '.....', '.....'])
  })

  it('is drawn beside others of other groups', async () => {
    const planes = { ...plane([['x']]), ...plane([['x']], { group: 0x601e, origin: [4, 5] }) }
    expect(await drawn(planes)).toEqual(['x....', '.....', '.....', '....x'])
  })

  it('is white in an image of colour too', async () => {
    const more = { 2621442: ['US', 3], 2621444: ['CS', 'RGB'], 2621446: ['US', 0] } satisfies Overrides
    const header = encode(dataSet(image({ ...more, ...plane([['x']], { origin: [1, 2] }) })))
    const bytes = Buffer.alloc(ROWS * COLUMNS * 3, 7)
    const { pixels } = await drawFrame({ header, transferSyntaxUid: EXPLICIT_LE, frame: 1, bytes, isCompressed: false })
    expect([...pixels.subarray(0, 9)]).toEqual([7, 7, 7, 255, 255, 255, 7, 7, 7])
    expect(bytes.every((value) => value === 7)).toBe(true)
  })

  it('is white where dark is meant to be bright (MONOCHROME1), and whatever the window', async () => {
    const more = { 2621444: ['CS', 'MONOCHROME1'], 2625616: ['DS', '0'], 2625617: ['DS', '1'] } satisfies Overrides
    const header = encode(dataSet(image({ ...more, ...plane([['x']]) })))
    const bytes = Buffer.alloc(ROWS * COLUMNS, 200)
    const { pixels } = await drawFrame({ header, transferSyntaxUid: EXPLICIT_LE, frame: 1, bytes, isCompressed: false })
    expect([...pixels.subarray(0, 2)]).toEqual([255, 0])
  })
})

it('of a region of interest the border is drawn', async () => {
  const region = ['.xxx.', 'xxxxx', 'xxxxx', '.xxx.']
  expect(await drawn(plane([region], { type: 'R' }))).toEqual(['.xxx.', 'x...x', 'x...x', '.xxx.'])
})

describe('in an image of several frames', () => {
  const two = [['x....'], ['.x...']]
  const frames = async (planes: Overrides): Promise<string[]> =>
    Promise.all([1, 2, 3, 4].map(async (frame) => (await drawn(planes, { frame }))[0]!))

  it('a plane without a number of frames is of all', async () => {
    expect(await frames(plane([['x....']]))).toEqual(['x....', 'x....', 'x....', 'x....'])
  })
  it('frames of a plane are of the first ones', async () => {
    expect(await frames(plane(two, { more: { [0x60000015]: ['IS', '2'] } }))).toEqual(['x....', '.x...', '.....', '.....'])
  })
  it('or of those from its Image Frame Origin on', async () => {
    const more = { [0x60000015]: ['IS', '2'], [0x60000051]: ['US', 3] } satisfies Overrides
    expect(await frames(plane(two, { more }))).toEqual(['.....', '.....', 'x....', '.x...'])
  })
  it('one frame is of one', async () => {
    const more = { [0x60000015]: ['IS', '1'], [0x60000051]: ['US', 2] } satisfies Overrides
    expect(await frames(plane([['x....']], { more }))).toEqual(['.....', 'x....', '.....', '.....'])
  })
})

describe('what a plane says of itself is not believed', () => {
  it.each<[string, Overrides]>([
    ['bits in the pixel data (retired)', { [0x60000100]: ['US', 8], [0x60000102]: ['US', 7] }],
    ['no rows', { [0x60000010]: ['US', 0] }],
    ['no columns', { [0x60000011]: undefined }],
    ['no data', { [0x60003000]: ['OW', Buffer.alloc(0)] }],
    ['a number of frames that is none', { [0x60000015]: ['IS', '-3'], [0x60000051]: ['US', 9] }],
  ])('%s: nothing is drawn', async (_name, more) => {
    expect(await drawn(plane([['xxxxx']], { more }))).toEqual(EMPTY)
  })

  it('what there are no bits for is not set, and the largest size costs what the image has', async () => {
    const more = { [0x60000010]: ['US', 65535], [0x60000011]: ['US', 65535] } satisfies Overrides
    expect(await drawn(plane([['xxxxxxxxxxxxxxxx']], { more }))).toEqual(['xxxxx', '.....', '.....', '.....'])
  })

  it('without an origin it begins where the image does', async () => {
    expect(await drawn(plane([['x']], { more: { [0x60000050]: undefined } }))).toEqual(['x....', '.....', '.....', '.....'])
  })
})

it('lies where DCMTK draws it', async () => {
  const random = seededRandom(7)
  const points = Array.from({ length: 20 }, () => Array.from({ length: 19 }, () => (random() < 0.3 ? 'x' : '.')).join(''))
  const window = { 2625616: ['DS', '500'], 2625617: ['DS', '1000'] } satisfies Overrides
  const elements = ct({ ...window, ...plane([points], { origin: [-3, 9] }), [TAG.PixelData]: ['OW', Buffer.alloc(24 * 24 * 2, 1)] }, 24)
  const [file, out] = [join(folder, 'image.dcm'), join(folder, 'image.png')]
  writeFileSync(file, part10(elements))
  const { code } = await runCommand('dcm2pnm', ['-q', '+Wi', '1', '+on', file, out])
  expect(code).toBe(0)
  const theirs = await sharp(readFileSync(out)).extractChannel(0).raw().toBuffer()
  const header = encode(elements)
  const { pixels } = await drawFrame({
    header,
    transferSyntaxUid: EXPLICIT_LE,
    frame: 1,
    bytes: Buffer.alloc(24 * 24 * 2, 1),
    isCompressed: false,
  })
  const white = (all: Uint8Array): number[] => [...all.keys()].filter((at) => all[at] === 255)
  expect(white(pixels).length).toBeGreaterThan(50)
  expect(white(pixels)).toEqual(white(theirs))
})
