import { describe, expect, it } from 'vitest'
import { hasWildcard, literalPrefix, matchesWildcard } from '../../src/dicom/matching.ts'

describe('PS3.4 C.2.2.2.4 wild card matching', () => {
  it.each<[string, string, boolean]>([
    ['*', '', true],
    ['*', 'anything', true],
    ['', '', true],
    ['', 'a', false],
    ['?', '', false],
    ['?', 'a', true],
    ['?', 'ab', false],
    ['abc', 'abc', true],
    ['abc', 'ABC', false],
    ['abc', 'abcd', false],
    ['abcd', 'abc', false],
    ['a*', 'a', true],
    ['a*c', 'abbc', true],
    ['a*c', 'abcd', false],
    ['*c', 'abcc', true],
    ['*b*', 'abc', true],
    ['*b*', 'ac', false],
    ['a?c', 'abc', true],
    ['a??c', 'abc', false],
    ['*ab', 'aab', true],
    ['*aab*b', 'aaaabab', true],
    ['*abc*abd', 'abcabcabd', true],
    ['**', 'x', true],
    ['a**?', 'a', false],
    ['?*?', 'ab', true],
    ['?', '𠀀', true],
    ['*?', '𠀀', true],
    ['??', '𠀀', false],
  ])('%j on %j: %s', (pattern, value, matches) => {
    expect(matchesWildcard(pattern, value)).toBe(matches)
  })

  it.each(['%', '_', '[a-z]', "'", '"', '\\', '(a+)+$', '.', '^', '%_', '!', '{1}'])('Q4 %s is literal', (text) => {
    expect(matchesWildcard(text, text)).toBe(true)
    expect(matchesWildcard(text, 'a')).toBe(false)
    expect(matchesWildcard(`*${text}*`, `x${text}y`)).toBe(true)
    expect(hasWildcard(text)).toBe(false)
  })

  it.each([
    ['*?'.repeat(64), 'a'.repeat(10_000), true],
    [`${'*a'.repeat(64)}b`, 'a'.repeat(10_000), false],
    [`${'a*'.repeat(1000)}b`, 'a'.repeat(10_000), false],
    [`*${'a'.repeat(64)}b`, 'a'.repeat(100_000), false],
    [`${'(a+)+$'.repeat(10)}*`, 'a'.repeat(10_000), false],
  ])('Q4 hostile pattern %# ends soon', (pattern, value, matches) => {
    const started = performance.now()
    expect(matchesWildcard(pattern, value)).toBe(matches)
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it.each<[string, (length: number) => string, (length: number) => string]>([
    ['one long piece that all but fits', (length) => `*${'a'.repeat(length)}b*`, (length) => 'a'.repeat(length * 20)],
    ['one long piece that differs at its beginning', (length) => `*b${'a'.repeat(length)}*`, (length) => 'a'.repeat(length * 20)],
    ['a long piece with ?', (length) => `*${'a'.repeat(length)}?b*`, (length) => 'a'.repeat(length * 20)],
    ['many short pieces', (length) => `${'*ab'.repeat(length / 3)}c*`, (length) => 'ab'.repeat(length * 10)],
    ['many pieces with ?', (length) => `${'*?a'.repeat(length / 3)}b*`, (length) => 'a'.repeat(length * 20)],
  ])('eight times the pattern on eight times the value takes eight times the time, not 64 times it: %s', (_what, pattern, value) => {
    const texts = [1125, 9000].map((length) => [pattern(length), value(length)] as const)
    const quickest = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let round = 0; round < 10; round++) {
      for (const [at, [wanted, text]] of texts.entries()) {
        const started = performance.now()
        expect(matchesWildcard(wanted, text)).toBe(false)
        quickest[at] = Math.min(quickest[at]!, performance.now() - started)
      }
    }
    expect(quickest[1]).toBeLessThan(24 * quickest[0]! + 2)
  })

  it.each<[string, string, string, boolean]>([
    ['a long piece', `*${'ab'.repeat(100)}c*`, `${'ab'.repeat(150)}cd`, true],
    ['a long piece with ? at either end of the pattern', `${'a?'.repeat(100)}*${'?b'.repeat(100)}`, 'ab'.repeat(200), true],
    ['a piece with ? between two stars, of 64 characters', `*${'a?'.repeat(32)}*`, 'ab'.repeat(40), true],
    ['one more: nothing', `*${'a?'.repeat(32)}a*`, 'ab'.repeat(40), false],
    ['a pattern of 10,240 characters', `*${'a'.repeat(10_239)}`, 'a'.repeat(20_000), true],
    ['one more: nothing', `*${'a'.repeat(10_240)}`, 'a'.repeat(20_000), false],
    ['pieces that would overlap', 'aba*ba', 'abaa', false],
    ['? before a character outside the basic plane', '*?𠀀', '𠀀𠀀', true],
    ['? for it at the end', 'a*b?', 'axb𠀀', true],
    ['? that is not half of it', '*??', '𠀀', false],
  ])('%s', (_what, pattern, value, matches) => {
    expect(matchesWildcard(pattern, value)).toBe(matches)
  })

  it('agrees with a plain definition on all short texts', () => {
    const slow = (p: string, v: string): boolean => {
      if (p === '') return v === ''
      if (p[0] === '*') return slow(p.slice(1), v) || (v !== '' && slow(p, v.slice(1)))
      return v !== '' && (p[0] === '?' || p[0] === v[0]) && slow(p.slice(1), v.slice(1))
    }
    const texts = (letters: string, length: number): string[] =>
      length === 0 ? [''] : texts(letters, length - 1).flatMap((text) => [text, ...[...letters].map((letter) => text + letter)])
    const values = [...new Set(texts('ab', 4))]
    for (const pattern of new Set(texts('ab*?', 4))) {
      for (const value of values) if (matchesWildcard(pattern, value) !== slow(pattern, value)) expect.fail(`${pattern} on ${value}`)
    }
  })
})

describe('literalPrefix', () => {
  it.each([
    ['abc', 'abc'],
    ['ab*c', 'ab'],
    ['?b', ''],
    ['', ''],
  ])('%j: %j', (pattern, prefix) => {
    expect(literalPrefix(pattern)).toBe(prefix)
  })
})
