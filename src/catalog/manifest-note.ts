/** What a manifest's own file notes of its record, so that a catalog that is rebuilt from the files knows it again: a rebuilt record without
 *  its digest would cost every study one more version. Written to Private Information (0002,0102) of the file (PS3.10 7.1), never to the data set. */
import { isConfidentiality } from '../dicom/confidentiality.ts'
import type { ManifestRecord } from './contract.ts'

export type ManifestNote = Pick<
  ManifestRecord,
  'contentDigest' | 'instanceCount' | 'createdAt' | 'reason' | 'confidentiality' | 'dialect' | 'patientKey'
>

/** ASCII. */
export function encodeManifestNote(note: ManifestNote): string {
  const { contentDigest, instanceCount, createdAt, reason, confidentiality, dialect, patientKey } = note
  const text = JSON.stringify({ contentDigest, instanceCount, createdAt, reason, confidentiality, dialect, patientKey })
  return text.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** @returns undefined where the text is no note of ours */
export function decodeManifestNote(text: string | undefined): ManifestNote | undefined {
  if (text === undefined) return undefined
  try {
    const note = JSON.parse(text) as Partial<Record<keyof ManifestNote, unknown>>
    const { contentDigest, instanceCount, createdAt, reason, confidentiality = 'N', dialect = 'xds-i', patientKey } = note
    const isWhole =
      typeof contentDigest === 'string' && typeof reason === 'string' && Number.isInteger(instanceCount) && Number.isInteger(createdAt)
    if (!isWhole || typeof dialect !== 'string' || typeof confidentiality !== 'string' || !isConfidentiality(confidentiality))
      return undefined
    const counts = { instanceCount: instanceCount as number, createdAt: createdAt as number }
    return { contentDigest, ...counts, reason, confidentiality, dialect, ...(typeof patientKey === 'string' && { patientKey }) }
  } catch {
    return undefined
  }
}
