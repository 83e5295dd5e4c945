/** A manifest as a Key Object Selection Document (PS3.3 A.35.4), whichever its dialect.
 *
 *  Promises: Explicit VR Little Endian, ISO_IR 192; equal input gives equal bytes. The event loop turns while a long one is written.
 *  Does not: decide what is referenced (evidence.ts) or how it is said (the plan of a dialect), write a file.
 *  Sizes: about 400 bytes for each instance, twice that with a tree; a manifest of 20,000 is 8 to 18 MB, in memory. */
import { itemsToJson } from '../dicom/dicom-json.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { INDEX_ATTRIBUTES, type IndexAttribute, type IndexKeys } from '../dicom/index-attributes.ts'
import { part10Header } from '../dicom/part10.ts'
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE } from '../dicom/sop-classes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import type { Code } from './codes.ts'
import type { ManifestContent } from './evidence.ts'
import { type EvidenceExtras, evidence } from './kos-evidence.ts'
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

/** How one dialect says one content: made by the dialect's own file, put into practice here and in content-digest.ts. */
export interface KosPlan {
  /** The content as this dialect says it, its defaults in place. */
  readonly content: ManifestContent
  readonly title: Code
  /** More elements of the head. */
  readonly head?: (to: ElementWriter) => void
  readonly evidence: EvidenceExtras
  /** The value of Content Sequence (0040,A730). */
  readonly items: (pace: Pace) => Promise<Buffer>
  readonly digest: DigestPlan
  /** What the dialect demands and nobody knows, in words without values. */
  readonly missing: readonly string[]
}

export interface DigestPlan {
  /** Raised only when the same content is to be said in another way, so that every study gets a new manifest. */
  readonly form: string
  /** What is said beyond the classic manifest: at the head, of a series, of an instance. */
  readonly head?: unknown
  readonly ofSeries?: (series: ManifestContent['series'][number]) => unknown
  readonly ofInstance?: (instance: ManifestContent['series'][number]['instances'][number]) => unknown
}

export interface EncodedManifest {
  /** Preamble and group 0002 (PS3.10 7.1). */
  readonly header: Buffer
  readonly dataSet: Buffer
  /** What the index keeps of it, as it would be read from the file. */
  readonly keys: IndexKeys
}

/** @param note  what the file says of itself to a catalog that is rebuilt; not part of the data set */
export async function encodeKos(plan: KosPlan, identity: ManifestIdentity, note?: string): Promise<EncodedManifest> {
  const { content, title } = plan
  if (content.instanceCount === 0) throw new TypeError('a manifest refers to at least one instance')
  const pace = new Pace()
  const to = new ElementWriter({ explicit: true })
  sopCommon(to, identity)
  patientAndStudy(to, content)
  keyObjectDocumentSeries(to, identity, title)
  generalEquipment(to, content)
  keyObjectDocument(to, content, identity)
  documentRoot(to, title)
  plan.head?.(to)
  const keys = indexKeys(to.finish())
  to.bytes(0x0040a375, 'SQ', await evidence(content, plan.evidence, pace))
  to.bytes(0x0040a730, 'SQ', await plan.items(pace))
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
