import { describe, expect, it } from 'vitest'
import { fullTime, parseDate, parseDateTime, parseRange, parseTime } from '../../src/dicom/dates.ts'

describe('parseDate', () => {
  it.each<[string, string | undefined]>([
    ['20260101', '20260101'],
    [' 20260101 ', '20260101'],
    ['2026.01.01', '20260101'],
    ['2026.0101', undefined],
    ['20260230', undefined],
    ['20240229', '20240229'],
    ['19000229', undefined],
    ['20261301', undefined],
    ['20260100', undefined],
    ['2026', undefined],
    ['202601', undefined],
    ['20260101x', undefined],
    ['', undefined],
  ])('%j', (text, date) => {
    expect(parseDate(text)).toBe(date)
  })
})

describe('parseTime', () => {
  it.each<[string, string, string]>([
    ['10', '10', '105959.999999'],
    ['1015', '1015', '101559.999999'],
    ['101530', '101530', '101530.999999'],
    ['101530.5', '101530.5', '101530.599999'],
    ['101530.123456', '101530.123456', '101530.123456'],
    ['10:15:30', '101530', '101530.999999'],
    ['10:15', '1015', '101559.999999'],
    ['10:15:30.25', '101530.25', '101530.259999'],
    ['000000', '00', '000000.999999'],
    ['235960', '235960', '235960.999999'],
  ])('%s from %s to %s', (text, from, to) => {
    expect(parseTime(text)).toEqual({ from, to })
  })

  it.each(['24', '1060', '1', '101', '1015.5', '10:1530', '10-15', '', 'noon', '101530.1234567'])('%j is none', (text) => {
    expect(parseTime(text)).toBeUndefined()
  })

  it('comparing as text is comparing in time, whatever the precision of the stored value', () => {
    const { from, to } = parseTime('10')!
    for (const stored of ['10', '1000', '100000', '100000.000000', '1030', '105959', '105959.999999']) {
      expect(from <= stored && stored <= to, stored).toBe(true)
    }
    for (const stored of ['09', '0959', '095959.999999', '11', '1100', '110000.0'])
      expect(from <= stored && stored <= to, stored).toBe(false)
  })

  it('fullTime', () => {
    expect(fullTime('10')).toBe('100000.000000')
    expect(fullTime('10:15')).toBe('101500.000000')
    expect(fullTime('101530.5')).toBe('101530.500000')
    expect(fullTime('x')).toBeUndefined()
  })
})

describe('parseDateTime', () => {
  it.each<[string, string, string]>([
    ['2026', '2026', '20261231235959.999999'],
    ['202602', '202602', '20260228235959.999999'],
    ['20260228', '20260228', '20260228235959.999999'],
    ['2026022810', '2026022810', '20260228105959.999999'],
    ['20260228101530.5+0100', '20260228101530.5', '20260228101530.599999'],
    ['20260228-0500', '20260228', '20260228235959.999999'],
  ])('%s', (text, from, to) => {
    expect(parseDateTime(text)).toEqual({ from, to })
  })

  it.each(['20261301', '202602301', '2026-02', ''])('%j is none', (text) => {
    expect(parseDateTime(text)).toBeUndefined()
  })
})

describe('Q6, Q7: ranges (PS3.4 C.2.2.2.5)', () => {
  const range = (from?: string, to?: string) => ({ kind: 'range', from, to })
  it.each<[string, string, object]>([
    ['DA', '-', { kind: 'universal' }],
    ['DA', '*', { kind: 'universal' }],
    ['DA', '', { kind: 'universal' }],
    ['DA', '20260101-', range('20260101')],
    ['DA', '-20261231', range(undefined, '20261231')],
    ['DA', '20261231-20260101', range('20261231', '20260101')],
    ['DA', '20260101 - 20260131', range('20260101', '20260131')],
    ['DA', '2026.01.01-2026.01.31', range('20260101', '20260131')],
    ['DA', '2026.01.01', { kind: 'single', from: '20260101', to: '20260101' }],
    ['DA', '19000101-99991231', range('19000101', '99991231')],
    ['DA', '2026', { kind: 'invalid' }],
    ['DA', '20260230', { kind: 'invalid' }],
    ['DA', '20260101-20260230', { kind: 'invalid' }],
    ['DA', '--', { kind: 'invalid' }],
    ['DA', '20260101-20260102-20260103', { kind: 'invalid' }],
    ['DA', '2026*', { kind: 'invalid' }],
    ['TM', '10-11', range('10', '115959.999999')],
    ['TM', '100000-', range('10')],
    ['TM', '-12', range(undefined, '125959.999999')],
    ['TM', '22-06', range('22', '065959.999999')],
    ['TM', '10:00:00-11:30:00', range('10', '113000.999999')],
    ['TM', '10', { kind: 'single', from: '10', to: '105959.999999' }],
    ['DT', '20260101-20260102', range('20260101', '20260102235959.999999')],
    ['DT', '2026-2027', range('2026', '20271231235959.999999')],
    ['DT', '20260101100000-0500-20260102', range('2026010110', '20260102235959.999999')],
    ['DT', '-20260101-0500', range(undefined, '20260101235959.999999')],
  ])('%s %j', (vr, text, expected) => {
    expect(parseRange(text, vr)).toEqual(expected)
  })

  it('a range of a million hyphens ends soon', () => {
    const started = performance.now()
    expect(parseRange('-'.repeat(10_000), 'DT').kind).toBe('invalid')
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
