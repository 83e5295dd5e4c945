/** Names that hold a text anywhere, on a catalog of so many studies that the names are gone through (sieve.ts): the same is found as by holding each name
 *  against the pattern. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Breath } from '../../src/catalog/breath.ts'
import type { Catalog } from '../../src/catalog/contract.ts'
import { openDatabase } from '../../src/catalog/database.ts'
import { keepInstance } from '../../src/catalog/keep.ts'
import { literalIn, studiesNamed } from '../../src/catalog/sieve.ts'
import { catalogOn } from '../../src/catalog/sqlite-catalog.ts'
import { Statements } from '../../src/catalog/statements.ts'
import { foldedGroups, groupMatches } from '../../src/dicom/person-name.ts'
import { instance, query, temporaryFile } from './catalog-material.ts'

/** More than are walked over before. */
const STUDIES = 13_000
const COMMON = ['Martin^Alain', 'Petit^Zoé', 'Bernard^Luc', 'Thomas^Ann', 'Robert^Max']
/** Of the oldest studies: found behind all others. */
const RARE = [
  'Zwickauer^Max',
  'van Zwicken^Eva',
  'LEZWICK',
  'Yamada^Tarou=山田^太郎=やまだ^たろう',
  'Müller-Zwick^Jörg^^Dr.',
  'Zwi ck^A',
  "O'Zwick^",
  'Zwick%_^Per Cent',
]

let catalog: Catalog
let statements: Statements
const names: string[] = []

beforeAll(() => {
  const db = openDatabase(temporaryFile())
  catalog = catalogOn(db)
  statements = new Statements(db)
  db.exec('BEGIN')
  for (let number = 0; number < STUDIES; number++) {
    const name = number < RARE.length ? RARE[number]! : COMMON[number % COMMON.length]!
    names.push(name)
    const day = String(number < RARE.length ? 19990101 + number : 20200101 + (number % 28))
    keepInstance(statements, instance(number + 1, 1, 1, { PatientName: name, PatientID: `P${number}`, StudyDate: day }), false)
  }
  db.exec('COMMIT')
}, 60_000)

afterAll(() => catalog.close())

const held = (pattern: string): string[] => {
  const [wanted] = foldedGroups(pattern).filter((group) => group !== '')
  return names.flatMap((name, at) =>
    foldedGroups(name).some((group) => group !== '' && groupMatches(wanted!, group)) ? [`1.${at + 1}`] : [],
  )
}

async function found(pattern: string, pageSize: number, more: Parameters<typeof query>[1] = []): Promise<string[]> {
  const uids: string[] = []
  for (let after: string | undefined; ; ) {
    const asked = query('STUDY', [{ keyword: 'PatientName', kind: 'wildcard', pattern }, ...more])
    const page = await catalog.find(asked, pageSize, after)
    uids.push(...page.items.map((one) => one.StudyInstanceUID!))
    after = page.next
    if (after === undefined) return uids
  }
}

describe('a name that holds a text', () => {
  it.each(['*zwick*', '*ZWICK^*', '*wick?n*', '*山田*', '*だ^た*', '*jorg*', '*^*dr.', '*qqq*', '*k%_*', '*zwi ck*', "*o'zw*", '*ick'])(
    '%s, all at once and one by one',
    async (pattern) => {
      const expected = held(pattern)
      expect((await found(pattern, 100)).sort()).toEqual([...expected].sort())
      expect((await found(pattern, 1)).sort()).toEqual([...expected].sort())
    },
  )

  it('newest first, and between the dates that are asked for', async () => {
    expect(await found('*zwick*', 3)).toEqual(held('*zwick*').reverse())
    const dates = [{ keyword: 'StudyDate', kind: 'range', from: '19990102', to: '20300101' }] as const
    expect(await found('*zwick*', 3, dates)).toEqual(
      held('*zwick*')
        .reverse()
        .filter((uid) => uid !== '1.1'),
    )
  })

  it('one that thousands hold is found as it was', async () => {
    expect(await found('*etit^*', 5_000)).toHaveLength(held('*etit^*').length)
    expect(held('*etit^*').length).toBeGreaterThan(2_000)
  })

  it('is gone through in the order of the names, whose equals are many', async () => {
    const rows = (literal: string, most: number) => studiesNamed(statements, literal, most, new Breath())
    expect((await rows('PETIT', STUDIES))?.length).toBe(held('*petit*').length)
    expect(await rows('PETIT', 100)).toBeUndefined()
    expect((await rows('ZWICK', 100))?.length).toBe(held('*zwick*').length)
  })
})

it('the longest text of a pattern that each name has which matches', () => {
  expect(['*ZWICK*', '*AB?CDE^*', '**', '*^*', '*A*', 'X*'].map(literalIn)).toEqual(['ZWICK', 'CDE', undefined, undefined, 'A', 'X'])
})
