import { expect, it } from 'vitest'
import { localDateTime, offsetFromUtc, offsetOfStudy, soleOffset } from '../../src/dicom/time-zone.ts'

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
  ['+0100', '2026-12-31T23:30:05.045Z', '20270101', '003005.045000'],
  ['+0200', '2026-06-30T22:00:00Z', '20260701', '000000.000000'],
  ['-0500', '2026-01-01T04:59:59.999Z', '20251231', '235959.999000'],
  ['-0330', '2026-02-03T04:05:06.007Z', '20260203', '003506.007000'],
  ['+0000', '2026-02-03T04:05:06.007Z', '20260203', '040506.007000'],
])('%s at %s is %s %s', (offset, at, date, time) => {
  expect(localDateTime(offset, new Date(at))).toEqual({ date, time })
})

it.each([
  ['20260115', '101500', 'Europe/Paris', '+0100'],
  ['20260715', undefined, 'Europe/Paris', '+0200'],
  ['20260329', '015959', 'Europe/Paris', '+0100'], // a second before summer time
  ['20260329', '030000', 'Europe/Paris', '+0200'],
  ['20261025', '015959', 'Europe/Paris', '+0200'],
  ['20261025', '030000', 'Europe/Paris', '+0100'],
  ['20260308', '015959', 'America/New_York', '-0500'],
  ['20260308', '030000', 'America/New_York', '-0400'],
  ['2026.07.15', '10:15:00', 'Europe/Paris', '+0200'],
  ['20260715', '25:61', 'Europe/Paris', '+0200'],
  ['00010101', '000000', 'UTC', '+0000'],
])('a study of %s %s in %s is at %s', (date, time, zone, offset) => {
  expect(offsetOfStudy({ date, time }, zone, new Date(NaN))).toBe(offset)
})

it('a study without a date is at the offset of the moment given; what it states itself goes before all', () => {
  expect(offsetOfStudy({ time: '101500' }, 'Europe/Paris', new Date('2026-07-15T12:00:00Z'))).toBe('+0200')
  expect(offsetOfStudy({ date: '20261399' }, 'Europe/Paris', new Date('2026-01-15T12:00:00Z'))).toBe('+0100')
  expect(offsetOfStudy({ stated: '-0330', date: '20260715' }, 'Europe/Paris', new Date(0))).toBe('-0330')
})

it.each([
  [['+0100'], '+0100'],
  [['+0100', undefined, '', ' +0100 '], '+0100'],
  [['+0100', '+0200'], undefined],
  [['+1400'], '+1400'],
  [['-1200'], '-1200'],
  [['+1401', '-1201', '-0000', '+0160', '0100', 'CET', '+01:00'], undefined],
  [[], undefined],
])('of %j the one that is stated is %s', (values, offset) => {
  expect(soleOffset(values)).toBe(offset)
})

it('an unknown zone is refused', () => {
  expect(() => offsetFromUtc('Europe/Nowhere', new Date(0))).toThrow(RangeError)
})
