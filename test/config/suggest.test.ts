import { expect, it } from 'vitest'
import { editDistance, nearest } from '../../src/config/suggest.ts'

it.each([
  ['port', 'port', 0],
  ['prot', 'port', 1],
  ['por', 'port', 1],
  ['ports', 'port', 1],
  ['part', 'port', 1],
  ['', 'port', 4],
  ['kitten', 'sitting', 3],
])('counts edits: %s, %s: %d', (from, to, edits) => {
  expect(editDistance(from, to)).toBe(edits)
  expect(editDistance(to, from)).toBe(edits)
})

it('suggests what was probably meant, and nothing where nothing is near', () => {
  const keys = ['host', 'port', 'maxAssociations', 'maxAssociationsPerAddress']
  expect(nearest('maxassociation', keys)).toBe('maxAssociations')
  expect(nearest('prot', keys)).toBe('port')
  expect(nearest('colour', keys)).toBeUndefined()
  expect(nearest('x', keys)).toBeUndefined()
})
