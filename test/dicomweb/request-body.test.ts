/** Bodies of requests, read while they come. */
import { PassThrough, Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { readBody } from '../../src/dicomweb/request-body.ts'

it('gives chunk after chunk, and leaves the stream alive', async () => {
  const body = Readable.from([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')])
  const chunks: string[] = []
  await readBody(body, async (chunk) => chunks.push(chunk.toString()) < 2)
  expect([chunks, body.destroyed]).toEqual([['a', 'b'], false])
})

it('fails as the stream does', async () => {
  const body = new PassThrough()
  setTimeout(() => body.destroy(new Error('gone')), 20)
  await expect(readBody(body, async () => true)).rejects.toThrow('gone')
})
