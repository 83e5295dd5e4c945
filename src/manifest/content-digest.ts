/** SHA-256 over what a manifest says, without its UID, number and times, in lower-case hex: equal digest, no new version.
 *
 *  Promises: what a dialect does not say does not count; that of the classic dialect never changes for the same content. */
import { createHash } from 'node:crypto'
import type { KosPlan } from './kos-document.ts'
import { Pace } from './pace.ts'

export async function digestOf({ content, digest }: KosPlan): Promise<string> {
  const { series, leftOut: _leftOut, beyond: _beyond, ...head } = content
  const hash = createHash('sha256').update(`${digest.form}\n${canonical(head)}\n`)
  if (digest.head !== undefined) hash.update(`${canonical(digest.head)}\n`)
  const pace = new Pace()
  for (const one of series) {
    hash.update(`${one.seriesInstanceUid}${suffix(digest.ofSeries?.(one))}\n`)
    for (const instance of one.instances) {
      hash.update(` ${instance.sopInstanceUid} ${instance.sopClassUid}${suffix(digest.ofInstance?.(instance))}\n`)
      await pace.step()
    }
  }
  return hash.digest('hex')
}

function suffix(said: unknown): string {
  return said === undefined ? '' : ` ${canonical(said)}`
}

/** JSON with the members of every object in alphabetical order and without undefined ones. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
