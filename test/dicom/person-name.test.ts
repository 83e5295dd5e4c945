import { describe, expect, it } from 'vitest'
import { fold, foldedGroups, groupMatches } from '../../src/dicom/person-name.ts'

describe('fold', () => {
  it.each([
    ['Müller^Jörg', 'MULLER^JORG'],
    ['Mu\u0308ller', 'MULLER'],
    ["O'Brien^Pat", "O'BRIEN^PAT"],
    ['Straße', 'STRASSE'],
    ['Łukasz Ørsted Đorđe Œuvre Æsir', 'LUKASZ ORSTED DORDE OEUVRE AESIR'],
    ['ﾔﾏﾀﾞ', 'ヤマダ'],
    ['やまだ', 'やまだ'],
    ['ＡＢＣ', 'ABC'],
    ['홍^길동', '홍^길동'],
    ['ΔΙΟΝΎΣΙΟΣ', 'ΔΙΟΝΥΣΙΟΣ'],
    ['Ёлкин', 'ЕЛКИН'],
    ['קָבָּאנִי', 'קבאני'],
    ['สมชาย', 'สมชาย'],
    ['ﬁnn', 'FINN'],
    ['istanbul ı İ', 'ISTANBUL I I'],
  ])('%s becomes %s', (text, folded) => {
    expect(fold(text)).toBe(folded)
  })

  it.each([
    ['Doe^John^^^', 'DOE^JOHN'],
    ['Doe^John^ ^ ', 'DOE^JOHN'],
    ['  Doe  ^  John   Paul ', 'DOE^JOHN PAUL'],
    ['^John', '^JOHN'],
    ['^^^^', ''],
    ['', ''],
  ])('spaces and trailing null components of %j', (text, folded) => {
    expect(fold(text)).toBe(folded)
  })

  it('a folded pattern is a pattern still, and voicing marks tell kana apart', () => {
    expect(fold('*mü?ler^*')).toBe('*MU?LER^*')
    expect(fold('やまだ')).not.toBe(fold('やまた'))
  })

  it('folding twice changes nothing', () => {
    for (const name of ['Straße^Łuc', 'ﾔﾏﾀﾞ', 'Buc^Jérôme', 'שָׁרוֹן']) expect(fold(fold(name))).toBe(fold(name))
  })
})

describe('foldedGroups', () => {
  it.each<[string, [string, string, string]]>([
    ['Yamada^Tarou=山田^太郎=やまだ^たろう', ['YAMADA^TAROU', '山田^太郎', 'やまだ^たろう']],
    ['Doe^John^^=^^', ['DOE^JOHN', '', '']],
    ['=山田', ['', '山田', '']],
    ['a=b=c=d', ['A', 'B', 'C']],
    ['', ['', '', '']],
  ])('%s', (name, groups) => {
    expect(foldedGroups(name)).toEqual(groups)
  })
})

describe('PS3.5 6.2.1.2: null components at the end may be missing', () => {
  it.each<[string, string, boolean]>([
    ['DOE^*^*', 'DOE^JANE', true],
    ['DOE^J*^*', 'DOE^JANE', true],
    ['DOE^JANE^*', 'DOE^JANE', true],
    ['DOE^JANE^*^*^*', 'DOE^JANE^M', true],
    ['DOE^*', 'DOE', true],
    ['*^*^*^*^*', 'DOE', true],
    ['DOE^JANE^*', 'DOE^JANET', false],
    ['DOE^?*', 'DOE', false],
    ['DOE?^*', 'DOE', false],
    ['DOE^J*^M', 'DOE^JANE', false],
    ['DOE^*^*', 'DOES^JANE', false],
  ])('%s on %s: %s', (pattern, group, matches) => {
    expect(groupMatches(pattern, group)).toBe(matches)
  })
})
