/** What an instance is to the manifest, told by its SOP class and, for a Key Object Selection, by its document title.
 *
 *  Titles: PS3.16 CID 7010; manifests (IHE XDS-I.b, MADO) and rejection notes (IHE IOCM) received from elsewhere are kept and served, never
 *  referenced. Any other Key Object Selection is content like an image. */
import type { InstanceRole, Rejection } from '../catalog/contract.ts'
import { nomenclatures } from '../config/nomenclatures.ts'
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE } from '../dicom/sop-classes.ts'

const MANIFEST_TITLES: ReadonlySet<string> = new Set([
  '113030 DCM', // Manifest
  '113031 DCM', // Signed Manifest
])
const REJECTION_TITLES: ReadonlyMap<string, Rejection['code']> = new Map([
  ['113001 DCM', '113001'], // Rejected for Quality Reasons
  ['113037 DCM', '113037'], // Rejected for Patient Safety Reasons
  ['113038 DCM', '113038'], // Incorrect Modality Worklist Entry
  ['113039 DCM', '113039'], // Data Retention Policy Expired
])
/** Under whatever code; those that are known are in config/nomenclatures. */
const MANIFEST_WITH_DESCRIPTION = /^manifest with description$/i

/** One item of a sequence in DICOM JSON (PS3.18 F.2), as far as a code needs it. */
type CodeItem = Readonly<Record<string, { readonly Value?: readonly unknown[] } | undefined>>

/** @param title  ConceptNameCodeSequence as the index keeps it: its items in DICOM JSON; undefined where absent */
export function roleOf(sopClassUid: string, title: string | undefined): InstanceRole {
  if (sopClassUid !== KEY_OBJECT_SELECTION_DOCUMENT_STORAGE) return 'content'
  const item = firstItem(title)
  const code = codeOf(item)
  if (REJECTION_TITLES.has(code)) return 'rejection-note'
  if (MANIFEST_TITLES.has(code) || isDescribed(code) || MANIFEST_WITH_DESCRIPTION.test(firstValue(item, '00080104')))
    return 'foreign-manifest'
  return 'content'
}

/** @param title  as for {@link roleOf} */
export function rejectionCodeOf(title: string | undefined): Rejection['code'] | undefined {
  return REJECTION_TITLES.get(codeOf(firstItem(title)))
}

function isDescribed(code: string): boolean {
  const { trial, final } = nomenclatures().mado
  return [trial, final].some(({ manifestWithDescription: { value, scheme } }) => code === `${value} ${scheme}`)
}

const codeOf = (item: CodeItem | undefined): string => `${firstValue(item, '00080100')} ${firstValue(item, '00080102')}`

function firstItem(title: string | undefined): CodeItem | undefined {
  if (title === undefined) return undefined
  try {
    const items: unknown = JSON.parse(title)
    return Array.isArray(items) ? (items[0] as CodeItem | undefined) : undefined
  } catch {
    return undefined // a title that is no JSON is no title we know
  }
}

function firstValue(item: CodeItem | undefined, tag: string): string {
  const value = item?.[tag]?.Value?.[0]
  return typeof value === 'string' ? value.trim() : ''
}
