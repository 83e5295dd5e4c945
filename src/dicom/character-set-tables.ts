/** The character sets of PS3.3 C.12.1.1.2 (Tables C.12-2 to C.12-5), as one table: which bytes they use, by which escape
 *  sequence they are designated, which platform decoder knows their code points. Names as found in real files are mapped to
 *  a row by {@link characterSetNamed}: `ISO_IR 192`, `ISO-IR 192`, `iso_ir192`, `UTF-8` are the same. No decoding here. */

export interface CharacterSet {
  /** Defined Term without code extensions, or with them where there is no other. */
  readonly term: string
  /** `default`: ISO 646, 7 bits. `single`: one byte each, upper half in G1. `g0pairs`: two bytes below 80H, by escape.
   *  `g1pairs`: two bytes above 7FH, by escape. `whole`: decoded as a whole, no escapes (PS3.5 6.1.2.4). */
  readonly kind: 'default' | 'single' | 'g0pairs' | 'g1pairs' | 'whole'
  /** Label of the platform's decoder (WHATWG Encoding). */
  readonly label: string
  /** Registration number in ISO-IR where the set has one. */
  readonly registration?: number
  /** Escape sequence that designates the upper half to G1, or a two-byte set to G0, without its ESC. */
  readonly escape?: string
}

const single = (registration: number, label: string, designation: string): CharacterSet => ({
  term: `ISO_IR ${registration}`,
  kind: 'single',
  label,
  registration,
  escape: designation,
})

/** Windows 1252 and 1254 contain ISO 8859-1 and -9; 80H to 9FH, controls there, are letters in what faulty senders write. */
export const CHARACTER_SETS: readonly CharacterSet[] = [
  { term: 'ISO_IR 6', kind: 'default', label: 'windows-1252', registration: 6, escape: '(B' },
  single(100, 'windows-1252', '-A'),
  single(101, 'iso-8859-2', '-B'),
  single(109, 'iso-8859-3', '-C'),
  single(110, 'iso-8859-4', '-D'),
  single(144, 'iso-8859-5', '-L'),
  single(127, 'iso-8859-6', '-G'),
  single(126, 'iso-8859-7', '-F'),
  single(138, 'iso-8859-8', '-H'),
  single(148, 'windows-1254', '-M'),
  single(203, 'iso-8859-15', '-b'),
  single(166, 'windows-874', '-T'),
  single(13, 'shift_jis', ')I'),
  { term: 'ISO 2022 IR 87', kind: 'g0pairs', label: 'euc-jp', registration: 87, escape: '$B' },
  { term: 'ISO 2022 IR 159', kind: 'g0pairs', label: 'euc-jp', registration: 159, escape: '$(D' },
  { term: 'ISO 2022 IR 149', kind: 'g1pairs', label: 'euc-kr', registration: 149, escape: '$)C' },
  { term: 'ISO 2022 IR 58', kind: 'g1pairs', label: 'gbk', registration: 58, escape: '$)A' },
  { term: 'ISO_IR 192', kind: 'whole', label: 'utf-8', registration: 192 },
  { term: 'GB18030', kind: 'whole', label: 'gb18030' },
  { term: 'GBK', kind: 'whole', label: 'gbk' },
]

const byTerm = new Map(CHARACTER_SETS.map((set) => [set.term, set]))
const byRegistration = new Map(CHARACTER_SETS.filter((set) => set.registration).map((set) => [set.registration, set]))

/** Names that are no Defined Terms and are met all the same, in capitals without spaces, underscores and hyphens. */
const ALIASES: Readonly<Record<string, string>> = {
  UTF8: 'ISO_IR 192',
  UNICODE: 'ISO_IR 192',
  ISO10646: 'ISO_IR 192',
  ASCII: 'ISO_IR 6',
  USASCII: 'ISO_IR 6',
  ISO646: 'ISO_IR 6',
  LATIN1: 'ISO_IR 100',
  WINDOWS1252: 'ISO_IR 100',
  CP1252: 'ISO_IR 100',
  ISO88591: 'ISO_IR 100',
  ISO88592: 'ISO_IR 101',
  ISO88593: 'ISO_IR 109',
  ISO88594: 'ISO_IR 110',
  ISO88595: 'ISO_IR 144',
  ISO88596: 'ISO_IR 127',
  ISO88597: 'ISO_IR 126',
  ISO88598: 'ISO_IR 138',
  ISO88599: 'ISO_IR 148',
  ISO885915: 'ISO_IR 203',
  TIS620: 'ISO_IR 166',
  SHIFTJIS: 'ISO_IR 13',
  SJIS: 'ISO_IR 13',
  GB2312: 'GBK',
  GB18030: 'GB18030',
  ISO2022GB18030: 'GB18030',
  GBK: 'GBK',
  ISO2022GBK: 'GBK',
  ISO202258: 'ISO 2022 IR 58',
}

/** One value of Specific Character Set (0008,0005), as declared.
 *  @returns `extended`: declared with code extensions; undefined where the name says nothing to us, or is empty */
export function characterSetNamed(declared: string): { set: CharacterSet; extended: boolean } | undefined {
  const name = declared.toUpperCase().replace(/[ _\-\0]+/g, '')
  const numbered = /^ISO(2022)?IR([0-9]{1,3})$/.exec(name)
  const set = numbered ? byRegistration.get(Number(numbered[2])) : byTerm.get(ALIASES[name] ?? '')
  return set && { set, extended: numbered?.[1] !== undefined || set.kind === 'g0pairs' || set.kind === 'g1pairs' }
}

export interface Designation {
  readonly register: 'G0' | 'G1'
  /** Undefined: the lower half of ISO 646 or of JIS X 0201, read as ASCII. */
  readonly set: CharacterSet | undefined
}

const g0 = (set?: CharacterSet): Designation => ({ register: 'G0', set })
const katakana = byRegistration.get(13)!
const kanji = byRegistration.get(87)!

/** By the bytes behind ESC. The last four are no part of DICOM; Japanese systems write them. */
export const DESIGNATIONS: ReadonlyMap<string, Designation> = new Map<string, Designation>([
  ['(B', g0()],
  ['(J', g0()],
  ...CHARACTER_SETS.filter((set) => set.escape && set.kind !== 'default').map((set): [string, Designation] => [
    set.escape!,
    { register: set.kind === 'g0pairs' ? 'G0' : 'G1', set },
  ]),
  ['(I', g0(katakana)],
  ['$@', g0(kanji)],
  ['$(B', g0(kanji)],
  ['$(@', g0(kanji)],
])
