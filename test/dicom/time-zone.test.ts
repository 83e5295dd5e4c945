import { expect, it } from 'vitest'
import { localDateTime, offsetFromUtc } from '../../src/dicom/time-zone.ts'

it.each([
  ['Europe/Paris', '2026-01-15T12:00:00Z', '+0100'],
  ['Europe/Paris', '2026-07-15T12:00:00Z', '+0200'],
  ['Europe/Paris', '2026-03-29T00:59:59Z', '+0100'],
  ['Europe/Paris', '2026-03-29T01:00:00Z', '+0200'],
  ['Europe/Paris', '2026-10-25T01:00:00Z', '+0100'],
  ['America/St_Johns', '2026-01-15T12:00:00Z', '-0330'],
  ['America/New_York', '2026-07-15T12:00:00Z', '-0400'],
  ['Asia/Kathmandu', '2026-01-15T12:00:00Z', '+0545'],
  ['Pacific/Kiritimati', '2026-01-15T12:00:00Z', '+1400'],
  ['UTC', '2026-01-15T12:00:00Z', '+0000'],
])('%s at %s is %s', (zone, at, offset) => {
  expect(offsetFromUtc(zone, new Date(at))).toBe(offset)
})

it.each([
  ['Europe/Paris', '2026-12-31T23:30:05.045Z', '20270101', '003005.045000'],
  ['Europe/Paris', '2026-06-30T22:00:00Z', '20260701', '000000.000000'],
  ['America/New_York', '2026-01-01T04:59:59.999Z', '20251231', '235959.999000'],
  ['UTC', '2026-02-03T04:05:06.007Z', '20260203', '040506.007000'],
])('%s at %s is %s %s', (zone, at, date, time) => {
  expect(localDateTime(zone, new Date(at))).toEqual({ date, time })
})

it('an unknown zone is refused', () => {
  expect(() => offsetFromUtc('Europe/Nowhere', new Date(0))).toThrow(RangeError)
})
