import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import { HeaderWalker, type WalkedHeader } from '../../src/dicom/header-walker.ts'
import { NodeError } from '../../src/errors.ts'
import {
  CLASS,
  explicit,
  explicitInstance,
  ITEM_END,
  implicit,
  implicitInstance,
  item,
  type RawOptions,
  SEQUENCE_END,
  UNDEFINED,
} from './raw-elements.ts'

const EXPLICIT = '1.2.840.10008.1.2.1'
const IMPLICIT = '1.2.840.10008.1.2'
const BIG_ENDIAN = '1.2.840.10008.1.2.2'
const DEFLATED = '1.2.840.10008.1.2.1.99'
const JPEG = '1.2.840.10008.1.2.4.50'

function walk(bytes: Buffer, syntax: string, fragmentBytes = bytes.length || 1): WalkedHeader {
  const walker = new HeaderWalker(syntax)
  for (let at = 0; at < bytes.length; at += fragmentBytes) walker.feed(bytes.subarray(at, at + fragmentBytes))
  return walker.finish()
}

/** The refusal, which must be the same however the bytes are cut. */
function refusal(bytes: Buffer, syntax: string): Record<string, unknown> {
  const outcomes = [bytes.length || 1, 7, 1].map((fragmentBytes) => {
    try {
      walk(bytes, syntax, fragmentBytes)
      return { code: 'none' }
    } catch (error) {
      if (error instanceof NodeError) return { code: error.code, ...error.details }
      throw error
    }
  })
  expect(outcomes[1]).toEqual(outcomes[0])
  expect(outcomes[2]).toEqual(outcomes[0])
  return outcomes[0] ?? {}
}

const undefinedSequence = (tag: number, ...content: readonly Buffer[]) =>
  Buffer.concat([explicit(tag, 'SQ', '', { length: UNDEFINED }), ...content, SEQUENCE_END])
const undefinedItem = (...content: readonly Buffer[]) => Buffer.concat([item('', UNDEFINED), ...content, ITEM_END])

/** One of everything that is legal. */
const rich = Buffer.concat([
  explicit(0x00080000, 'UL', Buffer.from([1, 2, 3, 4])),
  explicit(0x00080005, 'CS', 'ISO_IR 100'),
  explicit(0x00080008, 'CS', 'ORIGINAL\\PRIMARY '),
  explicit(0x00080016, 'UI', `${CLASS}\0`),
  explicit(0x00080018, 'UI', '1.2.3.4\0'),
  explicit(0x00080050, 'SH', ''),
  undefinedSequence(0x00081032, undefinedItem(explicit(0x00080100, 'SH', 'P1')), item(explicit(0x00080100, 'SH', 'P2'))),
  explicit(0x00081111, 'SQ', item(explicit(0x00081155, 'UI', '1.2\0'))),
  explicit(0x00090010, 'LO', 'VENDOR'),
  Buffer.concat([explicit(0x00091001, 'UN', '', { length: UNDEFINED }), undefinedItem(implicit(0x00080100, 'AB')), SEQUENCE_END]),
  explicit(0x00100010, 'PN', Buffer.from('Müller^É ', 'latin1')),
  explicit(0x00100020, 'LO', ' 42 '),
  explicit(0x0020000d, 'UI', '1.2.3.5\0'),
  explicit(0x0020000e, 'UI', '1.2.3.6\0'),
  explicit(0x00280010, 'US', Buffer.from([0, 2])),
  explicit(0x00280011, 'US', Buffer.from([0, 1])),
  explicit(0x00400275, 'SQ', Buffer.concat([undefinedItem(explicit(0x00400007, 'LO', Buffer.from('Schädel', 'latin1'))), item()])),
  explicit(0x7fe00010, 'OB', Buffer.concat([item(), item('abcdef'), SEQUENCE_END]), { length: UNDEFINED }),
  explicit(0xfffcfffc, 'OB', Buffer.alloc(8)),
])
const richKeys = {
  SpecificCharacterSet: 'ISO_IR 100',
  ImageType: 'ORIGINAL\\PRIMARY',
  SOPClassUID: CLASS,
  SOPInstanceUID: '1.2.3.4',
  ProcedureCodeSequence: '[{"00080100":{"vr":"SH","Value":["P1"]}},{"00080100":{"vr":"SH","Value":["P2"]}}]',
  PatientName: 'Müller^É',
  PatientID: '42',
  StudyInstanceUID: '1.2.3.5',
  SeriesInstanceUID: '1.2.3.6',
  Rows: '512',
  Columns: '256',
  RequestAttributesSequence: '[{"00400007":{"vr":"LO","Value":["Schädel"]}},{}]',
}

describe('header walker: what it takes', () => {
  it.each([10_000, 100, 13, 8, 3, 1])('takes the index keys from fragments of %i bytes', (fragmentBytes) => {
    expect(walk(rich, JPEG, fragmentBytes)).toEqual({
      keys: richKeys,
      sopClassUid: CLASS,
      sopInstanceUid: '1.2.3.4',
      studyInstanceUid: '1.2.3.5',
      seriesInstanceUid: '1.2.3.6',
      warnings: [],
    })
  })

  it('keeps nothing of a fragment', () => {
    const walker = new HeaderWalker(JPEG)
    const fragment = Buffer.from(rich)
    walker.feed(fragment)
    fragment.fill(0)
    expect(walker.finish().keys).toEqual(richKeys)
  })

  it('reads implicit VR and big endian alike', () => {
    const more = [implicit(0x00280010, Buffer.from([0, 2])), implicit(0x00400275, item(implicit(0x00400009, 'A1')))]
    expect(walk(implicitInstance(...more), IMPLICIT, 5).keys).toMatchObject({
      Rows: '512',
      RequestAttributesSequence: '[{"00400009":{"vr":"SH","Value":["A1"]}}]',
    })
    const bigEndian: RawOptions = { bigEndian: true }
    const bytes = Buffer.concat([
      explicit(0x00080018, 'UI', '1.2\0', bigEndian),
      explicit(0x00280010, 'US', Buffer.from([2, 0]), bigEndian),
    ])
    expect(walk(bytes, BIG_ENDIAN, 3)).toMatchObject({ sopInstanceUid: '1.2', keys: { Rows: '512' } })
  })

  it.each([EXPLICIT, IMPLICIT])('S24: takes UN and private elements as they come (%s)', (syntax) => {
    const bytes =
      syntax === EXPLICIT
        ? explicitInstance(
            explicit(0x00091001, 'UN', 'abc'),
            explicit(0x00280010, 'UN', Buffer.from([0, 2])),
            explicit(0x00400275, 'UN', item(implicit(0x00400009, 'A1'))),
          )
        : implicitInstance(
            implicit(0x00091001, 'abc'),
            Buffer.concat([implicit(0x00091002, '', { length: UNDEFINED }), item('abc'), SEQUENCE_END]),
            implicit(0x00280010, Buffer.from([0, 2])),
            implicit(0x00400275, item(implicit(0x00400009, 'A1'))),
          )
    expect(walk(bytes, syntax, 9).keys).toMatchObject({
      Rows: '512',
      RequestAttributesSequence: '[{"00400009":{"vr":"SH","Value":["A1"]}}]',
    })
  })

  it('S1, S2: leaves a missing, empty or invalid UID undefined', () => {
    const bytes = Buffer.concat([
      explicit(0x00080016, 'UI', ' \0'),
      explicit(0x00080018, 'UI', '../../x '),
      explicit(0x0020000d, 'UI', '1'.repeat(66)),
      explicit(0x0020000e, 'UI', '1.02.3'),
    ])
    expect(walk(bytes, EXPLICIT)).toMatchObject({
      sopClassUid: undefined,
      sopInstanceUid: undefined,
      studyInstanceUid: undefined,
      seriesInstanceUid: '1.02.3',
    })
  })

  it('S4, S15: cuts a text of more than 64 KiB and leaves out a sequence of more than 256 KiB', () => {
    const long = explicit(0x00104000, 'UT', 'x'.repeat(100_000))
    const sequence = explicit(0x00400275, 'SQ', item(explicit(0x00400007, 'UT', 'y'.repeat(300_000))))
    for (const fragmentBytes of [1_000_000, 16_384]) {
      const { keys, warnings } = walk(explicitInstance(long, sequence, explicit(0x00400253, 'SH', 'P1')), EXPLICIT, fragmentBytes)
      expect(keys.PatientComments?.length).toBe(65_536)
      expect(keys.RequestAttributesSequence).toBeUndefined()
      expect(keys.PerformedProcedureStepID).toBe('P1')
      expect(warnings).toEqual([
        'elements are not in ascending order',
        '00104000: value too long for the index, cut',
        '00400275: sequence too long for the index, left out',
      ])
    }
  })

  it('S14, S16: never refuses for a character set or a value', () => {
    const bytes = Buffer.concat([
      explicit(0x00080005, 'CS', '\\ISO 2022 IR 999'),
      explicitInstance(
        explicit(0x00100010, 'PN', Buffer.from([0x1b, 0x24])),
        explicit(0x00200013, 'IS', '99999999999999999999'),
        explicit(0x00280010, 'US', Buffer.from([1])),
      ),
    ])
    expect(walk(bytes, EXPLICIT).keys).toMatchObject({ SOPInstanceUID: '1.2.3.4', InstanceNumber: '99999999999999999999' })
  })

  it('leaves a sequence that cannot be read out of the index, with a warning', () => {
    const { keys, warnings } = walk(explicitInstance(explicit(0x00400275, 'SQ', item('abcdefghij'))), EXPLICIT)
    expect(keys.RequestAttributesSequence).toBeUndefined()
    expect(warnings).toEqual(['00400275: sequence cannot be read, left out of the index'])
  })

  it('S11: lets the first of two count, warns, and reads elements in any order, as the reader does', () => {
    const bytes = explicitInstance(
      explicit(0x00080018, 'UI', '9.9\0'),
      explicit(0x7fe00010, 'OW', 'ab'),
      explicit(0x0020000d, 'UI', '9.8\0'),
    )
    const { sopInstanceUid, studyInstanceUid, warnings } = walk(bytes, EXPLICIT)
    expect([sopInstanceUid, studyInstanceUid]).toEqual(['1.2.3.4', '1.2.3.5'])
    expect(readDataSet(bytes, EXPLICIT).text(0x00080018)).toBe('1.2.3.4')
    expect(warnings).toContain('00080018: element occurs twice, the first counts')
  })

  it('S13, S27: takes odd lengths', () => {
    expect(walk(explicitInstance(explicit(0x00200010, 'LO', 'abcde'), explicit(0x00200013, 'IS', '7')), EXPLICIT).keys).toMatchObject({
      StudyID: 'abcde',
      InstanceNumber: '7',
    })
  })

  it.each(['??', '  ', '\0\0', 'sh'])('S5: walks on behind an element of VR %j, with a warning', (vr) => {
    const { keys, warnings } = walk(explicitInstance(explicit(0x00200010, vr, 'S1'), explicit(0x00200013, 'IS', '7 ')), EXPLICIT, 3)
    expect(keys).toMatchObject({ StudyID: 'S1', InstanceNumber: '7' })
    expect(warnings).toEqual(['00200010: VR is none of the standard'])
  })

  it('S8, S28: tolerates stray delimiters, padding, and zeros after the last element', () => {
    expect(walk(explicitInstance(ITEM_END, SEQUENCE_END, explicit(0x00200013, 'IS', '7 ')), EXPLICIT, 5).keys.InstanceNumber).toBe('7')
    for (const count of [1, 7, 8, 9, 1_000_000]) {
      expect(walk(explicitInstance(Buffer.alloc(count)), EXPLICIT, 4096).sopInstanceUid).toBe('1.2.3.4')
      expect(walk(implicitInstance(Buffer.alloc(count)), IMPLICIT, 4096).sopInstanceUid).toBe('1.2.3.4')
    }
  })

  it('S19, S20: walks odd fragments, none at all, and native pixel data under a compressed syntax', () => {
    const none = explicit(0x7fe00010, 'OB', SEQUENCE_END, { length: UNDEFINED })
    const odd = explicit(0x7fe00010, 'OB', Buffer.concat([item('abc'), SEQUENCE_END]), { length: UNDEFINED })
    for (const pixelData of [none, odd, explicit(0x7fe00010, 'OW', 'abcd')]) {
      expect(walk(explicitInstance(pixelData), JPEG, 3).sopInstanceUid).toBe('1.2.3.4')
    }
    expect(walk(explicitInstance(odd), EXPLICIT).warnings).toEqual(['7FE00010: fragments under a native transfer syntax'])
  })

  it('reads items in implicit VR within a data set in explicit VR', () => {
    const bytes = explicitInstance(
      undefinedSequence(0x00291010, undefinedItem(implicit(0x00400009, 'A1'))),
      explicit(0x00400253, 'SH', 'P1'),
    )
    expect(walk(bytes, EXPLICIT, 3).keys.PerformedProcedureStepID).toBe('P1')
  })
})

describe('header walker: what it refuses', () => {
  const refused: readonly (readonly [string, string, Buffer, string])[] = [
    ['nothing', 'empty', Buffer.alloc(0), EXPLICIT],
    ['S6: an element that passes the end', '00200010', explicitInstance(explicit(0x00200010, 'LO', 'ab', { length: 0x7fff })), EXPLICIT],
    ['S6: the same in implicit VR', '00200010', implicitInstance(implicit(0x00200010, 'ab', { length: 0xfffffffe })), IMPLICIT],
    ['S7: undefined length of an LO', '00200010', implicitInstance(implicit(0x00200010, 'ab', { length: UNDEFINED })), IMPLICIT],
    ['S7: undefined length of an UT', '00200010', explicitInstance(explicit(0x00200010, 'UT', 'ab', { length: UNDEFINED })), EXPLICIT],
    ['S8: a sequence without delimiter', '00400275', explicitInstance(explicit(0x00400275, 'SQ', item(), { length: UNDEFINED })), EXPLICIT],
    ['S8: an item without delimiter', '00400275', explicitInstance(undefinedSequence(0x00400275, item('', UNDEFINED))), EXPLICIT],
    [
      'S9: an item larger than its sequence',
      '00400275',
      explicitInstance(explicit(0x00400275, 'SQ', item('abcd', 400)), Buffer.alloc(500)),
      EXPLICIT,
    ],
    [
      'S9: an item of undefined length that outlasts its sequence',
      '00400275',
      explicitInstance(explicit(0x00400275, 'SQ', item('', UNDEFINED), { length: 8 }), ITEM_END, explicit(0x00400280, 'ST', 'ab')),
      EXPLICIT,
    ],
    [
      'an element where an item is due',
      '00400275',
      explicitInstance(explicit(0x00400275, 'SQ', explicit(0x00400009, 'SH', 'A1'))),
      EXPLICIT,
    ],
    ['an item at top level', 'FFFEE000', explicitInstance(item('ab')), EXPLICIT],
    ['S12: group 0002', '00020010', explicitInstance(explicit(0x00020010, 'UI', '1.2\0')), EXPLICIT],
    ['S12: group 0000', '00000100', explicitInstance(explicit(0x00000100, 'US', 'ab')), EXPLICIT],
    ['S12: group FFFF', 'FFFF0001', explicitInstance(explicit(0xffff0001, 'LO', 'ab')), EXPLICIT],
    ['S5: bytes that are no VR', '00200010', explicitInstance(explicit(0x00200010, '\x01\x02', 'ab')), EXPLICIT],
    [
      'S5: a guessed VR that leads to a lower tag',
      '00200010',
      explicitInstance(explicit(0x00200010, '??', 'ab', { length: 2 }), explicit(0x00180015, 'CS', 'HEAD')),
      EXPLICIT,
    ],
    [
      'S19: a fragment that passes the end',
      '7FE00010',
      explicitInstance(explicit(0x7fe00010, 'OB', item('ab', 900), { length: UNDEFINED })),
      JPEG,
    ],
    ['S19: fragments without delimiter', '7FE00010', explicitInstance(explicit(0x7fe00010, 'OB', item('ab'), { length: UNDEFINED })), JPEG],
    ['S21: implicit under explicit', 'implicit VR bytes', implicitInstance(), EXPLICIT],
    ['S21: explicit under implicit', 'explicit VR bytes', explicitInstance(explicit(0x7fe00010, 'OW', Buffer.alloc(800_000))), IMPLICIT],
    ['S22: big endian under little', 'big endian bytes', explicit(0x00080016, 'UI', '1.2\0', { bigEndian: true }), EXPLICIT],
    ['S22: little endian under big', 'little endian bytes', explicitInstance(), BIG_ENDIAN],
    ['S28: other bytes after zeros', 'after the last', explicitInstance(Buffer.concat([Buffer.alloc(30), Buffer.from([1])])), EXPLICIT],
    ['half a header at the end', 'header of an element', explicitInstance(Buffer.from([0x20, 0, 0x10])), EXPLICIT],
    ['nothing but zeros', '00000000', Buffer.alloc(64), EXPLICIT],
  ]

  it.each(refused)('%s', (_, expected, bytes, syntax) => {
    const details = refusal(bytes, syntax)
    expect(details.code).toBe('UNREADABLE')
    expect(`${details.tag} ${details.reason}`).toContain(expected)
  })

  it('S10: sequences deeper than 64, however deep', () => {
    const nested = (depth: number) => {
      const open = Buffer.concat([explicit(0x00081140, 'SQ', '', { length: UNDEFINED }), item('', UNDEFINED)])
      return explicitInstance(
        ...Array.from({ length: depth }, () => open),
        ...Array.from({ length: depth }, () => Buffer.concat([ITEM_END, SEQUENCE_END])),
      )
    }
    expect(walk(nested(64), EXPLICIT).sopInstanceUid).toBe('1.2.3.4')
    expect(refusal(nested(65), EXPLICIT)).toMatchObject({ code: 'UNREADABLE' })
    expect(refusal(nested(10_000), EXPLICIT)).toMatchObject({ code: 'UNREADABLE' })
  })

  it.each([EXPLICIT, DEFLATED])('no truncation passes, save between two elements of the top level (%s)', (syntax) => {
    const boundaries = new Set<number>()
    let end = 0
    for (const { value } of readDataSet(rich, JPEG).elements.values()) {
      end = value.byteOffset - rich.byteOffset + value.length
      boundaries.add(end)
    }
    boundaries.add(12)
    const bytes = syntax === DEFLATED ? deflateRawSync(rich) : rich
    for (let length = 0; length < bytes.length; length++) {
      const details = refusal(bytes.subarray(0, length), syntax)
      const mayPass = syntax === EXPLICIT && boundaries.has(length)
      expect(details.code, `cut at ${length}`).toBe(mayPass ? 'none' : 'UNREADABLE')
    }
  })

  it('neither crashes nor hangs on damaged bytes, and judges them alike however they are cut', () => {
    let seed = 12345
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return Math.floor((seed / 2 ** 32) * below)
    }
    for (let round = 0; round < 3000; round++) {
      const damaged = Buffer.from(rich)
      for (let times = 1 + random(3); times > 0; times--) damaged[random(damaged.length)] = random(256)
      refusal(damaged, [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED][random(4)]!)
    }
  })
})

describe('header walker: deflated data sets (S23)', () => {
  it.each([1, 100, 100_000])('takes the index keys from fragments of %i bytes', (fragmentBytes) => {
    const pixelData = explicit(0x7fe00010, 'OW', Buffer.alloc(400_000, 5))
    expect(walk(deflateRawSync(explicitInstance(pixelData)), DEFLATED, fragmentBytes).sopInstanceUid).toBe('1.2.3.4')
  })

  it('allows a byte of padding after the stream', () => {
    expect(walk(Buffer.concat([deflateRawSync(rich), Buffer.alloc(1)]), DEFLATED).keys).toEqual(richKeys)
  })

  it('refuses a corrupt stream and bytes that are not deflated', () => {
    expect(refusal(rich, DEFLATED)).toMatchObject({ code: 'UNREADABLE' })
    expect(refusal(Buffer.alloc(300, 0xff), DEFLATED)).toMatchObject({ code: 'UNREADABLE' })
  })

  it('stops a bomb', () => {
    const bomb = deflateRawSync(explicitInstance(explicit(0x7fe00010, 'OW', Buffer.alloc(150 * 1024 * 1024))))
    const walker = new HeaderWalker(DEFLATED)
    walker.feed(bomb)
    expect(() => walker.finish()).toThrow(expect.objectContaining({ code: 'INFLATED_TOO_LARGE' }))
  })
})

describe('header walker: cost', () => {
  it('is linear in a million items of zero length', () => {
    const items = Buffer.concat(Array.from({ length: 1_000_000 }, () => item()))
    const started = performance.now()
    expect(walk(explicitInstance(explicit(0x00081140, 'SQ', items)), EXPLICIT, 131_072).sopInstanceUid).toBe('1.2.3.4')
    expect(walk(explicitInstance(undefinedSequence(0x00081140, items)), EXPLICIT, 131_072).sopInstanceUid).toBe('1.2.3.4')
    expect(performance.now() - started).toBeLessThan(5000)
  })

  it('is linear in 40,000 fragments of one byte', () => {
    const started = performance.now()
    expect(walk(explicitInstance(explicit(0x7fe00010, 'OW', Buffer.alloc(40_000))), EXPLICIT, 1).sopInstanceUid).toBe('1.2.3.4')
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('passes over 4 GiB without touching them', () => {
    const walker = new HeaderWalker(EXPLICIT)
    walker.feed(explicitInstance(explicit(0x7fe00010, 'OW', '', { length: 0xfffffffe })))
    const fragment = Buffer.alloc(64 * 1024 * 1024)
    for (let left = 0xfffffffe; left > 0; left -= fragment.length)
      walker.feed(left >= fragment.length ? fragment : fragment.subarray(0, left))
    expect(walker.finish().sopInstanceUid).toBe('1.2.3.4')
  })
})
