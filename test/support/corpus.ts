/** Real DICOM files of other projects, and their catalogue. They lie beside the project, not in it: where they are absent, tests that
 *  need them are skipped under a name that says so. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'
import { PROJECT } from './node-process.ts'

const CORPUS = join(PROJECT, '../shared/corpus')
const CATALOGUE = join(CORPUS, 'catalogue.tsv')

export const corpusIsHere = existsSync(CATALOGUE)

export interface CorpusFile {
  /** Absolute path. */
  readonly path: string
  /** Path within the corpus, its name in test titles. */
  readonly name: string
  readonly transferSyntaxUid: string
  readonly sopClassUid: string
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
  readonly sizeBytes: number
  readonly oddities: readonly string[]
  /** Every column of the catalogue, as text. */
  readonly row: Readonly<Record<string, string>>
}

/** @returns no rows where the corpus is absent */
export function corpusFiles(): readonly CorpusFile[] {
  if (!corpusIsHere) return []
  const [header, ...lines] = readFileSync(CATALOGUE, 'utf8').split('\n').filter(Boolean)
  const columns = header!.split('\t')
  return lines.map((line) => {
    const values = line.split('\t')
    const row = Object.fromEntries(columns.map((column, index) => [column, values[index] ?? '']))
    return {
      path: join(CORPUS, row.file!),
      name: row.path!,
      transferSyntaxUid: row.transfer_syntax!,
      sopClassUid: row.sop_class!,
      studyInstanceUid: row.study_uid!,
      seriesInstanceUid: row.series_uid!,
      sopInstanceUid: row.sop_uid!,
      sizeBytes: Number(row.size),
      oddities: row.oddities === '' ? [] : row.oddities!.split(';'),
      row,
    }
  })
}

/** `describe`, skipped with its reason in the name where the corpus is absent. */
export function describeCorpus(name: string, tests: () => void): void {
  if (corpusIsHere) describe(name, tests)
  else describe.skip(`${name} (skipped: no corpus of test files at ${CORPUS})`, tests)
}
