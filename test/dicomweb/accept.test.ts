/** Accept: what it names, and how long a hostile one may hold the node. */
import { expect, it } from 'vitest'
import { acceptedBy } from '../../src/dicomweb/accept.ts'

const asked = (accept: string) => ({ query: new URLSearchParams(), headers: { accept } })

it('commas in quotes are text', () => {
  const ranges = acceptedBy(asked('multipart/related; type="a,b\\",c"; q=0.5, image/png'))
  expect(ranges.map(({ type, parameters }) => [type, parameters.get('type')])).toEqual([
    ['image/png', undefined],
    ['multipart/related', 'a,b",c'],
  ])
})

it('quotes that are never closed are read once', () => {
  const begun = performance.now()
  expect(() => acceptedBy(asked('"\\'.repeat(8000)))).toThrow('Accept names no media type')
  expect(performance.now() - begun).toBeLessThan(100)
})
