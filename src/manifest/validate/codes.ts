/** Coded concepts that a manifest is made of (PS3.16), and how one is read from an item (PS3.3 8.8). Codes compare by value and scheme;
 *  the trial codes of the MADO supplement stand beside the final ones of DICOM. */
import { type MadoVocabulary, nomenclatures } from '../../config/nomenclatures.ts'
import type { Item } from './item.ts'

export interface ReadCode {
  readonly value: string
  readonly scheme: string
  readonly meaning: string
}

/** @returns undefined where the sequence is absent or empty */
export function codeIn(item: Item, sequence: number): ReadCode | undefined {
  const code = item.items(sequence)[0]
  if (code === undefined) return undefined
  const value = code.text(0x00080100) ?? code.text(0x00080119) ?? code.text(0x00080120) ?? ''
  return { value, scheme: code.text(0x00080102) ?? '', meaning: code.text(0x00080104) ?? '' }
}

export function conceptName(item: Item): ReadCode | undefined {
  return codeIn(item, 0x0040a043)
}

/** `113030 DCM`: what the tables are keyed by. */
export function keyOf({ value, scheme }: Pick<ReadCode, 'value' | 'scheme'>): string {
  return `${value} ${scheme}`
}

export const MANIFEST = '113030 DCM'
export const KEY_OBJECT_DESCRIPTION = '113012 DCM'
export const DOCUMENT_TITLE_MODIFIER = '113011 DCM'
export const LANGUAGE_OF_CONTENT = '121049 DCM'
export const PROCEDURE_CODE = '121023 DCM'
export const MANIFEST_WITH_DESCRIPTION = 'Manifest with Description'
export const TRIAL_SCHEME = '99IHE'

/** PS3.16 CID 7010: what a Key Object Selection can be beside a manifest. */
export const OTHER_TITLES: Readonly<Record<string, string>> = {
  '113000 DCM': 'a key image note (Of Interest)',
  '113001 DCM': 'a rejection note (Rejected for Quality Reasons)',
  '113002 DCM': 'a key image note (For Referring Provider)',
  '113003 DCM': 'a key image note (For Surgery)',
  '113004 DCM': 'a key image note (For Teaching)',
  '113005 DCM': 'a key image note (For Conference)',
  '113006 DCM': 'a key image note (For Therapy)',
  '113007 DCM': 'a key image note (For Patient)',
  '113008 DCM': 'a key image note (For Peer Review)',
  '113009 DCM': 'a key image note (For Research)',
  '113010 DCM': 'a quality note (Quality Issue)',
  '113013 DCM': 'a key image note (Best In Set)',
  '113018 DCM': 'a key image note (For Printing)',
  '113020 DCM': 'a key image note (For Report Attachment)',
  '113021 DCM': 'a key image note (For Litigation)',
  '113031 DCM': 'a signed manifest, which no profile here describes',
  '113037 DCM': 'a rejection note (Rejected for Patient Safety Reasons)',
  '113038 DCM': 'a rejection note (Incorrect Modality Worklist Entry)',
  '113039 DCM': 'a rejection note (Data Retention Policy Expired)',
}

/** A concept in both vocabularies of MADO. */
function inBoth(name: keyof MadoVocabulary): readonly string[] {
  const { final, trial } = nomenclatures().mado
  return [keyOf(final[name]), keyOf(trial[name])]
}

/** Titles of a manifest of MADO. */
export const DESCRIBED_TITLES = inBoth('manifestWithDescription')

/** A concept of TID 1600 with each of its codes. */
export const LIBRARY = {
  imageLibrary: ['111028 DCM'],
  imageLibraryGroup: ['126200 DCM'],
  modality: ['121139 DCM'],
  targetRegion: ['123014 DCM'],
  numberOfSeries: inBoth('numberOfStudyRelatedSeries'),
  numberOfInstances: inBoth('numberOfSeriesRelatedInstances'),
  seriesDate: inBoth('seriesDate'),
  seriesTime: inBoth('seriesTime'),
  seriesDescription: inBoth('seriesDescription'),
  seriesNumber: ['113607 DCM'],
  seriesInstanceUid: ['112002 DCM'],
  numberOfFrames: ['121140 DCM'],
  instanceNumber: ['113609 DCM'],
  documentTitle: ['121144 DCM'],
  keyObjectDescription: [KEY_OBJECT_DESCRIPTION],
} as const satisfies Record<string, readonly string[]>
