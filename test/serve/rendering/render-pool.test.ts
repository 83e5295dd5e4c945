/** Threads that draw: what one request costs the others, and what is over when it is over. */
import { randomFillSync } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { afterEach, expect, it } from 'vitest'
import { RenderFailure, RenderPool } from '../../../src/serve/rendering/render-pool.ts'
import type { RenderJob } from '../../../src/serve/rendering/render-worker.ts'
import { dataSet, EXPLICIT_LE, encode } from '../../support/data-sets.ts'

let pool: RenderPool
afterEach(() => pool.close())

const never = new AbortController().signal

function job(side: number, more: Partial<RenderJob> = {}): () => Promise<RenderJob> {
  const header = encode(
    dataSet({
      2621442: ['US', 1],
      2621444: ['CS', 'MONOCHROME2'],
      2621456: ['US', side],
      2621457: ['US', side],
      2621696: ['US', 8],
      2621697: ['US', 8],
      2621698: ['US', 7],
      2621699: ['US', 0],
    }),
  )
  const bytes = new Uint8Array(side * side)
  const wish = { type: 'image/png', quality: 90, profile: false } as const
  return async () => ({ header, isCut: false, bytes, isCompressed: false, transferSyntaxUid: EXPLICIT_LE, frame: 1, wish, ...more })
}

const kindOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'drawn',
    (error: unknown) => (error instanceof RenderFailure ? error.kind : String(error)),
  )

it('gives up what takes too long, and draws the next', async () => {
  pool = new RenderPool({ workers: 1, queue: 10, timeLimitMs: 1500 })
  // Noise: what does not compress takes PNG several times the limit.
  const slow = pool.render(job(12_000, { bytes: randomFillSync(new Uint8Array(12_000 ** 2)) }), never)
  const next = pool.render(job(8), never)
  expect(await kindOf(slow)).toBe('slow')
  expect(await kindOf(next)).toBe('drawn')
  expect(pool.load).toBe(0)
})

it('refuses more than may wait, at once', async () => {
  pool = new RenderPool({ workers: 1, queue: 2, timeLimitMs: 20_000 })
  const kinds = await Promise.all(Array.from({ length: 6 }, () => kindOf(pool.render(job(64), never))))
  expect(kinds.sort()).toEqual(['busy', 'busy', 'busy', 'drawn', 'drawn', 'drawn'])
})

it('leaves out who is gone: while waiting, and while drawn', async () => {
  pool = new RenderPool({ workers: 1, queue: 10, timeLimitMs: 20_000 })
  const [first, second] = [new AbortController(), new AbortController()]
  const kinds = [pool.render(job(12_000), first.signal), pool.render(job(8), second.signal), pool.render(job(8), never)].map(kindOf)
  second.abort()
  expect(await kinds[1]).toBe('stopped')
  setTimeout(() => first.abort(), 100)
  expect(await Promise.all(kinds)).toEqual(['stopped', 'stopped', 'drawn'])
})

it('is told what a broken code stream is, and goes on', async () => {
  pool = new RenderPool({ workers: 1, queue: 10, timeLimitMs: 20_000 })
  for (const transferSyntaxUid of [
    '1.2.840.10008.1.2.4.50',
    '1.2.840.10008.1.2.4.70',
    '1.2.840.10008.1.2.4.80',
    '1.2.840.10008.1.2.4.90',
    '1.2.840.10008.1.2.5',
  ]) {
    const failure = await pool
      .render(job(8, { bytes: new Uint8Array(500).fill(7), isCompressed: true, transferSyntaxUid }), never)
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(RenderFailure)
    expect((failure as RenderFailure).kind).toBe('broken')
  }
  expect(await kindOf(pool.render(job(8), never))).toBe('drawn')
})

it('fails what cannot be read, and goes on', async () => {
  pool = new RenderPool({ workers: 1, queue: 10, timeLimitMs: 20_000 })
  await expect(pool.render(() => Promise.reject(new Error('no file')), never)).rejects.toThrow('no file')
  expect(await kindOf(pool.render(job(8), never))).toBe('drawn')
})

it('does not hold the event loop', async () => {
  pool = new RenderPool({ workers: 1, queue: 100, timeLimitMs: 20_000 })
  await pool.prepare()
  await pool.render(job(8), never)
  const before = performance.eventLoopUtilization()
  const began = performance.now()
  await Promise.all(Array.from({ length: 20 }, () => pool.render(job(1024), never)))
  const { utilization } = performance.eventLoopUtilization(before)
  console.info(
    `20 pictures of 1024 × 1024 in ${Math.round(performance.now() - began)} ms, event loop in use ${(utilization * 100).toFixed(0)} %`,
  )
  // Were one of them drawn here, it would be in use all of the time.
  expect(utilization).toBeLessThan(0.6)
})
