/** Deflated data sets (PS3.5 A.5): one raw deflate stream (RFC 1951) around the whole data set. */
import { constants, inflateRawSync } from 'node:zlib'
import { NodeError } from '../errors.ts'

/** Largest data set that is inflated in memory, in bytes. */
export const MAX_INFLATED_BYTES = 64 * 1024 * 1024

/** Inflates a whole data set, or its beginning where `partial`.
 *  @throws NodeError INFLATED_TOO_LARGE, UNREADABLE (corrupt, or truncated and not `partial`) */
export function inflateDataSet(deflated: Buffer, options: { readonly partial?: boolean; readonly maxBytes?: number } = {}): Buffer {
  try {
    return inflateRawSync(deflated, {
      maxOutputLength: options.maxBytes ?? MAX_INFLATED_BYTES,
      finishFlush: options.partial === true ? constants.Z_SYNC_FLUSH : constants.Z_FINISH,
    })
  } catch (cause) {
    if (isTooLarge(cause)) throw new NodeError('INFLATED_TOO_LARGE', { deflatedBytes: deflated.length }, { cause })
    throw new NodeError('UNREADABLE', { reason: 'deflate stream is corrupt or truncated' }, { cause })
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
}
