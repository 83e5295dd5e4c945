/** A manifest as a Key Object Selection Document in its classic XDS-I.b form (PS3.3 A.35.4; IHE RAD TF-2 4.68.4.1.2.1): title
 *  (113030, DCM, "Manifest"), template 2010, one study, flat content.
 *
 *  Promises: Explicit VR Little Endian, ISO_IR 192; evidence and content name the same instances, in the same order; equal input gives
 *  equal bytes. The event loop turns while a long one is written (pace.ts).
 *  Does not: decide what is referenced (evidence.ts), write a file.
 *  Sizes: about 400 bytes for each instance; a manifest of 20,000 is 8 MB, in memory. */
import { itemsToJson } from '../dicom/dicom-json.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { INDEX_ATTRIBUTES, type IndexAttribute, type IndexKeys } from '../dicom/index-attributes.ts'
import { part10Header } from '../dicom/part10.ts'
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE, referenceValueType } from '../dicom/sop-classes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import type { ManifestContent, ManifestInstance, ManifestSeries } from './evidence.ts'
import {
  documentRoot,
  generalEquipment,
  keyObjectDocument,
  keyObjectDocumentSeries,
  type ManifestIdentity,
  patientAndStudy,
  sopCommon,
} from './kos-modules.ts'
import { Pace } from './pace.ts'

export interface EncodedManifest {
  /** Preamble and group 0002 (PS3.10 7.1). */
  readonly header: Buffer
  readonly dataSet: Buffer
  /** What the index keeps of it, as it would be read from the file. */
  readonly keys: IndexKeys
}

/** @param note  what the file says of itself to a catalog that is rebuilt; not part of the data set */
export async function encodeManifest(content: ManifestContent, identity: ManifestIdentity, note?: string): Promise<EncodedManifest> {
  if (content.instanceCount === 0) throw new TypeError('a manifest refers to at least one instance')
  const pace = new Pace()
  const to = new ElementWriter({ explicit: true })
  sopCommon(to, identity)
  patientAndStudy(to, content)
  keyObjectDocumentSeries(to, identity)
  generalEquipment(to, content)
  keyObjectDocument(to, content, identity)
  documentRoot(to)
  const keys = indexKeys(to.finish())
  to.bytes(0x0040a375, 'SQ', await evidence(content, pace))
  const instances = content.series.flatMap((series) => series.instances)
  to.bytes(0x0040a730, 'SQ', await items(instances, contentItem, pace))
  const header = part10Header({
    sopClassUid: KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
    sopInstanceUid: identity.sopInstanceUid,
    transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN,
    sourceAeTitle: content.source.retrieveAeTitle,
    privateInformation: note,
  })
  return { header, dataSet: to.finish(), keys }
}

/** @param head  the data set without its two long sequences, of which the index keeps nothing */
function indexKeys(head: Buffer): IndexKeys {
  const dataSet = readDataSet(head, EXPLICIT_VR_LITTLE_ENDIAN)
  const value = ({ tag, vr }: IndexAttribute) => (vr === 'SQ' ? itemsToJson(dataSet.items(tag)) : dataSet.text(tag))
  const known = INDEX_ATTRIBUTES.map((attribute) => [attribute.keyword, value(attribute)] as const)
  return Object.fromEntries(known.filter(([, text]) => text !== undefined))
}

/** Current Requested Procedure Evidence Sequence: one item, the study (PS3.3 Tables C.17-3 and C.17-3a). */
async function evidence(content: ManifestContent, pace: Pace): Promise<Buffer> {
  const series: Buffer[] = []
  for (const one of content.series) series.push(await seriesItem(one, content, pace))
  return item((study) => {
    study.element(0x0020000d, 'UI', content.studyInstanceUid)
    study.bytes(0x00081115, 'SQ', Buffer.concat(series))
  })
}

/** Where to retrieve from stands in every series (IHE RAD TF-2 4.68.4.1.2.1.1). */
async function seriesItem(series: ManifestSeries, { source }: ManifestContent, pace: Pace): Promise<Buffer> {
  const instances = await items(series.instances, referencedSop, pace)
  await pace.step()
  return item((to) => {
    to.element(0x0020000e, 'UI', series.seriesInstanceUid)
    to.element(0x00080054, 'AE', source.retrieveAeTitle)
    to.element(0x0040e011, 'UI', source.retrieveLocationUid)
    to.bytes(0x00081199, 'SQ', instances)
  })
}

function referencedSop(to: ElementWriter, instance: ManifestInstance): void {
  to.element(0x00081150, 'UI', instance.sopClassUid)
  to.element(0x00081155, 'UI', instance.sopInstanceUid)
}

/** TID 2010 rows 8 to 10: no concept name ("Purpose of reference shall not be present"). */
function contentItem(to: ElementWriter, instance: ManifestInstance): void {
  to.element(0x0040a010, 'CS', 'CONTAINS')
  to.element(0x0040a040, 'CS', referenceValueType(instance.sopClassUid))
  to.sequence(0x00081199, [(item) => referencedSop(item, instance)])
}

/** The value of a sequence with one item for each of `entries`. */
async function items<T>(entries: readonly T[], fill: (to: ElementWriter, entry: T) => void, pace: Pace): Promise<Buffer> {
  const parts: Buffer[] = []
  for (const entry of entries) {
    parts.push(item((to) => fill(to, entry)))
    const turn = pace.step()
    if (turn !== undefined) await turn
  }
  return Buffer.concat(parts)
}

/** One item with its header, of defined length (PS3.5 7.5.1). */
function item(fill: (to: ElementWriter) => void): Buffer {
  const writer = new ElementWriter({ explicit: true })
  fill(writer)
  const bytes = writer.finish()
  const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0])
  header.writeUInt32LE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}
