/** Reads the body of a request while it comes (PS3.18 8.4).
 *
 *  Promises: one chunk at a time.
 *  Does not: lose patience; who sends too little is given up by the listener, as with every body (endpoints/web/web-patience.ts).
 *  Errors: what the stream fails with where the caller goes away. */
import type { Readable } from 'node:stream'

/** @param take  told each chunk, which is its own until the promise resolves; false: no more of it */
export async function readBody(body: Readable, take: (chunk: Buffer) => Promise<boolean>): Promise<void> {
  // Not destroyed at the end: the answer goes the same way.
  for await (const chunk of body.iterator({ destroyOnReturn: false })) if (!(await take(chunk as Buffer))) return
}
