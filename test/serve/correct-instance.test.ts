/** Stored data sets that say on their way out what is in force: exactly the expected elements differ, in every encoding, for made data sets and for
 *  the whole corpus; what they said before is in Original Attributes Sequence (PS3.3 C.12.1.1.9). */
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Correction } from '../../src/catalog/contract.ts'
import { type DataSet, readDataSet } from '../../src/dicom/element-reader.ts'
import { readPart10Header } from '../../src/dicom/part10.ts'
import { encodingOf } from '../../src/dicom/transfer-syntaxes.ts'
import { corrected, NotCorrectable } from '../../src/serve/correct-instance.ts'
import { madeEven } from '../../src/serve/even-lengths.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import {
  ct,
  DEFLATED_LE,
  dataSet,
  EXPLICIT_BE,
  EXPLICIT_LE,
  elementHeader,
  encodeElement,
  encodeItem,
  encode as encodeWhole,
  IMPLICIT_LE,
  type TestDataSet,
} from '../support/data-sets.ts'

/** The data set as a whole is deflated, not each item. */
const encode = (elements: TestDataSet, syntax = EXPLICIT_LE) =>
  syntax === DEFLATED_LE ? deflateRawSync(encodeWhole(elements)) : encodeWhole(elements, syntax)

const JPEG = '1.2.840.10008.1.2.4.50'
const NATIVE = [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE] as const
const NAME = 0x00100010
const ID = 0x00100020
const ORIGINAL_ATTRIBUTES = 0x04000561
const ISSUER_QUALIFIERS = '[{"00400032":{"vr":"UT","Value":["1.2.250.1.213"]},"00400033":{"vr":"CS","Value":["ISO"]}}]'

const correction = (values: Correction['values'], more: Partial<Correction> = {}): Correction => ({
  values,
  isOtherPatient: false,
  reason: 'CORRECT',
  decidedAt: Date.UTC(2026, 10, 24, 16, 29, 42),
  ...more,
})

function opened(bytes: Buffer, chunk: number): () => Readable {
  const pieces = () =>
    Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) => Buffer.from(bytes.subarray(at * chunk, (at + 1) * chunk)))
  return () => Readable.from(pieces(), { objectMode: false })
}

/** What goes out; undefined where the file goes out as it is. */
async function sent(bytes: Buffer, syntax: string, wanted: Correction, chunk = 1_000): Promise<Buffer | undefined> {
  const instance = { transferSyntaxUid: syntax, fileSizeBytes: bytes.length, dataSetOffset: 0 } as Parameters<typeof corrected>[1]
  const found = await corrected(opened(bytes, chunk), instance, wanted, 'ARIANE')
  if (found === undefined) return undefined
  const open = found.maybeOdd ? await madeEven(found.open, syntax, new AbortController().signal) : found.open
  return buffer(open())
}

const read = (bytes: Buffer, syntax: string) => readDataSet(bytes, syntax)
const formersOf = (set: DataSet) => set.items(ORIGINAL_ATTRIBUTES).at(-1)!.items(0x04000550)[0]!

/** Every element but these, by tag: what its value is in bytes. */
function rest(set: DataSet, but: readonly number[]): Map<number, string> {
  return new Map([...set.elements].filter(([tag]) => !but.includes(tag)).map(([tag, { value }]) => [tag, value.toString('hex')]))
}

const RICH: TestDataSet = ct({
  [0x00080005]: ['CS', 'ISO_IR 100'],
  [0x00080050]: ['SH', 'ACC1'],
  [0x00081030]: ['LO', 'Thorax'],
  [0x00081140]: ['SQ', [dataSet({ [0x00081150]: ['UI', '1.2.3'] }), dataSet({})]],
  [NAME]: ['PN', 'Doe^Joe'],
  [ID]: ['LO', 'PID 1'],
  [0x00100030]: ['DA', '19700101'],
  [0x00100040]: ['CS', 'M'],
  [0x00101040]: ['LO', '1 rue de la Paix'],
  [0x00104000]: ['LT', 'a comment'],
})

describe('a correction', () => {
  const wanted = correction({
    PatientName: 'Müller^Jürgen',
    PatientID: 'PID 2',
    IssuerOfPatientID: 'HOSPITAL',
    IssuerOfPatientIDQualifiersSequence: ISSUER_QUALIFIERS,
    PatientBirthDate: '19700101',
    AccessionNumber: 'ACC2',
    StudyDescription: '',
  })
  const CHANGED = [0x00080050, 0x00081030, NAME, ID, 0x00100021, 0x00100024]

  it.each(NATIVE.flatMap((syntax) => [1, 7, 100_000].map((chunk) => [syntax, chunk] as const)))(
    'in %s, in pieces of %i bytes: the elements that differ, and nothing else',
    async (syntax, chunk) => {
      const bytes = encode(RICH, syntax)
      const out = read((await sent(bytes, syntax, wanted, chunk))!, syntax)
      expect(out.text(NAME)).toBe('Müller^Jürgen')
      expect(out.text(ID)).toBe('PID 2')
      expect(out.text(0x00100021)).toBe('HOSPITAL')
      expect(out.items(0x00100024)[0]!.text(0x00400032)).toBe('1.2.250.1.213')
      expect(out.text(0x00080050)).toBe('ACC2')
      expect(out.has(0x00081030)).toBe(false)
      expect(rest(out, [...CHANGED, ORIGINAL_ATTRIBUTES])).toEqual(rest(read(bytes, syntax), CHANGED))
      expect([...out.elements.keys()]).toEqual([...out.elements.keys()].sort((a, b) => a - b))
      const [item] = out.items(ORIGINAL_ATTRIBUTES)
      expect([0x04000562, 0x04000563, 0x04000564, 0x04000565].map((tag) => item!.text(tag))).toEqual([
        '20261124162942+0000',
        'ARIANE',
        undefined,
        'CORRECT',
      ])
      const formers = formersOf(out)
      expect([...formers.elements.keys()]).toEqual(CHANGED)
      expect(CHANGED.map((tag) => formers.text(tag))).toEqual(['ACC1', 'Thorax', 'Doe^Joe', 'PID 1', undefined, undefined])
      expect(item!.has(0x04000551)).toBe(false)
    },
  )

  it.each(NATIVE)('in %s: the same bytes each time', async (syntax) => {
    const bytes = encode(RICH, syntax)
    expect(await sent(bytes, syntax, wanted, 33)).toEqual(await sent(bytes, syntax, wanted, 4_000))
  })

  it('a file that says what is in force, but for padding, is not touched', async () => {
    const same = correction({ PatientName: 'Doe^Joe', PatientID: 'PID 1', IssuerOfPatientID: '', StudyDescription: 'Thorax' })
    expect(await sent(encode(RICH), EXPLICIT_LE, same)).toBeUndefined()
    const padded = ct({ [NAME]: ['PN', 'Doe^Joe   '], [ID]: ['LO', ' PID 1'], [0x00081030]: ['LO', 'Thorax'] })
    expect(await sent(encode(padded), EXPLICIT_LE, same)).toBeUndefined()
  })

  it('group lengths go with the groups that change; others stay', async () => {
    const bytes = Buffer.concat([encodeElement(0x00080000, 'UL', 14), encode(RICH)])
    const withLengths = Buffer.concat([bytes, encodeElement(0x7fe10000, 'UL', 0)])
    const out = (await sent(withLengths, EXPLICIT_LE, wanted))!
    expect(out.subarray(0, 4)).not.toEqual(Buffer.from([8, 0, 0, 0]))
    expect(out.subarray(-12)).toEqual(encodeElement(0x7fe10000, 'UL', 0))
  })

  it('fragments of compressed pixel data, and what follows them, are passed as they are', async () => {
    const fragments = Buffer.concat([
      elementHeader(0x7fe00010, 'OB', 0xffffffff),
      encodeItem(Buffer.alloc(0)),
      encodeItem(Buffer.alloc(200_000, 7)),
      encodeItem(Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])),
      Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]),
      encodeElement(0xfffcfffc, 'OB', Buffer.alloc(10)),
    ])
    const head = encode(ct({ 2145386512: undefined, [NAME]: ['PN', 'Doe^Joe'] }))
    const out = (await sent(Buffer.concat([head, fragments]), JPEG, correction({ PatientName: 'Roe^Jane' })))!
    expect(out.subarray(-fragments.length).equals(fragments)).toBe(true)
  })

  it('a sequence of undefined length in a private element under UN is followed, and stays', async () => {
    const inner = Buffer.concat([
      Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]),
      encodeElement(0x00100020, 'LO', 'inner', IMPLICIT_LE),
      Buffer.from([0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0]),
      Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]),
    ])
    const unknown = Buffer.concat([elementHeader(0x00091001, 'UN', 0xffffffff), inner])
    const out = (await sent(Buffer.concat([unknown, encodeElement(ID, 'LO', 'a')]), EXPLICIT_LE, correction({ PatientID: 'b' })))!
    expect(out.subarray(0, unknown.length).equals(unknown)).toBe(true)
    expect(read(out, EXPLICIT_LE).text(ID)).toBe('b')
  })

  it('an element that comes out of its order does not go out beside its correction', async () => {
    const bytes = Buffer.concat([
      encodeElement(0x00200010, 'SH', '1'),
      encodeElement(0x00280010, 'US', 1),
      encodeElement(NAME, 'PN', 'Wrong'),
    ])
    const out = (await sent(bytes, EXPLICIT_LE, correction({ PatientName: 'Right', StudyID: '2' })))!
    expect(out.includes('Wrong')).toBe(false)
    expect(read(out, EXPLICIT_LE).text(NAME)).toBe('Right')
  })

  it('of another patient: nothing that the file says about the wrong one goes out in its place', async () => {
    const other = correction(
      { PatientName: 'Roe^Jane', PatientID: 'PID 9', PatientBirthDate: '', PatientSex: '', PatientComments: '' },
      { isOtherPatient: true },
    )
    const out = read((await sent(encode(RICH), EXPLICIT_LE, other))!, EXPLICIT_LE)
    expect(out.has(0x00101040)).toBe(false)
    expect(out.has(0x00104000)).toBe(false)
    expect(out.elements.get(0x00100030)!.value.length).toBe(0)
    expect(out.elements.get(0x00100040)!.value.length).toBe(0)
    expect(formersOf(out).text(0x00101040)).toBe('1 rue de la Paix')
    expect(formersOf(out).text(0x00104000)).toBe('a comment')
  })
})

describe('Original Attributes Sequence', () => {
  const item = dataSet({ [0x04000550]: ['SQ', [dataSet({ [ID]: ['LO', 'older'] })]], [0x04000565]: ['CS', 'COERCE'] })
  const wanted = correction({ PatientID: 'new' })

  it.each(NATIVE.filter((syntax) => syntax !== DEFLATED_LE))('keeps the items that are there, in %s', async (syntax) => {
    const bytes = encode(ct({ [ORIGINAL_ATTRIBUTES]: ['SQ', [item]] }), syntax)
    const out = read((await sent(bytes, syntax, wanted))!, syntax)
    expect(out.items(ORIGINAL_ATTRIBUTES).map((one) => one.items(0x04000550)[0]!.text(ID))).toEqual(['older', read(bytes, syntax).text(ID)])
  })

  it.each([
    ['of undefined length', 'SQ', EXPLICIT_LE],
    ['under UN', 'UN', IMPLICIT_LE],
  ])('%s: the item is appended in its own form', async (_, vr, inner) => {
    const value = encodeItem(encode(item, inner))
    const delimiter = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])
    for (const length of [value.length, 0xffffffff]) {
      const sequence = Buffer.concat([
        elementHeader(ORIGINAL_ATTRIBUTES, vr, length),
        value,
        ...(length === value.length ? [] : [delimiter]),
      ])
      const bytes = Buffer.concat([encodeElement(ID, 'LO', 'old'), sequence, encodeElement(0x7fe00010, 'OW', Buffer.alloc(8))])
      const out = read((await sent(bytes, EXPLICIT_LE, wanted))!, EXPLICIT_LE)
      expect(out.items(ORIGINAL_ATTRIBUTES).map((one) => one.items(0x04000550)[0]!.text(ID))).toEqual(['older', 'old'])
      expect(out.elements.get(0x7fe00010)!.value.length).toBe(8)
    }
  })

  it.each([EXPLICIT_LE, EXPLICIT_BE, IMPLICIT_LE])('a former value that is not valid is kept as bytes, in %s', async (syntax) => {
    const bytes = encode(ct({ [0x00100030]: ['DA', '31.12.1970'], [0x00100040]: ['CS', 'Männlich'] }), syntax)
    const out = read((await sent(bytes, syntax, correction({ PatientBirthDate: '19701231', PatientSex: 'M' })))!, syntax)
    expect(formersOf(out).elements.get(0x00100030)!.value.length).toBe(0)
    const wrong = out.items(ORIGINAL_ATTRIBUTES)[0]!.items(0x04000551)
    expect(
      wrong.map((one) => [one.text(0x00720026), one.text(0x00720028), one.elements.get(0x04000552)!.value.toString('latin1')]),
    ).toEqual([
      ['00100030', '0', '31.12.1970'],
      ['00100040', '0', 'Männlich'],
    ])
  })
})

describe('character sets', () => {
  const nested = dataSet({ [0x00080005]: ['CS', 'ISO_IR 144'], [0x00400007]: ['LO', Buffer.from([0xbf, 0xe0])] })
  const german = ct({
    [0x00080005]: ['CS', 'ISO_IR 100'],
    [0x00081030]: ['LO', 'Schädel'],
    [NAME]: ['PN', 'Müller^Jürgen'],
    [0x00400275]: ['SQ', [nested, dataSet({ [0x00400007]: ['LO', 'Kopf für sich'] })]],
    [0x00090010]: ['LO', 'ÄCME'],
    [0x00091001]: ['LT', 'für uns'],
  })

  it.each(NATIVE)('what the data set can express is written in its character set, in %s', async (syntax) => {
    const out = read((await sent(encode(german, syntax), syntax, correction({ PatientName: 'Größe^Ärmel' })))!, syntax)
    expect(out.characterSet).toBe('ISO_IR 100')
    expect(out.elements.get(NAME)!.value.toString('latin1').trimEnd()).toBe('Größe^Ärmel')
  })

  it.each(NATIVE)('what it cannot takes all of its text to ISO_IR 192, in %s', async (syntax) => {
    const bytes = encode(german, syntax)
    const before = read(bytes, syntax)
    const out = read((await sent(bytes, syntax, correction({ PatientName: 'Yamada^Tarou=山田^太郎' })))!, syntax)
    expect(out.characterSet).toBe('ISO_IR 192')
    expect(out.text(NAME)).toBe('Yamada^Tarou=山田^太郎')
    expect(formersOf(out).elements.get(NAME)!.value.toString('utf8').trimEnd()).toBe('Müller^Jürgen')
    expect(out.text(0x00081030)).toBe('Schädel')
    expect(out.items(0x00400275).map((one) => one.text(0x00400007))).toEqual(['Пр', 'Kopf für sich'])
    expect(out.items(0x00400275)[0]!.characterSet).toBe('ISO_IR 192')
    expect(out.elements.get(0x7fe00010)!.value).toEqual(before.elements.get(0x7fe00010)!.value)
    // Under implicit VR nobody knows that a private element is text.
    if (syntax !== IMPLICIT_LE) expect(out.elements.get(0x00091001)!.value.toString('utf8').trimEnd()).toBe('für uns')
  })

  it('a data set that declares none gets its declaration', async () => {
    const bytes = encode(ct({ [0x00080005]: undefined, [NAME]: ['PN', 'Mueller'] }))
    const out = read((await sent(bytes, EXPLICIT_LE, correction({ PatientName: 'Müller' })))!, EXPLICIT_LE)
    expect([out.characterSet, out.text(NAME)]).toEqual(['ISO_IR 192', 'Müller'])
  })
})

describe('odd lengths', () => {
  it.each([EXPLICIT_LE, EXPLICIT_BE, IMPLICIT_LE])('are mended with it, in %s', async (syntax) => {
    const odd = (tag: number, vr: string, text: string) => encodeElement(tag, vr, Buffer.from(text), syntax)
    for (const parts of [
      [odd(0x00080018, 'UI', '1.2.3'), odd(ID, 'LO', 'abc')],
      [odd(ID, 'LO', 'abc')],
      [odd(0x00080018, 'UI', '1.2.3'), odd(ID, 'LO', 'ab')],
    ]) {
      const out = (await sent(Buffer.concat(parts), syntax, correction({ PatientID: 'x' })))!
      expect(out.length % 2).toBe(0)
      expect(read(out, syntax).text(ID)).toBe('x')
      expect([...read(out, syntax).elements.values()].every(({ value }) => value.length % 2 === 0)).toBe(true)
    }
  })

  it('deflated comes out even', async () => {
    for (let length = 1; length < 20; length++) {
      const out = (await sent(encode(RICH, DEFLATED_LE), DEFLATED_LE, correction({ PatientID: 'x'.repeat(length) })))!
      expect(out.length % 2).toBe(0)
      expect(read(out, DEFLATED_LE).text(ID)).toBe('x'.repeat(length))
    }
  })
})

it('what cannot be followed is never sent as it is', async () => {
  const broken = Buffer.concat([encodeElement(0x00080018, 'UI', '1.2'), Buffer.from([0x10, 0, 0x10, 0, 0, 1, 2, 3])])
  await expect(sent(broken, EXPLICIT_LE, correction({ PatientID: 'x' }))).rejects.toBeInstanceOf(NotCorrectable)
  await expect(sent(Buffer.from('garbage!'.repeat(9)), DEFLATED_LE, correction({ PatientID: 'x' }))).rejects.toThrow()
})

describeCorpus('every file of the corpus', () => {
  const LATIN = correction({
    PatientName: 'Corrected^Name',
    PatientID: 'CORRECTED-ID',
    IssuerOfPatientIDQualifiersSequence: ISSUER_QUALIFIERS,
    AccessionNumber: 'CORRECTED-ACC',
    ReferringPhysicianName: '',
  })
  const CHANGED = [0x00080050, 0x00080090, NAME, ID, 0x00100024]
  const files = corpusFiles().flatMap((file) => {
    const bytes = readFileSync(file.path)
    const header = readPart10Header(bytes)
    if (header?.dataSetOffset === undefined) return []
    const dataSetBytes = bytes.subarray(header.dataSetOffset)
    try {
      return [{ ...file, dataSetBytes, before: read(dataSetBytes, file.transferSyntaxUid) }]
    } catch {
      return [] // not a data set of its transfer syntax: reception refuses it
    }
  })

  it('differs in the expected elements only', async () => {
    expect(files.length).toBeGreaterThan(400)
    for (const { name, transferSyntaxUid, dataSetBytes, before } of files) {
      const out = (await sent(dataSetBytes, transferSyntaxUid, LATIN, 10_000))!
      const after = read(out, transferSyntaxUid)
      const where = `${name} in ${transferSyntaxUid}`
      expect(after.text(NAME), where).toBe('Corrected^Name')
      expect(after.text(ID), where).toBe('CORRECTED-ID')
      expect(after.items(ORIGINAL_ATTRIBUTES).length, where).toBe(before.items(ORIGINAL_ATTRIBUTES).length + 1)
      expect(formersOf(after).elements.size, where).toBeGreaterThan(2)
      if (dataSetBytes.length % 2 === 0)
        expect(rest(after, [...CHANGED, ORIGINAL_ATTRIBUTES]), where).toEqual(rest(before, [...CHANGED, ORIGINAL_ATTRIBUTES]))
      if (encodingOf(transferSyntaxUid).deflated) expect(inflateRawSync(out).length, where).toBeGreaterThan(0)
    }
  }, 120_000)

  it('says the same in ISO_IR 192', async () => {
    const japanese = correction({ PatientName: '山田^太郎' })
    for (const { name, transferSyntaxUid, dataSetBytes, before } of files) {
      const after = read((await sent(dataSetBytes, transferSyntaxUid, japanese, 10_000))!, transferSyntaxUid)
      expect(after.text(NAME), name).toBe('山田^太郎')
      sameText(before, after, name)
    }
  }, 120_000)

  /** What there is of text, in sequences too. */
  function sameText(before: DataSet, after: DataSet, name: string): void {
    for (const [tag, { vr, items }] of before.elements) {
      if ([0x00080005, NAME, ORIGINAL_ATTRIBUTES].includes(tag)) continue
      const where = `${name} ${tag.toString(16)} ${vr}`
      expect(after.text(tag), where).toBe(before.text(tag))
      for (const [at, item] of (items ?? []).entries()) sameText(item, after.items(tag)[at]!, where)
    }
  }
})
