/** One timer for many waits: each has its whole time. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Patience } from '../../src/dimse/patience.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function waiting(): { waits: number[]; patience: Patience; begin: () => void; over: () => number } {
  const waits: number[] = []
  let over = 0
  const patience = new Patience(
    1000,
    () => waits[0],
    () => {
      over++
      waits.shift()
    },
  )
  const begin = (): void => {
    waits.push(performance.now())
    patience.begin()
  }
  return { waits, patience, begin, over: () => over }
}

it('ends after the time of the one that is waited for longest, not before', () => {
  const { begin, over } = waiting()
  begin()
  vi.advanceTimersByTime(999)
  expect(over()).toBe(0)
  vi.advanceTimersByTime(2)
  expect(over()).toBe(1)
})

it('gives the next one its whole time, also where the timer was set for one before it', () => {
  const { waits, begin, over } = waiting()
  begin()
  vi.advanceTimersByTime(600)
  waits.shift()
  begin()
  vi.advanceTimersByTime(999)
  expect(over()).toBe(0)
  vi.advanceTimersByTime(2)
  expect(over()).toBe(1)
})

it('leaves no timer behind where nothing is waited for, or will be', () => {
  const { waits, patience, begin, over } = waiting()
  begin()
  waits.shift()
  vi.advanceTimersByTime(1000)
  expect(vi.getTimerCount()).toBe(0)
  begin()
  patience.end()
  expect(vi.getTimerCount()).toBe(0)
  expect(over()).toBe(0)
})
