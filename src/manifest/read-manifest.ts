/** A manifest, ours or another maker's, as plain values: what it is titled, which study it is about, and what it refers to.
 *
 *  Promises: nothing of the patient is taken over. Tolerant of other makers: Implicit VR, no preamble or file meta, retrieval attributes
 *  missing or more than one, several studies in the evidence, hints that are not in the standard macro (Series Number in a series item),
 *  the nested content of a manifest with description. What is missing is undefined or empty.
 *  @throws NodeError UNREADABLE where it is no Key Object Selection Document (PS3.3 A.35.4) */
import type { DataSet } from '../dicom/data-set.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { readPart10Header } from '../dicom/part10.ts'
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE } from '../dicom/sop-classes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { NodeError } from '../errors.ts'

export interface ReadReference {
  readonly sopInstanceUid: string
  readonly sopClassUid: string
}

export interface ReadSeries {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly retrieveAeTitles: readonly string[]
  readonly retrieveLocationUid?: string
  readonly retrieveUrl?: string
  /** Not in the standard macro; some makers write it. */
  readonly seriesNumber?: string
  readonly instances: readonly ReadReference[]
}

/** A reference of the content tree, wherever it stands in it. */
export interface ReadContentItem extends ReadReference {
  /** IMAGE, WAVEFORM or COMPOSITE. */
  readonly valueType: string
  readonly hasConceptName: boolean
}

export interface ReadManifest {
  readonly sopInstanceUid: string
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly transferSyntaxUid: string
  readonly title: { readonly value: string; readonly scheme: string; readonly meaning: string }
  /** Instance Number: of ours, the version. */
  readonly version?: string
  readonly contentDate?: string
  readonly contentTime?: string
  readonly timezoneOffset?: string
  readonly studyDate?: string
  readonly studyDescription?: string
  readonly manufacturer?: string
  readonly institution?: string
  readonly templateId?: string
  /** Evidence (0040,A375), series by series. */
  readonly series: readonly ReadSeries[]
  /** Content (0040,A730), in order of the document. */
  readonly content: readonly ReadContentItem[]
  readonly requests: readonly { readonly accessionNumber?: string; readonly placerOrderNumber?: string }[]
}

/** @param file  a Part 10 file, or a bare data set in Explicit or Implicit VR Little Endian */
export function readManifest(file: Buffer): ReadManifest {
  const meta = readPart10Header(file)
  const transferSyntaxUid = meta?.transferSyntaxUid ?? guessedSyntax(file, meta?.dataSetOffset ?? 0)
  const root = readDataSet(file.subarray(meta?.dataSetOffset ?? 0), transferSyntaxUid)
  const sopClassUid = root.text(0x00080016)
  if (sopClassUid !== KEY_OBJECT_SELECTION_DOCUMENT_STORAGE) {
    throw new NodeError('UNREADABLE', { reason: 'no Key Object Selection Document', SOPClassUID: sopClassUid })
  }
  const title = root.items(0x0040a043)[0]
  return {
    sopInstanceUid: root.text(0x00080018) ?? '',
    studyInstanceUid: root.text(0x0020000d) ?? '',
    seriesInstanceUid: root.text(0x0020000e) ?? '',
    transferSyntaxUid,
    title: { value: title?.text(0x00080100) ?? '', scheme: title?.text(0x00080102) ?? '', meaning: title?.text(0x00080104) ?? '' },
    version: root.text(0x00200013),
    contentDate: root.text(0x00080023),
    contentTime: root.text(0x00080033),
    timezoneOffset: root.text(0x00080201),
    studyDate: root.text(0x00080020),
    studyDescription: root.text(0x00081030),
    manufacturer: root.text(0x00080070),
    institution: root.text(0x00080080),
    templateId: root.items(0x0040a504)[0]?.text(0x0040db00),
    series: root.items(0x0040a375).flatMap(seriesOfStudy),
    content: [...contentBelow(root)],
    requests: root.items(0x0040a370).map((item) => ({ accessionNumber: item.text(0x00080050), placerOrderNumber: item.text(0x00402016) })),
  }
}

function seriesOfStudy(study: DataSet): readonly ReadSeries[] {
  const studyInstanceUid = study.text(0x0020000d) ?? ''
  return study.items(0x00081115).map((series) => ({
    studyInstanceUid,
    seriesInstanceUid: series.text(0x0020000e) ?? '',
    retrieveAeTitles: series.values(0x00080054),
    retrieveLocationUid: series.text(0x0040e011),
    retrieveUrl: series.text(0x00081190),
    seriesNumber: series.text(0x00200011),
    instances: series.items(0x00081199).map(reference),
  }))
}

function reference(item: DataSet): ReadReference {
  return { sopClassUid: item.text(0x00081150) ?? '', sopInstanceUid: item.text(0x00081155) ?? '' }
}

/** Content items that refer to an instance, depth first. */
function* contentBelow(parent: DataSet): Generator<ReadContentItem> {
  for (const item of parent.items(0x0040a730)) {
    const referenced = item.items(0x00081199)[0]
    const valueType = item.text(0x0040a040) ?? ''
    if (referenced !== undefined) yield { ...reference(referenced), valueType, hasConceptName: item.items(0x0040a043).length > 0 }
    yield* contentBelow(item)
  }
}

/** Without file meta information: explicit where two capitals stand in the place of the first VR. */
export function guessedSyntax(bytes: Buffer, offset: number): string {
  return /^[A-Z]{2}$/.test(bytes.toString('latin1', offset + 4, offset + 6)) ? EXPLICIT_VR_LITTLE_ENDIAN : IMPLICIT_VR_LITTLE_ENDIAN
}
