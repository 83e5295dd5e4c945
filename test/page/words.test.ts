/** The page's words: the same in each language, all of them used, and none anywhere else. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DICTIONARIES, type Key, preferredLanguage, say, stateKey } from '../../src/page/words/words.ts'
import { PROJECT } from '../support/node-process.ts'

const PAGE = join(PROJECT, 'src/page')
const files = readdirSync(PAGE, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file) && !file.startsWith('words/'))
const text = new Map(files.map((file) => [file, readFileSync(join(PAGE, file), 'utf8')]))
const everything = [...text.values()].join('\n')
const { en, fr } = DICTIONARIES
const keys = Object.keys(en) as Key[]

describe('the dictionaries', () => {
  it('have the same keys', () => expect(Object.keys(fr)).toEqual(Object.keys(en)))

  it('take the same values', () => {
    const taken = (words: string) => [...new Set(words.match(/\{\w+\}/g))].filter((one) => one !== '{n}').sort()
    expect(keys.filter((key) => taken(en[key]).join() !== taken(fr[key]).join())).toEqual([])
  })

  it('have one form or two', () => {
    expect(keys.flatMap((key) => [en[key], fr[key]]).filter((words) => words.split(' | ').length > 2 || words.trim() === '')).toEqual([])
  })

  it('hold nothing that is not said', () => {
    const made = /^(state|tool)\./
    expect(keys.filter((key) => !made.test(key) && !everything.includes(`'${key}'`))).toEqual([])
  })
})

describe('the components', () => {
  const markup = [...text].filter(([file]) => file.endsWith('.tsx'))

  it('hold no words of their own between tags', () => {
    const found = markup.flatMap(([file, source]) =>
      [...source.matchAll(/(?<![=-])>\s*([^<>{}=;()'"`]*\p{L}{2,}[^<>{}=;()'"`]*)\s*<[/\w]/gu)].map(
        ([, words]) => `${file}: ${words!.trim()}`,
      ),
    )
    // `return <Tag`, behind a comparison.
    expect(found.filter((words) => !words.endsWith(': return'))).toEqual([])
  })

  it('hold no words of their own in attributes', () => {
    const found = markup.flatMap(([file, source]) =>
      [...source.matchAll(/\b(aria-label|aria-valuetext|title|placeholder|alt|label|question|caption)="([^"]*\p{L}[^"]*)"/gu)].map(
        ([all]) => `${file}: ${all}`,
      ),
    )
    expect(found).toEqual([])
  })

  it('put nothing in as HTML', () => {
    expect(
      [...text].filter(([, source]) =>
        /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/.test(source),
      ),
    ).toEqual([])
  })
})

describe('say', () => {
  it.each([
    ['en', 0, '0 studies'],
    ['en', 1, '1 study'],
    ['en', 12345, '12,345 studies'],
    ['fr', 0, '0 examen'],
    ['fr', 2, '2 examens'],
    ['fr', 12345, '12\u202f345 examens'],
  ] as const)('counts as %s does: %i', (language, n, words) => expect(say(language, 'studies.found', { n })).toBe(words))

  it('puts a text in as it is, braces too', () => {
    expect(say('en', 'ask.resolve', { name: '{id} <b>', id: '7' })).toContain('{id} <b> (7)')
  })

  it.each([
    [['fr-CA', 'en'], 'fr'],
    [['de', 'fr', 'en'], 'fr'],
    [['en-US', 'fr'], 'en'],
    [['de'], 'en'],
    [[], 'en'],
  ] as const)('of %j chooses %s', (wanted, language) => expect(preferredLanguage(wanted)).toBe(language))

  it('has a word for every state that a study, a manifest or a delivery can be in', () => {
    const catalog = join(PROJECT, 'src/catalog')
    const sources = readdirSync(catalog)
      .filter((file) => file.startsWith('contract'))
      .map((file) => readFileSync(join(catalog, file), 'utf8'))
    const states = sources.flatMap((source) => source.match(/export type (?:History|Manifest|Delivery)State =(?:\s*\|?\s*'[^']+')+/g) ?? [])
    const words = states.flatMap((line) => [...line.matchAll(/'([^']+)'/g)].map(([, state]) => state!))
    expect(words.length).toBeGreaterThan(8)
    expect(words.filter((state) => stateKey(state) === undefined)).toEqual([])
  })

  it('knows a state by its word', () => {
    expect([stateKey('in force'), stateKey('rejected'), stateKey('never heard of')]).toEqual(['state.inForce', 'state.rejected', undefined])
  })
})
