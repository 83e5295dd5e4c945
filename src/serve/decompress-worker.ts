/** The thread behind decompressor.ts: takes one data set at a time, gives it back decoded. */
import { parentPort } from 'node:worker_threads'
import { NodeError } from '../errors.ts'
import { UNDECODABLE } from './decode-limits.ts'
import { decompress } from './decompress.ts'

export interface DecompressJob {
  readonly dataSet: Uint8Array
  readonly transferSyntaxUid: string
  readonly toExplicit: boolean
}

export interface DecompressResult {
  /** The decoded data set, in parts that follow each other. */
  readonly parts?: readonly Uint8Array<ArrayBuffer>[]
  /** Why there is none. */
  readonly why?: string
  /** What the codec said, for our log: words of its own kind. */
  readonly codec?: string
  /** The thread may be in a bad state and should be ended. */
  readonly unusable?: boolean
}

parentPort?.on('message', async ({ dataSet, transferSyntaxUid, toExplicit }: DecompressJob) => {
  try {
    const bytes = Buffer.from(dataSet.buffer, dataSet.byteOffset, dataSet.byteLength)
    const parts = await decompress(bytes, transferSyntaxUid, toExplicit)
    const result: DecompressResult = { parts }
    parentPort?.postMessage(
      result,
      parts.map(({ buffer }) => buffer),
    )
  } catch (error) {
    // What a codec left behind in its memory after throwing is unknown.
    const said =
      error instanceof NodeError
        ? { why: String(error.details.why ?? error.tell) }
        : { why: UNDECODABLE, codec: String((error as Error).message) }
    const result: DecompressResult = { ...said, unusable: true }
    parentPort?.postMessage(result)
  }
})
