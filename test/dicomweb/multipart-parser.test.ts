/** Multipart bodies taken apart (RFC 2046 5.1): right ones however they are cut, hostile ones with an answer. */
import { expect, it } from 'vitest'
import { parseMediaType } from '../../src/dicomweb/media-type.ts'
import { MAX_HEADER_BYTES, MultipartParser } from '../../src/dicomweb/multipart-parser.ts'
import { WebFailure } from '../../src/dicomweb/web-failure.ts'

interface Part {
  readonly headers: Record<string, string>
  body: string
  ended: boolean
}

/** @param pieces  size of the chunks that it comes in */
async function parse(text: string, boundary = 'B', pieces = text.length): Promise<Part[]> {
  const parts: Part[] = []
  const parser = new MultipartParser(boundary, {
    begins: (headers) => void parts.push({ headers: Object.fromEntries(headers), body: '', ended: false }),
    data: (bytes) => {
      parts.at(-1)!.body += bytes.toString('latin1')
      return undefined
    },
    ends: () => {
      parts.at(-1)!.ended = true
      return undefined
    },
  })
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += pieces) await parser.push(bytes.subarray(at, at + pieces))
  parser.finish()
  return parts
}

const bodies = (parts: readonly Part[]) => parts.map((part) => part.body)
const BINARY = '\x00\r\n--\r\n--A\r\n\xff-\r'
const TWO = `--B\r\nContent-Type: application/dicom\r\nX: 1\r\n\r\n${BINARY}\r\n--B\r\n\r\nsecond\r\n--B--\r\n`

it('gives the parts, whole, wherever the chunks are cut', async () => {
  for (let pieces = 1; pieces <= TWO.length; pieces++) {
    const parts = await parse(TWO, 'B', pieces)
    expect(bodies(parts)).toEqual([BINARY, 'second'])
    expect(parts[0]!.headers).toEqual({ 'content-type': 'application/dicom', x: '1' })
    expect(parts.every((part) => part.ended)).toBe(true)
  }
})

it.each([
  ['a preamble', 'hello\r\nworld\r\n--B\r\n\r\none\r\n--B--', ['one']],
  ['a preamble that holds the boundary inside of a line', 'x--B\r\n--B\r\n\r\none\r\n--B--', ['one']],
  ['lines that end in LF alone', '--B\nA: b\n\none\r\n--B\n\ntwo\n--B--\n', ['one\r', 'two']],
  ['padding behind the boundary', '--B \t\r\n\r\none\r\n--B  \r\n\r\ntwo\r\n--B--', ['one', 'two']],
  ['an epilogue', '--B\r\n\r\none\r\n--B--\r\n--B\r\n\r\nno part', ['one']],
  ['text that begins like a delimiter', '--B\r\n\r\none\r\n--Bx\r\n--B\r\n\r\n--Bx\r\n--B--', ['one\r\n--Bx', '--Bx']],
  ['an empty part', '--B\r\n\r\n--B\r\n\r\n\r\n--B--', ['', '']],
])('takes %s', async (_what, text, expected) => {
  for (let pieces = 1; pieces <= text.length; pieces++) expect(bodies(await parse(text, 'B', pieces))).toEqual(expected)
})

it('unfolds headers', async () => {
  const [part] = await parse('--B\r\nContent-Type: multipart/related;\r\n\ttype=x\r\nnonsense\r\n\r\n\r\n--B--')
  expect(part!.headers).toEqual({ 'content-type': 'multipart/related; type=x' })
})

it.each([
  ['nothing', '', /in the middle \(in its preamble\)/],
  ['no closing delimiter', '--B\r\n\r\none', /in the middle \(in its body\)/],
  ['an end inside of the headers', '--B\r\nContent-Type: a', /in the middle \(in its headers\)/],
  ['no boundary at all', 'x'.repeat(70_000), /does not begin with its boundary/],
  ['headers without end', `--B\r\nX: ${'x'.repeat(MAX_HEADER_BYTES)}`, /headers of a part are larger/],
  ['headers of many lines', `--B\r\n${'X: 1\r\n'.repeat(200)}\r\n`, /headers of a part are larger/],
])('refuses %s', async (_what, text, message) => {
  for (const pieces of [1000, Math.max(1, text.length)]) await expect(parse(text, 'B', pieces)).rejects.toThrow(message)
})

it('refuses a boundary that is none', () => {
  for (const boundary of ['', 'x'.repeat(201), 'a\r\nb']) expect(() => new MultipartParser(boundary, {} as never)).toThrow(WebFailure)
})

it('hands over a large body in pieces, and waits', async () => {
  let held = 0
  let largest = 0
  const parser = new MultipartParser('B', {
    begins: () => undefined,
    data: async (bytes) => {
      held += bytes.length
      largest = Math.max(largest, bytes.length)
      await Promise.resolve()
    },
    ends: () => undefined,
  })
  await parser.push(Buffer.from('--B\r\n\r\n'))
  for (let count = 0; count < 200; count++) await parser.push(Buffer.alloc(65_536, '\r\n--'))
  await parser.push(Buffer.from('\r\n--B--'))
  parser.finish()
  expect(held).toBe(200 * 65_536)
  expect(largest).toBeLessThan(65_536 + 100)
})

it('reads media types', () => {
  const media = parseMediaType('Multipart/Related; type="application/dicom" ; Boundary="a;b\\"c"; start=<x>; boundary=second')
  expect(media?.type).toBe('multipart/related')
  expect(media?.parameters.get('boundary')).toBe('a;b"c')
  expect(media?.parameters.get('type')).toBe('application/dicom')
  expect(parseMediaType('application/dicom')?.parameters.size).toBe(0)
  expect(parseMediaType('nonsense')).toBeUndefined()
  expect(parseMediaType(`a/b; ${'x=1; '.repeat(2000)}`)).toBeUndefined()
})
