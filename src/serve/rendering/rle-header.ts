/** Whether a frame of RLE begins as one must (PS3.5 G.5): a decoder that is shown something else draws what is no image. */
import { NodeError } from '../../errors.ts'
import type { PixelFormat } from '../decode-frame.ts'

const HEADER_BYTES = 64

/** @throws NodeError UNREADABLE */
export function checkRleHeader(bytes: Buffer, { samplesPerPixel, bitsAllocated }: PixelFormat): void {
  const expected = samplesPerPixel * Math.ceil(bitsAllocated / 8)
  const segments = bytes.length < HEADER_BYTES ? 0 : bytes.readUInt32LE(0)
  if (segments !== expected) throw new NodeError('UNREADABLE', { why: `RLE of ${segments} segments where ${expected} are expected` })
  let former = HEADER_BYTES - 1
  for (let segment = 0; segment < segments; segment++) {
    const offset = bytes.readUInt32LE(4 + segment * 4)
    if (offset <= former || offset >= bytes.length) throw new NodeError('UNREADABLE', { why: 'RLE whose segments lie outside of it' })
    former = offset
  }
}
