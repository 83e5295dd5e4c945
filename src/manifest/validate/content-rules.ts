/** What the content tree of a Key Object Selection may hold (PS3.3 A.35.4.3.1, PS3.16 TID 2010; MADO and CP-2595: TID 1600), as tables. */
import { DOCUMENT_TITLE_MODIFIER, KEY_OBJECT_DESCRIPTION, LANGUAGE_OF_CONTENT, LIBRARY, PROCEDURE_CODE } from './codes.ts'
import type { Dialect } from './dialects.ts'

/** What an item of a value type holds (PS3.3 C.17.3, C.18): type 1, but for Measured Value Sequence, which is type 2. */
export const VALUE_OF: Readonly<
  Record<string, { readonly tag: number; readonly section: string; readonly macro?: 'CODE'; readonly type: '1' | '2' }>
> = {
  TEXT: { tag: 0x0040a160, section: 'PS3.3 C.17.3', type: '1' },
  CODE: { tag: 0x0040a168, section: 'PS3.3 C.18.2', macro: 'CODE', type: '1' },
  NUM: { tag: 0x0040a300, section: 'PS3.3 C.18.1', type: '2' },
  PNAME: { tag: 0x0040a123, section: 'PS3.3 C.17.3', type: '1' },
  UIDREF: { tag: 0x0040a124, section: 'PS3.3 C.17.3', type: '1' },
  DATE: { tag: 0x0040a121, section: 'PS3.3 C.17.3', type: '1' },
  TIME: { tag: 0x0040a122, section: 'PS3.3 C.17.3', type: '1' },
  DATETIME: { tag: 0x0040a120, section: 'PS3.3 C.17.3', type: '1' },
  IMAGE: { tag: 0x00081199, section: 'PS3.3 C.18.4', type: '1' },
  WAVEFORM: { tag: 0x00081199, section: 'PS3.3 C.18.5', type: '1' },
  COMPOSITE: { tag: 0x00081199, section: 'PS3.3 C.18.3', type: '1' },
  CONTAINER: { tag: 0x0040a050, section: 'PS3.3 C.17.3', type: '1' },
}

export const REFERENCES: ReadonlySet<string> = new Set(['IMAGE', 'WAVEFORM', 'COMPOSITE'])

/** `source > relationship > target`. PS3.3 Table A.35.4-2. */
const FLAT = [
  'CONTAINER > CONTAINS > TEXT',
  'CONTAINER > CONTAINS > IMAGE',
  'CONTAINER > CONTAINS > WAVEFORM',
  'CONTAINER > CONTAINS > COMPOSITE',
  'CONTAINER > HAS OBS CONTEXT > TEXT',
  'CONTAINER > HAS OBS CONTEXT > CODE',
  'CONTAINER > HAS OBS CONTEXT > UIDREF',
  'CONTAINER > HAS OBS CONTEXT > PNAME',
  'CONTAINER > HAS CONCEPT MOD > CODE',
]
/** What CP-2595 adds for template 1600. */
const DESCRIBED = [
  'CONTAINER > CONTAINS > CONTAINER',
  ...['CODE', 'NUM', 'TEXT', 'DATE', 'TIME', 'UIDREF'].map((target) => `CONTAINER > HAS ACQ CONTEXT > ${target}`),
  ...[...REFERENCES].flatMap((source) => ['CODE', 'NUM', 'TEXT'].map((target) => `${source} > HAS ACQ CONTEXT > ${target}`)),
]

export const RELATIONSHIPS: Readonly<Record<Dialect, ReadonlySet<string>>> = {
  'xds-i': new Set(FLAT),
  drimbox: new Set(FLAT),
  mado: new Set([...FLAT, ...DESCRIBED]),
}

const FLAT_TYPES = ['TEXT', 'CODE', 'UIDREF', 'PNAME', 'IMAGE', 'WAVEFORM', 'COMPOSITE', 'CONTAINER']
export const VALUE_TYPES: Readonly<Record<Dialect, ReadonlySet<string>>> = {
  'xds-i': new Set(FLAT_TYPES),
  drimbox: new Set(FLAT_TYPES),
  mado: new Set([...FLAT_TYPES, 'NUM', 'DATE', 'TIME']),
}

/** Concepts of the rows of TID 2010 at the root, by relationship and value type. Of HAS OBS CONTEXT, TID 1002 has too many. */
export const ROOT_CONCEPTS: Readonly<Record<Dialect, Readonly<Record<string, readonly string[]>>>> = {
  'xds-i': { 'CONTAINS > TEXT': [KEY_OBJECT_DESCRIPTION], 'HAS CONCEPT MOD > CODE': [DOCUMENT_TITLE_MODIFIER, LANGUAGE_OF_CONTENT] },
  drimbox: { 'CONTAINS > TEXT': [KEY_OBJECT_DESCRIPTION], 'HAS CONCEPT MOD > CODE': [DOCUMENT_TITLE_MODIFIER, LANGUAGE_OF_CONTENT] },
  mado: {
    'CONTAINS > TEXT': [KEY_OBJECT_DESCRIPTION],
    'CONTAINS > CONTAINER': LIBRARY.imageLibrary,
    'HAS CONCEPT MOD > CODE': [DOCUMENT_TITLE_MODIFIER, LANGUAGE_OF_CONTENT, PROCEDURE_CODE],
  },
}

/** SOP classes with pixels whose name does not say Image: readers differ, both value types are right. */
export const IMAGE_OR_COMPOSITE: ReadonlySet<string> = new Set([
  '1.2.840.10008.5.1.4.1.1.30', // Parametric Map
  '1.2.840.10008.5.1.4.1.1.66.4', // Segmentation
  '1.2.840.10008.5.1.4.1.1.66.7', // Label Map Segmentation
  '1.2.840.10008.5.1.4.1.1.481.2', // RT Dose
])
