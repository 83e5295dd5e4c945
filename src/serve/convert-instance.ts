/** A stored instance in a transfer syntax that a peer accepts, where it does not accept the stored one (PS3.4 C.4.2.3.1, PS3.5 10).
 *
 *  Promises: Explicit VR Little Endian or Implicit VR Little Endian, whichever the peer accepts (Explicit first, because it keeps VRs).
 *  Native data sets are re-encoded while they stream (reencode.ts); compressed ones are decoded in a worker thread (decompressor.ts).
 *  What comes out of a lossy compression is no longer compressed but still lossy: Lossy Image Compression (0028,2110) stays as it is.
 *  Does not: compress, or keep what it made.
 *  Errors: NodeError UNREADABLE. */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Retrievable } from '../catalog/contract.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN, encodingOf, IMPLICIT_VR_LITTLE_ENDIAN, transferSyntax } from '../dicom/transfer-syntaxes.ts'
import { NodeError } from '../errors.ts'
import type { Storage } from '../storage/contract.ts'
import { DECODERS } from './decodable.ts'
import { Decompressor } from './decompressor.ts'
import { reencode } from './reencode.ts'

/** Largest compressed file that is decoded: it is held in memory. */
export const LARGEST_COMPRESSED_BYTES = 256 * 1024 * 1024

export class Converter {
  readonly #storage: Storage
  readonly #decompressor = new Decompressor()

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** @returns the transfer syntax to convert to, undefined where there is none */
  target(stored: string, accepted: readonly string[]): string | undefined {
    const from = transferSyntax(stored)
    if (from === undefined || (from.encapsulated && !DECODERS.has(stored))) return undefined
    return [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN].find((syntax) => accepted.includes(syntax))
  }

  /** @returns a function that gives the data set; where decoding was needed it has been done, so that what fails, fails here */
  async convert(instance: Retrievable, target: string): Promise<() => Readable> {
    const { storageKey, dataSetOffset, fileSizeBytes, transferSyntaxUid } = instance
    const from = encodingOf(transferSyntaxUid)
    const toExplicit = target === EXPLICIT_VR_LITTLE_ENDIAN
    if (!from.encapsulated) return () => reencode(() => this.#storage.open(storageKey, dataSetOffset), from, toExplicit)
    if (fileSizeBytes > LARGEST_COMPRESSED_BYTES) throw new NodeError('UNREADABLE', { why: 'too large to be decoded', fileSizeBytes })
    const compressed = await buffer(this.#storage.open(storageKey, dataSetOffset))
    const decoded = await this.#decompressor.decompress(compressed, transferSyntaxUid, toExplicit)
    return () => Readable.from(slices(decoded), { objectMode: false })
  }
}

const converters = new WeakMap<Storage, Converter>()

/** The one converter of a storage: all retrievals share its thread. */
export function converterOf(storage: Storage): Converter {
  const converter = converters.get(storage) ?? new Converter(storage)
  converters.set(storage, converter)
  return converter
}

function* slices(bytes: Buffer): Generator<Buffer> {
  const size = 256 * 1024
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
