/** Data sets of odd length, mended for sending (PS3.5 7.1.1): what comes out is what the test writes with the right padding, byte for byte. */
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { encodingOf } from '../../src/dicom/transfer-syntaxes.ts'
import { decompress } from '../../src/serve/decompress.ts'
import { madeEven, NotRepairable } from '../../src/serve/even-lengths.ts'
import { reencode } from '../../src/serve/reencode.ts'
import {
  DEFLATED_LE,
  EXPLICIT_BE,
  EXPLICIT_LE,
  elementHeader,
  encodeElement,
  encodeItem,
  IMPLICIT_LE,
  US_MULTIFRAME,
} from '../support/data-sets.ts'

const JPEG = '1.2.840.10008.1.2.4.50'
const RLE = '1.2.840.10008.1.2.5'
const NATIVE = [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE] as const
const UNDEFINED = 0xffffffff

function opened(bytes: Buffer, chunk: number): () => Readable {
  return () =>
    Readable.from(
      Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) => Buffer.from(bytes.subarray(at * chunk, (at + 1) * chunk))),
      { objectMode: false },
    )
}

async function mended(bytes: Buffer, syntax: string, chunk = 1_000): Promise<Buffer> {
  return buffer((await madeEven(opened(bytes, chunk), syntax, new AbortController().signal))())
}

const bytes = (text: string) => Buffer.from(text, 'latin1')
const odd = (tag: number, vr: string, value: string, syntax: string) => encodeElement(tag, vr, bytes(value), syntax)
const UID = (syntax: string) => encodeElement(0x00080018, 'UI', '1.2.34', syntax)

/** The header of an item or a delimiter. */
function item(tag: number, length: number, syntax = EXPLICIT_LE): Buffer {
  const header = Buffer.alloc(8)
  const [n16, n32] = syntax === EXPLICIT_BE ? (['writeUInt16BE', 'writeUInt32BE'] as const) : (['writeUInt16LE', 'writeUInt32LE'] as const)
  header[n16](tag >>> 16, 0)
  header[n16](tag & 0xffff, 2)
  header[n32](length, 4)
  return header
}
const END_OF_ITEM = 0xfffee00d
const END_OF_SEQUENCE = 0xfffee0dd
const ITEM = 0xfffee000

describe('a value of each VR', () => {
  const SPACE = ['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'LO', 'LT', 'PN', 'SH', 'ST', 'TM', 'UC', 'UR', 'UT']
  const NUL = ['UI', 'OB', 'UN', 'OW', 'OF', 'OD', 'OL', 'OV', 'US', 'SS', 'UL', 'SL', 'FL', 'FD', 'AT', 'SV', 'UV']

  it.each(SPACE.flatMap((vr) => [EXPLICIT_LE, EXPLICIT_BE].map((syntax) => [vr, syntax])))('%s in %s: a space', async (vr, syntax) => {
    const source = Buffer.concat([UID(syntax), odd(0x00091001, vr, '12345', syntax)])
    expect(await mended(source, syntax)).toEqual(Buffer.concat([UID(syntax), odd(0x00091001, vr, '12345 ', syntax)]))
  })

  it.each(NUL.flatMap((vr) => [EXPLICIT_LE, EXPLICIT_BE].map((syntax) => [vr, syntax])))('%s in %s: NUL', async (vr, syntax) => {
    const source = Buffer.concat([UID(syntax), odd(0x00091001, vr, '12345', syntax)])
    expect(await mended(source, syntax)).toEqual(Buffer.concat([UID(syntax), odd(0x00091001, vr, '12345\0', syntax)]))
  })

  it('implicit VR: as the dictionary says', async () => {
    const set = (name: string, uid: string, unknown: string) =>
      Buffer.concat([
        odd(0x00080018, 'UI', uid, IMPLICIT_LE),
        odd(0x00091001, 'UN', unknown, IMPLICIT_LE),
        odd(0x00100010, 'PN', name, IMPLICIT_LE),
      ])
    expect(await mended(set('Doe^Joe', '1.2.3', 'abc'), IMPLICIT_LE)).toEqual(set('Doe^Joe ', '1.2.3\0', 'abc\0'))
  })

  it('a text of 65,535 bytes no longer fits its VR and goes as UN (PS3.5 6.2.2)', async () => {
    const source = Buffer.concat([UID(EXPLICIT_LE), odd(0x00204000, 'LT', 'x'.repeat(65_535), EXPLICIT_LE)])
    const expected = Buffer.concat([UID(EXPLICIT_LE), odd(0x00204000, 'UN', `${'x'.repeat(65_535)} `, EXPLICIT_LE)])
    expect((await mended(source, EXPLICIT_LE)).equals(expected)).toBe(true)
  })

  it.each(NATIVE.flatMap((syntax) => [1, 7, 4_096, 1_000_000].map((chunk) => [syntax, chunk] as const)))(
    '%s, large pixel data, in pieces of %i bytes',
    async (syntax, chunk) => {
      const pixels = 'p'.repeat(chunk < 100 ? 70_001 : 300_001)
      const source = Buffer.concat([UID(syntax), odd(0x7fe00010, 'OW', pixels, syntax)])
      const expected = Buffer.concat([UID(syntax), odd(0x7fe00010, 'OW', `${pixels}\0`, syntax)])
      expect((await mended(source, syntax, chunk)).equals(expected)).toBe(true)
    },
  )
})

describe.each(NATIVE)('sequences in %s', (syntax) => {
  const content = (name: string) => Buffer.concat([UID(syntax), odd(0x00080104, 'LO', name, syntax)])
  const inner = (name: string, defined: boolean) => sequence(0x00081140, content(name), defined)
  function sequence(tag: number, content: Buffer, defined: boolean): Buffer {
    if (defined) return encodeElement(tag, 'SQ', encodeItem(content, syntax), syntax)
    return Buffer.concat([
      elementHeader(tag, 'SQ', UNDEFINED, syntax),
      item(ITEM, UNDEFINED, syntax),
      content,
      item(END_OF_ITEM, 0, syntax),
      item(END_OF_SEQUENCE, 0, syntax),
    ])
  }

  it.each([
    ['defined', true, true],
    ['undefined', false, false],
    ['defined in undefined', false, true],
    ['undefined in defined', true, false],
  ])('of %s length: the lengths around the value are corrected', async (_, outer, inside) => {
    const source = sequence(0x00082112, inner('abc', inside), outer)
    expect(source.length % 2).toBe(1)
    for (const chunk of [3, 1_000]) expect(await mended(source, syntax, chunk)).toEqual(sequence(0x00082112, inner('abc ', inside), outer))
  })

  it('leaves group lengths out, which would be wrong', async () => {
    const source = Buffer.concat([encodeElement(0x00080000, 'UL', 30, syntax), content('abc')])
    expect(await mended(source, syntax)).toEqual(content('abc '))
  })
})

describe('sequences that go as UN (PS3.5 6.2.2)', () => {
  const content = (name: string) => odd(0x00080104, 'LO', name, IMPLICIT_LE)
  const undefinedLength = (names: readonly string[], syntax: string) =>
    Buffer.concat([
      elementHeader(0x00091010, 'UN', UNDEFINED, syntax),
      ...names.map((name) => encodeItem(content(name), IMPLICIT_LE)),
      item(END_OF_SEQUENCE, 0),
    ])

  it.each([EXPLICIT_LE, IMPLICIT_LE])('%s, undefined length: the padding goes into the items', async (syntax) => {
    expect(await mended(undefinedLength(['abc'], syntax), syntax)).toEqual(undefinedLength(['abc '], syntax))
  })

  it('undefined length, two odd values: both come out even', async () => {
    const source = undefinedLength(['abc', 'defgh'], EXPLICIT_LE)
    expect(source.length % 2).toBe(0)
    const out = await buffer(reencode(opened(source, 9), encodingOf(EXPLICIT_LE), true))
    expect(out).toEqual(undefinedLength(['abc ', 'defgh '], EXPLICIT_LE))
  })

  it('defined length: the padding goes into the items, not behind them', async () => {
    const made = (name: string) => encodeElement(0x00091010, 'UN', encodeItem(content(name), IMPLICIT_LE), IMPLICIT_LE)
    expect(await mended(made('abc'), IMPLICIT_LE)).toEqual(made('abc '))
  })

  it('what only looks like items gets its padding behind it', async () => {
    const made = (end: string) => encodeElement(0x00091010, 'UN', bytes(`\xfe\xff\x00\xe0rubbish?${end}`), EXPLICIT_LE)
    expect(await mended(made('!'), EXPLICIT_LE)).toEqual(made('!\0'))
  })
})

describe('compressed pixel data (PS3.5 A.4)', () => {
  const table = (...offsets: number[]) => {
    const made = Buffer.alloc(offsets.length * 4)
    for (const [at, offset] of offsets.entries()) made.writeUInt32LE(offset, at * 4)
    return made
  }
  const fragment = (content: Buffer) => Buffer.concat([item(ITEM, content.length), content])
  const pixelData = (offsets: Buffer, fragments: readonly string[]) =>
    Buffer.concat([
      elementHeader(0x7fe00010, 'OB', UNDEFINED),
      fragment(offsets),
      ...fragments.map((one) => fragment(bytes(one))),
      item(END_OF_SEQUENCE, 0),
    ])
  const frames = (count: number) => encodeElement(0x00280008, 'IS', String(count))
  const set = (count: number, offsets: Buffer, fragments: readonly string[]) =>
    Buffer.concat([UID(EXPLICIT_LE), frames(count), pixelData(offsets, fragments)])

  it.each([
    ['one frame', 1, [table(), table()], [['abc'], ['abc\0']]],
    [
      'a frame each',
      3,
      [table(), table()],
      [
        ['abc', 'de', 'fghij'],
        ['abc\0', 'de', 'fghij\0'],
      ],
    ],
    [
      'a frame each, with a table',
      3,
      [table(0, 11, 21), table(0, 12, 22)],
      [
        ['abc', 'de', 'fghij'],
        ['abc\0', 'de', 'fghij\0'],
      ],
    ],
    [
      'one frame in fragments',
      1,
      [table(0), table(0)],
      [
        ['abc', 'd', 'ef', 'g'],
        ['ab', 'cd', 'ef', 'g\0'],
      ],
    ],
    [
      'one frame in odd pieces',
      1,
      [table(), table()],
      [
        ['a', '', 'bc', 'def', 'g'],
        ['', '', 'ab', 'cdef', 'g\0'],
      ],
    ],
    [
      'frames in fragments, by the table',
      2,
      [table(0, 21), table(0, 22)],
      [
        ['abc', 'de', 'f', 'ghijk'],
        ['ab', 'cde\0', '', 'fghijk'],
      ],
    ],
    [
      'a table that is wrong is emptied',
      2,
      [table(0, 13), table()],
      [
        ['abc', 'de'],
        ['abc\0', 'de'],
      ],
    ],
  ] as const)('%s', async (_, count, [before, after], [source, expected]) => {
    for (const chunk of [1, 1_000]) expect(await mended(set(count, before, source), JPEG, chunk)).toEqual(set(count, after, expected))
  })

  it('streams large ones', async () => {
    const large = ['x'.repeat(300_001), 'y'.repeat(100_001)]
    const source = set(2, table(0, 300_009), large)
    expect(
      (await mended(source, JPEG, 65_536)).equals(
        set(
          2,
          table(0, 300_010),
          large.map((one) => `${one}\0`),
        ),
      ),
    ).toBe(true)
  })

  it('the Extended Offset Table goes where fragments have grown, and stays where they have not', async () => {
    const extended = encodeElement(0x7fe00001, 'OV', Buffer.alloc(16))
    const made = (name: string, own: Buffer, fragments: readonly string[]) =>
      Buffer.concat([UID(EXPLICIT_LE), odd(0x00100010, 'PN', name, EXPLICIT_LE), frames(2), own, pixelData(table(), fragments)])
    expect(await mended(made('Joe', extended, ['ab', 'cd']), JPEG)).toEqual(made('Joe ', extended, ['ab', 'cd']))
    expect(await mended(made('Jo', extended, ['abc', 'cd']), JPEG)).toEqual(made('Jo', Buffer.alloc(0), ['abc\0', 'cd']))
  })

  it('an icon keeps its frame in one piece', async () => {
    const made = (fragments: readonly string[]) =>
      Buffer.concat([encodeElement(0x00880200, 'SQ', encodeItem(pixelData(table(), fragments))), pixelData(table(), ['main'])])
    expect(await mended(made(['abc', 'de', 'fg']), JPEG)).toEqual(made(['abcdefg\0']))
  })

  it('which fragments make up a frame has to be known', async () => {
    await expect(mended(set(2, table(), ['abc', 'de', 'fg']), JPEG)).rejects.toBeInstanceOf(NotRepairable)
    expect(await mended(set(2, table(), ['ab', 'de', 'fgh']), JPEG)).toEqual(set(2, table(), ['ab', 'de', 'fgh\0']))
  })
})

describe('deflated (PS3.5 A.5)', () => {
  it('gets one NUL behind it', async () => {
    let plain = UID(EXPLICIT_LE)
    while (deflateRawSync(plain).length % 2 === 0) plain = Buffer.concat([plain, encodeElement(0x00100010, 'PN', `N${plain.length}`)])
    const source = deflateRawSync(plain)
    const out = await mended(source, DEFLATED_LE)
    expect(out).toEqual(Buffer.concat([source, Buffer.alloc(1)]))
    expect(inflateRawSync(out)).toEqual(plain)
  })
})

describe('what cannot be mended', () => {
  it.each([
    ['cut inside an element', Buffer.concat([UID(EXPLICIT_LE), elementHeader(0x00100010, 'PN', 100), bytes('Doe')]), EXPLICIT_LE],
    ['an item longer than its sequence', encodeElement(0x00081140, 'SQ', Buffer.concat([item(ITEM, 99), bytes('abc')])), EXPLICIT_LE],
    [
      'cut inside a fragment',
      Buffer.concat([elementHeader(0x7fe00010, 'OB', UNDEFINED), item(ITEM, 0), item(ITEM, 9), bytes('abc')]),
      JPEG,
    ],
    ['pixel data without its end', Buffer.concat([elementHeader(0x7fe00010, 'OB', UNDEFINED), item(ITEM, 3), bytes('abc')]), JPEG],
  ])('%s: told before anything is sent', async (_, source, syntax) => {
    await expect(mended(source, syntax)).rejects.toBeInstanceOf(NotRepairable)
  })
})

describe('re-encoding', () => {
  it.each(NATIVE.flatMap((from) => [EXPLICIT_LE, IMPLICIT_LE].map((to) => [from, to])))('%s to %s: even too', async (from, to) => {
    const made = (name: string, syntax: string) =>
      Buffer.concat([
        UID(syntax),
        encodeElement(0x00081140, 'SQ', encodeItem(odd(0x00080104, 'LO', name, syntax), syntax), syntax),
        odd(0x00100010, 'PN', name, syntax),
      ])
    const out = await buffer(reencode(opened(made('abc', from), 50), encodingOf(from), to === EXPLICIT_LE))
    expect(out).toEqual(made('abc ', to))
  })

  it('decoding: even too', async () => {
    const number = (tag: number, value: number) => encodeElement(tag, 'US', value)
    const head = (name: string) =>
      Buffer.concat([
        encodeElement(0x00080016, 'UI', US_MULTIFRAME),
        odd(0x00100010, 'PN', name, EXPLICIT_LE),
        number(0x00280002, 1),
        encodeElement(0x00280004, 'CS', 'MONOCHROME2'),
        ...[0x00280010, 0x00280011].map((tag) => number(tag, 3)),
        number(0x00280100, 8),
        number(0x00280101, 8),
        number(0x00280102, 7),
        number(0x00280103, 0),
      ])
    const segments = Buffer.alloc(64)
    segments.writeUInt32LE(1, 0)
    segments.writeUInt32LE(64, 4)
    // PackBits of RLE (PS3.5 G.3): nine times 5.
    const frame = Buffer.concat([segments, Buffer.from([0xf8, 5])])
    const source = Buffer.concat([
      head('Joe'),
      elementHeader(0x7fe00010, 'OB', UNDEFINED),
      item(ITEM, 0),
      item(ITEM, frame.length),
      frame,
      item(END_OF_SEQUENCE, 0),
    ])
    const out = Buffer.concat(await decompress(source, RLE, true))
    expect(out).toEqual(Buffer.concat([head('Joe '), encodeElement(0x7fe00010, 'OB', Buffer.from([5, 5, 5, 5, 5, 5, 5, 5, 5, 0]))]))
  })
})
