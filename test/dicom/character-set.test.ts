import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decoderFor, encoderFor } from '../../src/dicom/character-set.ts'
import { CHARACTER_SETS } from '../../src/dicom/character-set-tables.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const decode = (set: string | undefined, text: string, vr = 'PN'): string => decoderFor(set)(bytes(text), vr)

/** The examples of PS3.5 annexes H to K, byte by byte. */
const EXAMPLES: readonly [place: string, set: string, bytes: string, text: string][] = [
  [
    'H.3.1',
    '\\ISO 2022 IR 87',
    'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B',
    'Yamada^Tarou=山田^太郎=やまだ^たろう',
  ],
  [
    'H.3.2',
    'ISO 2022 IR 13\\ISO 2022 IR 87',
    '\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J',
    'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう',
  ],
  [
    'I.2',
    '\\ISO 2022 IR 149',
    'Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf',
    'Hong^Gildong=洪^吉洞=홍^길동',
  ],
  ['J.1', 'ISO_IR 192', 'Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=', 'Wang^XiaoDong=王^小東='],
  ['J.3', 'GB18030', 'Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=', 'Wang^XiaoDong=王^小东='],
  ['K.2', '\\ISO 2022 IR 58', 'Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=', 'Zhang^XiaoDong=张^小东='],
  ['GBK', 'GBK', 'Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab', 'Wang^XiaoDong=王^小东'],
  ['Latin 1', 'ISO_IR 100', 'Buc^J\xe9r\xf4me', 'Buc^Jérôme'],
  ['Latin 1', 'ISO_IR 100', '\xc4neas^R\xfcdiger', 'Äneas^Rüdiger'],
  ['Latin 2', 'ISO_IR 101', 'Wa\xb3\xeasa', 'Wałęsa'],
  ['Latin 3', 'ISO_IR 109', '\xa6ang', 'Ĥang'],
  ['Latin 4', 'ISO_IR 110', 'K\xe0rlis', 'Kārlis'],
  ['Latin 5', 'ISO_IR 148', '\xdd\xfe\xfd\xf0', 'İşığ'],
  ['Latin 9', 'ISO_IR 203', 'C\xbdur \xa4', 'Cœur €'],
  ['Cyrillic', 'ISO_IR 144', '\xbb\xee\xdace\xdc\xd1yp\xd3', 'Люкceмбypг'],
  ['Greek', 'ISO_IR 126', '\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2', 'Διονυσιος'],
  ['Arabic', 'ISO_IR 127', '\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1', 'قباني^لنزار'],
  ['Hebrew', 'ISO_IR 138', '\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4', 'שרון^דבורה'],
  ['Thai', 'ISO_IR 166', '\xca\xc1\xaa\xd2\xc2', 'สมชาย'],
  ['Katakana', 'ISO_IR 13', '\xd4\xcf\xc0\xde^\xc0\xdb\xb3', 'ﾔﾏﾀﾞ^ﾀﾛｳ'],
]

describe('examples of the standard', () => {
  it.each(EXAMPLES)('%s %s', (_place, set, raw, text) => {
    expect(decode(set, raw)).toBe(text)
  })

  it('H: JIS X 0212 supplementary kanji', () => {
    expect(decode('\\ISO 2022 IR 159', 'a\x1b$(D0!\x1b(Bb', 'LO')).toBe('a丂b')
  })

  it('I.3: Korean text over several lines, the escape repeated on each', () => {
    const text = 'The \x1b$)C\xb1\xe6\xb5\xbf.\r\n\x1b$)C\xc8\xab second.\r\n'
    expect(decode('\\ISO 2022 IR 149', text, 'LT')).toBe('The 길동.\r\n홍 second.\r\n')
  })
})

describe('code extensions', () => {
  it.each([
    ['-A', '\xe9', 'é'],
    ['-B', '\xb3', 'ł'],
    ['-C', '\xa6', 'Ĥ'],
    ['-D', '\xe0', 'ā'],
    ['-L', '\xbb', 'Л'],
    ['-G', '\xe2', 'ق'],
    ['-F', '\xc4', 'Δ'],
    ['-H', '\xf9', 'ש'],
    ['-M', '\xfe', 'ş'],
    ['-b', '\xa4', '€'],
    ['-T', '\xca', 'ส'],
    [')I', '\xd4', 'ﾔ'],
  ])('ESC %s designates G1', (sequence, byte, character) => {
    expect(decode('ISO 2022 IR 100\\ISO 2022 IR 144', `x\x1b${sequence}${byte}y`, 'LO')).toBe(`x${character}y`)
  })

  it('the initial set is back after ^, = and \\ in names', () => {
    for (const delimiter of ['^', '=', '\\']) {
      expect(decode('ISO 2022 IR 100\\ISO 2022 IR 144', `\x1b-L\xbb${delimiter}\xe9`)).toBe(`Л${delimiter}é`)
    }
  })

  it('the initial set is back after \\ and at the end of a line in LO, not after ^', () => {
    expect(decode('ISO 2022 IR 100\\ISO 2022 IR 144', '\x1b-L\xbb\\\xe9', 'LO')).toBe('Л\\é')
    expect(decode('ISO 2022 IR 100\\ISO 2022 IR 144', '\x1b-L\xbb^\xbb', 'LO')).toBe('Л^Л')
  })

  it('in LT a backslash is text, the end of a line brings the initial set back', () => {
    expect(decode('ISO 2022 IR 100\\ISO 2022 IR 144', '\x1b-L\xbb\\\xbb\r\n\xe9', 'LT')).toBe('Л\\Л\r\né')
  })

  it('delimiters within kanji are kanji', () => {
    // 3D5EH and 5C5CH are pairs of JIS X 0208
    expect(decode('\\ISO 2022 IR 87', '\x1b$B=^\\\\\x1b(B^x')).toBe(`${new TextDecoder('euc-jp').decode(bytes('\xbd\xde\xdc\xdc'))}^x`)
  })
})

describe('second bytes that look like a backslash', () => {
  it.each([
    ['GB18030', '\x81\x5c', '乗'],
    ['GBK', '\x81\x5c', '乗'],
    ['ISO_IR 13', '\x95\x5c', '表'],
  ])('%s', (set, raw, character) => {
    expect(decode(set, `${raw}\\x`, 'LO')).toBe(`${character}\\x`)
  })
})

describe('wrong declarations', () => {
  it.each([['ISO-IR 192'], ['ISO_IR192'], ['iso_ir 192'], ['UTF-8'], ['utf8'], ['ISO_IR_192 '], ['ISO 2022 IR 192'], ['\\ISO_IR 192']])(
    '%s is UTF-8',
    (set) => {
      expect(decode(set, 'J\xc3\xa9r\xc3\xb4me')).toBe('Jérôme')
    },
  )

  it.each([['ISO-IR 100'], ['ISO 2022 IR 100'], ['ISO8859-1'], ['ISO_IR 100\\ISO_IR 144'], ['latin1']])('%s is ISO 8859-1', (set) => {
    expect(decode(set, 'J\xe9r\xf4me')).toBe('Jérôme')
  })

  it.each([[undefined], [''], ['ISO_IR 6'], ['ISO 2022 IR 6'], ['ISO_IR 999'], ['klingon'], ['\x1b\\\xff\\']])(
    '%j with bytes above 7FH: UTF-8 where valid, else ISO 8859-1',
    (set) => {
      expect(decode(set, 'J\xc3\xa9r\xc3\xb4me')).toBe('Jérôme')
      expect(decode(set, 'J\xe9r\xf4me')).toBe('Jérôme')
    },
  )

  it('UTF-8 declared, ISO 8859-1 written', () => {
    expect(decode('ISO_IR 192', 'J\xe9r\xf4me')).toBe('Jérôme')
    expect(decode('ISO_IR 192', '\xc4neas^R\xfcdiger ')).toBe('Äneas^Rüdiger ')
  })

  it.each([['\xc3'], ['\xe7\x8e'], ['\xf0\xa0\x80']])('UTF-8 cut within its last character', (cut) => {
    expect(decode('ISO_IR 192', `J\xc3\xa9r\xc3\xb4me ${cut}`)).toBe('Jérôme \ufffd')
  })

  it('several sets, none of them initial: the escape is missing, the declared one is meant', () => {
    expect(decode('\\ISO 2022 IR 149', 'Hong=\xc8\xab^\xb1\xe6\xb5\xbf')).toBe('Hong=홍^길동')
  })

  it('escapes are followed where no code extension is declared', () => {
    expect(decode('ISO_IR 100', '\x1b$B;3ED\x1b(B')).toBe('山田')
    expect(decode(undefined, '\x1b$B;3ED\x1b(B\xe9')).toBe('山田é')
  })

  it.each([
    ['abc\x1b', 'abc'],
    ['abc\x1b$', 'abc$'],
    ['\x1b$)', '$)'],
    ['\x1b(Zabc', '(Zabc'],
    ['\x1b\x1b(Babc', 'abc'],
  ])('cut off or unknown escape %j', (raw, text) => {
    expect(decode('\\ISO 2022 IR 87', raw)).toBe(text)
  })

  it('half a kanji at the end', () => {
    expect(decode('\\ISO 2022 IR 87', '\x1b$B;3E')).toBe('山\ufffd')
  })

  it('never throws: every set against random bytes', () => {
    let seed = 7
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed >>> 16
    }
    const sets = [...CHARACTER_SETS.map((set) => set.term), ...CHARACTER_SETS.map((set) => `\\${set.term}`), 'ISO 2022 IR 6\\..', undefined]
    for (const set of sets) {
      for (let run = 0; run < 60; run++) {
        const raw = Buffer.from(Array.from({ length: run % 20 }, () => (random() % 4 === 0 ? 0x1b : random() & 0xff)))
        for (const vr of ['PN', 'LO', 'UT', 'CS', 'UN']) expect(typeof decoderFor(set)(raw, vr)).toBe('string')
      }
    }
  })

  it('many declarations do not make the cache grow, and work', () => {
    for (let n = 0; n < 1000; n++) expect(decode(`x${n}\\ISO 2022 IR 144`, '\xbb')).toBe('Л')
  })
})

describe('VRs without character set (PS3.5 6.1.2.2)', () => {
  it.each(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'TM', 'UI', 'UR'])('%s is read byte by byte', (vr) => {
    expect(decode('ISO_IR 192', 'a\xc3\xa9\x1b$B', vr)).toBe('aÃ©\x1b$B')
    expect(encoderFor('GB18030')('é中', vr).toString('latin1')).toBe('é?')
  })
})

describe('encoding', () => {
  it.each(EXAMPLES.filter(([, set]) => !set.includes('\\')))('%s %s goes back to its bytes', (_place, set, raw, text) => {
    expect(encoderFor(set)(text, 'PN').toString('latin1')).toBe(raw)
  })

  it.each(CHARACTER_SETS.filter((set) => set.kind === 'single').map((set) => set.term))('%s: every byte from A0H comes back', (set) => {
    for (let byte = 0xa0; byte <= 0xff; byte++) {
      const text = decoderFor(set)(Buffer.from([byte, 0x20]), 'LO')
      if (text.includes('\ufffd') || text.length !== 2) continue
      expect(encoderFor(set)(text, 'LO')[0]).toBe(set === 'ISO_IR 13' && byte > 0xdf ? 0x3f : byte)
    }
  })

  it('what the set cannot express becomes one question mark', () => {
    expect(encoderFor('ISO_IR 100')('é山𠀀a', 'LO').toString('latin1')).toBe('é??a')
    expect(encoderFor('ISO_IR 100')('’', 'LO').toString('latin1')).toBe('?')
    expect(encoderFor(undefined)('é', 'LO').toString('latin1')).toBe('?')
    expect(encoderFor('ISO_IR 999')('é', 'LO').toString('latin1')).toBe('?')
    expect(encoderFor('GBK')('𠀀', 'LO').toString('latin1')).toBe('?')
  })

  it.each([
    ['Yamada^Tarou=山田^太郎=やまだ^たろう', 'Yamada^Tarou'],
    ['Müller^Zoé=山', 'Müller^Zoé'],
    ['Doe^A\\Yamada^Tarou=山田^太郎\\Roe^B', 'Doe^A\\Yamada^Tarou\\Roe^B'],
    ['山田^太郎==Yamada', '==Yamada'],
    ['=山田^太郎', '=??^??'],
    ['Łucja^Zoé', '?ucja^Zoé'],
  ])('PS3.5 6.2.1.2: of the name %s, the groups that ISO_IR 100 cannot express are left out', (name, written) => {
    expect(encoderFor('ISO_IR 100')(name, 'PN').toString('latin1')).toBe(written)
    expect(encoderFor('ISO_IR 192')(name, 'PN').toString('utf8')).toBe(name)
  })

  it('decomposed letters are composed first', () => {
    expect(encoderFor('ISO_IR 100')('Je\u0301ro\u0302me', 'PN').toString('latin1')).toBe('J\xe9r\xf4me')
  })

  it('GB18030 expresses everything', () => {
    const text = 'A€é中丂𠀀😀\u0e01\uffe5'
    const encoded = encoderFor('GB18030')(text, 'UT')
    expect(new TextDecoder('gb18030').decode(encoded)).toBe(text)
  })
})

const CORPUS = new URL('../../../shared/corpus/files/', import.meta.url)
const CHARSET = 'fo-dicom+fo-dicom/Tests/FO-DICOM.Tests/Test Data/charset/'

/** Patient's Name and Specific Character Set as the file holds them: explicit VR, top level. */
function nameIn(path: string): string {
  const file = readFileSync(new URL(path.replaceAll(' ', '%20'), CORPUS))
  const value = (tag: string): Buffer => {
    const at = file.indexOf(Buffer.from(tag, 'latin1'), 132)
    return file.subarray(at + 8, at + 8 + file.readUInt16LE(at + 6))
  }
  return decoderFor(value('\x08\x00\x05\x00CS').toString('latin1').trim())(value('\x10\x00\x10\x00PN'), 'PN').trim()
}

describe.skipIf(!existsSync(CORPUS))('files of the corpus', () => {
  it.each([
    [`${CHARSET}chrGerm.dcm`, 'Äneas^Rüdiger'],
    [`${CHARSET}chrFren.dcm`, 'Buc^Jérôme'],
    ['pydicom+pydicom/src/pydicom/data/charset_files/chrFrenMulti.dcm', 'Buc^Jérôme'],
    [`${CHARSET}chrRuss.dcm`, 'Люкceмбypг'],
    [`${CHARSET}chrGreek.dcm`, 'Διονυσιος'],
    [`${CHARSET}chrHbrw.dcm`, 'שרון^דבורה'],
    [`${CHARSET}chrArab.dcm`, 'قباني^لنزار'],
    [`${CHARSET}chrI2.dcm`, 'Hong^Gildong=洪^吉洞=홍^길동'],
    [`${CHARSET}chrH31.dcm`, 'Yamada^Tarou=山田^太郎=やまだ^たろう'],
    [`${CHARSET}chrX1.dcm`, 'Wang^XiaoDong=王^小東='],
  ])('%s', (path, name) => {
    expect(nameIn(path)).toBe(name)
  })
})
