/** What is gathered comes out as it went in, wherever the buffer has to grow. */
import { describe, expect, it } from 'vitest'
import { ElementOutput } from '../../src/serve/element-output.ts'

const BUFFER_BYTES = 64 * 1024

describe('a buffer that has to grow', () => {
  it.each([BUFFER_BYTES - 3, BUFFER_BYTES - 1, BUFFER_BYTES])('under bytes, after %i', (before) => {
    const output = new ElementOutput({ explicit: true, littleEndian: true })
    output.bytes(Buffer.alloc(before, 1))
    output.bytes(Buffer.alloc(5, 2))
    expect(output.take().equals(Buffer.concat([Buffer.alloc(before, 1), Buffer.alloc(5, 2)]))).toBe(true)
  })

  it('under padding', () => {
    const output = new ElementOutput({ explicit: true, littleEndian: true })
    output.bytes(Buffer.alloc(BUFFER_BYTES, 1))
    output.padding('LO', 3)
    expect(output.take().at(-1)).toBe(0x20)
  })
})
