/** Request items of a series (Request Attributes Sequence, PS3.3 C.7.3.1): instances of one series can carry different ones, the
 *  series holds each distinct item once. Items are DICOM JSON (PS3.18 F). */

/** Bound: a series belongs to few requests, a hostile one may bring any number. */
const MOST = 64

/** @returns the union as JSON text, or undefined where `next` brings nothing new (or is no list) */
export function mergeRequestItems(present: string, next: string): string | undefined {
  if (present === next) return undefined
  const items = listOf(present)
  const known = new Set(items.map((item) => JSON.stringify(item)))
  const fresh = listOf(next).filter((item) => {
    const text = JSON.stringify(item)
    return !known.has(text) && known.add(text)
  })
  if (fresh.length === 0 || items.length >= MOST) return undefined
  return JSON.stringify([...items, ...fresh].slice(0, MOST))
}

function listOf(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
