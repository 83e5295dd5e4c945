/** Headers without bulk data: time grows with what there is, not with its square. */
import { expect, it } from 'vitest'
import { withoutBulk } from '../../src/serve/header-without-bulk.ts'
import { heldBytes } from '../../src/serve/plain-bytes.ts'
import { EXPLICIT_LE, encode, type TestDataSet } from '../support/data-sets.ts'

const LARGE = Buffer.alloc(1026, 1)
const ENCODING = { explicit: true, littleEndian: true }

it('of many bulk values, and many items of a sequence with one each', async () => {
  const many = 20_000
  const item = (): TestDataSet =>
    new Map([
      [0x00091010, ['OB', LARGE] as const],
      [0x00400275, ['SQ', []] as const],
    ])
  const items = Array.from({ length: many }, item)
  const elements: TestDataSet = new Map([[0x52009230, ['SQ', items] as const]])
  const bytes = heldBytes(encode(elements, EXPLICIT_LE))
  const begun = performance.now()
  const { bulk } = await withoutBulk(bytes, ENCODING)
  expect(bulk.size).toBe(many)
  expect([...bulk.values()].every(({ length }) => length === 1)).toBe(true)
  expect(performance.now() - begun).toBeLessThan(5000)
}, 60_000)
