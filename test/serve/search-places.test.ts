/** Places of pages: the nearest one before, of the same question only, for a minute, and not without end. */
import { expect, it } from 'vitest'
import { SearchPlaces } from '../../src/serve/search-places.ts'

it('gives the nearest place at or before an offset, of the same question', () => {
  const places = new SearchPlaces()
  for (const offset of [3000, 1000, 2000]) places.note('all', offset, `after ${offset}`)
  expect(places.nearest('all', 2000)).toEqual({ offset: 2000, after: 'after 2000' })
  expect(places.nearest('all', 2999)).toEqual({ offset: 2000, after: 'after 2000' })
  expect(places.nearest('all', 999)).toBeUndefined()
  expect(places.nearest('others', 5000)).toBeUndefined()
})

it('forgets after a minute', () => {
  let now = 0
  const places = new SearchPlaces(() => now)
  places.note('all', 1000, 'x')
  now = 59_999
  expect(places.nearest('all', 1500)).toBeDefined()
  now = 60_000
  expect(places.nearest('all', 1500)).toBeUndefined()
})

it('keeps so many', () => {
  const places = new SearchPlaces()
  for (let offset = 1; offset <= 1001; offset++) places.note('all', offset, String(offset))
  expect(places.nearest('all', 1)).toBeUndefined()
  expect(places.nearest('all', 2)).toEqual({ offset: 2, after: '2' })
  for (let number = 0; number < 50; number++) places.note(`question ${number}`, 1, 'x')
  expect(places.nearest('all', 1000)).toBeUndefined()
  expect(places.nearest('question 49', 1)).toBeDefined()
})
