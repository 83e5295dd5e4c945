/** Bytes in pieces become a whole, and pieces of one byte cost little more than their bytes. */
import { expect, it } from 'vitest'
import { Gathered } from '../../src/dicomweb/gathered.ts'

it('gives what came, in its order, and keeps nothing of the sender', () => {
  const gathered = new Gathered()
  const expected: Buffer[] = []
  for (const size of [1, 0, 3, 70_000, 1, 2_000_000, 5]) {
    const piece = Buffer.alloc(size, size % 251)
    expected.push(Buffer.from(piece))
    gathered.push(piece)
    piece.fill(0)
  }
  expect(gathered.whole().equals(Buffer.concat(expected))).toBe(true)
  expect(gathered.sizeBytes).toBe(2_070_010)
  expect(new Gathered().whole()).toHaveLength(0)
})

it('byte by byte, memory is that of the bytes', () => {
  const gathered = new Gathered()
  const one = Buffer.from([7])
  const before = process.memoryUsage()
  for (let at = 0; at < 3_000_000; at++) gathered.push(one)
  const after = process.memoryUsage()
  expect(gathered.sizeBytes).toBe(3_000_000)
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(8_000_000)
})
