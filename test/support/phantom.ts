/** Made-up images that look like something: a body in slices, with lungs, a spine and a vessel; a heart that beats. No patient's. */
import { ct, type Overrides, TAG, type TestDataSet, us } from './data-sets.ts'

const inside = (x: number, y: number, cx: number, cy: number, rx: number, ry: number) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1

/** Hounsfield units at a place of a slice; x, y from -1 to 1, z from 0 to 1. */
function density(x: number, y: number, z: number): number {
  const lung = 0.34 * Math.sin(Math.PI * (0.15 + 0.7 * z))
  if (!inside(x, y, 0, 0, 0.86, 0.6)) return -1000
  if (!inside(x, y, 0, 0, 0.82, 0.56)) return -90
  if (inside(x, y, 0, 0.4, 0.1, 0.11)) return inside(x, y, 0, 0.4, 0.04, 0.04) ? 30 : 520
  if (inside(x, y, 0.1, 0.22, 0.055, 0.055)) return 290
  if (inside(x, y, -0.44, -0.02, lung, lung * 1.1) || inside(x, y, 0.44, -0.02, lung, lung * 1.1))
    return -860 + 120 * Math.sin(19 * x + 9 * z) * Math.sin(23 * y)
  for (let rib = 0; rib < 8; rib++) {
    const angle = (rib / 8) * 2 * Math.PI + z
    if (inside(x, y, 0.77 * Math.cos(angle), 0.51 * Math.sin(angle), 0.045, 0.035)) return 430
  }
  return 45 + 15 * Math.sin(31 * x) * Math.sin(27 * y + 5 * z)
}

/** A CT slice of 12 bits, Hounsfield units above -1024. @param z  from 0 to 1 */
export function bodySlice(z: number, size: number, overrides: Overrides = {}): TestDataSet {
  const pixels = Buffer.alloc(size * size * 2)
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const value = density((2 * column) / size - 1, (2 * row) / size - 1, z)
      pixels.writeUInt16LE(Math.round(Math.max(0, value + 1024)), (row * size + column) * 2)
    }
  return ct(
    {
      2625616: ['DS', '40'],
      2625617: ['DS', '400'],
      2625618: ['DS', '-1024'],
      2625619: ['DS', '1'],
      [TAG.PixelData]: ['OW', pixels],
      ...overrides,
    },
    size,
  )
}

/** A multi-frame of 8 bits: a wall that widens and narrows once in all frames. */
export function beatingHeart(frames: number, size: number, overrides: Overrides = {}): TestDataSet {
  const pixels = Buffer.alloc(frames * size * size)
  for (let frame = 0; frame < frames; frame++) {
    const radius = 0.42 + 0.12 * Math.sin((frame / frames) * 2 * Math.PI)
    for (let at = 0; at < size * size; at++) {
      const [x, y] = [(2 * (at % size)) / size - 1, (2 * Math.floor(at / size)) / size - 1]
      const fan = y + 0.95 > 0 && Math.abs(Math.atan2(x, y + 0.95)) < 0.62 && Math.hypot(x, y + 0.95) < 1.85
      const wall = Math.abs(Math.hypot(x, y - 0.1) - radius) < 0.1
      pixels[frame * size * size + at] = !fan ? 0 : (wall ? 190 : 38) + 24 * Math.sin(97 * x + frame) * Math.sin(89 * y)
    }
  }
  return us(frames, { 1576035: ['DS', '40'], [TAG.PixelData]: ['OB', pixels], ...overrides }, size)
}
