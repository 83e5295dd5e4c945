/** Values as people write them. */
import { describe, expect, it } from 'vitest'
import { absolute, dicomDate, dicomTime, personName, relative, size } from '../../src/page/format.ts'
import { addressOf, parseRoute } from '../../src/page/route.ts'

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ')

it.each([
  [0, '0 byte', '0 o'],
  [999, '999 byte', '999 o'],
  [1500, '1.5 kB', '1,5 ko'],
  [525_000, '525 kB', '525 ko'],
  [6.4e12, '6.4 TB', '6,4 To'],
  [3e18, '3,000 PB', '3 000 Po'],
])('%i bytes', (bytes, english, french) => {
  expect([plain(size(bytes, 'en')), plain(size(bytes, 'fr'))]).toEqual([english, french])
})

describe('moments', () => {
  const now = Date.parse('2026-11-24T12:00:00Z')
  it.each([
    [-12_000, '12 seconds ago', 'il y a 12 secondes'],
    [-3 * 3_600_000, '3 hours ago', 'il y a 3 heures'],
    [-86_400_000, 'yesterday', 'hier'],
    [5 * 60_000, 'in 5 minutes', 'dans 5 minutes'],
    [-400, 'now', 'maintenant'],
  ])('%i ms from now', (span, english, french) => {
    expect([relative(now + span, now, 'en'), relative(now + span, now, 'fr')]).toEqual([english, french])
  })

  it('names the day of another day only', () => {
    expect(absolute(now, now, 'en')).toMatch(/^\d\d:\d\d:\d\d$/)
    expect(absolute(now - 10 * 86_400_000, now, 'fr')).toContain('14 nov. 2026')
  })
})

it.each([
  ['20260301', '1 Mar 2026'],
  ['2026.03.01', '1 Mar 2026'],
  ['20260231', '20260231'],
  ['', ''],
  ['<script>', '<script>'],
])('the date %s', (text, written) => expect(dicomDate(text, 'en')).toBe(written))

it.each([
  ['101500.123', '10:15'],
  ['10', '10'],
  ['', ''],
])('the time %s', (text, written) => expect(dicomTime(text)).toBe(written))

it.each([
  ['DOE^JANE^ANN^DR', 'DOE, JANE ANN'],
  ['DOE', 'DOE'],
  ['^JANE', 'JANE'],
  ['=山田^太郎=やまだ^たろう', '山田, 太郎'],
  ['^^^^', ''],
  ['', ''],
])('the name %s', (text, written) => expect(personName(text)).toBe(written))

it('leads from a view to its address and back', () => {
  const address = addressOf(['studies', '1.2/3 é'], new URLSearchParams({ state: 'in force' }))
  expect(address).toBe('#/studies/1.2%2F3%20%C3%A9?state=in+force')
  const { steps, query } = parseRoute(address)
  expect([steps, query.get('state')]).toEqual([['studies', '1.2/3 é'], 'in force'])
  expect(parseRoute('#/%E0%A4%A/x').steps).toEqual(['%E0%A4%A', 'x'])
  expect(parseRoute('').steps).toEqual([])
})
