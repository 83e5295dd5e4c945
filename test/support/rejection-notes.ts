/** Rejection notes (IHE IOCM) as a PACS sends them: Key Object Selections whose title is the reason. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CT_IMAGE, dataSet, EXPLICIT_LE, part10, TAG, type TestDataSet, testUid } from './data-sets.ts'
import type { StudyFiles } from './study-files.ts'

export const REASONS = {
  113001: 'Rejected for Quality Reasons',
  113037: 'Rejected for Patient Safety Reasons',
  113038: 'Incorrect Modality Worklist Entry',
  113039: 'Data Retention Policy Expired',
} as const

export type Reason = keyof typeof REASONS

const KEY_OBJECT_SELECTION = '1.2.840.10008.5.1.4.1.1.88.59'

export interface Rejected {
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
}

/** @param study  that the note is of; what it names is said to be of `evidenceStudy` */
export function rejectionNote(
  study: string,
  rejected: readonly Rejected[],
  reason: Reason,
  { sopInstanceUid = testUid(), evidenceStudy = study }: { sopInstanceUid?: string; evidenceStudy?: string } = {},
): TestDataSet {
  const sop = (uid: string) => dataSet({ 528720: ['UI', CT_IMAGE], 528725: ['UI', uid] })
  const series = [...Map.groupBy(rejected, (one) => one.seriesInstanceUid)].map(([uid, instances]) =>
    dataSet({ 2097166: ['UI', uid], 528793: ['SQ', instances.map((one) => sop(one.sopInstanceUid))] }),
  )
  const evidence = dataSet({ 2097165: ['UI', evidenceStudy], 528661: ['SQ', series] })
  const title = dataSet({ 524544: ['SH', String(reason)], 524546: ['SH', 'DCM'], 524548: ['LO', REASONS[reason]] })
  const content = rejected.map((one) =>
    dataSet({ 4235280: ['CS', 'CONTAINS'], 4235328: ['CS', 'IMAGE'], 528793: ['SQ', [sop(one.sopInstanceUid)]] }),
  )
  return dataSet({
    [TAG.SOPClassUID]: ['UI', KEY_OBJECT_SELECTION],
    [TAG.SOPInstanceUID]: ['UI', sopInstanceUid],
    524323: ['DA', '20261124'],
    524339: ['TM', '101500'],
    524384: ['CS', 'KO'],
    528657: ['SQ', []],
    2097166: ['UI', testUid()],
    2097169: ['IS', '900'],
    2097171: ['IS', '1'],
    [TAG.StudyInstanceUID]: ['UI', study],
    4235328: ['CS', 'CONTAINER'],
    4235331: ['SQ', [title]],
    4235344: ['CS', 'SEPARATE'],
    ...(rejected.length > 0 && { 4236149: ['SQ', [evidence]], 4237104: ['SQ', content] }),
  })
}

/** @returns the file, in the folder of the study */
export function rejectionNoteFile(study: StudyFiles, rejected: readonly Rejected[], reason: Reason): string {
  const file = join(study.folder, `note-${testUid()}.dcm`)
  writeFileSync(file, part10(rejectionNote(study.studyInstanceUid, rejected, reason), EXPLICIT_LE))
  return file
}
