import { randomBytes } from 'node:crypto'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { InflateStream } from '../../src/dicom/inflate-stream.ts'
import { NodeError } from '../../src/errors.ts'

function inflate(deflated: Buffer, fragmentBytes = deflated.length || 1): Buffer {
  const parts: Buffer[] = []
  const stream = new InflateStream((bytes) => parts.push(Buffer.from(bytes)))
  for (let at = 0; at < deflated.length; at += fragmentBytes) stream.feed(deflated.subarray(at, at + fragmentBytes))
  stream.finish()
  return Buffer.concat(parts)
}

function outcome(run: () => Buffer): string {
  try {
    return run().toString('hex')
  } catch {
    return 'refused'
  }
}

const words = Buffer.from(Array.from({ length: 40_000 }, (_, index) => `word${(index * 7919) % 3571} `).join(''))
const samples: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from([7])],
  ['text', words],
  ['noise', randomBytes(300_000)],
  ['one colour', Buffer.alloc(1_000_000, 9)],
  ['text, noise, one colour', Buffer.concat([words, randomBytes(70_000), Buffer.alloc(200_000)])],
]
const ways: readonly (readonly [string, object])[] = [
  ['best', { level: 9 }],
  ['fast', { level: 1 }],
  ['stored', { level: 0 }],
  ['fixed codes', { strategy: constants.Z_FIXED }],
  ['codes without matches', { strategy: constants.Z_HUFFMAN_ONLY }],
  ['runs', { strategy: constants.Z_RLE }],
]

describe('inflate stream', () => {
  for (const [what, bytes] of samples) {
    it.each(ways)(`inflates ${what}, deflated by %s, however it is cut`, (_, options) => {
      const deflated = deflateRawSync(bytes, options)
      for (const fragment of [deflated.length || 1, 65_536, 1000, 13]) expect(inflate(deflated, fragment).equals(bytes)).toBe(true)
    })
  }

  it('takes one byte at a time', () => {
    expect(inflate(deflateRawSync(words), 1).equals(words)).toBe(true)
  })

  it('ignores what follows the end of the stream', () => {
    expect(inflate(Buffer.concat([deflateRawSync(words), Buffer.alloc(5000, 0xff)])).equals(words)).toBe(true)
  })

  it.each(ways)('refuses every truncation of a stream (%s)', (_, options) => {
    const deflated = deflateRawSync(words.subarray(0, 400), options)
    for (let length = 0; length < deflated.length; length++)
      expect(() => inflate(deflated.subarray(0, length)), `${length}`).toThrow(NodeError)
  })

  it('judges every damaged stream as zlib does', () => {
    for (const [name, options] of ways) {
      const deflated = deflateRawSync(words.subarray(0, 1500), options)
      for (let at = 0; at < deflated.length; at++) {
        const damaged = Buffer.from(deflated)
        damaged[at] = damaged[at]! ^ (1 << (at % 8))
        expect(
          outcome(() => inflate(damaged, 50)),
          `${name}, byte ${at}`,
        ).toBe(outcome(() => inflateRawSync(damaged)))
      }
    }
  })

  it.each([
    ['a reserved block type', Buffer.from([0x07])],
    ['a stored length that contradicts itself', Buffer.from([0x01, 0x05, 0x00, 0x00, 0x00])],
    ['a distance before the beginning', Buffer.from([0x63, 0x00, 0x82, 0x01])],
    ['noise', Buffer.alloc(2000, 0xed)],
  ])('refuses %s', (_, bytes) => {
    expect(() => inflate(bytes)).toThrow(NodeError)
  })

  it('stops a bomb long before it is inflated (S23)', () => {
    const deflated = deflateRawSync(Buffer.alloc(200 * 1024 * 1024), { level: 9 })
    expect(deflated.length).toBeLessThan(300_000)
    let seen = 0
    const stream = new InflateStream((bytes) => {
      seen += bytes.length
    })
    expect(() => stream.feed(deflated)).toThrow(expect.objectContaining({ code: 'INFLATED_TOO_LARGE' }))
    expect(seen).toBeLessThan(65 * 1024 * 1024)
  })
})
