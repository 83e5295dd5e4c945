/** What costs something to find out, found out for all who ask within a while. */

/** @param forMs  how long an answer holds
 *  @returns the answer, asked for anew where it is too old; what failed is not remembered */
export function remembered<T>(forMs: number, find: () => Promise<T>): () => Promise<T> {
  let at = Number.NEGATIVE_INFINITY
  let answer: Promise<T> | undefined
  return () => {
    if (answer !== undefined && performance.now() - at < forMs) return answer
    at = performance.now()
    const finding = find()
    answer = finding
    finding.catch(() => {
      if (answer === finding) answer = undefined
    })
    return finding
  }
}

/** As {@link remembered}, but nobody waits for a new answer where there is a former one. */
export function refreshed<T>(everyMs: number, find: () => Promise<T>): () => Promise<T> {
  const next = remembered(everyMs, find)
  let former: Promise<T> | undefined
  return () => {
    const finding = next()
    finding.then(
      () => {
        former = finding
      },
      () => undefined,
    )
    return former ?? finding
  }
}
