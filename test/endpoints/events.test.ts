/** Live events: how many readers, what a slow one costs, who looks and when. */

import type { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { levelSet } from '../../src/dicom/confidentiality.ts'
import { WEB_RIGHTS, type WebRequest, type WebRight } from '../../src/dicomweb/web-service.ts'
import type { Now } from '../../src/endpoints/api/api-contract.ts'
import { LiveEvents } from '../../src/endpoints/api/events.ts'
import type { Onlooker } from '../../src/endpoints/api/now.ts'
import { silenceLog } from '../receive/sample-instances.ts'

silenceLog()

let looks = 0
let conflicts = 0
let padding = ''
const look = async ({ mayFind }: Onlooker): Promise<Now> => {
  looks++
  const history = [{ at: new Date().toISOString(), instances: 0, bytes: 0 }]
  return {
    conflicts,
    collecting: [mayFind ? { patientName: 'DOE^JANE' } : {}],
    audit: { state: padding, problems: 0 },
    rate: { instancesPerSecond: 0, bytesPerSecond: 0, history },
  } as unknown as Now
}

beforeEach(() => {
  looks = 0
  conflicts = 0
  padding = ''
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => vi.useRealTimers())

const reader = (gone = new AbortController(), name = 'x', rights: readonly WebRight[] = WEB_RIGHTS) => ({
  gone,
  request: { caller: { name, rights: new Set(rights), levels: levelSet(['N']) }, stopped: gone.signal } as unknown as WebRequest,
})

const textOf = (stream: PassThrough): (() => string) => {
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return () => text
}

const steps = async (count: number): Promise<void> => {
  for (let at = 0; at < count; at++) {
    await vi.advanceTimersByTimeAsync(2_000)
    await sleep(1)
  }
}

const nowsIn = (text: string): number => text.split('event: now\n').length - 1

it('who may not search is not told what one beside it is told that may', async () => {
  const events = new LiveEvents({ look })
  const [all, part] = await Promise.all(
    [WEB_RIGHTS, ['status'] as const].map(async (rights) =>
      textOf((await events.subscribe(reader(undefined, 'x', rights).request)).body as PassThrough),
    ),
  )
  await steps(2)
  expect([nowsIn(all!()), nowsIn(part!())]).toEqual([1, 1])
  expect([all!().includes('DOE^JANE'), part!().includes('DOE^JANE')]).toEqual([true, false])
})

it('one look serves all readers; what has not changed is not sent again, but for a sign of life', async () => {
  const events = new LiveEvents({ look })
  const bodies = await Promise.all([1, 2, 3].map(async () => textOf((await events.subscribe(reader().request)).body as PassThrough)))
  await steps(1)
  const before = looks
  await steps(3)
  expect(looks - before).toBe(3)
  expect(bodies.map((text) => nowsIn(text()))).toEqual([1, 1, 1])
  conflicts = 1
  await steps(1)
  expect(bodies.map((text) => nowsIn(text()))).toEqual([2, 2, 2])
  expect(bodies[0]!()).toContain('"conflicts":1')
  await steps(9)
  expect(bodies[0]!()).toContain(': still here\n\n')
})

it('stops looking when nobody listens any more', async () => {
  const events = new LiveEvents({ look })
  const one = reader()
  await events.subscribe(one.request)
  await steps(2)
  one.gone.abort()
  expect(events.readers).toBe(0)
  const before = looks
  await steps(5)
  expect(looks).toBe(before)
})

it('takes fifty readers, twenty of one caller, and tells the next one to come back', async () => {
  const events = new LiveEvents({ look })
  const all = []
  for (let at = 0; at < 50; at++) {
    all.push(reader(undefined, `caller ${Math.floor(at / 20)}`))
    await events.subscribe(all[at]!.request)
    if (at === 19) await expect(events.subscribe(reader(undefined, 'caller 0').request)).rejects.toMatchObject({ status: 503 })
  }
  await expect(events.subscribe(reader().request)).rejects.toMatchObject({ status: 503, headers: { 'Retry-After': '10' } })
  all[0]!.gone.abort()
  await expect(events.subscribe(reader().request)).resolves.toMatchObject({ status: 200 })
})

it('drops a reader that does not read, and keeps no more than half a megabyte for it', async () => {
  const events = new LiveEvents({ look })
  const stream = (await events.subscribe(reader().request)).body as PassThrough
  padding = 'x'.repeat(100_000)
  let most = 0
  for (let at = 0; at < 8; at++) {
    conflicts++
    await steps(1)
    most = Math.max(most, stream.readableLength + stream.writableLength)
  }
  expect([events.readers, stream.destroyed]).toEqual([0, true])
  expect(most).toBeLessThan(512 * 1024)
})

it('lets a reader go when its token comes to its end', async () => {
  const events = new LiveEvents({ look })
  const [short, long] = [reader(), reader()]
  Object.assign(short.request.caller, { until: Date.now() + 60_000 })
  const streams = await Promise.all([short, long].map(async ({ request }) => (await events.subscribe(request)).body as PassThrough))
  for (const stream of streams) stream.resume()
  await steps(1)
  expect(events.readers).toBe(2)
  const ended = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_001)
  await steps(2)
  ended.mockRestore()
  expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, false])
  long.gone.abort()
})

it('lets a reader go after a quarter of an hour, so that it says anew who it is', async () => {
  const events = new LiveEvents({ look })
  const stream = (await events.subscribe(reader().request)).body as PassThrough
  stream.resume()
  for (let at = 0; at < 452; at++) {
    conflicts++
    await vi.advanceTimersByTimeAsync(2_000)
  }
  await sleep(5)
  expect(events.readers).toBe(0)
})
