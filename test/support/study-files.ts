/** Studies as files in a temporary folder, for DCMTK's and odil's clients to send; and files compared by their data sets. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ct, dataSetOffset, EXPLICIT_LE, type Overrides, part10, TAG, testUid } from './data-sets.ts'

export interface StudyFiles {
  readonly studyInstanceUid: string
  readonly sopInstanceUids: readonly string[]
  /** The series of each instance. */
  readonly seriesInstanceUids: readonly string[]
  readonly files: readonly string[]
  readonly folder: string
  remove(): Promise<void>
}

export interface StudyShape {
  /** Instances per series; one number for each series. */
  readonly series?: readonly number[]
  readonly studyInstanceUid?: string
  readonly overrides?: Overrides
  readonly transferSyntax?: string
  /** Side of the square image, 16 bits. */
  readonly side?: number
}

/** CT slices with series and instance numbers. */
export async function studyFiles(shape: StudyShape = {}): Promise<StudyFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'ariane-study-'))
  const studyInstanceUid = shape.studyInstanceUid ?? testUid()
  const sopInstanceUids: string[] = []
  const seriesInstanceUids: string[] = []
  const files: string[] = []
  for (const [at, count] of (shape.series ?? [3]).entries()) {
    const seriesInstanceUid = testUid()
    for (let number = 1; number <= count; number++) {
      const sopInstanceUid = testUid()
      const elements = ct(
        {
          [TAG.SOPInstanceUID]: ['UI', sopInstanceUid],
          [TAG.StudyInstanceUID]: ['UI', studyInstanceUid],
          [TAG.SeriesInstanceUID]: ['UI', seriesInstanceUid],
          2097169: ['IS', String(at + 1)],
          2097171: ['IS', String(number)],
          ...shape.overrides,
        },
        shape.side ?? 16,
      )
      const file = join(folder, `${at}-${number}.dcm`)
      writeFileSync(file, part10(elements, shape.transferSyntax ?? EXPLICIT_LE))
      sopInstanceUids.push(sopInstanceUid)
      seriesInstanceUids.push(seriesInstanceUid)
      files.push(file)
    }
  }
  const remove = () => rm(folder, { recursive: true, force: true })
  return { studyInstanceUid, sopInstanceUids, seriesInstanceUids, files, folder, remove }
}

/** SHA-256 of the data set of a Part 10 file, its header left out. */
export function dataSetDigest(file: string): string {
  const bytes = readFileSync(file)
  return createHash('sha256')
    .update(bytes.subarray(dataSetOffset(bytes)))
    .digest('hex')
}

/** The digests of many files, sorted: equal lists are equal sets of data sets. */
export function dataSetDigests(files: readonly string[]): string[] {
  return files.map(dataSetDigest).sort()
}
