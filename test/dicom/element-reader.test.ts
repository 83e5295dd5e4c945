import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import { NodeError } from '../../src/errors.ts'
import { explicit, explicitInstance, ITEM_END, implicit, implicitInstance, item, SEQUENCE_END, UNDEFINED } from './raw-elements.ts'

const EXPLICIT = '1.2.840.10008.1.2.1'
const IMPLICIT = '1.2.840.10008.1.2'
const BIG_ENDIAN = '1.2.840.10008.1.2.2'
const DEFLATED = '1.2.840.10008.1.2.1.99'

function refusal(bytes: Buffer, syntax: string): Record<string, unknown> {
  try {
    readDataSet(bytes, syntax)
  } catch (error) {
    if (error instanceof NodeError) return { code: error.code, ...error.details }
    throw error
  }
  return { code: 'none' }
}

const nested = (depth: number) => {
  const open = Buffer.concat([explicit(0x00081140, 'SQ', '', { length: UNDEFINED }), item('', UNDEFINED)])
  const close = Buffer.concat([ITEM_END, SEQUENCE_END])
  return Buffer.concat([...Array.from({ length: depth }, () => open), ...Array.from({ length: depth }, () => close)])
}

describe('element reader', () => {
  it('reads text, values, numbers and items', () => {
    const dataSet = readDataSet(
      explicitInstance(
        explicit(0x00200013, 'IS', ' 12 '),
        explicit(0x00200037, 'DS', '1\\0 \\ 0\\'),
        explicit(0x00280010, 'US', Buffer.from([0x00, 0x02])),
        explicit(0x00400275, 'SQ', Buffer.concat([item(explicit(0x00400009, 'SH', 'A1')), item()])),
      ),
      EXPLICIT,
    )
    expect(dataSet.text(0x00080018)).toBe('1.2.3.4')
    expect(dataSet.text(0x00200013)).toBe('12')
    expect(dataSet.values(0x00200037)).toEqual(['1', '0', '0', ''])
    expect(dataSet.text(0x00280010)).toBe('512')
    expect(dataSet.items(0x00400275).map((request) => request.text(0x00400009))).toEqual(['A1', undefined])
    expect([dataSet.has(0x00100020), dataSet.text(0x00100020), dataSet.values(0x00100020), dataSet.items(0x00100020)]).toEqual([
      false,
      undefined,
      [],
      [],
    ])
  })

  it('reads VRs of implicit VR from the dictionary, private ones as UN', () => {
    const dataSet = readDataSet(
      implicitInstance(
        implicit(0x00280010, Buffer.from([1, 0])),
        implicit(0x00290010, 'VENDOR'),
        implicit(0x00291001, 'abcd'),
        implicit(0x00400275, item(implicit(0x00400009, 'A1'))),
      ),
      IMPLICIT,
    )
    expect(dataSet.text(0x00280010)).toBe('1')
    expect(dataSet.text(0x00290010)).toBe('VENDOR')
    expect(dataSet.elements.get(0x00291001)?.vr).toBe('UN')
    expect(dataSet.text(0x00291001)).toBeUndefined()
    expect(dataSet.items(0x00400275)[0]?.text(0x00400009)).toBe('A1')
  })

  it('reads big endian', () => {
    const dataSet = readDataSet(
      Buffer.concat([
        explicit(0x00080018, 'UI', '1.2\0', { bigEndian: true }),
        explicit(0x00280010, 'US', Buffer.from([2, 0]), { bigEndian: true }),
      ]),
      BIG_ENDIAN,
    )
    expect([dataSet.text(0x00080018), dataSet.text(0x00280010)]).toEqual(['1.2', '512'])
  })

  it('decodes text by the character set of the data set, and of an item by its own', () => {
    const dataSet = readDataSet(
      Buffer.concat([
        explicit(0x00080005, 'CS', 'ISO_IR 100'),
        explicit(0x00100010, 'PN', Buffer.from('Müller', 'latin1')),
        explicit(
          0x00400275,
          'SQ',
          Buffer.concat([
            item(explicit(0x00400007, 'LO', Buffer.from('Schädel ', 'latin1'))),
            item(Buffer.concat([explicit(0x00080005, 'CS', 'ISO_IR 192'), explicit(0x00400007, 'LO', Buffer.from('é', 'utf8'))])),
          ]),
        ),
      ]),
      EXPLICIT,
    )
    expect(dataSet.text(0x00100010)).toBe('Müller')
    expect(dataSet.items(0x00400275).map((request) => request.text(0x00400007))).toEqual(['Schädel', 'é'])
  })

  it('reads an empty data set as no elements', () => {
    expect(readDataSet(Buffer.alloc(0), EXPLICIT).elements.size).toBe(0)
  })

  it.each(['??', '  ', '\0\0', 'ui', 'u1'])('S5: reads on behind an element of VR %j', (vr) => {
    const dataSet = readDataSet(explicitInstance(explicit(0x00200010, vr, '1.22'), explicit(0x00200013, 'IS', '7 ')), EXPLICIT)
    expect(dataSet.text(0x00200013)).toBe('7')
    expect(dataSet.elements.get(0x00200010)?.value.toString('latin1')).toBe('1.22')
  })

  it('S5: reads a VR of a later edition with its long form', () => {
    const later = Buffer.concat([explicit(0x00091001, 'UN', 'abcd')])
    later.write('ZZ', 4, 'latin1')
    expect(readDataSet(explicitInstance(explicit(0x00200013, 'IS', '7 '), Buffer.concat([later])), EXPLICIT).has(0x00091001)).toBe(true)
  })

  it('S5: refuses where a guessed VR does not lead to a further element, and bytes that are no VR', () => {
    const misled = explicitInstance(explicit(0x00200010, '??', 'abcdefgh', { length: 2 }))
    expect(refusal(misled, EXPLICIT)).toMatchObject({ code: 'UNREADABLE' })
    expect(refusal(explicitInstance(explicit(0x00200010, '\x01\x02', 'ab')), EXPLICIT)).toMatchObject({
      code: 'UNREADABLE',
      tag: '00200010',
      reason: 'no VR',
    })
  })

  it('S6: refuses an element that passes the end', () => {
    expect(refusal(explicitInstance(explicit(0x00200010, 'LO', 'ab', { length: 0x7fff })), EXPLICIT)).toMatchObject({
      code: 'UNREADABLE',
      tag: '00200010',
    })
    expect(refusal(implicitInstance(implicit(0x00200010, 'ab', { length: 0xfffffffe })), IMPLICIT)).toMatchObject({
      code: 'UNREADABLE',
      tag: '00200010',
    })
  })

  it('S7: refuses undefined length where it may not be', () => {
    expect(refusal(implicitInstance(implicit(0x00200010, 'abcd', { length: UNDEFINED })), IMPLICIT)).toMatchObject({
      code: 'UNREADABLE',
      tag: '00200010',
    })
    expect(refusal(explicitInstance(explicit(0x00200010, 'UT', 'abcd', { length: UNDEFINED })), EXPLICIT)).toMatchObject({
      code: 'UNREADABLE',
      tag: '00200010',
    })
  })

  it.each([
    ['no sequence delimiter', Buffer.concat([explicit(0x00400275, 'SQ', '', { length: UNDEFINED }), item(), item()])],
    [
      'no item delimiter',
      Buffer.concat([explicit(0x00400275, 'SQ', '', { length: UNDEFINED }), item('', UNDEFINED), explicit(0x00400009, 'SH', 'A1')]),
    ],
    ['an element where an item is due', explicit(0x00400275, 'SQ', explicit(0x00400009, 'SH', 'A1'))],
    ['an item larger than its sequence', explicit(0x00400275, 'SQ', item('abcd', 400))],
    ['an item at top level', item('abcd')],
  ])('S8, S9: refuses %s', (_, bytes) => {
    expect(refusal(explicitInstance(bytes), EXPLICIT)).toMatchObject({ code: 'UNREADABLE' })
  })

  it('S8: passes over stray delimiters', () => {
    expect(readDataSet(explicitInstance(ITEM_END, SEQUENCE_END, explicit(0x00200013, 'IS', '7 ')), EXPLICIT).text(0x00200013)).toBe('7')
  })

  it('S9: reads a hundred thousand empty items in linear time', () => {
    const items = Buffer.concat(Array.from({ length: 100_000 }, () => item()))
    const started = performance.now()
    expect(readDataSet(explicit(0x00400275, 'SQ', items), EXPLICIT).items(0x00400275).length).toBe(100_000)
    expect(performance.now() - started).toBeLessThan(3000)
  })

  it('S25: refuses more than a million elements and items', () => {
    expect(refusal(explicit(0x00400275, 'SQ', Buffer.alloc(8 * 1_000_000, item())), EXPLICIT)).toMatchObject({ code: 'UNREADABLE' })
  })

  it('S10: reads sequences 64 deep and refuses deeper ones without a stack overflow', () => {
    expect(refusal(nested(64), EXPLICIT)).toEqual({ code: 'none' })
    expect(refusal(nested(65), EXPLICIT)).toMatchObject({ code: 'UNREADABLE' })
    expect(refusal(nested(10_000), EXPLICIT)).toMatchObject({ code: 'UNREADABLE' })
  })

  it('S11: of an element that occurs twice, the first counts, whatever the order', () => {
    const dataSet = readDataSet(explicitInstance(explicit(0x00080018, 'UI', '9.9\0'), explicit(0x00080005, 'CS', 'ISO_IR 192')), EXPLICIT)
    expect(dataSet.text(0x00080018)).toBe('1.2.3.4')
    expect(dataSet.characterSet).toBe('ISO_IR 192')
  })

  it('S12: leaves out groups that no data set may hold', () => {
    const dataSet = readDataSet(explicitInstance(explicit(0x00020010, 'UI', '1.2\0'), explicit(0xffff0001, 'UI', '1.2\0')), EXPLICIT)
    expect([dataSet.has(0x00020010), dataSet.has(0xffff0001), dataSet.elements.size]).toEqual([false, false, 4])
  })

  it('S13: reads odd lengths', () => {
    const dataSet = readDataSet(explicitInstance(explicit(0x00200010, 'LO', 'abcde'), explicit(0x00200013, 'IS', '7')), EXPLICIT)
    expect([dataSet.text(0x00200010), dataSet.text(0x00200013)]).toEqual(['abcde', '7'])
  })

  it('S21, S22: refuses bytes of another transfer syntax', () => {
    expect(refusal(implicitInstance(), EXPLICIT)).toMatchObject({ reason: 'implicit VR bytes under explicit VR' })
    expect(refusal(explicitInstance(), IMPLICIT)).toMatchObject({ reason: 'explicit VR bytes under implicit VR' })
    expect(refusal(explicit(0x00080016, 'UI', '1.2\0', { bigEndian: true }), EXPLICIT)).toMatchObject({
      reason: 'big endian bytes under little endian',
    })
    expect(refusal(explicitInstance(), BIG_ENDIAN)).toMatchObject({ reason: 'little endian bytes under big endian' })
  })

  it('S23: reads a deflated data set, refuses a corrupt, a truncated and an exploding one', () => {
    const deflated = deflateRawSync(explicitInstance())
    expect(readDataSet(deflated, DEFLATED).text(0x00080018)).toBe('1.2.3.4')
    expect(refusal(deflated.subarray(0, deflated.length - 3), DEFLATED)).toMatchObject({ code: 'UNREADABLE' })
    expect(refusal(Buffer.alloc(100, 0xff), DEFLATED)).toMatchObject({ code: 'UNREADABLE' })
    expect(refusal(deflateRawSync(Buffer.alloc(70 * 1024 * 1024)), DEFLATED)).toMatchObject({ code: 'INFLATED_TOO_LARGE' })
  })

  it('S24: reads a sequence in UN, of defined and of undefined length, as implicit VR', () => {
    const inner = implicit(0x00400009, 'A1')
    const dataSet = readDataSet(
      explicitInstance(
        explicit(0x00291001, 'UN', Buffer.concat([item(inner), SEQUENCE_END]), { length: UNDEFINED }),
        explicit(0x00400275, 'UN', item(inner)),
        explicit(0x00400281, 'UN', 'text'),
      ),
      EXPLICIT,
    )
    expect(dataSet.items(0x00291001)[0]?.text(0x00400009)).toBe('A1')
    expect(dataSet.items(0x00400275)[0]?.text(0x00400009)).toBe('A1')
    expect(dataSet.elements.get(0x00400281)?.vr).toBe('UN')
  })

  it('reads items in implicit VR within a data set in explicit VR', () => {
    const sequence = explicit(0x00291010, 'SQ', item(implicit(0x00400009, 'A1')))
    expect(readDataSet(explicitInstance(sequence), EXPLICIT).items(0x00291010)[0]?.text(0x00400009)).toBe('A1')
  })

  it('S27: numbers of wrong length give the whole ones that are there', () => {
    const dataSet = readDataSet(
      explicitInstance(
        explicit(0x00280009, 'AT', Buffer.from([1, 2, 3])),
        explicit(0x00280010, 'US', Buffer.from([1, 0, 9])),
        explicit(0x00280011, 'UL', Buffer.from([1])),
        explicit(0x00280012, 'FD', Buffer.alloc(7)),
      ),
      EXPLICIT,
    )
    expect([0x00280009, 0x00280010, 0x00280011, 0x00280012].map((tag) => dataSet.text(tag))).toEqual([undefined, '1', undefined, undefined])
  })

  it('S28: passes over padding and zeros after the last element, not over other bytes', () => {
    expect(readDataSet(explicitInstance(explicit(0xfffcfffc, 'OB', Buffer.alloc(20))), EXPLICIT).text(0x00080018)).toBe('1.2.3.4')
    for (const count of [1, 7, 8, 12, 1_000_000]) expect(readDataSet(explicitInstance(Buffer.alloc(count)), EXPLICIT).elements.size).toBe(4)
    expect(refusal(explicitInstance(Buffer.concat([Buffer.alloc(100_000), Buffer.from([1])])), EXPLICIT)).toMatchObject({
      code: 'UNREADABLE',
    })
    expect(refusal(explicitInstance(Buffer.from([0x20, 0, 0x10])), EXPLICIT)).toMatchObject({ code: 'UNREADABLE' })
  })

  it('S19: takes the fragments of encapsulated pixel data as one value, and refuses broken ones', () => {
    const fragments = Buffer.concat([item(), item('abcde'), SEQUENCE_END])
    const pixelData = explicit(0x7fe00010, 'OB', fragments, { length: UNDEFINED })
    const dataSet = readDataSet(explicitInstance(pixelData, explicit(0xfffcfffc, 'OB', 'ab')), '1.2.840.10008.1.2.4.50')
    expect(dataSet.elements.get(0x7fe00010)?.value.length).toBe(fragments.length)
    expect(refusal(explicitInstance(pixelData.subarray(0, pixelData.length - 8)), '1.2.840.10008.1.2.4.50')).toMatchObject({
      tag: '7FE00010',
    })
    expect(refusal(explicitInstance(explicit(0x7fe00010, 'OB', item('ab', 900), { length: UNDEFINED })), EXPLICIT)).toMatchObject({
      tag: '7FE00010',
    })
  })

  it('stops before a tag, whatever lies behind', () => {
    const begin = explicitInstance(explicit(0x7fe00010, 'OW', 'ab', { length: 0x10000000 }))
    expect(readDataSet(begin, EXPLICIT, { untilTag: 0x7fe00000 }).elements.size).toBe(4)
    const deflated = deflateRawSync(Buffer.concat([explicitInstance(), explicit(0x7fe00010, 'OW', Buffer.alloc(5000, 1))]))
    expect(readDataSet(deflated.subarray(0, deflated.length - 4), DEFLATED, { untilTag: 0x7fe00000 }).elements.size).toBe(4)
  })
})
