/** Counting: bounded whoever calls, by day of the node's own zone, and by service of the web. */
import { afterEach, expect, it } from 'vitest'
import { localDay, midnight } from '../../src/endpoints/status/local-day.ts'
import { Meters, OTHERS } from '../../src/endpoints/status/meters.ts'
import { refreshed, remembered } from '../../src/endpoints/status/remembered.ts'
import { webServiceOf } from '../../src/endpoints/web/web-service-of.ts'

const open: Meters[] = []
afterEach(() => {
  for (const meters of open.splice(0)) meters.stop()
})
const metersAt = (now: () => number): Meters => {
  const meters = new Meters('Europe/Paris', now)
  open.push(meters)
  return meters
}

it('success and warnings count as received, refusals by their status only', () => {
  const meters = metersAt(() => 0)
  meters.instance('CT1', 0x0000, 100)
  meters.instance('CT1', 0xb000, 10)
  meters.instance('CT1', 0xa700, 1)
  expect(meters.received).toEqual({ instances: 2, bytes: 110 })
  expect(meters.byStatus.get(0xa700)).toEqual({ instances: 1, bytes: 1 })
  expect(meters.bySource.get('CT1')).toMatchObject({ instances: 2, bytes: 110 })
})

it('a storm of names costs a hundred of them', () => {
  const meters = metersAt(() => 0)
  for (let at = 0; at < 10_000; at++) meters.instance(`AE${at}`, 0, 1)
  expect(meters.bySource.size).toBe(101)
  expect(meters.bySource.get(OTHERS)!.instances).toBe(9_900)
  meters.instance('AE5', 0, 1)
  expect(meters.bySource.get('AE5')!.instances).toBe(2)
})

it('a day ends at midnight of the zone, also while instances come without a pause, and where none come', () => {
  let now = Date.parse('2026-11-24T22:59:58Z')
  const meters = metersAt(() => now)
  for (; now < Date.parse('2026-11-24T23:00:02Z'); now += 100) meters.instance('CT1', 0, 1)
  expect(meters.todayOf('CT1')).toBe(20)
  now += 86_400_000
  expect(meters.todayOf('CT1')).toBe(0)
  expect(meters.todayOf('MR1')).toBeUndefined()
})

it.each([
  ['2026-11-24T22:30:00Z', 'Europe/Paris', '2026-11-24', '2026-11-23T23:00:00.000Z'],
  ['2026-11-24T23:30:00Z', 'Europe/Paris', '2026-11-25', '2026-11-24T23:00:00.000Z'],
  // The clocks go forward at 02:00, and back at 03:00.
  ['2026-03-29T12:00:00Z', 'Europe/Paris', '2026-03-29', '2026-03-28T23:00:00.000Z'],
  ['2026-10-25T12:00:00Z', 'Europe/Paris', '2026-10-25', '2026-10-24T22:00:00.000Z'],
  ['2026-11-24T03:00:00Z', 'America/St_Johns', '2026-11-23', '2026-11-23T03:30:00.000Z'],
  ['2026-11-24T03:00:00Z', 'UTC', '2026-11-24', '2026-11-24T00:00:00.000Z'],
])('at %s in %s it is %s, since %s', (at, zone, day, since) => {
  expect(localDay(Date.parse(at), zone)).toBe(day)
  expect(new Date(midnight(Date.parse(at), zone)).toISOString()).toBe(since)
})

it.each([
  ['GET', '/dicom-web/studies', 'QIDO-RS'],
  ['GET', '/dicom-web/studies/:study/series', 'QIDO-RS'],
  ['GET', '/dicom-web/studies/:study', 'WADO-RS'],
  ['GET', '/dicom-web/studies/:study/metadata', 'WADO-RS'],
  ['POST', '/dicom-web/studies', 'STOW-RS'],
  ['GET', '/wado', 'WADO-URI'],
  ['GET', '/api/studies', 'API'],
  ['GET', '/metrics', 'status'],
  ['GET', '/', 'page'],
  ['GET', undefined, 'none'],
])('%s %s is %s', (method, path, service) => {
  expect(webServiceOf(method, path)).toBe(service)
})

it('what is remembered is found once; what fails is not; a former answer is given while a new one is found', async () => {
  let calls = 0
  const once = remembered(60_000, async () => ++calls)
  expect(await Promise.all([once(), once(), once()])).toEqual([1, 1, 1])
  let fails = true
  const failing = remembered(60_000, async () => {
    if (fails) throw new Error('no')
    return 'yes'
  })
  await expect(failing()).rejects.toThrow('no')
  fails = false
  expect(await failing()).toBe('yes')
  let release: (value: number) => void = () => undefined
  let found = 0
  const former = refreshed(0, () =>
    found++ === 0
      ? Promise.resolve(1)
      : new Promise<number>((resolve) => {
          release = resolve
        }),
  )
  expect(await former()).toBe(1)
  expect(await former()).toBe(1)
  release(2)
  await Promise.resolve()
  expect(await former()).toBe(2)
})
