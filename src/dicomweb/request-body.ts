/** Reads the body of a request while it comes (PS3.18 8.4), with patience that ends.
 *
 *  Promises: one chunk at a time; who sends less than {@link LEAST_BYTES} in {@link WINDOW_MS} while it is listened to is cut off.
 *  Errors: WebFailure 408; what the stream fails with where the caller goes away. */
import type { Readable } from 'node:stream'
import { WebFailure } from './web-failure.ts'

const WINDOW_MS = 60_000
const LEAST_BYTES = 16 * 1024

/** @param take  told each chunk, which is its own until the promise resolves; false: no more of it */
export async function readBody(body: Readable, take: (chunk: Buffer) => Promise<boolean>, windowMs = WINDOW_MS): Promise<void> {
  let bytes = 0
  let isTaking = false
  const timer = setInterval(() => {
    if (!isTaking && bytes < LEAST_BYTES) body.destroy(new WebFailure('too little comes of the body', { status: 408 }))
    bytes = 0
  }, windowMs)
  try {
    // Not destroyed at the end: the answer goes the same way.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length
      isTaking = true
      const goesOn = await take(chunk as Buffer)
      isTaking = false
      if (!goesOn) return
    }
  } finally {
    clearInterval(timer)
  }
}
