/** Reads the body of a request while it comes (PS3.18 8.4), with patience that ends.
 *
 *  Promises: one chunk at a time; who sends nothing for {@link IDLE_MS} is cut off; what is left of a body that is not wanted any more is read past, so that
 *  the answer is heard, but not for ever.
 *  Errors: WebFailure; what the stream fails with where the caller goes away. */
import type { Readable } from 'node:stream'
import { WebFailure } from './web-failure.ts'

const IDLE_MS = 60_000
const DRAINED_BYTES = 64 * 1024 * 1024
const DRAINED_MS = 3000

/** @param take  told each chunk, which is its own until the promise resolves; false: no more of it */
export async function readBody(body: Readable, take: (chunk: Buffer) => Promise<boolean>, idleMs = IDLE_MS): Promise<void> {
  let isTaking = false
  const timer = setTimeout(() => {
    if (isTaking) timer.refresh()
    else body.destroy(new WebFailure('nothing more came of the body', { status: 408 }))
  }, idleMs)
  try {
    // Not destroyed at the end: the answer goes the same way.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      isTaking = true
      const goesOn = await take(chunk as Buffer)
      isTaking = false
      timer.refresh()
      if (!goesOn) return
    }
  } finally {
    clearTimeout(timer)
  }
}

/** Reads on, for nothing. @returns whether the end has come */
export function drain(body: Readable): Promise<boolean> {
  if (body.readableEnded || body.destroyed) return Promise.resolve(true)
  return new Promise((resolve) => {
    let bytes = 0
    const done = (isEnd: boolean) => () => {
      clearTimeout(timer)
      body.off('data', count).off('end', ended).off('close', ended).off('error', ended)
      resolve(isEnd)
    }
    const ended = done(true)
    const timer = setTimeout(done(false), DRAINED_MS)
    const count = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > DRAINED_BYTES) done(false)()
    }
    body.on('data', count).on('end', ended).on('close', ended).on('error', ended)
  })
}
