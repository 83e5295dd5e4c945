/** C-FIND on a real catalog and storage. Numbers Q1 to Q10: identifiers that peers get wrong, or right in an unusual way. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { INDEX_ATTRIBUTES } from '../../src/dicom/index-attributes.ts'
import { uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { cFind, PAGE_SIZE } from '../../src/serve/c-find.ts'
import { settings } from '../manifest/held-studies.ts'
import { ct, dataSet, EXPLICIT_BE, IMPLICIT_LE, type Overrides, TAG, type TestElement, testUid } from '../support/data-sets.ts'
import { ask, FakeAssociation, type FakeRequest, type Home, LOCATION_UID, openHome, peer } from './support.ts'

let home: Home
const STUDY = testUid()
const SERIES = testUid()
const OTHER_STUDY = testUid()

beforeAll(async () => {
  home = await openHome()
  const request = dataSet({ [0x00400009]: ['SH', 'STEP-1'], [0x00401001]: ['SH', 'REQ-1'] })
  for (const number of ['1', '2', '3']) {
    const status = await home.keep(
      ct({
        [TAG.StudyInstanceUID]: ['UI', STUDY],
        [TAG.SeriesInstanceUID]: ['UI', SERIES],
        [TAG.InstanceNumber]: ['IS', number],
        [TAG.PatientName]: ['PN', Buffer.from('Müller^Zoé ', 'latin1')],
        [TAG.PatientID]: ['LO', 'P-1'],
        [0x00180050]: ['DS', '2.5'],
        [0x00082218]: ['SQ', [dataSet({ [0x00080100]: ['SH', 'T-D4000'], [0x00080102]: ['SH', 'SRT'], [0x00080104]: ['LO', 'Abdomen'] })]],
        [0x00400275]: ['SQ', [request]],
      }),
    )
    expect(status).toBe(0)
  }
  expect(
    await home.keep(
      ct({ [TAG.StudyInstanceUID]: ['UI', OTHER_STUDY], [TAG.PatientName]: ['PN', "O'Brien^Pat"], [TAG.PatientID]: ['LO', 'P-2'] }, 8),
    ),
  ).toBe(0)
})
afterAll(() => home.close())

async function find(level: string | undefined, keys: Overrides, extra: Parameters<typeof ask>[3] = {}): Promise<FakeRequest> {
  const asked = ask('find', level, keys, extra)
  await cFind(home.serving(), asked)
  return asked
}

const EMPTY_UI = ['UI', ''] as const

const LEVELS = ['PATIENT', 'STUDY', 'SERIES', 'IMAGE']
const isAtOrAbove = (level: string, other: string): boolean => LEVELS.indexOf(level) <= LEVELS.indexOf(other)

/** A value of its own for each attribute of the index that is no UID and no sequence, and that the node does not answer itself. */
function indexedValues(): Record<number, TestElement> {
  const samples: Record<string, (at: number) => string | number> = {
    DA: (at) => `202601${String(10 + (at % 20))}`,
    TM: (at) => `1015${String(10 + (at % 49))}`,
    AS: () => '045Y',
    DS: (at) => `${at}.5 `.slice(0, 4),
    IS: (at) => String(at),
    US: (at) => at,
    CS: (at) => `CODE_${at}`,
  }
  const values: Record<number, TestElement> = {}
  for (const [at, { tag, vr, keyword }] of INDEX_ATTRIBUTES.entries()) {
    if (vr === 'UI' || vr === 'SQ' || keyword === 'SpecificCharacterSet' || keyword === 'TimezoneOffsetFromUTC') continue
    values[tag] = [vr, samples[vr]?.(at + 10) ?? `${vr} ${at} `.slice(0, 16)]
  }
  return values
}

describe('answers', () => {
  it('hold every requested key in ascending order, zero length where unknown, beside character set, level, AE title and unique keys', async () => {
    const asked = await find('STUDY', {
      [TAG.PatientName]: ['PN', ''],
      [TAG.StudyInstanceUID]: ['UI', STUDY],
      [0x00080054]: ['AE', ''],
      [0x00080056]: ['CS', ''],
      [0x00080061]: ['CS', ''],
      [0x00080062]: ['UI', ''],
      [0x00080201]: ['SH', ''],
      [0x00201206]: ['IS', ''],
      [0x00201208]: ['IS', ''],
      [0x00324000]: ['LT', ''],
      [0x00400275]: ['SQ', []],
      [0x0040e011]: ['UI', ''],
    })
    expect(asked.final().fields.status).toBe(0)
    const [answer, ...rest] = asked.pending()
    expect(rest).toHaveLength(0)
    expect(answer!.fields.status).toBe(0xff00)
    const { elements } = answer!.identifier!
    expect([...elements.keys()]).toEqual([...elements.keys()].sort((a, b) => a - b))
    const texts = Object.fromEntries([...elements.keys()].map((tag) => [tag.toString(16), answer!.identifier!.text(tag)]))
    expect(texts).toEqual({
      '80005': 'ISO_IR 192',
      '80052': 'STUDY',
      '80054': 'ARIANE',
      '80056': 'ONLINE',
      '80061': 'CT',
      '80062': '1.2.840.10008.5.1.4.1.1.2',
      '80201': '+0100',
      '100010': 'Müller^Zoé',
      '20000d': STUDY,
      '201206': '1',
      '201208': '3',
      '324000': undefined,
      '400275': undefined,
      '40e011': LOCATION_UID,
    })
    expect(elements.get(0x00324000)?.value.length).toBe(0)
  })

  it('are never without the unique keys, also where those were not asked for', async () => {
    const asked = await find('IMAGE', { [TAG.InstanceNumber]: ['IS', '2'], [TAG.PatientID]: ['LO', 'P-1'] })
    expect(asked.pending()).toHaveLength(1)
    const { identifier } = asked.pending()[0]!
    expect(identifier!.text(TAG.StudyInstanceUID)).toBe(STUDY)
    expect(identifier!.text(TAG.SeriesInstanceUID)).toBe(SERIES)
    expect(identifier!.text(TAG.SOPInstanceUID)).toMatch(/^2\.25\./)
  })

  it('come in the syntax of the context', async () => {
    const keys: Overrides = { [TAG.StudyInstanceUID]: ['UI', STUDY], [TAG.PatientName]: ['PN', ''] }
    const asked = await find('STUDY', keys, { syntax: IMPLICIT_LE })
    expect(asked.pending()[0]!.identifier!.text(TAG.PatientName)).toBe('Müller^Zoé')
    expect(asked.pending()[0]!.bytes!.readUInt32LE(4)).toBe('ISO_IR 192'.length)
  })

  it('are in the character set that the peer is configured for', async () => {
    const asked = ask('find', 'STUDY', { [TAG.StudyInstanceUID]: ['UI', STUDY], [TAG.PatientName]: ['PN', ''] })
    await cFind(home.serving({ peer: (title) => (title === 'VIEWER' ? peer('VIEWER', { characterSet: 'ISO_IR 100' }) : undefined) }), asked)
    const { identifier } = asked.pending()[0]!
    expect(identifier!.text(TAG.SpecificCharacterSet)).toBe('ISO_IR 100')
    expect(identifier!.elements.get(TAG.PatientName)?.value.toString('latin1').trim()).toBe('Müller^Zoé')
  })

  it('leave out the component groups of a name that the character set of the peer cannot express', async () => {
    const study = testUid()
    const name = Buffer.from('Yamada^Tarou=山田^太郎=やまだ^たろう')
    const stored = ct({
      [TAG.SpecificCharacterSet]: ['CS', 'ISO_IR 192'],
      [TAG.StudyInstanceUID]: ['UI', study],
      [TAG.PatientName]: ['PN', name],
    })
    expect(await home.keep(stored)).toBe(0)
    const asked = ask('find', 'STUDY', { [TAG.StudyInstanceUID]: ['UI', study], [TAG.PatientName]: ['PN', ''] })
    await cFind(home.serving({ peer: () => peer('VIEWER', { characterSet: 'ISO_IR 100' }) }), asked)
    expect(asked.pending()[0]!.identifier!.text(TAG.SpecificCharacterSet)).toBe('ISO_IR 100')
    expect(asked.pending()[0]!.identifier!.text(TAG.PatientName)).toBe('Yamada^Tarou')
  })

  it('hold items of a requested sequence: what was asked inside it, or all of it', async () => {
    const asked = await find('SERIES', {
      [TAG.StudyInstanceUID]: ['UI', STUDY],
      [TAG.SeriesInstanceUID]: EMPTY_UI,
      [0x00400275]: ['SQ', [dataSet({ [0x00400009]: ['SH', ''], [0x00321060]: ['LO', ''] })]],
    })
    const items = asked.pending()[0]!.identifier!.items(0x00400275)
    expect(items.map((item) => [[...item.elements.keys()], item.text(0x00400009)])).toEqual([[[0x00321060, 0x00400009], 'STEP-1']])
    const whole = await find('SERIES', { [TAG.StudyInstanceUID]: ['UI', STUDY], [0x00400275]: ['SQ', []] })
    expect(whole.pending()[0]!.identifier!.items(0x00400275)[0]!.text(0x00401001)).toBe('REQ-1')
  })

  it('hold any other header attribute at IMAGE level, read from the stored header', async () => {
    const asked = await find('IMAGE', {
      [TAG.StudyInstanceUID]: ['UI', STUDY],
      [TAG.SeriesInstanceUID]: ['UI', SERIES],
      [TAG.SOPInstanceUID]: EMPTY_UI,
      [0x00180050]: ['DS', ''],
      [0x00082218]: ['SQ', []],
      [0x00280004]: ['CS', ''],
      [TAG.PixelData]: ['OW', Buffer.alloc(0)],
    })
    expect(asked.pending()).toHaveLength(3)
    const { identifier } = asked.pending()[0]!
    expect(identifier!.text(0x00180050)).toBe('2.5')
    expect(identifier!.text(0x00280004)).toBe('MONOCHROME2')
    expect(identifier!.items(0x00082218)[0]!.text(0x00080104)).toBe('Abdomen')
    expect(identifier!.elements.get(TAG.PixelData)?.value.length).toBe(0)
  })

  it('hold attributes behind a large private value, which takes a second read', async () => {
    const study = testUid()
    const big = ct({
      [TAG.StudyInstanceUID]: ['UI', study],
      [0x00090010]: ['LO', 'X'],
      [0x00091001]: ['OB', Buffer.alloc(300_000, 1)],
      [0x00180050]: ['DS', '7'],
    })
    expect(await home.keep(big)).toBe(0)
    const asked = await find('IMAGE', { [TAG.StudyInstanceUID]: ['UI', study], [0x00180050]: ['DS', ''] })
    expect(asked.pending()[0]!.identifier!.text(0x00180050)).toBe('7')
  })

  it('hold words of a big endian instance in little endian', async () => {
    const study = testUid()
    const stored = ct({
      [TAG.StudyInstanceUID]: ['UI', study],
      [0x00189345]: ['FD', 1.5],
      [0x00281201]: ['OW', Buffer.from([1, 2, 3, 4])],
      [0x00420011]: ['OB', Buffer.from([1, 2, 3, 4])],
      [0x00660016]: ['OF', Buffer.from([1, 2, 3, 4])],
    })
    expect(await home.keep(stored, EXPLICIT_BE)).toBe(0)
    const keys = { [0x00189345]: ['FD', ''], [0x00281201]: ['OW', ''], [0x00420011]: ['OB', ''], [0x00660016]: ['OF', ''] } as const
    const asked = await find('IMAGE', { ...keys, [TAG.StudyInstanceUID]: ['UI', study] })
    const { elements } = asked.pending()[0]!.identifier!
    expect(asked.pending()[0]!.identifier!.text(0x00189345)).toBe('1.5')
    expect([0x00281201, 0x00420011, 0x00660016].map((tag) => [...elements.get(tag)!.value])).toEqual([
      [2, 1, 4, 3],
      [1, 2, 3, 4],
      [4, 3, 2, 1],
    ])
  })

  it('hold private attributes of the stored header, of the block that their creator has there', async () => {
    const study = testUid()
    const stored = ct({
      [TAG.StudyInstanceUID]: ['UI', study],
      [0x00090010]: ['LO', 'SOMEBODY'],
      [0x00090011]: ['LO', 'ACME'],
      [0x00091001]: ['LO', 'of somebody'],
      [0x00091101]: ['LO', 'of acme'],
      [0x00091102]: ['US', 7],
    })
    expect(await home.keep(stored)).toBe(0)
    const asked = await find('IMAGE', {
      [TAG.StudyInstanceUID]: ['UI', study],
      [0x00090010]: ['LO', 'ACME'],
      [0x00091001]: ['LO', ''],
      [0x00091002]: ['US', Buffer.alloc(0)],
      [0x000b0010]: ['LO', 'NOBODY'],
      [0x000b1001]: ['LO', ''],
    })
    const [{ fields, identifier }] = asked.pending() as [ReturnType<FakeRequest['pending']>[number]]
    expect(fields.status).toBe(0xff00)
    expect([0x00090010, 0x00091001, 0x00091002].map((tag) => identifier!.text(tag))).toEqual(['ACME', 'of acme', '7'])
    expect([0x000b0010, 0x000b1001].map((tag) => identifier!.elements.get(tag)?.value.length)).toEqual([0, 0])
    const plain = await find('IMAGE', { [TAG.StudyInstanceUID]: ['UI', study], [0x00091101]: ['LO', ''] })
    expect(plain.pending()[0]!.identifier!.text(0x00091101)).toBe('of acme')
  })

  it('hold every attribute of the index, at its level and below, as the instance has it', async () => {
    const study = testUid()
    const values = indexedValues()
    expect(await home.keep(ct({ ...values, [TAG.StudyInstanceUID]: ['UI', study] }))).toBe(0)
    for (const level of ['STUDY', 'SERIES', 'IMAGE'] as const) {
      const wanted = INDEX_ATTRIBUTES.filter((attribute) => values[attribute.tag] !== undefined && isAtOrAbove(attribute.level, level))
      const keys = Object.fromEntries(wanted.map(({ tag, vr }) => [tag, [vr, Buffer.alloc(0)] as const]))
      const asked = await find(level, { ...keys, [TAG.StudyInstanceUID]: ['UI', study] })
      const found = wanted.map(({ keyword, tag }) => [keyword, asked.pending()[0]!.identifier!.text(tag)])
      expect(found).toEqual(wanted.map(({ keyword, tag }) => [keyword, String(values[tag]![1]).trim()]))
    }
  })

  it('hold the manifests of the node where they are asked for, or where manifest.listed says so', async () => {
    const study = testUid()
    expect(await home.keep(ct({ [TAG.StudyInstanceUID]: ['UI', study] }))).toBe(0)
    const { catalog, storage } = home
    await buildManifest({ catalog, storage, now: Date.now, settings: () => settings }, uid(study), 'test')
    const modalities = async (listed: boolean): Promise<(string | undefined)[]> => {
      const asked = ask('find', 'SERIES', { [TAG.StudyInstanceUID]: ['UI', study], [TAG.Modality]: ['CS', ''] })
      await cFind(home.serving({ listManifests: () => listed }), asked)
      return asked.pending().map(({ identifier }) => identifier!.text(TAG.Modality))
    }
    expect(await modalities(false)).toEqual(['CT'])
    expect(await modalities(true)).toEqual(['CT', 'KO'])
  })

  it('are FF01 where a key with a value could not be matched', async () => {
    const asked = await find('STUDY', { [TAG.StudyInstanceUID]: ['UI', STUDY], [0x00324000]: ['LT', 'something'] })
    expect(asked.pending().map(({ fields }) => fields.status)).toEqual([0xff01])
  })
})

describe('flow', () => {
  it('D20: a cancel ends within one page, with FE00 and no more answers', async () => {
    const study = testUid()
    for (let number = 0; number < 250; number++)
      await home.keep(ct({ [TAG.StudyInstanceUID]: ['UI', study], [TAG.InstanceNumber]: ['IS', String(number)] }))
    const asked = await find(
      'IMAGE',
      { [TAG.StudyInstanceUID]: ['UI', study] },
      { onAnswer: (made, number) => (number === 3 ? made.cancel() : undefined) },
    )
    expect(asked.final().fields.status).toBe(0xfe00)
    // What is on its way when the cancel comes is one page at most.
    expect(asked.pending()).toHaveLength(PAGE_SIZE)
    const all = await find('IMAGE', { [TAG.StudyInstanceUID]: ['UI', study] })
    expect(all.pending()).toHaveLength(250)
    expect(new Set(all.pending().map(({ identifier }) => identifier!.text(TAG.SOPInstanceUID))).size).toBe(250)
  })

  it('D24: waits for the peer before it encodes the next answer', async () => {
    let release: () => void = () => undefined
    const asked = ask(
      'find',
      'STUDY',
      { [TAG.StudyInstanceUID]: EMPTY_UI },
      { onAnswer: (_, number) => (number === 1 ? new Promise((resolve) => (release = resolve)) : undefined) },
    )
    const done = cFind(home.serving(), asked)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(asked.answers).toHaveLength(1)
    release()
    await done
    expect(asked.final().fields.status).toBe(0)
  })

  it('ends silently when the association has gone', async () => {
    const association = new FakeAssociation()
    const asked = await find('IMAGE', { [TAG.StudyInstanceUID]: ['UI', STUDY] }, { association, onAnswer: () => association.abort() })
    expect(asked.answers).toHaveLength(1)
  })

  it('answers A700 without details where the catalog fails', async () => {
    const asked = ask('find', 'STUDY', { [TAG.StudyInstanceUID]: EMPTY_UI })
    const broken = await openHome()
    const serving = broken.serving()
    await broken.close()
    await cFind(serving, asked)
    expect(asked.final().fields.status & 0xf000).toBeGreaterThanOrEqual(0xa000)
    expect(asked.final().fields.errorComment).not.toMatch(/\/|sql/i)
  })
})

describe('odd identifiers', () => {
  it.each([
    ['missing', undefined, 0xa900],
    ['unknown', 'FOO', 0xa900],
    ['of small letters', 'study', 0xa900],
    ['padded', 'STUDY ', 0],
  ])('Q1: level %s', async (_, level, status) => {
    const asked = await find(level, { [TAG.StudyInstanceUID]: ['UI', STUDY] })
    expect(asked.final().fields.status).toBe(status)
    expect(asked.pending()).toHaveLength(status === 0 ? 1 : 0)
  })

  it('Q2: IMAGE level without keys of the levels above is answered', async () => {
    expect((await find('IMAGE', { [TAG.PatientID]: ['LO', 'P-1'] })).pending()).toHaveLength(3)
  })

  it('Q3: a list of 10,000 UIDs', async () => {
    const uids = [...Array.from({ length: 9_999 }, () => testUid()), STUDY]
    const asked = await find('STUDY', { [TAG.StudyInstanceUID]: ['UI', uids.join('\\')] }, { syntax: IMPLICIT_LE })
    expect(asked.pending().map(({ identifier }) => identifier!.text(TAG.StudyInstanceUID))).toEqual([STUDY])
  })

  it.each(['%', '_', '[a-z]*', '"', '*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*x', '(a+)+$'])(
    'Q4: name %s is literal and quick',
    async (name) => {
      const before = performance.now()
      const asked = await find('STUDY', { [TAG.PatientName]: ['PN', name] })
      expect(asked.final().fields.status).toBe(0)
      expect(asked.pending()).toHaveLength(0)
      expect(performance.now() - before).toBeLessThan(1_000)
    },
  )

  it('Q5: names of other character sets, with and without accents', async () => {
    const latin = await find('STUDY', {
      [TAG.SpecificCharacterSet]: ['CS', 'ISO_IR 100'],
      [TAG.PatientName]: ['PN', Buffer.from('MÜLLER*', 'latin1')],
    })
    expect(latin.pending()).toHaveLength(1)
    expect((await find('STUDY', { [TAG.PatientName]: ['PN', 'muller^zoe'] })).pending()).toHaveLength(1)
    expect((await find('STUDY', { [TAG.PatientName]: ['PN', "O'Brien^Pat"] })).pending()).toHaveLength(1)
  })

  it.each([
    ['20260101-', true],
    ['-20261231', true],
    ['20261231-20260101', false],
    ['19000101-99991231', true],
  ])('Q6: date %s', async (date, found) => {
    const asked = await find('STUDY', { [TAG.StudyDate]: ['DA', date], [TAG.StudyInstanceUID]: ['UI', STUDY] })
    expect(asked.final().fields.status).toBe(0)
    expect(asked.pending()).toHaveLength(found ? 1 : 0)
  })

  it.each(['20260230', '2026', 'rubbish', '-'])(
    'Q6: date %s is refused or finds nothing it should not, and is not a crash',
    async (date) => {
      const asked = await find('STUDY', { [TAG.StudyDate]: ['DA', date], [TAG.StudyInstanceUID]: ['UI', STUDY] })
      expect([0, 0xa900]).toContain(asked.final().fields.status)
    },
  )

  it('Q7: combined date and time only where negotiated', async () => {
    const keys: Overrides = {
      [TAG.StudyDate]: ['DA', '20260228-20260301'],
      [TAG.StudyTime]: ['TM', '120000-110000'],
      [TAG.StudyInstanceUID]: ['UI', STUDY],
    }
    expect((await find('STUDY', keys, { extended: Buffer.from([0, 1, 0, 0]) })).pending()).toHaveLength(1)
    expect((await find('STUDY', keys)).pending()).toHaveLength(0)
  })

  it.each([
    ['no items', [], 0],
    ['an empty item', [dataSet({})], 0],
    ['one item that matches', [dataSet({ [0x00401001]: ['SH', 'REQ-1'] })], 0],
    ['two items', [dataSet({ [0x00401001]: ['SH', 'REQ-1'] }), dataSet({ [0x00401001]: ['SH', 'REQ-2'] })], 0xa900],
  ])('Q8: sequence matching with %s', async (_, items, status) => {
    const asked = await find('SERIES', { [TAG.StudyInstanceUID]: ['UI', STUDY], [0x00400275]: ['SQ', items] })
    expect(asked.final().fields.status).toBe(status)
    expect(asked.pending()).toHaveLength(status === 0 ? 1 : 0)
  })

  it('Q9: thousands of return keys, private, unknown, group lengths and group 0002', async () => {
    const keys: Record<number, readonly ['LO', string]> = {}
    for (let at = 0; at < 5_000; at++) keys[0x00190000 + 0x1000 + at] = ['LO', '']
    const asked = await find('STUDY', {
      ...keys,
      [TAG.StudyInstanceUID]: ['UI', STUDY],
      [0x00020010]: ['UI', '1.2'],
      [0x00080000]: ['UL', 12],
      [0x00190010]: ['LO', 'CREATOR'],
    })
    const { identifier } = asked.pending()[0]!
    expect(identifier!.elements.size).toBeGreaterThan(5_000)
    const bytes = asked.pending()[0]!.bytes!
    expect(bytes.readUInt16LE(0)).toBe(0x0008)
    expect(bytes.indexOf(Buffer.from([0x02, 0, 0x10, 0]))).toBe(-1)
    expect(bytes.indexOf(Buffer.from([0x08, 0, 0x00, 0, 0x55]))).toBe(-1)
  })

  it.each(['ISO_IR 999', 'ISO 2022 IR 6\\..', '\u001b$'])('Q10: character set %j', async (characterSet) => {
    const asked = await find('STUDY', {
      [TAG.SpecificCharacterSet]: ['CS', characterSet],
      [TAG.PatientName]: ['PN', Buffer.from([0x4d, 0xfc, 0x1b, 0x24])],
    })
    expect(asked.final().fields.status).toBe(0)
  })

  it('answers C000 to an identifier that is no data set', async () => {
    const asked = await find('STUDY', {}, { identifier: Buffer.from('0800520043530700') })
    expect(asked.final().fields.status).toBe(0xc000)
  })
})
