/** A drawn frame as JPEG or PNG: cut to a region, turned over, scaled (PS3.18 8.3.5.1.3), encoded.
 *
 *  Promises: pixels come out square: where they are not (Pixel Spacing, Pixel Aspect Ratio), the coarser direction is spread. What is to fit into
 *  a viewport is scaled to it and keeps its proportions. Nothing larger than {@link LARGEST_SIDE} comes out.
 *  Does not: hold the event loop; takes one thread of the pool for a while. Sizes in pixels. */
import sharp from 'sharp'
import type { ImageWish } from '../../dicomweb/rendering-parameters.ts'
import { NodeError } from '../../errors.ts'
import type { DrawnFrame } from './draw-frame.ts'

export const LARGEST_SIDE = 16_384
/** JPEG with all of its colours from here on. */
const FULL_COLOUR_QUALITY = 90
const ENCODING_SECONDS = 20

interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

sharp.cache(false)
sharp.concurrency(1)

export async function encodeImage(drawn: DrawnFrame, wish: ImageWish): Promise<Buffer> {
  const { pixels, width, height, channels, aspect } = drawn
  if (wish.profile && drawn.hasColourProfile) throw new NodeError('UNREADABLE', { why: 'its own ICC profile cannot be embedded' })
  const box = boxOf(drawn, wish)
  const size = sizeOf(box, aspect, wish.viewport)
  let image = sharp(pixels, { raw: { width, height, channels }, limitInputPixels: false }).timeout({ seconds: ENCODING_SECONDS })
  if (box.width !== width || box.height !== height) image = image.extract(box)
  if ((wish.region?.height ?? 0) < 0) image = image.flip()
  if ((wish.region?.width ?? 0) < 0) image = image.flop()
  if (size.width !== box.width || size.height !== box.height) image = image.resize({ ...size, fit: 'fill', kernel: 'lanczos3' })
  image = wish.profile ? image.withIccProfile('srgb') : image.toColourspace(channels === 1 ? 'b-w' : 'srgb')
  const { quality } = wish
  if (wish.type === 'image/png') return image.png({ compressionLevel: 4 }).toBuffer()
  return image.jpeg({ quality, chromaSubsampling: quality >= FULL_COLOUR_QUALITY ? '4:4:4' : '4:2:0' }).toBuffer()
}

function boxOf({ width, height }: DrawnFrame, { region, share }: ImageWish): Box {
  if (share !== undefined) {
    const [left, top] = [Math.floor(share[0] * width), Math.floor(share[1] * height)]
    return within({ left, top, width: Math.ceil(share[2] * width) - left, height: Math.ceil(share[3] * height) - top }, width, height)
  }
  const { left = 0, top = 0 } = region ?? {}
  const box = {
    left: Math.floor(left),
    top: Math.floor(top),
    width: Math.round(Math.abs(region?.width ?? width - left)),
    height: Math.round(Math.abs(region?.height ?? height - top)),
  }
  return within(box, width, height)
}

function within(box: Box, width: number, height: number): Box {
  const right = Math.min(box.left + box.width, width)
  const bottom = Math.min(box.top + box.height, height)
  if (box.left >= right || box.top >= bottom) throw new NodeError('UNREADABLE', { why: `the region lies outside of ${width} × ${height}` })
  return { left: box.left, top: box.top, width: right - box.left, height: bottom - box.top }
}

function sizeOf(box: Box, aspect: number, viewport: ImageWish['viewport']): { width: number; height: number } {
  const square = aspect >= 1 ? { width: box.width, height: box.height * aspect } : { width: box.width / aspect, height: box.height }
  const most = viewport?.width === undefined && viewport?.height === undefined ? { width: LARGEST_SIDE, height: LARGEST_SIDE } : viewport
  const fit = Math.min((most.width ?? LARGEST_SIDE) / square.width, (most.height ?? LARGEST_SIDE) / square.height)
  const scale = viewport === undefined ? Math.min(fit, 1) : fit
  const side = (length: number): number => Math.min(Math.max(Math.round(length * scale), 1), LARGEST_SIDE)
  return { width: side(square.width), height: side(square.height) }
}
