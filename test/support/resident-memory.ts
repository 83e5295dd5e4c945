/** The highest resident memory of a node while something goes on. Sizes in bytes, times in milliseconds. */
import type { NodeProcess } from './node-process.ts'

const EVERY_MS = 20

export interface Watched<T> {
  readonly result: T
  readonly peakBytes: number
  readonly tookMs: number
}

export async function watchMemory<T>(node: NodeProcess, work: () => Promise<T>): Promise<Watched<T>> {
  let peakBytes = node.rssBytes()
  const timer = setInterval(() => {
    if (node.isRunning()) peakBytes = Math.max(peakBytes, node.rssBytes())
  }, EVERY_MS)
  const started = performance.now()
  try {
    const result = await work()
    return { result, peakBytes: Math.max(peakBytes, node.rssBytes()), tookMs: performance.now() - started }
  } finally {
    clearInterval(timer)
  }
}
