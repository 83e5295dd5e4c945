/** What a rejection note says (IHE RAD TF-3 4.66, Imaging Object Change Management): a Key Object Selection whose title gives the reason and whose
 *  evidence (0040,A375) names what is rejected.
 *
 *  Promises: a note takes effect on instances of the study that it belongs to; what it names of another study, or names without a UID, has no effect
 *  and is told. A note that names nothing, or cannot be read, is kept all the same.
 *  Does not: hide anything (the catalog does, with the row of the note). */
import type { InstanceFacts, Rejection, Uid } from '../catalog/contract.ts'
import type { DataSet } from '../dicom/data-set.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { inflateDataSet } from '../dicom/inflate.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN, encodingOf } from '../dicom/transfer-syntaxes.ts'
import { parseUid } from '../dicom/uid.ts'
import type { Storage } from '../storage/contract.ts'
import { rejectionCodeOf } from './key-object-role.ts'

/** Some 150,000 instances. To read so many holds the event loop for about a second. */
const MOST_BYTES = 16 * 1024 * 1024
const PIXEL_DATA = 0x7fe00010

export interface NoteRead {
  readonly rejection?: Rejection
  /** Why it has no effect, or not all that it might, in words without values of a patient. */
  readonly problem?: string
}

export type QualityPolicy = 'hide' | 'regular-use'

type Note = Pick<InstanceFacts, 'storageKey' | 'fileSizeBytes' | 'dataSetOffset' | 'transferSyntaxUid' | 'studyInstanceUid' | 'keys'>

/** @param note  the file that was kept
 *  @throws NodeError STORAGE_FAILED */
export async function readRejection(storage: Storage, note: Note, quality: QualityPolicy): Promise<NoteRead> {
  const code = rejectionCodeOf(note.keys.ConceptNameCodeSequence)
  if (code === undefined) return { problem: 'its title is none of a rejection note' }
  if (note.fileSizeBytes > MOST_BYTES) return { problem: `it is longer than ${MOST_BYTES} bytes` }
  const bytes = await storage.readStart(note.storageKey, note.fileSizeBytes)
  let evidence: readonly DataSet[]
  try {
    evidence = evidenceIn(bytes.subarray(note.dataSetOffset), note.transferSyntaxUid)
  } catch {
    return { problem: 'CurrentRequestedProcedureEvidenceSequence (0040,A375) cannot be read' }
  }
  const { named, foreign } = referencesIn(evidence, note.studyInstanceUid)
  const problem = problemOf(evidence.length, named.length, foreign)
  if (named.length === 0 || (code === '113001' && quality === 'regular-use')) return { problem }
  return { rejection: { code, sopInstanceUids: named }, problem }
}

function evidenceIn(dataSet: Buffer, transferSyntaxUid: string): readonly DataSet[] {
  const isDeflated = encodingOf(transferSyntaxUid).deflated
  const plain = isDeflated ? inflateDataSet(dataSet, { maxBytes: MOST_BYTES }) : dataSet
  return readDataSet(plain, isDeflated ? EXPLICIT_VR_LITTLE_ENDIAN : transferSyntaxUid, { untilTag: PIXEL_DATA }).items(0x0040a375)
}

function referencesIn(evidence: readonly DataSet[], studyInstanceUid: Uid): { named: readonly Uid[]; foreign: number } {
  const named = new Set<Uid>()
  let foreign = 0
  for (const study of evidence) {
    const isOurs = parseUid(study.text(0x0020000d)) === studyInstanceUid
    for (const series of study.items(0x00081115)) {
      for (const sop of series.items(0x00081199)) {
        const uid = parseUid(sop.text(0x00081155))
        if (isOurs && uid !== undefined) named.add(uid)
        else foreign++
      }
    }
  }
  return { named: [...named], foreign }
}

function problemOf(studies: number, named: number, foreign: number): string | undefined {
  if (studies === 0) return 'CurrentRequestedProcedureEvidenceSequence (0040,A375) is missing or empty: it rejects nothing'
  if (foreign > 0)
    return `${foreign} of ${named + foreign} references are of another study than the note or have no UID: they have no effect`
  return named === 0 ? 'its evidence names no instance: it rejects nothing' : undefined
}
