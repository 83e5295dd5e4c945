/** Native data sets in another native encoding: nothing lost, for made ones byte by byte, for the whole corpus element by element. */
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type DataSet, readDataSet } from '../../src/dicom/element-reader.ts'
import { readPart10Header } from '../../src/dicom/part10.ts'
import { encodingOf, transferSyntax } from '../../src/dicom/transfer-syntaxes.ts'
import { reencode } from '../../src/serve/reencode.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import {
  ct,
  DEFLATED_LE,
  dataSet,
  EXPLICIT_BE,
  EXPLICIT_LE,
  encode,
  encodeElement,
  IMPLICIT_LE,
  type TestDataSet,
} from '../support/data-sets.ts'

/** @param chunk bytes per piece in which the source arrives */
function convert(bytes: Buffer, from: string, to: string, chunk = 1_000): Promise<Buffer> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    Buffer.from(bytes.subarray(at * chunk, (at + 1) * chunk)),
  )
  return buffer(reencode(() => Readable.from(pieces, { objectMode: false }), encodingOf(from), to === EXPLICIT_LE))
}

const RICH: TestDataSet = ct({
  [0x00081140]: [
    'SQ',
    [
      dataSet({ [0x00081150]: ['UI', '1.2.3'], [0x00081155]: ['UI', '1.2.4'] }),
      dataSet({}),
      dataSet({ [0x00081199]: ['SQ', [dataSet({ [0x00081155]: ['UI', '9.9'] })]] }),
    ],
  ],
  [0x00080008]: ['CS', 'ORIGINAL\\PRIMARY'],
  [0x00189810]: ['US', 3],
  [0x00280106]: ['US', 1],
  [0x00281054]: ['LO', 'HU'],
  [0x00200032]: ['DS', '1\\2\\3'],
  [0x00186060]: ['FL', 1.5],
  [0x00189087]: ['FD', 2.25],
  [0x00400555]: ['SQ', []],
})

describe('made data sets', () => {
  it.each([
    [EXPLICIT_LE, IMPLICIT_LE],
    [IMPLICIT_LE, EXPLICIT_LE],
    [EXPLICIT_BE, EXPLICIT_LE],
    [EXPLICIT_BE, IMPLICIT_LE],
    [DEFLATED_LE, EXPLICIT_LE],
    [DEFLATED_LE, IMPLICIT_LE],
    [EXPLICIT_LE, EXPLICIT_LE],
  ])('%s becomes %s, byte for byte, however the bytes arrive', async (from, to) => {
    const source = from === DEFLATED_LE ? deflateRawSync(encode(RICH, EXPLICIT_LE)) : encode(RICH, from)
    for (const chunk of [1, 7, 64, 1_000_000]) expect((await convert(source, from, to, chunk)).equals(encode(RICH, to))).toBe(true)
  })

  it('swaps the numbers of large pixel data while it streams', async () => {
    const pixels = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, at) => at % 251))
    const uids = { [0x00080018]: ['UI', '1.2'], [0x0020000d]: ['UI', '1.3'], [0x0020000e]: ['UI', '1.4'] } as const
    const little = encode(ct({ ...uids, [0x7fe00010]: ['OW', pixels] }))
    const big = encode(ct({ ...uids, [0x7fe00010]: ['OW', Buffer.from(pixels).swap16()] }), EXPLICIT_BE)
    for (const chunk of [999, 65_537]) expect((await convert(big, EXPLICIT_BE, EXPLICIT_LE, chunk)).equals(little)).toBe(true)
  })

  it('keeps private elements: as UN where implicit VR does not name a VR', async () => {
    const set = ct({ [0x00090010]: ['LO', 'VENDOR'], [0x00091001]: ['UN', Buffer.from('private!')], [0x00091002]: ['DS', '1.5'] })
    const explicit = await convert(await convert(encode(set), EXPLICIT_LE, IMPLICIT_LE), IMPLICIT_LE, EXPLICIT_LE)
    const read = readDataSet(explicit, EXPLICIT_LE)
    expect([...read.elements.keys()]).toEqual([...set.keys()])
    expect(read.elements.get(0x00091002)).toMatchObject({ vr: 'UN', value: Buffer.from('1.5 ') })
    expect(read.elements.get(0x00090010)?.vr).toBe('LO')
  })

  it('keeps undefined lengths, and what lies in UN of undefined length', async () => {
    const inner = Buffer.concat([
      Buffer.from('feff00e0ffffffff', 'hex'),
      encodeElement(0x00091002, 'LO', 'X ', IMPLICIT_LE),
      Buffer.from('feff0de000000000feffdde000000000', 'hex'),
    ])
    const unknown = Buffer.concat([Buffer.from('09000110554e0000ffffffff', 'hex'), inner])
    expect((await convert(unknown, EXPLICIT_LE, IMPLICIT_LE)).equals(Buffer.concat([Buffer.from('09000110ffffffff', 'hex'), inner]))).toBe(
      true,
    )
    expect((await convert(Buffer.concat([Buffer.from('09000110ffffffff', 'hex'), inner]), IMPLICIT_LE, EXPLICIT_LE)).equals(unknown)).toBe(
      true,
    )
  })

  it('takes the sign of "US or SS" from Pixel Representation, and the width of pixel data from Bits Allocated', async () => {
    const signed = readDataSet(
      await convert(encode(ct({ [0x00280103]: ['US', 1], [0x00280106]: ['SS', -5] }), IMPLICIT_LE), IMPLICIT_LE, EXPLICIT_LE),
      EXPLICIT_LE,
    )
    expect(signed.elements.get(0x00280106)?.vr).toBe('SS')
    expect(signed.text(0x00280106)).toBe('-5')
    const bytes = readDataSet(await convert(encode(ct({ [0x00280100]: ['US', 8] }), IMPLICIT_LE), IMPLICIT_LE, EXPLICIT_LE), EXPLICIT_LE)
    expect(bytes.elements.get(0x7fe00010)?.vr).toBe('OB')
  })

  it('writes a text longer than 64 KiB as UN', async () => {
    const long = dataSet({ [0x00080018]: ['UI', '1.2'], [0x00204000]: ['LT', 'x'.repeat(70_000)] })
    const read = readDataSet(await convert(encode(long, IMPLICIT_LE), IMPLICIT_LE, EXPLICIT_LE), EXPLICIT_LE)
    expect(read.elements.get(0x00204000)?.value.length).toBe(70_000)
  })

  it('leaves out group lengths and trailing zeros', async () => {
    const set = ct()
    const bytes = Buffer.concat([encodeElement(0x00080000, 'UL', 999), encode(set), Buffer.alloc(50)])
    expect((await convert(bytes, EXPLICIT_LE, IMPLICIT_LE)).equals(encode(set, IMPLICIT_LE))).toBe(true)
  })

  it.each([
    ['cut inside an element', encode(ct()).subarray(0, 300)],
    [
      'an item longer than its sequence',
      Buffer.concat([encodeElement(0x00081140, 'SQ', Buffer.from('feff00e0ff000000', 'hex')), encode(ct())]),
    ],
    ['compressed pixel data', Buffer.from('e07f10004f420000fffffffffeff00e000000000feffdde000000000', 'hex')],
    [
      'nesting without end',
      Buffer.concat(Array.from({ length: 500 }, () => Buffer.from('0800401153510000fffffffffeff00e0ffffffff', 'hex'))),
    ],
  ])('fails cleanly: %s', async (_, bytes) => {
    await expect(convert(bytes, EXPLICIT_LE, IMPLICIT_LE)).rejects.toMatchObject({ code: 'UNREADABLE' })
  })
})

describeCorpus('every native file of the corpus', () => {
  const natives = corpusFiles().filter(({ transferSyntaxUid }) => transferSyntax(transferSyntaxUid)?.encapsulated === false)
  it('keeps every element and value in Explicit and in Implicit VR Little Endian', async () => {
    let compared = 0
    for (const { path, name } of natives) {
      const file = readFileSync(path)
      const header = readPart10Header(file)
      if (header?.transferSyntaxUid === undefined) continue
      const bytes = file.subarray(header.dataSetOffset)
      const source = readable(bytes, header.transferSyntaxUid)
      if (source === undefined) continue
      for (const to of [EXPLICIT_LE, IMPLICIT_LE]) {
        const made = readDataSet(await convert(bytes, header.transferSyntaxUid, to, 100_000), to)
        expect(differences(source, made, header.transferSyntaxUid !== EXPLICIT_BE), `${name} to ${to}`).toEqual([])
      }
      compared += 1
    }
    expect(compared).toBeGreaterThan(400)
  }, 120_000)
})

function readable(bytes: Buffer, syntax: string): DataSet | undefined {
  try {
    return readDataSet(bytes, syntax)
  } catch {
    return undefined
  }
}

/** Tags that are not in both, or whose values differ; by length alone where the byte order is another. What implicit VR does not name, private
 *  sequences too, is read back as UN: its items cannot be compared then. */
function differences(source: DataSet, made: DataSet, sameOrder: boolean): string[] {
  const tags = new Set([...source.elements.keys(), ...made.elements.keys()])
  return [...tags].flatMap((tag) => {
    const [a, b] = [source.elements.get(tag), made.elements.get(tag)]
    if (a === undefined || b === undefined) return [`${tag.toString(16)} ${a === undefined ? 'added' : 'lost'}`]
    if (a.items !== undefined && b.items !== undefined && a.items.length === b.items.length) {
      return a.items.flatMap((item, at) => differences(item, b.items![at]!, sameOrder))
    }
    if (a.items !== undefined) return b.vr === 'UN' ? [] : [`${tag.toString(16)} items`]
    // A value of odd length has got its padding.
    const value = b.value.subarray(0, b.value.length - (a.value.length % 2))
    const equal = b.value.length % 2 === 0 && (sameOrder ? a.value.equals(value) : a.value.length === value.length)
    return equal ? [] : [`${tag.toString(16)} value`]
  })
}
